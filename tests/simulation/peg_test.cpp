/// The peg task's physics: the hole can be entered, and its walls hold.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "simulation/support.hpp"

namespace mdgps {
namespace {

/// Springs in space on both ends of the peg, made into joint torques by the Jacobian.
class Hand {
 public:
  explicit Hand(const Task& task) : task_(task), environment_(task.make_environment()) {}

  void reset(int condition) { environment_->reset(condition); }

  /// Holds the peg upright with its lower end at `place` from the target (metres), pushing it with `force` (newtons).
  bool hold(std::array<double, 3> place, std::array<double, 3> force, double seconds) {
    std::vector<double> state(task_.states), jacobian(task_.points * task_.states), torque(task_.actions);
    for (double time = 0.0; time < seconds; time += task_.control_interval) {
      environment_->state(state);
      environment_->point_jacobian(jacobian);
      for (int j = 0; j < 7; ++j) torque[j] = -0.3 * state[7 + j];
      for (int e = 0; e < 6; ++e) {
        const bool vertical = e % 3 == 2;
        const double spring = vertical ? 200.0 : 1500.0, damping = vertical ? 30.0 : 80.0;
        const double pull = -spring * (state[14 + e] - place[e % 3]) - damping * state[20 + e];
        for (int j = 0; j < 7; ++j) {
          torque[j] += jacobian[e * task_.states + j] * (std::clamp(pull, -40.0, 40.0) + force[e % 3] / 2);
        }
      }
      if (!environment_->step(torque)) return false;
    }
    return true;
  }

  double distance() const { return environment_->distance(); }
  std::array<double, 3> bottom() const {
    std::vector<double> points(6);
    environment_->points(points);
    return {points[0], points[1], points[2]};
  }

 private:
  const Task& task_;
  std::unique_ptr<Environment> environment_;
};

Task peg_task() {
  // A controller of stiff springs needs shorter steps than a policy.
  const std::vector<std::string> overrides{"control_interval=0.01"};
  return load_task(testing::tasks_folder / "peg" / "task.toml", overrides);
}

TEST(Peg, ReachesTheFloorOfTheHoleFromEveryCondition) {
  const auto task = peg_task();
  Hand hand(task);
  for (int condition = 0; condition < task.conditions; ++condition) {
    hand.reset(condition);
    ASSERT_TRUE(hand.hold({0, 0, 0.15}, {0, 0, 0}, 3.0));
    ASSERT_TRUE(hand.hold({0, 0, 0.0}, {0, 0, -5}, 3.0));
    EXPECT_LT(hand.distance(), 0.001) << "condition " << condition;
  }
}

TEST(Peg, CannotBePushedThroughTheFloorOrTheWalls) {
  const auto task = peg_task();
  Hand hand(task);
  for (const auto& force : {std::array{0.0, 0.0, -500.0},
                            {300.0, 0.0, -100.0},
                            {-300.0, 0.0, -100.0},
                            {0.0, 300.0, -100.0},
                            {0.0, -300.0, -100.0}}) {
    hand.reset(4);
    ASSERT_TRUE(hand.hold({0, 0, 0.15}, {0, 0, 0}, 3.0));
    ASSERT_TRUE(hand.hold({0, 0, 0.0}, {0, 0, 0}, 2.0));
    ASSERT_TRUE(hand.hold({0, 0, 0.0}, force, 2.0));
    EXPECT_LT(hand.distance(), 0.005);
  }
}

TEST(Peg, CannotBePushedThroughTheTable) {
  const auto task = peg_task();
  Hand hand(task);
  for (const auto& place : {std::array{0.08, 0.0}, {-0.08, 0.0}, {0.0, 0.1}, {0.0, -0.1}}) {
    hand.reset(4);
    ASSERT_TRUE(hand.hold({place[0], place[1], 0.15}, {0, 0, 0}, 3.0));
    ASSERT_TRUE(hand.hold({place[0], place[1], 0.0}, {0, 0, -60}, 2.0));
    EXPECT_GT(hand.bottom()[2], 0.098);  // the table's top is 0.1 above the hole's floor
  }
}

TEST(Peg, StartsOutsideTheHole) {
  const auto task = peg_task();
  const auto environment = task.make_environment();
  for (int condition = 0; condition < task.conditions; ++condition) {
    environment->reset(condition);
    EXPECT_GT(environment->distance(), 0.3);
  }
}

}  // namespace
}  // namespace mdgps
