// Pictures of scenes whose outlines can be worked out by hand, and motions beside rollouts.

#include "mdgps/simulation/motion_picture.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <numbers>
#include <sstream>

#include "mdgps/simulation/config_reader.hpp"
#include "simulation/support.hpp"

namespace mdgps::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Colour {
  int red, green, blue;
  bool operator==(const Colour&) const = default;
  bool is_red() const { return red > green + 40 && red > blue + 40; }
  bool is_green() const { return green > red + 40 && green > blue + 40; }
  int sum() const { return red + green + blue; }
};

Colour at(const Image& image, int x, int y) {
  const auto* pixel = image.rgb.data() + 3 * (y * image.width + x);
  return {pixel[0], pixel[1], pixel[2]};
}

/// A task whose scene a test writes, in a folder of its own. A sled on the x axis carries the task's point, which lies
/// behind the camera `front` (at (0, -4, 0), looking along y, 60 degrees high) unless a test says otherwise.
class Scene {
 public:
  explicit Scene(const std::string& world, const std::string& sled_geoms = "", const std::string& tip = "0 -9 0",
                 const std::string& assets = "") {
    std::ofstream(copy_.folder / "model.xml")
        << R"(<mujoco><option gravity="0 0 0"/><asset>
        <material name="red" rgba="1 0 0 1" specular="0"/><material name="green" rgba="0 1 0 1" specular="0"/>)"
        << assets << "</asset><worldbody>" << world
        << R"(<body name="sled"><joint name="sled" type="slide" axis="1 0 0"/>
        <geom type="sphere" size="0.1" pos="0 -9 0"/>)"
        << sled_geoms << R"(<site name="tip" pos=")" << tip << R"("/></body></worldbody>
        <actuator><motor joint="sled"/></actuator></mujoco>)";
    set_task("");
  }

  /// Adds to the task's file.
  void set_task(const std::string& more) {
    std::ofstream(copy_.task()) << "model = \"model.xml\"\nhorizon = 6\ncontrol_interval = 0.1\n"
                                   "[[point]]\nsite = \"tip\"\ntarget = [0.0, -9.0, 0.0]\n[success]\ndistance = 0.1\n"
                                   "[[cost]]\non = \"action\"\n[[condition]]\n"
                                << more;
    task_ = load_task(copy_.task());
  }

  const Task& task() const { return task_; }

  std::vector<Motion> motions() const {
    std::vector<Motion> list;
    for (int i = 0; i < task_.conditions; ++i) list.push_back(record_motion(task_, NoiseController(0.0), i));
    return list;
  }

  Image draw(PictureOptions options = {}, int step = 0) const {
    return MotionPicture(task_, motions(), options).draw(step);
  }

 private:
  ReacherCopy copy_;
  Task task_;
};

const std::string front = R"(<camera name="front" pos="0 -4 0" xyaxes="1 0 0 0 0 1" fovy="60"/>)";

/// Slow and plain: which of two balls a ray from the camera `front` through a place of the picture meets first.
struct Ball {
  double x, y, z, radius;
};

double distance_to(const Ball& ball, double px, double py, int width, int height) {
  const double half = std::tan(std::numbers::pi / 6.0);
  double d[3] = {half * (2.0 * px - width) / height, 1.0, half * (height - 2.0 * py) / height};
  const double length = std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
  const double to[3] = {ball.x, ball.y + 4.0, ball.z};
  double along = 0.0, squares = 0.0;
  for (int i = 0; i < 3; ++i) {
    along += to[i] * d[i] / length;
    squares += to[i] * to[i];
  }
  const double root = ball.radius * ball.radius - squares + along * along;
  return root < 0.0 ? INFINITY : along - std::sqrt(root);
}

/// 'r', 'g' or ' ' for the place, by the nearer of the two balls.
char expected(const Ball& red, const Ball& green, double px, double py, int width, int height) {
  const double r = distance_to(red, px, py, width, height), g = distance_to(green, px, py, width, height);
  if (std::isinf(r) && std::isinf(g)) return ' ';
  return r < g ? 'r' : 'g';
}

