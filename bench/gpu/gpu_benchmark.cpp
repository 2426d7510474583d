// Times of the solver's operations on a GPU beside the CPU's, and the share of the GPU's bound. `--bound` prints the
// bound alone, which needs no GPU.

#include <cuda_runtime.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bench/gpu/counted.hpp"
#include "kernels/backward_pass.hpp"
#include "kernels/forward_pass.hpp"
#include "mdgps/solver/backward_pass.hpp"
#include "mdgps/solver/batches.hpp"
#include "mdgps/solver/c_step_batch.hpp"
#include "mdgps/solver/devices.hpp"
#include "mdgps/solver/forward_pass.hpp"
#include "tests/gpu/mirror.hpp"
#include "tests/problems.hpp"

namespace mdgps::MDGPS_TARGET {
namespace {

using bench::Counted;
using gpu::check;

/// What a processor can do: operations in double precision outside the tensor cores, and bytes from memory, per second.
/// From the vendor's data sheets.
struct Processor {
  const char* name;
  double flops, bytes;
};
constexpr Processor kProcessors[] = {{"A100", 9.7e12, 2.0e12}, {"H100", 34e12, 3.35e12}, {"H200", 34e12, 4.8e12}};

/// Work of one condition, counted from the kernel's own text.
struct Work {
  double flops, bytes;
  double seconds(const Processor& p) const { return std::max(flops / p.flops, bytes / p.bytes); }
};

/// Runs op(scratch) on one condition with a scalar that counts.
template <class Op>
double count(const Op& op) {
  Scratch<Counted> counter;
  op(counter);
  std::vector<Counted> memory(static_cast<std::size_t>(counter.total()));
  Scratch<Counted> scratch{memory.data()};
  Counted::operations = 0;
  op(scratch);
  return Counted::operations;
}

struct Case {
  BatchShape shape;
  problems::Trajectory<double> p;
  LinearGaussianPolicyArrays<double> policy;
  TrajectoryDistributionArrays<double> distribution;
  CStepResultArrays<double> result;
  Array<Status, 1> status;

  /// Few different conditions, repeated: making them is slower than solving them.
  explicit Case(const BatchShape& s)
      : shape(s), p(make(s)), policy(s), distribution(s), result(s), status({s.conditions}) {}

