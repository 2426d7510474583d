// Training on a simulator of your own: an Environment in C++ instead of MuJoCo.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <mdgps/algorithm/mirror_descent.hpp>

namespace {

/// A puck on a table with friction, pushed towards the origin. State [x, y, vx, vy], action [fx, fy].
class Puck final : public mdgps::Environment {
 public:
  void reset(int condition) override {
    for (auto& entry : state_) entry = 0.0;
    state_[0] = condition == 0 ? 1.0 : -0.5;
    state_[1] = condition == 0 ? 0.5 : 1.0;
  }
  bool step(std::span<const double> force) override {
    for (int d = 0; d < 2; ++d) {
      state_[2 + d] += 0.05 * (force[d] - 0.5 * state_[2 + d]);
      state_[d] += 0.05 * state_[2 + d];
    }
    return std::isfinite(state_[0]) && std::isfinite(state_[1]);
  }
  void state(std::span<double> state) const override { std::ranges::copy(state_, state.begin()); }
  void observation(std::span<double> observation) const override { state(observation); }
  void points(std::span<double> points) const override {  // one point, its target at the origin
    points[0] = state_[0];
    points[1] = state_[1];
    points[2] = 0.0;
  }
  void point_jacobian(std::span<double> jacobian) const override {  // [3,4] d points / d state
    std::ranges::fill(jacobian, 0.0);
    jacobian[0] = jacobian[5] = 1.0;
  }
  double distance() const override { return std::hypot(state_[0], state_[1]); }

 private:
  double state_[4]{};
};

mdgps::Task puck_task() {
  mdgps::Task task;
  task.name = "puck";
  task.horizon = 40;
  task.control_interval = 0.05;
  task.states = task.observations = 4;
  task.actions = 2;
  task.points = 3;
  task.conditions = 2;
  task.observation_entries = {0, 1, 2, 3};
  task.success_distance = 0.05;
  const std::vector<double> every_step(task.horizon, 1.0);
  task.cost = {{.l2 = 5.0, .entries = {0, 1}, .weights = {1, 1}, .targets = {0, 0}, .ramp = every_step},
               {.l2 = 0.01, .entries = {4, 5}, .weights = {1, 1}, .targets = {0, 0}, .ramp = every_step}};
  task.initial_policy.gains = {1, 1};
  task.initial_policy.position_entries = {0, 1};
  task.initial_policy.velocity_entries = {2, 3};
  task.environment = [](const mdgps::Task&) { return std::make_unique<Puck>(); };
  return task;
}

}  // namespace

int main() {
  const mdgps::Task task = puck_task();
  mdgps::Settings settings;
  settings.minibatches = 1000;
  mdgps::MirrorDescent training(task, settings, /*seed=*/0, /*threads=*/2);
  double distance = 0.0;
  for (int k = 0; k < 6; ++k) {
    const mdgps::IterationReport report = training.iterate();
    distance = report.mean_distance();
    std::printf("iteration %d: the policy ends %.3f m from the target\n", report.iteration, distance);
  }
  training.policy().save("puck.pt");
  return distance < task.success_distance ? EXIT_SUCCESS : EXIT_FAILURE;
}