std::string ball(const char* material, const Ball& b) {
  std::ostringstream text;
  text << "<geom type=\"sphere\" material=\"" << material << "\" size=\"" << b.radius << "\" pos=\"" << b.x << " "
       << b.y << " " << b.z << "\"/>";
  return text.str();
}

TEST(MotionPicture, BallsCoverTheirPixelsAndTheNearerHidesTheFarther) {
  const Ball red{-0.3, 0.5, 0.2, 0.8}, green{0.4, -0.6, 0.0, 0.5};
  const Scene scene(front + ball("red", red) + ball("green", green));
  const int width = 90, height = 60;
  const Image image = scene.draw({.width = width, .height = height});
  ASSERT_EQ(image.rgb.size(), 3u * width * height);
  int reds = 0, greens = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const char here = expected(red, green, x + 0.5, y + 0.5, width, height);
      bool border = false;  // where the corners disagree the pixel is a mixture
      for (const int dx : {0, 1})
        for (const int dy : {0, 1}) border = border || expected(red, green, x + dx, y + dy, width, height) != here;
      if (border) continue;
      const Colour colour = at(image, x, y);
      EXPECT_EQ(colour.is_red(), here == 'r') << x << " " << y;
      EXPECT_EQ(colour.is_green(), here == 'g') << x << " " << y;
      reds += here == 'r';
      greens += here == 'g';
    }
  }
  EXPECT_GT(reds, 100);
  EXPECT_GT(greens, 100);
}

TEST(MotionPicture, EdgesAreMixtures) {
  const Ball red{0.0, 0.0, 0.0, 1.0}, none{0.0, 9.0, 9.0, 0.1};
  const Scene scene(front + ball("red", red) + ball("green", none));
  const int width = 60, height = 60;
  const Image image = scene.draw({.width = width, .height = height, .fine = true});
  // Along the row through its middle: green drops from the backdrop's to the ball's, with a pixel between on the
  // outline.
  int between = 0;
  for (int x = 0; x < width; ++x) {
    const int green = at(image, x, 30).green;
    between += green > 60 && green < 190;
  }
  EXPECT_GE(between, 1);
  EXPECT_LE(between, 4);
}

TEST(MotionPicture, WhatIsSeenThroughShines) {
  const std::string veil = R"(<geom type="box" size="2 0.01 2" pos="0 -2 0" rgba="0 0 1 )";
  const Ball red{0.0, 0.0, 0.0, 1.0};
  const PictureOptions options{.width = 40, .height = 40};
  const Colour bare = at(Scene(front + ball("red", red)).draw(options), 20, 20);
  const Colour veiled = at(Scene(front + ball("red", red) + veil + "0.5\"/>").draw(options), 20, 20);
  const Colour walled = at(Scene(front + ball("red", red) + veil + "1\"/>").draw(options), 20, 20);
  EXPECT_LT(walled.red, 60);
  EXPECT_GT(veiled.red, walled.red + 40);
  EXPECT_LT(veiled.red, bare.red - 20);
  EXPECT_GT(veiled.blue, bare.blue + 40);
}

TEST(MotionPicture, GroupsThatViewersHideAreHidden) {
  const PictureOptions options{.width = 40, .height = 40};
  const Scene shown(front + R"(<geom type="sphere" size="1" group="2" rgba="1 0 0 1"/>)");
  const Scene hidden(front + R"(<geom type="sphere" size="1" group="3" rgba="1 0 0 1"/>)");
  EXPECT_TRUE(at(shown.draw(options), 20, 28).is_red());
  EXPECT_FALSE(at(hidden.draw(options), 20, 28).is_red());
}