  static problems::Trajectory<double> make(const BatchShape& s) {
    std::vector<std::int64_t> which(static_cast<std::size_t>(std::min<std::int64_t>(s.conditions, 16)));
    for (std::size_t i = 0; i < which.size(); ++i) which[i] = static_cast<std::int64_t>(i);
    auto few = problems::random_trajectory<double>(s, 1, which);
    problems::Trajectory<double> all(s);
    const auto repeat = [&](auto& to, auto& from) {
      const auto source = from.elements();
      auto target = to.elements();
      for (std::size_t e = 0; e < target.size(); ++e) target[e] = source[e % source.size()];
    };
    repeat(all.initial.mean, few.initial.mean);
    repeat(all.initial.covariance, few.initial.covariance);
    repeat(all.dynamics.transition, few.dynamics.transition);
    repeat(all.dynamics.offset, few.dynamics.offset);
    repeat(all.dynamics.covariance, few.dynamics.covariance);
    repeat(all.cost.hessian, few.cost.hessian);
    repeat(all.cost.gradient, few.cost.gradient);
    repeat(all.cost.constant, few.cost.constant);
    repeat(all.reference.gain, few.reference.gain);
    repeat(all.reference.offset, few.reference.offset);
    repeat(all.reference.covariance, few.reference.covariance);
    repeat(all.epsilon, few.epsilon);
    repeat(all.initial_dual, few.initial_dual);
    return all;
  }
};

double bytes_of(std::int64_t numbers) { return 8.0 * static_cast<double>(numbers); }

Work backward_work(const BatchShape& s) {
  Case c({1, s.steps, s.states, s.actions});
  const auto lanes = condition_lanes<Counted>(0, 1);
  const std::int64_t n = s.states, m = s.actions, p = n + m;
  return {count([&](auto& scratch) {
            kernels::backward_pass(Solo{}, lanes, shape_of(c.shape), batch(std::as_const(c.p).dynamics.view()),
                                   batch(std::as_const(c.p).cost.view()), batch(c.policy.view()),
                                   batch(c.status.view()), scratch);
          }),
          bytes_of(s.steps * (n * p + n + p * p + p + m * n + m + m * m))};
}
Work forward_work(const BatchShape& s) {
  Case c({1, s.steps, s.states, s.actions});
  const auto lanes = condition_lanes<Counted>(0, 1);
  const std::int64_t n = s.states, m = s.actions, p = n + m;
  return {count([&](auto& scratch) {
            kernels::forward_pass(Solo{}, lanes, shape_of(c.shape), batch(std::as_const(c.p).initial.view()),
                                  batch(std::as_const(c.p).dynamics.view()), batch(std::as_const(c.p).reference.view()),
                                  batch(c.distribution.view()), batch(c.status.view()), scratch);
          }),
          bytes_of(s.steps * (n * p + n + n * n + m * n + m + m * m + p * p + p))};
}
/// Of one evaluation of the dual: a long search less a short one, by the evaluations between them.
Work evaluation_work(const BatchShape& s) {
  Case c({1, s.steps, s.states, s.actions});
  const auto lanes = condition_lanes<Counted>(0, 1);
  const auto b = batch(std::as_const(c.p).view(), c.result.view());
  const auto search = [&](int evaluations) {
    return count([&](auto& scratch) {
      // A tolerance that is never met: every evaluation is used.
      kernels::c_step(Solo{}, lanes, shape_of(c.shape), b, DualSearchOptions{1e-300, evaluations, 1e-8, 1e16}, scratch);
    });
  };
  const double some = search(4), evaluations_of_some = c.result.dual_evaluations(0);
  const double more = search(8), evaluations_of_more = c.result.dual_evaluations(0);
  const std::int64_t n = s.states, m = s.actions, p = n + m;
  return {(more - some) / (evaluations_of_more - evaluations_of_some),
          bytes_of(s.steps * (n * p + n + n * n + p * p + p + m * p + m + m * n + m + m * m))};
}

/// Median time of a call, in seconds.
double median(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}
double gpu_seconds(const std::function<void()>& call) {
  cudaEvent_t begin, end;
  check(cudaEventCreate(&begin));
  check(cudaEventCreate(&end));
  call();
  std::vector<double> times;
  for (int i = 0; i < 7; ++i) {
    check(cudaEventRecord(begin));
    call();
    check(cudaEventRecord(end));
    check(cudaEventSynchronize(end));
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, begin, end));
    times.push_back(milliseconds * 1e-3);
  }
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
  return median(times);
}
double cpu_seconds(const std::function<void()>& call) {
  call();
  std::vector<double> times;
  for (int i = 0; i < 3; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    call();
    times.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return median(times);
}

void print_bounds(const BatchShape& s) {
  const struct {
    const char* name;
    Work work;
  } rows[] = {{"backward_pass", backward_work(s)},
              {"forward_pass", forward_work(s)},
              {"c_step, an evaluation", evaluation_work(s)}};
  for (const auto& row : rows) {
    std::printf("| %s | %d, %d, %d | %.3f | %.3f |", row.name, int(s.states), int(s.actions), int(s.steps),
                row.work.flops * 1e-6, row.work.bytes * 1e-6);
    for (const Processor& p : kProcessors)
      std::printf(" %.2f (%s) |", row.work.seconds(p) * 1e6,
                  row.work.flops / p.flops > row.work.bytes / p.bytes ? "operations" : "memory");
    std::printf("\n");
  }
}

void print_times(const BatchShape& s, const Processor& processor) {
  Case c(s);
  gpu::Mirror mirror;
  const auto problem = mirror(std::as_const(c.p).view());
  const auto result = mirror(c.result.view());
  const auto policy = mirror(c.policy.view());
  const auto distribution = mirror(c.distribution.view());
  const auto status = mirror(c.status);
  const CStepOptions fused{.path = SolverPath::fused}, wide{.path = SolverPath::wide};
  const gpu::Memory workspace(std::max(
      {c_step_workspace_size<double>(s, fused, gpu::device), c_step_workspace_size<double>(s, wide, gpu::device),
       backward_pass_workspace_size<double>(s, gpu::device), forward_pass_workspace_size<double>(s, gpu::device)}));
  const auto row = [&](const char* name, double flops, double bound, const std::function<void()>& on_gpu,
                       const std::function<void()>& on_cpu) {
    const double gpu = gpu_seconds(on_gpu), cpu = cpu_seconds(on_cpu);
    std::printf("| %s | %d, %d, %d | %d | %.3f | %.0f | %.1f | %.1f %% | %.1f |\n", name, int(s.states), int(s.actions),
                int(s.steps), int(s.conditions), gpu * 1e3, double(s.conditions) / gpu, flops / gpu * 1e-9,
                100 * bound / gpu, cpu / gpu);
  };
  const double N = static_cast<double>(s.conditions);
  const auto host = std::as_const(c.p).view();
  const Work backward = backward_work(s), forward = forward_work(s), evaluation = evaluation_work(s);
  row(
      "backward_pass", N * backward.flops, N * backward.seconds(processor),
      [&] { backward_pass<double>(problem.dynamics, problem.cost, policy, status, workspace, {}); },
      [&] { backward_pass<double>(host.dynamics, host.cost, c.policy.view(), c.status); });
  row(
      "forward_pass", N * forward.flops, N * forward.seconds(processor),
      [&] {
        forward_pass<double>(problem.initial, problem.dynamics, problem.reference, distribution, status, workspace, {});
      },
      [&] { forward_pass<double>(host.initial, host.dynamics, host.reference, c.distribution.view(), c.status); });
  c_step<double>(host, c.result.view());
  double evaluations = 0;
  for (const std::int32_t e : c.result.dual_evaluations.elements()) evaluations += e;
  for (const auto& [name, options] : {std::pair{"c_step, fused", fused}, std::pair{"c_step, wide", wide}})
    row(
        name, evaluations * evaluation.flops, evaluations * evaluation.seconds(processor),
        [&] { c_step<double>(problem, result, options, workspace, {}); },
        [&] { c_step<double>(host, c.result.view()); });
}

int run(bool bound_only) {
  const std::vector<BatchShape> shapes = {{1, 100, 6, 2}, {1, 100, 26, 7}};
  std::printf("Bounds, computed from the kernels' own operations and the data that one condition must move:\n\n");
  std::printf("| operation | n, m, T | Mflop | MB |");
  for (const Processor& p : kProcessors) std::printf(" us on %s (bound by) |", p.name);
  std::printf("\n|---|---|---|---|---|---|---|\n");
  for (const BatchShape& s : shapes) print_bounds(s);
  if (bound_only) return 0;

  if (const std::string reason = gpu::why_not(); !reason.empty()) {
    std::fprintf(stderr, "gpu_benchmark: %s; --bound prints what needs none\n", reason.c_str());
    return 1;
  }
  const std::string name = gpus().front();
  const Processor* processor = &kProcessors[1];
  for (const Processor& p : kProcessors)
    if (name.find(p.name) != std::string::npos) processor = &p;
  std::printf("\nTimes on %s, medians of 7; the bound is that of %s; the CPU with all its threads:\n\n", name.c_str(),
              processor->name);
  std::printf("| operation | n, m, T | N | ms | conditions/s | GFLOP/s | of the bound | times the CPU |\n");
  std::printf("|---|---|---|---|---|---|---|---|\n");
  for (const BatchShape& s : shapes)
    for (const std::int64_t N : {1, 16, 128, 1024, 4096}) print_times({N, s.steps, s.states, s.actions}, *processor);
  for (const std::int64_t N : {1, 16, 128}) print_times({N, 10, 128, 32}, *processor);  // no block's memory holds these
  return 0;
}

}  // namespace
}  // namespace mdgps::MDGPS_TARGET

int main(int argc, char** argv) { return mdgps::MDGPS_TARGET::run(argc > 1 && std::strcmp(argv[1], "--bound") == 0); }
