// One C-step on a linear system of your own: the cheapest controller within 5 nats of the one you have.

#include <cstdio>
#include <cstdlib>
#include <mdgps/solver/c_step.hpp>
#include <mdgps/solver/expected_cost.hpp>
#include <mdgps/solver/forward_pass.hpp>

int main() {
  // A cart: state [position, velocity], action [force], 50 steps of 0.1 s.
  const mdgps::BatchShape shape{.conditions = 1, .steps = 50, .states = 2, .actions = 1};
  const double dt = 0.1;

  mdgps::GaussianStateArrays<double> initial(shape);  // starts about 1 m off
  initial.mean(0, 0) = 1.0;
  initial.covariance(0, 0, 0) = initial.covariance(0, 1, 1) = 1e-3;

  mdgps::LinearGaussianDynamicsArrays<double> dynamics(shape);
  mdgps::QuadraticCostArrays<double> cost(shape);
  mdgps::LinearGaussianPolicyArrays<double> reference(shape);  // u ~ N(0, 1): knows nothing yet
  for (int t = 0; t < shape.steps; ++t) {
    dynamics.transition(0, t, 0, 0) = dynamics.transition(0, t, 1, 1) = 1.0;
    dynamics.transition(0, t, 0, 1) = dt;
    dynamics.transition(0, t, 1, 2) = dt;
    dynamics.covariance(0, t, 0, 0) = dynamics.covariance(0, t, 1, 1) = 1e-4;
    cost.hessian(0, t, 0, 0) = 1.0;   // 1/2 position^2
    cost.hessian(0, t, 2, 2) = 1e-2;  // 1/2 0.01 force^2
    reference.covariance(0, t, 0, 0) = 1.0;
  }

  const mdgps::Array<double, 1> epsilon({1}, 5.0), initial_dual({1}, 1.0);
  mdgps::CStepResultArrays<double> result(shape);
  mdgps::c_step<double>(
      {initial.view(), dynamics.view(), cost.view(), reference.view(), epsilon.view(), initial_dual.view()},
      result.view());

  const auto cost_of = [&](const mdgps::LinearGaussianPolicyArrays<double>& policy) {
    mdgps::TrajectoryDistributionArrays<double> distribution(shape);
    mdgps::Array<mdgps::Status, 1> status({1});
    mdgps::Array<double, 1> total({1});
    mdgps::forward_pass<double>(initial.view(), dynamics.view(), policy.view(), distribution.view(), status);
    mdgps::expected_cost<double>(distribution.view(), cost.view(), total, {});
    return total(0);
  };
  const double before = cost_of(reference), after = cost_of(result.policy);
  std::printf("%s: cost %.2f -> %.2f at a KL divergence of %.2f nats (dual %.3g, %d evaluations)\n",
              to_string(result.status(0)).data(), before, after, result.kl_divergence(0), result.dual(0),
              result.dual_evaluations(0));
  return result.status(0) == mdgps::Status::ok && after < before ? EXIT_SUCCESS : EXIT_FAILURE;
}
