// Uses the solver alone: the C-step of a double integrator.

#include <cmath>
#include <cstdio>
#include <mdgps/solver/c_step.hpp>
#include <string>

int main() {
  const mdgps::BatchShape shape{.conditions = 1, .steps = 10, .states = 2, .actions = 1};
  mdgps::GaussianStateArrays<double> initial(shape);
  mdgps::LinearGaussianDynamicsArrays<double> dynamics(shape);
  mdgps::QuadraticCostArrays<double> cost(shape);
  mdgps::LinearGaussianPolicyArrays<double> reference(shape);
  initial.mean(0, 0) = 1.0;
  for (int d = 0; d < 2; ++d) initial.covariance(0, d, d) = 1e-4;
  for (int t = 0; t < shape.steps; ++t) {
    for (int d = 0; d < 2; ++d) {
      dynamics.transition(0, t, d, d) = 1.0;
      dynamics.covariance(0, t, d, d) = 1e-6;
      cost.hessian(0, t, d, d) = 1.0;
    }
    dynamics.transition(0, t, 0, 1) = 0.1;
    dynamics.transition(0, t, 1, 2) = 0.1;
    cost.hessian(0, t, 2, 2) = 0.1;
    reference.covariance(0, t, 0, 0) = 1.0;
  }
  const mdgps::Array<double, 1> epsilon({1}, 2.0), initial_dual({1}, 1.0);
  mdgps::CStepResultArrays<double> result(shape);
  mdgps::c_step<double>(
      {initial.view(), dynamics.view(), cost.view(), reference.view(), epsilon.view(), initial_dual.view()},
      result.view());
  std::printf("KL divergence %.3f nats, status %s\n", result.kl_divergence(0),
              std::string(to_string(result.status(0))).c_str());
  return std::abs(result.kl_divergence(0) - 2.0) < 0.03 ? 0 : 1;
}
