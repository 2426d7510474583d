/// Rollouts of the global policy by the solver, against MuJoCo's.

#include "mdgps/algorithm/simulator.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernels/random.hpp"
#include "mdgps/learning/s_step.hpp"
#include "obstacle_rollouts.hpp"

namespace mdgps {
namespace {

using testing::obstacle;

/// A network that has learned to be pulled to the target, which is behind the bars.
NeuralGaussianPolicy pulled_to_target(const Task& task) {
  constexpr int P = 2000;
  NeuralGaussianPolicy policy({.observations = task.observations, .actions = 2, .hidden = {40, 30}, .seed = 5});
  Array<double, 2> observations({P, task.observations}), targets({P, 2});
  Array<double, 3> precisions({P, 2, 2});
  const Array<double, 1> weights({P}, 1.0);
  const RandomSequence random(1, RandomStream::user);
  for (int p = 0; p < P; ++p) {
    std::vector<double> state(task.states);
    for (int e = 0; e < task.states; ++e) state[e] = 1.5 * random.normals(p * task.states + e)[0];
    for (int j = 0; j < task.observations; ++j) observations(p, j) = state[task.observation_entries[j]];
    for (int a = 0; a < 2; ++a) {
      targets(p, a) = 4.0 * ((a == 0 ? 2.5 : 0.0) - state[a]) - 0.5 * state[2 + a];
      for (int b = 0; b < 2; ++b) precisions(p, a, b) = a == b ? 1.5 : 0.5;
    }
  }
  policy.fit_normalization(observations);
  s_step(policy, {observations, targets, precisions, weights}, {.minibatches = 500});
  return policy;
}

TEST(Simulator, ANetworkRollsOutWithoutMujocoAsItDoesInIt) {
  const std::vector<std::string> overrides{"observation=[\"joint_velocities\", \"y\", \"x\"]"};
  Resources without_mujoco(2);
  without_mujoco.simulates_point_masses = true;
  for (const Task& task : {load_task(obstacle), load_task(obstacle, overrides)}) {
    const NeuralGaussianPolicy policy = pulled_to_target(task);
    const Simulator simulator(task, without_mujoco), reference(task, 2);
    for (const bool noise : {true, false}) {
      const RolloutOptions options{.samples = noise ? 10 : 1,
                                   .seed = 3,
                                   .iteration = 2,
                                   .stream = RandomStream::global_rollouts,
                                   .noise = noise};
      const Trajectories expected = reference.roll_out(policy, options), result = simulator.roll_out(policy, options);
      EXPECT_GE(testing::rollouts_in_contact(expected), noise ? 8 : 1) << "of " << 5 * options.samples;
      EXPECT_NE(result.states, expected.states) << "MuJoCo has simulated both";
      testing::expect_like_mujoco(result, expected);
    }
  }
}

}  // namespace
}  // namespace mdgps
