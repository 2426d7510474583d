/// Tasks that the solver simulates itself, against MuJoCo.

#include "mdgps/simulation/point_mass_task.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>

#include "kernels/random.hpp"
#include "obstacle_rollouts.hpp"
#include "simulation/support.hpp"

namespace mdgps {
namespace {

using ::testing::HasSubstr;

using testing::obstacle;

/// A policy that is pulled to the target through the bars, with noise of its own in each condition.
LinearGaussianPolicyArrays<double> pulled_to_target(const Task& task, double pull) {
  LinearGaussianPolicyArrays<double> policy(BatchShape{task.conditions, task.horizon, task.states, task.actions});
  for (int i = 0; i < task.conditions; ++i)
    for (int t = 0; t < task.horizon; ++t)
      for (int j = 0; j < task.actions; ++j) {
        policy.gain(i, t, j, j) = -pull;
        policy.gain(i, t, j, task.actions + j) = -0.5;
        policy.gain(i, t, j, 0) += 0.01 * t / task.horizon;
        policy.offset(i, t, j) = j == 0 ? 2.5 * pull : 0.0;
        policy.covariance(i, t, j, j) = 0.5 + 0.1 * i;
        for (int other = 0; other < j; ++other)
          policy.covariance(i, t, j, other) = policy.covariance(i, t, other, j) = 0.2;
      }
  return policy;
}

/// One condition's part of the policy, as MuJoCo's rollouts take it.
class PolicyController : public Controller {
 public:
  PolicyController(const LinearGaussianPolicyArrays<double>& policy, int condition)
      : policy_(policy), condition_(condition) {}
  void action(int t, std::span<const double> state, std::span<const double>, std::span<const double> noise,
              std::span<double> action) const override {
    const auto C = [&](int i, int j) { return policy_.covariance(condition_, t, i, j); };
    const double l00 = std::sqrt(C(0, 0)), l10 = C(1, 0) / l00, l11 = std::sqrt(C(1, 1) - l10 * l10);
    for (int j = 0; j < 2; ++j) {
      action[j] = policy_.offset(condition_, t, j);
      for (std::size_t e = 0; e < state.size(); ++e) action[j] += policy_.gain(condition_, t, j, e) * state[e];
    }
    action[0] += l00 * noise[0];
    action[1] += l10 * noise[0] + l11 * noise[1];
  }

