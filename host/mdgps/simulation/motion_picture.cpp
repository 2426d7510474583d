#include "mdgps/simulation/motion_picture.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <limits>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "mdgps/simulation/mujoco_model.hpp"
#include "mdgps/simulation/overlay.hpp"
#include "mdgps/simulation/ray_camera.hpp"
#include "mdgps/simulation/surface.hpp"

namespace mdgps {
namespace {

constexpr int band = 16;  // rows that a thread draws at a time
constexpr int gap = 2;    // pixels between tiles
constexpr int least_tile = 16;
constexpr double mark = 0.03;  // of the model's extent: what a mark at the picture's edge needs
constexpr Vec3 path_colour{0.86, 0.12, 0.36}, target_colour{0.10, 0.62, 0.32};

/// A model of its own, as conditions put bodies elsewhere, standing as a motion does at a step.
class Pose {
 public:
  explicit Pose(const Task& task)
      : task_(task), model_(mj_copyModel(nullptr, &task.mujoco->get())), data_(make_mujoco_data(*model_)) {}

  void set(const Motion& motion, int step) {
    const auto& original = task_.mujoco->get();
    std::copy_n(original.body_pos, 3 * original.nbody, model_->body_pos);
    const auto& start = motion.condition < task_.conditions
                            ? task_.condition_specs[motion.condition]
                            : task_.held_out_condition_specs[motion.condition - task_.conditions];
    if (start.move) {
      for (int axis = 0; axis < 3; ++axis) model_->body_pos[3 * start.move->body + axis] += start.move->offset[axis];
    }
    const auto last = static_cast<int>(motion.positions.size()) - 1;
    const auto& positions = motion.positions[std::min(step, last)];
    std::copy(positions.begin(), positions.end(), data_->qpos);
    mj_kinematics(model_.get(), data_.get());
    mj_comPos(model_.get(), data_.get());
    mj_camlight(model_.get(), data_.get());
  }

  const mjModel& model() const { return *model_; }
  mjData& data() { return *data_; }

 private:
  const Task& task_;
  ModelPointer model_;
  DataPointer data_;
};

/// The lowest height that a geom with an end reaches; infinite where there is none.
double lowest(const mjModel& model, const mjData& data) {
  double low = std::numeric_limits<double>::infinity();
  for (int g = 0; g < model.ngeom; ++g) {
    if (model.geom_rbound[g] <= 0.0 || !is_drawn(model, g)) continue;
    const double *box = model.geom_aabb + 6 * g, *upwards = data.geom_xmat + 9 * g + 6;  // of the geom's axes
    double z = data.geom_xpos[3 * g + 2];
    for (int axis = 0; axis < 3; ++axis) z += upwards[axis] * box[axis] - std::abs(upwards[axis]) * box[3 + axis];
    low = std::min(low, z);
  }
  return low;
}

bool has_plane(const mjModel& model) {
  for (int g = 0; g < model.ngeom; ++g)
    if (model.geom_type[g] == mjGEOM_PLANE && is_drawn(model, g)) return true;
  return false;
}

/// The edges of tile `i` of `count` along `length` pixels.
std::pair<int, int> tile_edges(int i, int count, int length) {
  const int first = (length + gap) * i / count, next = (length + gap) * (i + 1) / count;
  return {first, next - gap};
}

std::uint8_t byte(double light) { return static_cast<std::uint8_t>(std::lround(255.0 * to_screen(light))); }

}  // namespace

class MotionPicture::Studio {
 public:
  Studio(const Task& task, std::vector<Motion> motions, const PictureOptions& options)
      : task_(task), motions_(std::move(motions)), options_(options) {
    if (!task.mujoco) throw std::invalid_argument("a picture needs a task with a MuJoCo model");
    if (motions_.empty()) throw std::invalid_argument("a picture needs at least one motion");
    const auto count = static_cast<int>(motions_.size());
    columns_ = static_cast<int>(std::ceil(std::sqrt(count)));
    rows_ = (count + columns_ - 1) / columns_;
    for (const auto& motion : motions_) steps_ = std::max(steps_, static_cast<int>(motion.positions.size()));
    if ((options.width + gap) / columns_ - gap < least_tile || (options.height + gap) / rows_ - gap < least_tile)
      throw std::invalid_argument("a picture of " + std::to_string(options.width) + "x" +
                                  std::to_string(options.height) + " pixels is too small for " + std::to_string(count) +
                                  " conditions");
    for (int i = 0; i < std::max(1, options.threads); ++i) poses_.emplace_back(task_);
    choose_camera();
    look_over();
  }

  int steps() const { return steps_; }

  Image draw(int step) {
    std::vector<Tile> tiles;
    for (const auto& motion : motions_) tiles.push_back(make_tile(motion, step, static_cast<int>(tiles.size())));
    draw_scenes(tiles, step);
    Image image(options_.width, options_.height);
    for (std::size_t i = 0; i < tiles.size(); ++i) {
      draw_marks(tiles[i], motions_[i], step);
      paste(tiles[i], image);
    }
    return image;
  }

 private:
  struct Tile {
    int left, top;
    PinholeCamera camera;
    RayCamera drawer;
    Canvas canvas;
  };

  void choose_camera() {
    const auto& model = task_.mujoco->get();
    camera_ = model.ncam > 0 ? 0 : -1;
    if (!options_.camera.empty()) {
      camera_ = mj_name2id(&model, mjOBJ_CAMERA, options_.camera.c_str());
      if (camera_ < 0) throw std::invalid_argument("the model has no camera '" + options_.camera + "'");
    }
    if (camera_ >= 0 && model.cam_projection[camera_] != mjPROJ_PERSPECTIVE) {
      if (!options_.camera.empty())
        throw std::invalid_argument("the camera '" + options_.camera +
                                    "' is orthographic; choose one with perspective");
      camera_ = -1;
    }
  }

