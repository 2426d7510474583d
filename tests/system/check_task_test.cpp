/// mdgps check-task, and the check of derivatives under it.

#include <fstream>

#include "mdgps/algorithm/mirror_descent.hpp"
#include "mdgps/simulation/derivative_check.hpp"
#include "mdgps/simulation/rollout.hpp"
#include "mdgps/simulation/signals.hpp"
#include "tests/system/program.hpp"

namespace mdgps::testing {
namespace {

const fs::path reacher = fs::path(MDGPS_TEST_DATA) / "tasks/reacher/task.toml";

Trajectories initial_paths(const Task& task) {
  const MirrorDescent start(task, {}, 0, 1);
  return rollout_local(task, start.local_policies().view(), {});
}

TEST(DerivativeCheck, TheCostsOfATaskPass) {
  const Task task = load_task(reacher);
  const auto checks = check_cost_derivatives(task, initial_paths(task));
  ASSERT_EQ(checks.size(), task.cost.size());
  for (const auto& check : checks) {
    EXPECT_TRUE(check.passed()) << check.largest_error;
    EXPECT_GT(check.largest_gradient, 0.0);
  }
}

TEST(DerivativeCheck, AWrongJacobianFails) {
  const Task task = load_task(reacher);
  auto paths = initial_paths(task);
  for (double& entry : paths.point_jacobians.elements()) entry *= 1.01;
  const auto checks = check_cost_derivatives(task, paths);
  int failed = 0;
  for (std::size_t c = 0; c < checks.size(); ++c) {
    const bool on_points = task.cost[c].entries.front() >= task.states + task.actions;
    EXPECT_EQ(checks[c].passed(), !on_points) << c;
    failed += checks[c].passed() ? 0 : 1;
  }
  EXPECT_GT(failed, 0);
}

TEST(Signals, NameUnitsAndLimits) {
  const std::vector<std::string> changes = {R"(observation=["elbow", "shoulder.velocity", "tip.x", "tip.velocity.z"])"};
  const Task task = load_task(reacher, changes);
  const auto observation = observation_signals(task);
  ASSERT_EQ(observation.size(), 4u);
  EXPECT_EQ(observation[0].unit, "rad");
  EXPECT_EQ(observation[1].unit, "rad/s");
  EXPECT_EQ(observation[2].name, "tip.x");
  EXPECT_EQ(observation[2].unit, "m");
  EXPECT_EQ(observation[3].unit, "m/s");
  EXPECT_EQ(static_cast<int>(action_signals(task).size()), task.actions);
}

class CheckTask : public ProgramTest {};

TEST_F(CheckTask, ReportsSizesMotorsCostsAndARollout) {
  const auto outcome = run({"check-task", reacher.string()});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
  for (const char* word : {"2 actions", "elbow.velocity", "rad", "condition 2", "gradient", "can be trained"})
    EXPECT_NE(outcome.output.find(word), std::string::npos) << word << "\n" << outcome.output;
}

/// docs/own_robot.md: where many actions are limited, a lower variance helps.
TEST_F(CheckTask, LimitedActionsAreThoseOfExploration) {
  const auto limited = [&](const std::string& variance) {
    const auto text = read_file(fs::path(MDGPS_TEST_DATA) / "../../apps/tasks/obstacle/task.toml");
    fs::copy_file(fs::path(MDGPS_TEST_DATA) / "../../apps/tasks/obstacle/model.xml", folder() / "model.xml",
                  fs::copy_options::overwrite_existing);
    const std::string key = "variance = ";
    const auto at = text.find(key);
    EXPECT_NE(at, std::string::npos);
    std::ofstream(folder() / "task.toml") << text.substr(0, at) << key << variance << text.substr(text.find('\n', at));
    const auto outcome = run({"check-task", "task.toml"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
    const auto row = outcome.output.find("condition 0 ");
    const auto percent = outcome.output.find('%', row);
    return std::stoi(outcome.output.substr(outcome.output.rfind(' ', percent), percent));
  };
  EXPECT_EQ(limited("0.001"), 0);  // motors of +-10 N
  EXPECT_GT(limited("1000.0"), 50);
}

TEST_F(CheckTask, SaysWhereAGpuWouldHaveRollouts) {
  const auto says = [&](const std::string& task, const std::string& line) {
    const auto outcome = run({"check-task", task});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
    EXPECT_NE(outcome.output.find("on a GPU   rollouts are made " + line + "\n"), std::string::npos) << outcome.output;
  };
  says("obstacle", "there: the task is a point mass");
  says(reacher.string(), "on the CPU: its state is not that of joint positions and velocities");
}

/// A cart with a pole: one motor, two joints, and a point at the pole's end.
TEST_F(CheckTask, ARobotWithAJointThatNothingDrives) {
  std::ofstream(folder() / "model.xml") << R"(<mujoco><option timestep="0.01"/><worldbody><body>
    <joint name="slider" type="slide" axis="1 0 0" damping="0.5"/><geom size="0.1" mass="1"/>
    <body><joint name="hinge" type="hinge" axis="0 1 0" damping="0.02"/>
      <geom type="capsule" fromto="0 0 0 0 0 0.5" size="0.02" mass="0.1" contype="0" conaffinity="0"/>
      <site name="top" pos="0 0 0.5"/></body></body></worldbody>
    <actuator><motor joint="slider" gear="10"/></actuator></mujoco>)";
  const std::string task = R"(model = "model.xml"
    horizon = 20
    control_interval = 0.04
    point = [{ site = "top", target = [0.0, 0.0, 0.5] }]
    success = { distance = 0.1 }
    cost = [{ on = "points", l2 = 5.0 }, { on = "action", weights = 1e-2 }]
    condition = [{}])";
  std::ofstream(folder() / "task.toml") << task;
  const auto whole = run({"check-task", "task.toml"});
  EXPECT_EQ(whole.exit_code, 0) << whole.errors;
  const auto trained = run({"train", "task.toml", "--iterations", "1", "--set", "algorithm.network.minibatches=20"});
  EXPECT_EQ(trained.exit_code, 0) << trained.errors;

  std::ofstream(folder() / "task.toml") << "joints = [\"slider\"]\n" << task;
  const auto without = run({"check-task", "task.toml"});
  EXPECT_EQ(without.exit_code, 1);
  EXPECT_NE(without.errors.find("what is not in 'joints': hinge; list it there"), std::string::npos) << without.errors;
}

TEST_F(CheckTask, AMistakeInTheFileIsTheUsers) {
  std::ofstream(folder() / "task.toml") << "model = \"model.xml\"\nhorizn = 3\n";
  const auto outcome = run({"check-task", "task.toml"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_NE(outcome.errors.find("task.toml"), std::string::npos) << outcome.errors;
}

/// The second arm of docs/own_robot.md, from its model to a policy that works where it was not trained.
TEST_F(CheckTask, TheArmOfTheTutorialLearns) {
  const auto task = (fs::path(MDGPS_TEST_DATA) / "../../docs/own_robot/task.toml").lexically_normal().string();
  EXPECT_EQ(run({"check-task", task}).exit_code, 0);
  const auto trained = run({"train", task, "--output", "scara"});
  ASSERT_EQ(trained.exit_code, 0) << trained.errors;
  EXPECT_NE(trained.output.find("success in 4 of 4"), std::string::npos) << trained.output;
  const auto evaluated = run({"eval", "scara", "--json"});
  ASSERT_EQ(evaluated.exit_code, 0) << evaluated.errors;
  EXPECT_NE(evaluated.output.find("held_out"), std::string::npos);
}

}  // namespace
}  // namespace mdgps::testing