 private:
  const LinearGaussianPolicyArrays<double>& policy_;
  int condition_;
};

Trajectories in_mujoco(const Task& task, const LinearGaussianPolicyArrays<double>& policy,
                       const RolloutOptions& options) {
  std::vector<PolicyController> controllers;
  for (int i = 0; i < task.conditions; ++i) controllers.emplace_back(policy, i);
  std::vector<const Controller*> pointers;
  for (const auto& controller : controllers) pointers.push_back(&controller);
  return rollout(task, pointers, options);
}

TEST(PointMassTask, RollsOutAsMujocoDoes) {
  const std::vector<std::string> overrides{"condition.2.joint_velocities=[1.5, -0.5]",
                                           "condition.3.target_offset=[0.1, 0.2, 0.3]",
                                           "observation=[\"joint_velocities\", \"x\"]"};
  const Task task = load_task(obstacle, overrides);
  const PointMassTask mass(task);
  ASSERT_EQ(mass.why_not(), "");
  for (const double pull : {4.0, 12.0}) {  // the second beyond what the motors can do
    const auto policy = pulled_to_target(task, pull);
    const RolloutOptions options{.samples = 10, .seed = 3, .iteration = 2};
    const Trajectories expected = in_mujoco(task, policy, options), result = mass.roll_out(policy.view(), options);
    EXPECT_GE(testing::rollouts_in_contact(expected), 8) << "of 50";
    testing::expect_like_mujoco(result, expected);
  }
}

TEST(PointMassTask, WithoutNoiseTheMeanIsRolledOut) {
  const Task task = load_task(obstacle);
  const auto policy = pulled_to_target(task, 1.0);
  const RolloutOptions options{.noise = false};
  EXPECT_LT(testing::largest_difference(PointMassTask(task).roll_out(policy.view(), options).states,
                                        in_mujoco(task, policy, options).states),
            1e-9);
}

TEST(PointMassTask, ARolloutThatDivergesIsDropped) {
  const Task task = load_task(obstacle);
  auto policy = pulled_to_target(task, 1.0);
  policy.offset(1, 40, 0) = std::nan("");
  const Trajectories result = PointMassTask(task).roll_out(policy.view(), {.samples = 3});
  const Trajectories others = PointMassTask(task).roll_out(pulled_to_target(task, 1.0).view(), {.samples = 3});
  for (int i = 0; i < task.conditions; ++i)
    for (int s = 0; s < 3; ++s) {
      EXPECT_EQ(result.weights(i, s), i == 1 ? 0.0 : 1.0);
      if (i == 1) {
        EXPECT_THAT(result.states.row(i, s), ::testing::Each(0.0));
        EXPECT_THAT(result.actions.row(i, s), ::testing::Each(0.0));
        EXPECT_THAT(result.observations.row(i, s), ::testing::Each(0.0));
      } else {
        EXPECT_TRUE(std::ranges::equal(result.states.row(i, s), others.states.row(i, s)));
      }
    }
}

/// A copy of the obstacle task, with one word of its model changed.
std::string why_not(const std::string& from, const std::string& to) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / ("point-mass-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  std::filesystem::copy_file(obstacle, folder / "task.toml", std::filesystem::copy_options::overwrite_existing);
  auto text = testing::read_file(obstacle.parent_path() / "model.xml");
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  std::ofstream(folder / "model.xml", std::ios::binary) << text.replace(at, from.size(), to);
  const std::string reason = PointMassTask(load_task(folder / "task.toml")).why_not();
  std::filesystem::remove_all(folder);
  return reason;
}

TEST(PointMassTask, SaysWhyATaskIsNone) {
  EXPECT_EQ(why_not("density=\"1000\"", "density=\"500\""), "");
  EXPECT_EQ(why_not("implicitfast", "Euler"), "");
  EXPECT_EQ(why_not("type=\"capsule\" fromto=\"-0.01 0 0 0.01 0 0\"", "type=\"sphere\""), "");
  EXPECT_EQ(why_not("solref=\"0.02 1\"", "solref=\"0.03 0.8\" solimp=\"0.8 0.99 0.01 0.3 2\" gap=\"0.0005\""), "");
  EXPECT_EQ(why_not("gravity=\"0 0 0\"", "gravity=\"0 0 -9.81\""), "");  // no axis falls
  EXPECT_THAT(why_not("gravity=\"0 0 0\"", "gravity=\"0 -9.81 0\""), HasSubstr("its motion in MuJoCo differs by"));
  EXPECT_THAT(why_not("implicitfast", "RK4"), HasSubstr("its motion in MuJoCo differs by"));
  EXPECT_THAT(why_not("damping=\"1\"", "damping=\"1\" stiffness=\"2\""), HasSubstr("its motion in MuJoCo differs by"));
  EXPECT_THAT(why_not("condim=\"1\"", "condim=\"3\""), HasSubstr("is not touched in one place and without friction"));
  EXPECT_THAT(why_not("solref=\"0.02 1\"", "solimp=\"0.9 0.95 0.001 0.5 1\""), HasSubstr("another power than 2"));
  EXPECT_THAT(why_not("2.3 -0.2 0 2.1 0.1 0", "2.3 0.1 0 2.1 0.1 0"), HasSubstr("is parallel to the mass's"));
  EXPECT_THAT(why_not("2.3 -0.2 0 2.1 0.1 0", "1.7 -0.2 0 1.5 0.1 0"), HasSubstr("could touch both"));
  EXPECT_THAT(why_not("type=\"slide\" axis=\"0 1 0\"", "type=\"hinge\" axis=\"0 0 1\""),
              HasSubstr("joint 'y' is no slide"));
  EXPECT_THAT(why_not("axis=\"0 1 0\"", "axis=\"0 1 1\""), HasSubstr("joint 'y' is not along the world's axis"));
  EXPECT_THAT(why_not("damping=\"1\"", "damping=\"1\" limited=\"true\" range=\"-9 9\""),
              HasSubstr("joint 'x' has limits"));
  EXPECT_THAT(why_not("<motor name=\"y\"", "<velocity kv=\"2\" name=\"y\""),
              HasSubstr("actuator 'y' is no plain motor"));
  EXPECT_THAT(why_not("<actuator>", "<contact><pair geom1=\"particle\" geom2=\"upper_bar\"/></contact><actuator>"),
              HasSubstr("its model has contact pairs"));
  EXPECT_EQ(PointMassTask(load_task(testing::reacher / "task.toml")).why_not(),
            "its state is not that of joint positions and velocities");
  EXPECT_EQ(PointMassTask(load_task(testing::tasks_folder / "peg" / "task.toml")).why_not(),
            "its state is not that of joint positions and velocities");
}

}  // namespace
}  // namespace mdgps