  /// Looks through all motions for what must be in view, and for where a floor would be.
  void look_over() {
    Pose& pose = poses_.front();
    double low = std::numeric_limits<double>::infinity();
    for (const auto& motion : motions_) {
      spheres_.push_back({Vec3::from(motion.target.data()), task_.success_distance});
      for (int t = 0; t < static_cast<int>(motion.positions.size()); ++t) {
        spheres_.push_back({Vec3::from(motion.path[t].data()), mark * task_.mujoco->get().stat.extent});
        pose.set(motion, t);
        const auto spheres = bounding_spheres(pose.model(), pose.data());
        spheres_.insert(spheres_.end(), spheres.begin(), spheres.end());
        low = std::min(low, lowest(pose.model(), pose.data()));
      }
    }
    const auto& model = pose.model();
    stage_.middle = Vec3::from(model.stat.center);
    stage_.extent = model.stat.extent;
    stage_.has_floor = std::isfinite(low) && !has_plane(model);
    stage_.floor_height = low;
  }

  Tile make_tile(const Motion& motion, int step, int place) {
    const auto [left, right] = tile_edges(place % columns_, columns_, options_.width);
    const auto [top, bottom] = tile_edges(place / columns_, rows_, options_.height);
    Pose& pose = poses_.front();
    pose.set(motion, step);
    const auto camera = camera_ >= 0 ? model_camera(pose.model(), pose.data(), camera_, right - left, bottom - top)
                                     : fitted_camera(pose.model(), spheres_, right - left, bottom - top);
    const DrawingQuality quality =
        options_.fine ? DrawingQuality{.edge_rays = 8, .sun_points = 16, .sky_points = 32} : DrawingQuality{};
    return {left, top, camera, RayCamera(camera, stage_, quality), Canvas(right - left, bottom - top)};
  }

  void draw_scenes(std::vector<Tile>& tiles, int step) {
    struct Job {
      int tile, first, last;
    };
    std::vector<Job> jobs;
    for (int i = 0; i < static_cast<int>(tiles.size()); ++i) {
      const int height = tiles[i].canvas.height;
      for (int y = 0; y < height; y += band) jobs.push_back({i, y, std::min(y + band, height)});
    }
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    std::exception_ptr failure;
    const auto work = [&](Pose& pose) {
      try {
        int standing = -1;
        for (std::size_t i; (i = next++) < jobs.size();) {
          const Job& job = jobs[i];
          if (job.tile != standing) pose.set(motions_[job.tile], step);
          standing = job.tile;
          tiles[job.tile].drawer.draw(pose.model(), pose.data(), job.first, job.last, tiles[job.tile].canvas);
        }
      } catch (...) {
        next = jobs.size();
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
      }
    };
    {
      std::vector<std::jthread> pool;
      for (std::size_t i = 1; i < poses_.size(); ++i) pool.emplace_back(work, std::ref(poses_[i]));
      work(poses_.front());
    }
    if (failure) std::rethrow_exception(failure);
  }

  void draw_marks(Tile& tile, const Motion& motion, int step) const {
    const auto place = [](const std::array<double, 3>& p) { return Vec3::from(p.data()); };
    const double width = std::max(1.2, 0.006 * tile.canvas.height);
    const auto last = std::min(step, static_cast<int>(motion.path.size()) - 1);
    Overlay overlay(tile.camera, tile.canvas);
    overlay.ring(place(motion.target), task_.success_distance, 2.0 * width, width);
    overlay.paint(target_colour);
    for (int t = 0; t < last; ++t) overlay.line(place(motion.path[t]), place(motion.path[t + 1]), width);
    overlay.disc(place(motion.path[last]), 1.6 * width);
    overlay.paint(path_colour);
  }

  static void paste(const Tile& tile, Image& image) {
    for (int y = 0; y < tile.canvas.height; ++y) {
      std::uint8_t* pixel = image.rgb.data() + 3 * (static_cast<std::size_t>(tile.top + y) * image.width + tile.left);
      for (int x = 0; x < tile.canvas.width; ++x) {
        const Vec3& light = tile.canvas.light[static_cast<std::size_t>(y) * tile.canvas.width + x];
        for (const double part : {light.x, light.y, light.z}) *pixel++ = byte(part);
      }
    }
  }

  Task task_;
  std::vector<Motion> motions_;
  PictureOptions options_;
  int columns_ = 1, rows_ = 1, steps_ = 0;
  int camera_ = -1;  // of the model; -1: fitted to the motions
  Stage stage_;
  std::vector<Sphere> spheres_;
  std::vector<Pose> poses_;  // one per thread
};

MotionPicture::MotionPicture(const Task& task, std::vector<Motion> motions, const PictureOptions& options)
    : studio_(std::make_unique<Studio>(task, std::move(motions), options)) {}

MotionPicture::~MotionPicture() = default;

std::vector<std::string> MotionPicture::cameras(const Task& task) {
  std::vector<std::string> names;
  if (!task.mujoco) return names;
  const auto& model = task.mujoco->get();
  for (int i = 0; i < model.ncam; ++i)
    if (const char* name = mj_id2name(&model, mjOBJ_CAMERA, i)) names.emplace_back(name);
  return names;
}

int MotionPicture::steps() const { return studio_->steps(); }

Image MotionPicture::draw(int step) { return studio_->draw(step); }

}  // namespace mdgps
