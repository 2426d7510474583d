// The passes over a trajectory and the whole C-step. OMP_NUM_THREADS sets the threads.

#include "bench/cases.hpp"
#include "mdgps/solver/backward_pass.hpp"
#include "mdgps/solver/c_step.hpp"
#include "mdgps/solver/forward_pass.hpp"

namespace mdgps::bench {
namespace {

double doubles(std::initializer_list<double> counts) {
  double sum = 0;
  for (const double count : counts) sum += count;
  return sum * sizeof(double);
}

void backward(benchmark::State& state, const BatchShape& shape) {
  const auto p = trajectory(shape);
  LinearGaussianPolicyArrays<double> policy(shape);
  Array<Status, 1> status({shape.conditions});
  OwnWorkspace workspace(backward_pass_workspace_size<double>(shape));
  for (auto _ : state)
    backward_pass<double>(p.dynamics.view(), p.cost.view(), policy.view(), status, workspace, Stream{});
  const double n = double(shape.states), m = double(shape.actions), z = n + m;
  count(state, double(shape.conditions), backward_pass_flops(shape),
        double(shape.conditions * shape.steps) * doubles({n * z, n, z * z, z, m * n, m, m * m}));
}

void forward(benchmark::State& state, const BatchShape& shape) {
  const auto p = trajectory(shape);
  TrajectoryDistributionArrays<double> distribution(shape);
  Array<Status, 1> status({shape.conditions});
  OwnWorkspace workspace(forward_pass_workspace_size<double>(shape));
  for (auto _ : state)
    forward_pass<double>(p.initial.view(), p.dynamics.view(), p.reference.view(), distribution.view(), status,
                         workspace, Stream{});
  const double n = double(shape.states), m = double(shape.actions), z = n + m;
  count(state, double(shape.conditions), forward_pass_flops(shape),
        double(shape.conditions * shape.steps) * doubles({n * z, n, n * n, m * n, m, m * m, z, z * z}));
}

void whole_c_step(benchmark::State& state, const BatchShape& shape) {
  const auto p = trajectory(shape);
  CStepResultArrays<double> result(shape);
  const CStepOptions options;
  OwnWorkspace workspace(c_step_workspace_size<double>(shape, options));
  for (auto _ : state) c_step<double>(p.view(), result.view(), options, workspace, Stream{});
  double evaluations = 0;
  for (const std::int32_t e : result.dual_evaluations.elements()) evaluations += e;
  const double mean = evaluations / double(shape.conditions);
  const double n = double(shape.states), m = double(shape.actions), z = n + m;
  count(state, double(shape.conditions), dual_evaluation_flops(shape) * mean * speculation_width(options, shape),
        double(shape.conditions * shape.steps) * doubles({n * z, n, n * n, z * z, z, 2 * m * n, 2 * m, 2 * m * m}));
  state.counters["evaluations"] = mean;
}

[[maybe_unused]] const bool registered = [] {
  register_shapes("backward_pass", backward);
  register_shapes("forward_pass", forward);
  register_shapes("c_step", whole_c_step);
  return true;
}();

}  // namespace
}  // namespace mdgps::bench

BENCHMARK_MAIN();
