// Algorithm 2 on tasks: what they are, found exactly, and runs of it.

#include "mdgps/algorithm/convex_linear_run.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "mdgps/algorithm/initial_policy.hpp"

namespace mdgps {
namespace {

namespace fs = std::filesystem;

Task test_task(const std::string& name) { return load_task(fs::path(MDGPS_TEST_DATA) / "tasks" / name / "task.toml"); }

/// Mass 1, damping 1, motors of gain 1, and the integrator's implicit step of 0.01 s: v' = (v + 0.01 u) / 1.01 ten
/// times over, x' = x + 0.01 v'.
TEST(LinearQuadraticProblem, IsWhatThePointMassIs) {
  const auto problem = linear_quadratic_problem(test_task("point_mass"), 0, 1);
  double velocity_gain = 1, position_from_velocity = 0, velocity_from_force = 0, position_from_force = 0;
  for (int substep = 0; substep < 10; ++substep) {
    velocity_gain /= 1.01;
    position_from_velocity += 0.01 * velocity_gain;
    velocity_from_force = (velocity_from_force + 0.01) / 1.01;
    position_from_force += 0.01 * velocity_from_force;
  }
  const auto& f = problem.dynamics.transition;
  for (int i = 0; i < 3; ++i)
    for (int axis = 0; axis < 2; ++axis) {
      EXPECT_NEAR(f(i, 7, axis, axis), 1.0, 1e-8);
      EXPECT_NEAR(f(i, 7, axis, 2 + axis), position_from_velocity, 1e-8);
      EXPECT_NEAR(f(i, 7, axis, 4 + axis), position_from_force, 1e-8);
      EXPECT_NEAR(f(i, 7, 2 + axis, 2 + axis), velocity_gain, 1e-8);
      EXPECT_NEAR(f(i, 7, 2 + axis, 4 + axis), velocity_from_force, 1e-8);
      EXPECT_NEAR(f(i, 7, axis, 1 - axis), 0.0, 1e-8);
      EXPECT_NEAR(problem.dynamics.offset(i, 7, axis), 0.0, 1e-8);
    }
  EXPECT_NEAR(problem.cost.hessian(0, 3, 0, 0), 1.0, 1e-9);  // l2 = 1 on positions
  EXPECT_NEAR(problem.cost.hessian(0, 3, 4, 4), 1e-2, 1e-12);
  EXPECT_NEAR(problem.cost.gradient(0, 3, 0), -1.0, 1e-9);  // the target is at x = 1
}

TEST(LinearQuadraticProblem, OfAnArmIsRefused) {
  try {
    linear_quadratic_problem(test_task("reacher"), 0, 1);
    FAIL();
  } catch (const std::runtime_error& error) {
    const std::string what = error.what();
    EXPECT_TRUE(what.find("not linear") != std::string::npos || what.find("follow from others") != std::string::npos)
        << what;
  }
}

TEST(LinearQuadraticProblem, OfACostThatIsNotQuadraticIsRefused) {
  const std::vector<std::string> changes{"cost.0.l1=1"};
  const Task task = load_task(fs::path(MDGPS_TEST_DATA) / "tasks" / "point_mass" / "task.toml", changes);
  EXPECT_THROW(linear_quadratic_problem(task, 0, 1), std::runtime_error);
}

double expected_global_cost(const IterationReport& report) {
  double sum = 0;
  for (const ConditionReport& c : report.conditions) sum += c.expected_global_cost;
  return sum;
}

TEST(ConvexLinearRun, ImprovesWithEveryIterationAndAsExpected) {
  const Task task = test_task("point_mass");
  ConvexLinearRun run(task, read_settings(task.algorithm, Method::convex_linear), 0, 2);
  double last = INFINITY;
  IterationReport report;
  for (int k = 1; k <= 10; ++k) {
    report = run.iterate();
    const double cost = expected_global_cost(report);
    EXPECT_LT(cost, last);
    last = cost;
    for (const ConditionReport& c : report.conditions) {
      EXPECT_NEAR(c.kl_divergence, c.step_size, 1e-6 * c.step_size);
      // The mean action's rollout costs what is expected but for the noise's share.
      EXPECT_GT(c.expected_global_cost, c.global_cost);
    }
  }
  EXPECT_LT(report.mean_distance(), 0.02);
}

TEST(ConvexLinearRun, GoesOnFromACheckpointAndKeepsItsPolicy) {
  const Task task = test_task("point_mass");
  const Settings settings = read_settings(task.algorithm, Method::convex_linear);
  const fs::path folder = fs::temp_directory_path() / ("mdgps_linear_" + std::to_string(::getpid()));
  fs::create_directories(folder);
  ConvexLinearRun straight(task, settings, 0, 1), resumed(task, settings, 0, 1);
  for (int k = 0; k < 3; ++k) straight.iterate();
  straight.save(folder);
  resumed.load(folder);
  EXPECT_EQ(resumed.iteration(), 3);
  EXPECT_EQ(expected_global_cost(straight.iterate()), expected_global_cost(resumed.iterate()));

  straight.save_policy(folder / "policy.json");
  resumed.save_policy(folder / "again.json");
  const auto policy = load_linear_policy(folder / "policy.json"), again = load_linear_policy(folder / "again.json");
  EXPECT_EQ(policy.gain, again.gain);
  EXPECT_EQ(policy.gain.extents(), (std::array<std::int64_t, 4>{1, 30, 2, 4}));
  fs::resize_file(folder / "policy.json", 100);
  EXPECT_THROW(load_linear_policy(folder / "policy.json"), std::runtime_error);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace mdgps
