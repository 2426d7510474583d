/// The obstacle task's course: its bars stand in the way and hold.

#include <gtest/gtest.h>

#include <cmath>

#include "simulation/support.hpp"

namespace mdgps {
namespace {

/// Pulls the particle along the straight line from its start to the target, which springs keep it on.
double distance_along_straight_line(const Task& task, int condition, double pull) {
  const auto environment = task.make_environment();
  environment->reset(condition);
  const auto start = task.condition_specs[condition].joint_positions;
  const double length = std::hypot(2.5 - start[0], start[1]);
  const double along[2] = {(2.5 - start[0]) / length, -start[1] / length};
  std::vector<double> state(task.states), force(2);
  for (int t = 0; t < 2000; ++t) {
    environment->state(state);
    const double offset[2] = {state[0] - start[0], state[1] - start[1]};
    const double travelled = offset[0] * along[0] + offset[1] * along[1];
    const double speed = state[2] * along[0] + state[3] * along[1];
    const double forward = std::min(pull, 10.0 * (length - travelled)) - 2.0 * speed;
    for (int j = 0; j < 2; ++j) {
      force[j] =
          forward * along[j] - 100.0 * (offset[j] - travelled * along[j]) - 10.0 * (state[2 + j] - speed * along[j]);
    }
    if (!environment->step(force)) return std::nan("");
  }
  return environment->distance();
}

TEST(Obstacle, BlocksTheStraightLineFromEveryStart) {
  const std::vector<std::string> overrides{"control_interval=0.01"};
  const auto task = load_task(testing::tasks_folder / "obstacle" / "task.toml", overrides);
  for (int condition = 0; condition < task.conditions; ++condition) {
    EXPECT_GT(distance_along_straight_line(task, condition, 5.0), task.success_distance) << "condition " << condition;
  }
}

TEST(Obstacle, TheTargetIsReachedWhereNothingIsInTheWay) {
  const std::vector<std::string> overrides{"control_interval=0.01", "condition.0.joint_positions=[2.5, 1.0]"};
  const auto task = load_task(testing::tasks_folder / "obstacle" / "task.toml", overrides);
  EXPECT_LT(distance_along_straight_line(task, 0, 5.0), 0.01);
}

}  // namespace
}  // namespace mdgps
