// A thousand conditions in one call, with memory that is allocated once and used again. One condition is broken on
// purpose: it gets a status, and the others do not notice.

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <mdgps/solver/c_step.hpp>
#include <vector>

int main() {
  const mdgps::BatchShape shape{.conditions = 1000, .steps = 50, .states = 4, .actions = 2};
  mdgps::GaussianStateArrays<double> initial(shape);
  mdgps::LinearGaussianDynamicsArrays<double> dynamics(shape);
  mdgps::QuadraticCostArrays<double> cost(shape);
  mdgps::LinearGaussianPolicyArrays<double> reference(shape);
  for (int i = 0; i < shape.conditions; ++i) {
    const double angle = 2 * M_PI * i / static_cast<double>(shape.conditions);  // starts on a circle
    initial.mean(i, 0) = std::cos(angle);
    initial.mean(i, 1) = std::sin(angle);
    for (int d = 0; d < 4; ++d) initial.covariance(i, d, d) = 1e-3;
    for (int t = 0; t < shape.steps; ++t) {
      for (int d = 0; d < 4; ++d) {
        dynamics.transition(i, t, d, d) = 1.0;
        dynamics.covariance(i, t, d, d) = 1e-4;
      }
      for (int d = 0; d < 2; ++d) {
        dynamics.transition(i, t, d, 2 + d) = 0.1;
        dynamics.transition(i, t, 2 + d, 4 + d) = 0.1;
        cost.hessian(i, t, d, d) = 1.0;
        cost.hessian(i, t, 4 + d, 4 + d) = 0.01;
        reference.covariance(i, t, d, d) = 1.0;
      }
    }
  }
  dynamics.transition(500, 10, 0, 0) = std::numeric_limits<double>::quiet_NaN();

  const mdgps::CStepOptions options;
  const mdgps::Array<double, 1> epsilon({shape.conditions}, 10.0);
  mdgps::Array<double, 1> dual({shape.conditions}, 1.0);
  mdgps::CStepResultArrays<double> result(shape);
  std::vector<std::byte> memory(mdgps::c_step_workspace_size<double>(shape, options));
  const mdgps::Workspace workspace{memory.data(), memory.size()};

  for (int round = 0; round < 3; ++round) {  // from the second on, warm-started by the last dual
    const auto start = std::chrono::steady_clock::now();
    mdgps::c_step<double>({initial.view(), dynamics.view(), cost.view(), reference.view(), epsilon.view(), dual.view()},
                          result.view(), options, workspace, mdgps::Stream{});
    const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
    int solved = 0, evaluations = 0;
    for (int i = 0; i < shape.conditions; ++i) {
      solved += result.status(i) == mdgps::Status::ok ? 1 : 0;
      evaluations += result.dual_evaluations(i);
      dual(i) = result.status(i) == mdgps::Status::ok ? result.dual(i) : 1.0;
    }
    std::printf("round %d: %d of %d solved, %.1f evaluations each, %.0f ms\n", round, solved,
                static_cast<int>(shape.conditions), evaluations / static_cast<double>(shape.conditions),
                elapsed.count());
    if (solved != shape.conditions - 1) return EXIT_FAILURE;
  }
  std::printf("condition 500: %s at step %d\n", to_string(result.status(500)).data(), result.failed_step(500));
  return result.status(500) == mdgps::Status::not_finite && result.failed_step(500) == 10 ? EXIT_SUCCESS : EXIT_FAILURE;
}
