// The two paths of the C-step and of the passes beside each other, where matrices are large. OMP_NUM_THREADS sets the
// threads.

#include "bench/cases.hpp"
#include "mdgps/solver/backward_pass.hpp"
#include "mdgps/solver/c_step.hpp"
#include "mdgps/solver/forward_pass.hpp"

namespace mdgps::bench {
namespace {

void set_steps(benchmark::State& state, const BatchShape& shape) {
  state.counters["steps/s"] =
      benchmark::Counter(double(shape.conditions * shape.steps), benchmark::Counter::kIsIterationInvariantRate);
}

void c_step_on(SolverPath path, benchmark::State& state, const BatchShape& shape) {
  const auto p = trajectory(shape);
  CStepResultArrays<double> result(shape);
  const CStepOptions options{.path = path};
  OwnWorkspace workspace(c_step_workspace_size<double>(shape, options));
  for (auto _ : state) c_step<double>(p.view(), result.view(), options, workspace, Stream{});
  double evaluations = 0;
  for (const std::int32_t e : result.dual_evaluations.elements()) evaluations += e;
  state.counters["evaluations"] = evaluations / double(shape.conditions);
  set_steps(state, shape);
}

void backward_pass_on(SolverPath path, benchmark::State& state, const BatchShape& shape) {
  const auto p = trajectory(shape);
  LinearGaussianPolicyArrays<double> policy(shape);
  Array<Status, 1> status({shape.conditions});
  const PassOptions options{.path = path};
  OwnWorkspace workspace(backward_pass_workspace_size<double>(shape, {}, options));
  for (auto _ : state)
    backward_pass<double>(p.dynamics.view(), p.cost.view(), policy.view(), status, workspace, Stream{}, options);
  set_steps(state, shape);
}

void forward_pass_on(SolverPath path, benchmark::State& state, const BatchShape& shape) {
  const auto p = trajectory(shape);
  TrajectoryDistributionArrays<double> distribution(shape);
  Array<Status, 1> status({shape.conditions});
  const PassOptions options{.path = path};
  OwnWorkspace workspace(forward_pass_workspace_size<double>(shape, {}, options));
  for (auto _ : state)
    forward_pass<double>(p.initial.view(), p.dynamics.view(), p.reference.view(), distribution.view(), status,
                         workspace, Stream{}, options);
  set_steps(state, shape);
}

[[maybe_unused]] const bool registered = [] {
  const std::vector<BatchShape> shapes = {{0, 20, 26, 7},  {0, 20, 32, 8},  {0, 10, 48, 12},
                                          {0, 10, 64, 16}, {0, 5, 128, 32}, {0, 3, 256, 64}};
  const auto both = [&](const std::string& name, auto run) {
    for (const SolverPath path : {SolverPath::fused, SolverPath::wide})
      register_shapes(name + (path == SolverPath::fused ? "_fused" : "_wide"),
                      [=](benchmark::State& state, const BatchShape& shape) { run(path, state, shape); }, shapes,
                      {1, 2, 4, 6, 8});
  };
  both("c_step", c_step_on);
  both("backward_pass", backward_pass_on);
  both("forward_pass", forward_pass_on);
  return true;
}();

}  // namespace
}  // namespace mdgps::bench

BENCHMARK_MAIN();
