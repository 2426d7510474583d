// Uses learning and simulation: rolls a task's environment out under a network that nothing has trained.

#include <cmath>
#include <cstdio>
#include <mdgps/learning/neural_gaussian_policy.hpp>
#include <mdgps/simulation/task.hpp>
#include <vector>

int main(int, char** arguments) {
  try {
    mdgps::load_task("nowhere/task.toml");
    return 1;
  } catch (const mdgps::ConfigError&) {  // crosses the border of a shared library
  }
  const mdgps::Task task = mdgps::load_task(arguments[1]);
  const mdgps::NeuralGaussianPolicy policy(
      mdgps::NetworkOptions{.observations = task.observations, .actions = task.actions});
  const mdgps::DenseNetwork network = policy.snapshot();

  const auto environment = task.make_environment();
  environment->reset(0);
  std::vector<double> observation(task.observations), action(task.actions);
  for (int t = 0; t < task.horizon; ++t) {
    environment->observation(observation);
    network.mean(observation, action);
    if (!environment->step(action)) return 1;
  }
  std::printf("%s: distance %.3f m after %d steps\n", task.name.c_str(), environment->distance(), task.horizon);
  return std::isfinite(environment->distance()) ? 0 : 1;
}