TEST(MotionPicture, ShadowsFallOnAPlane) {
  const std::string above = R"(<camera pos="0 0 8" xyaxes="1 0 0 0 1 0" fovy="60"/><geom type="plane" size="9 9 1"/>)";
  const PictureOptions options{.width = 60, .height = 60};
  const Image empty = Scene(above).draw(options);
  const Image shaded =
      Scene(above + R"(<geom type="box" size="0.5 0.5 0.05" pos="0 0 1" rgba="1 0 0 1"/>)").draw(options);
  // The sun stands up left of the camera and behind it, so that the shadow lies to the right of the box.
  int darker = 0, brighter = 0;
  for (int y = 0; y < 60; ++y) {
    for (int x = 0; x < 60; ++x) {
      if (at(shaded, x, y).is_red()) continue;
      darker += at(shaded, x, y).sum() < at(empty, x, y).sum() - 60;
      brighter += at(shaded, x, y).sum() > at(empty, x, y).sum() + 6;
    }
  }
  EXPECT_GT(darker, 8);
  EXPECT_EQ(brighter, 0);
}

TEST(MotionPicture, PlanesShowTheirTexture) {
  const std::string assets =
      R"(<texture name="squares" type="2d" builtin="checker" width="64" height="64" rgb1="1 0 0" rgb2="0 1 0"/>
         <material name="squares" texture="squares" texrepeat="0.5 0.5" texuniform="true" specular="0"/>)";
  const Scene scene(R"(<camera pos="0 0 6" xyaxes="1 0 0 0 1 0" fovy="60"/>
                       <geom type="plane" size="9 9 1" material="squares"/>)",
                    "", "0 0 9", assets);
  const Image image = scene.draw({.width = 60, .height = 60});
  // A texture is 2 m wide, so a square is 1 m: 60 pixels show 6.9 m. Neighbours of a corner differ, opposites agree.
  EXPECT_TRUE(at(image, 25, 25).is_red() || at(image, 25, 25).is_green());
  EXPECT_EQ(at(image, 26, 26).is_red(), at(image, 34, 34).is_red());
  EXPECT_NE(at(image, 26, 26).is_red(), at(image, 34, 26).is_red());
  EXPECT_NE(at(image, 26, 26).is_red(), at(image, 26, 34).is_red());
}

TEST(MotionPicture, MeshesAndHeightFieldsAreDrawn) {
  const std::string assets =
      R"(<mesh name="block" vertex="-1 -1 -1  1 -1 -1  -1 1 -1  1 1 -1  -1 -1 1  1 -1 1  -1 1 1  1 1 1"/>
         <hfield name="hill" nrow="3" ncol="3" size="1 1 1 0.1" elevation="0 0 0 0 1 0 0 0 0"/>)";
  const PictureOptions options{.width = 40, .height = 40};
  const Image mesh =
      Scene(front + R"(<geom type="mesh" mesh="block" material="red"/>)", "", "0 -9 0", assets).draw(options);
  // From 3 m before its face: 40 pixels show 3.46 m of that plane, so that the block ends 11.5 pixels from the middle.
  for (const int x : {9, 20, 30}) EXPECT_TRUE(at(mesh, x, 20).is_red()) << x;
  for (const int x : {6, 33}) EXPECT_FALSE(at(mesh, x, 20).is_red()) << x;

  const Image hill =
      Scene(front + R"(<geom type="hfield" hfield="hill" material="red"/>)", "", "0 -9 0", assets).draw(options);
  EXPECT_TRUE(at(hill, 20, 14).is_red());  // 0.7 m up: inside where the hill is high, outside at its foot
  EXPECT_FALSE(at(hill, 12, 14).is_red());
  EXPECT_FALSE(at(hill, 28, 14).is_red());
  EXPECT_TRUE(at(hill, 14, 20).is_red());
}

TEST(MotionPicture, IsTheSameForAnyNumberOfThreads) {
  const Task task = load_task(reacher / "task.toml");
  std::vector<Motion> motions;
  for (int i = 0; i < task.conditions; ++i) motions.push_back(record_motion(task, NoiseController(0.0), i));
  const auto draw = [&](int threads) {
    return MotionPicture(task, motions, {.width = 101, .height = 77, .threads = threads}).draw(7).rgb;
  };
  const auto one = draw(1);
  EXPECT_EQ(draw(2), one);
  EXPECT_EQ(draw(5), one);
}

