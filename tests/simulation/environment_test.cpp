#include "mdgps/simulation/environment.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "simulation/support.hpp"

namespace mdgps {
namespace {

std::vector<double> state_of(const Task& task, const Environment& environment) {
  std::vector<double> state(task.states);
  environment.state(state);
  return state;
}

std::vector<double> points_of(const Task& task, const Environment& environment) {
  std::vector<double> points(task.points);
  environment.points(points);
  return points;
}

TEST(Environment, StartsWhereTheConditionSays) {
  const auto task = load_task(testing::reacher / "task.toml");
  const auto environment = task.make_environment();
  environment->reset(1);
  const auto moved = state_of(task, *environment);
  EXPECT_EQ(moved[0], 0.3);
  EXPECT_EQ(moved[1], -0.4);
  EXPECT_EQ(moved[2], 0.5);
  EXPECT_EQ(moved[3], -0.5);
  environment->reset(0);
  const auto points = points_of(task, *environment);
  environment->reset(1);
  EXPECT_NEAR(points_of(task, *environment)[1], points[1] + 0.1, 1e-14);
  environment->reset(2);  // straight out along x; the target is 0.1 higher
  EXPECT_NEAR(points_of(task, *environment)[0], 0.9 - 0.5, 1e-14);
  EXPECT_NEAR(points_of(task, *environment)[2], -0.3, 1e-14);
  EXPECT_NEAR(environment->distance(), std::hypot(0.4, 0.3), 1e-14);
  environment->reset(3);  // the held-out condition
  EXPECT_EQ(state_of(task, *environment)[0], 0.1);
}

TEST(Environment, ResetForgetsWhatWentBefore) {
  const auto task = load_task(testing::tasks_folder / "peg" / "task.toml");
  const auto run = [&](Environment& environment) {
    environment.reset(4);
    std::vector<double> action(task.actions, 0.5);
    for (int t = 0; t < 30; ++t) EXPECT_TRUE(environment.step(action));
    return state_of(task, environment);
  };
  const auto fresh = task.make_environment();
  const auto expected = run(*fresh);
  const auto used = task.make_environment();
  used->reset(0);
  const std::vector<double> push(task.actions, -20.0);
  for (int t = 0; t < 30; ++t) EXPECT_TRUE(used->step(push));
  EXPECT_EQ(run(*used), expected);
}

TEST(Environment, ResetForgetsADivergedSimulation) {
  const auto task = load_task(testing::reacher / "task.toml");
  const auto environment = task.make_environment();
  const std::vector<double> action{0.1, 0.2}, absurd{1e12, 0.0};
  environment->reset(0);
  ASSERT_TRUE(environment->step(action));
  const auto expected = state_of(task, *environment);
  bool going = true;
  for (int t = 0; t < 20 && going; ++t) going = environment->step(absurd);
  EXPECT_FALSE(going);
  environment->reset(0);
  ASSERT_TRUE(environment->step(action));
  EXPECT_EQ(state_of(task, *environment), expected);
}

// The Jacobian against central differences of the points, at states that conditions put the arm in.
TEST(Environment, PointJacobianIsTheDerivativeOfThePoints) {
  for (const char* name : {"peg", "obstacle"}) {
    const auto task = load_task(testing::tasks_folder / name / "task.toml");
    const auto environment = task.make_environment();
    environment->reset(1);
    std::vector<double> jacobian(task.points * task.states);
    environment->point_jacobian(jacobian);
    const auto joints = task.condition_specs[1].joint_positions;
    const double h = 1e-6;
    for (std::size_t j = 0; j < joints.size(); ++j) {
      std::vector<double> points[2];
      for (const int side : {0, 1}) {
        Task displaced = task;
        displaced.condition_specs[1].joint_positions[j] += side ? h : -h;
        const auto other = displaced.make_environment();
        other->reset(1);
        points[side] = points_of(task, *other);
      }
      for (int e = 0; e < task.points; ++e) {
        EXPECT_NEAR(jacobian[e * task.states + j], (points[1][e] - points[0][e]) / (2 * h), 1e-8) << name << e << j;
      }
    }
    for (int e = 0; e < task.points; ++e) {
      for (int s = static_cast<int>(joints.size()); s < task.states; ++s) EXPECT_EQ(jacobian[e * task.states + s], 0.0);
    }
  }
}

TEST(Environment, PointsAndTheirVelocitiesBelongToTheCurrentState) {
  // After a step, velocity = Jacobian x joint velocities, all at the same instant.
  const auto task = load_task(testing::reacher / "task.toml");
  const auto environment = task.make_environment();
  environment->reset(1);
  const std::vector<double> action{1.0, -2.0};
  for (int t = 0; t < 5; ++t) ASSERT_TRUE(environment->step(action));
  const auto state = state_of(task, *environment);
  Task frozen = task;
  frozen.condition_specs[1].joint_positions = {state[0], state[1]};
  frozen.condition_specs[1].joint_velocities = {state[2], state[3]};
  const auto other = frozen.make_environment();
  other->reset(1);
  const auto expected = state_of(task, *other);
  for (int e = 0; e < task.states; ++e) EXPECT_NEAR(state[e], expected[e], 1e-13) << task.state_names[e];
}

}  // namespace
}  // namespace mdgps
