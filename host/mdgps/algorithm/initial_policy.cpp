#include "mdgps/algorithm/initial_policy.hpp"

#include <stdexcept>

#include "mdgps/solver/backward_pass.hpp"

namespace mdgps {

LinearGaussianPolicyArrays<double> initial_policy(const Task& task) {
  const BatchShape shape{task.conditions, task.horizon, task.states, task.actions};
  const InitialPolicySettings& settings = task.initial_policy;
  const double dt = task.control_interval;
  const int n = task.states, m = task.actions;

  LinearGaussianDynamicsArrays<double> dynamics(shape);
  QuadraticCostArrays<double> cost(shape);
  std::vector<double> start(n);
  const auto environment = task.make_environment();
  for (int i = 0; i < task.conditions; ++i) {
    environment->reset(i);
    environment->state(start);
    for (int t = 0; t < task.horizon; ++t) {
      const double weight = (t + 1 == task.horizon ? settings.final_weight : 1.0) / settings.variance;
      for (int j = 0; j < m; ++j) {
        const int x = settings.position_entries[j], v = settings.velocity_entries[j];
        dynamics.transition(i, t, x, x) = 1.0;
        dynamics.transition(i, t, x, v) = dt;
        dynamics.transition(i, t, x, n + j) = dt * dt * settings.gains[j];
        dynamics.transition(i, t, v, v) = 1.0;
        dynamics.transition(i, t, v, n + j) = dt * settings.gains[j];
        cost.hessian(i, t, x, x) = weight * settings.stiffness;
        cost.hessian(i, t, v, v) = weight * settings.stiffness * settings.stiffness_velocity;
        cost.hessian(i, t, n + j, n + j) = weight;
        for (const int entry : {x, v}) cost.gradient(i, t, entry) = -cost.hessian(i, t, entry, entry) * start[entry];
      }
    }
  }

  LinearGaussianPolicyArrays<double> policy(shape);
  Array<Status, 1> status({task.conditions});
  backward_pass<double>(dynamics.view(), cost.view(), policy.view(), status);
  for (const Status s : status.elements())
    if (s != Status::ok)
      throw std::runtime_error("the initial policy of " + task.file.string() +
                               " is not stabilising; check gains, stiffness and variance in [initial_policy]");
  return policy;
}

}  // namespace mdgps