TEST(MotionPicture, BandsOfRowsLeaveNoSeam) {
  // A box whose upper edge is level and lies 15.7 pixels below the top, in the row before which a band ends. In a
  // picture that is higher by 8 rows on either side, but of the same scale, it lies within a band.
  const std::string box = R"(<geom type="box" size="3 0.5 1" pos="0 -0.5 -0.6275" material="red"/>)";
  const double half = std::tan(std::numbers::pi / 6.0);
  const auto camera = [&](double scale) {
    std::ostringstream text;
    text.precision(17);
    text << R"(<camera pos="0 -4 0" xyaxes="1 0 0 0 0 1" fovy=")"
         << 2.0 * std::atan(half * scale) * 180.0 / std::numbers::pi << "\"/>";
    return text.str();
  };
  const Image low = Scene(camera(1.0) + box).draw({.width = 40, .height = 40});
  const Image high = Scene(camera(56.0 / 40.0) + box).draw({.width = 40, .height = 56});
  ASSERT_FALSE(at(low, 20, 14).is_red());
  ASSERT_TRUE(at(low, 20, 16).is_red());
  for (int y = 0; y < 40; ++y)
    for (int x = 0; x < 40; ++x)
      EXPECT_LE(std::abs(at(low, x, y).sum() - at(high, x, y + 8).sum()), 6) << x << " " << y;
}

/// The sled's ball is red and starts at one end in each of two conditions; no camera is in the model.
class Moving : public ::testing::Test {
 protected:
  Moving() : scene("", R"(<geom type="sphere" size="0.3" rgba="1 0 0 1" pos="0 0 0"/>)", "0 0 0.4") {
    scene.set_task("joint_positions = [-3.0]\n[[condition]]\njoint_positions = [3.0]\njoint_velocities = [2.0]\n");
  }
  Scene scene;
};

TEST_F(Moving, AllOfItIsInViewOfAFittedCamera) {
  const int width = 82, height = 40;  // two tiles of 40 x 40, and the gap between
  MotionPicture picture(scene.task(), scene.motions(), {.width = width, .height = height});
  for (int step = 0; step < picture.steps(); ++step) {
    const Image image = picture.draw(step);
    for (const int tile : {0, 1}) {
      int inside = 0, at_border = 0;
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < 40; ++x) {
          const bool red = at(image, tile * 42 + x, y).is_red();
          inside += red;
          at_border += red && (x == 0 || y == 0 || x == 39 || y == height - 1);
        }
      }
      EXPECT_GT(inside, 3) << step << " " << tile;
      EXPECT_EQ(at_border, 0) << step << " " << tile;
    }
  }
}

TEST_F(Moving, ATileForEachMotionWithAGapBetween) {
  const Image image = MotionPicture(scene.task(), scene.motions(), {.width = 82, .height = 40}).draw(0);
  for (const int x : {40, 41})
    for (int y = 0; y < 40; ++y) EXPECT_EQ(at(image, x, y), (Colour{255, 255, 255}));
  EXPECT_NE(at(image, 39, 20), (Colour{255, 255, 255}));
  EXPECT_NE(at(image, 42, 20), (Colour{255, 255, 255}));
}

TEST(MotionPicture, ThePathIsDrawnUpToTheStepAndFaintWhereHidden) {
  // From x = -1, past a wall that hides the part where x > 0.
  Scene scene(front + R"(<geom type="box" size="2 0.01 2" pos="2 -1 0" rgba="0.5 0.5 0.6 1"/>)", "", "0 0 0");
  scene.set_task("joint_positions = [-1.0]\njoint_velocities = [4.0]\n");
  const int size = 200;
  MotionPicture picture(scene.task(), scene.motions(), {.width = size, .height = size});
  const auto pixel = [&](double x) {
    return static_cast<int>(0.5 * size + 0.5 * size / std::tan(std::numbers::pi / 6) / 4 * x);
  };
  const auto redness = [&](const Image& image, double x) {
    const Colour colour = at(image, pixel(x), size / 2);
    return colour.red - colour.green;
  };
  const Image first = picture.draw(0), last = picture.draw(picture.steps() - 1);
  EXPECT_LT(redness(first, -0.5), 30);
  EXPECT_GT(redness(last, -0.5), 100);
  EXPECT_GT(redness(last, 0.5), 20);
  EXPECT_LT(redness(last, 0.5), 90);
}

