// The C-step's two paths beside each other, where matrices are large. OMP_NUM_THREADS sets the threads.

#include "bench/cases.hpp"
#include "mdgps/solver/c_step.hpp"

namespace mdgps::bench {
namespace {

void c_step_on(CStepPath path, benchmark::State& state, const BatchShape& shape) {
  const auto p = trajectory(shape);
  CStepResultArrays<double> result(shape);
  const CStepOptions options{.path = path};
  OwnWorkspace workspace(c_step_workspace_size<double>(shape, options));
  for (auto _ : state) c_step<double>(p.view(), result.view(), options, workspace, Stream{});
  double evaluations = 0;
  for (const std::int32_t e : result.dual_evaluations.elements()) evaluations += e;
  state.counters["evaluations"] = evaluations / double(shape.conditions);
  state.counters["steps/s"] =
      benchmark::Counter(double(shape.conditions * shape.steps), benchmark::Counter::kIsIterationInvariantRate);
}

[[maybe_unused]] const bool registered = [] {
  const std::vector<BatchShape> shapes = {{0, 20, 26, 7},  {0, 20, 32, 8},  {0, 10, 48, 12},
                                          {0, 10, 64, 16}, {0, 5, 128, 32}, {0, 3, 256, 64}};
  const auto on = [](CStepPath path) {
    return [path](benchmark::State& state, const BatchShape& shape) { c_step_on(path, state, shape); };
  };
  register_shapes("c_step_fused", on(CStepPath::fused), shapes, {1, 2, 4, 6, 8});
  register_shapes("c_step_wide", on(CStepPath::wide), shapes, {1, 2, 4, 6, 8});
  return true;
}();

}  // namespace
}  // namespace mdgps::bench

BENCHMARK_MAIN();