TEST(MotionPicture, RefusesWhatItCannotDraw) {
  const Scene scene(front + R"(<camera name="flat" projection="orthographic" fovy="2"/>)");
  const auto refusal = [&](std::vector<Motion> motions, const PictureOptions& options) -> std::string {
    try {
      MotionPicture(scene.task(), std::move(motions), options);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(refusal(scene.motions(), {.camera = "side"}), HasSubstr("no camera 'side'"));
  EXPECT_THAT(refusal(scene.motions(), {.camera = "flat"}), HasSubstr("'flat' is orthographic"));
  EXPECT_THAT(refusal({}, {}), HasSubstr("at least one motion"));
  EXPECT_THAT(refusal(scene.motions(), {.width = 15, .height = 40}), HasSubstr("15x40"));
  EXPECT_EQ(refusal(scene.motions(), {.width = 16, .height = 16, .camera = "front"}), "");
  EXPECT_THAT(MotionPicture::cameras(scene.task()), ElementsAre("front", "flat"));
}

TEST(Motion, GoesWhereTheRolloutGoes) {
  const Task task = load_task(reacher / "task.toml");
  const NoiseController idle(0.0);
  const auto paths = rollout_with(task, idle, {.noise = false});
  for (int i = 0; i < task.conditions; ++i) {
    const Motion motion = record_motion(task, idle, i);
    ASSERT_EQ(motion.positions.size(), static_cast<std::size_t>(task.horizon));
    ASSERT_EQ(motion.path.size(), motion.positions.size());
    for (int t = 0; t < task.horizon; ++t) {
      EXPECT_EQ(motion.positions[t][0], paths.states(i, 0, t, 0));
      EXPECT_EQ(motion.positions[t][1], paths.states(i, 0, t, 1));
      double squares = 0.0;
      for (int axis = 0; axis < 3; ++axis) squares += std::pow(motion.path[t][axis] - motion.target[axis], 2);
      EXPECT_NEAR(std::sqrt(squares), paths.distances(i, 0, t), 1e-12);
    }
  }
  EXPECT_THAT(record_motion(task, idle, 2).target, ElementsAre(0.5, 0.0, 0.2 + 0.1));
  EXPECT_EQ(record_motion(task, idle, 3).positions[0], (std::vector<double>{0.1, 0.1}));  // held out
}

/// Actions that are no numbers from a step on.
class Breaking : public Controller {
 public:
  void action(int step, std::span<const double>, std::span<const double>, std::span<const double>,
              std::span<double> action) const override {
    std::fill(action.begin(), action.end(), step < 3 ? 0.0 : NAN);
  }
};

TEST(Motion, EndsWhereTheSimulationBreaks) {
  const Task task = load_task(reacher / "task.toml");
  const Motion motion = record_motion(task, Breaking(), 0);
  EXPECT_EQ(motion.positions.size(), 4u);
  MotionPicture picture(task, {motion, record_motion(task, NoiseController(0.0), 1)}, {.width = 40, .height = 40});
  EXPECT_EQ(picture.steps(), task.horizon);
  EXPECT_EQ(picture.draw(task.horizon - 1).width, 40);
}

TEST(Motion, NeedsAModel) {
  Task task = load_task(reacher / "task.toml");
  task.mujoco = nullptr;
  EXPECT_THROW(record_motion(task, NoiseController(0.0), 0), std::invalid_argument);
}

}  // namespace
}  // namespace mdgps::testing
