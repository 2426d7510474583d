// Dynamics fits and the mixture prior's expectation maximisation, at the sizes of the peg task, and what a training
// iteration asks of samples and policies.

#include "bench/cases.hpp"
#include "mdgps/solver/gaussian_mixture.hpp"
#include "mdgps/solver/precisions.hpp"
#include "mdgps/solver/regression.hpp"
#include "mdgps/solver/sample_costs.hpp"

namespace mdgps::bench {
namespace {

/// All dynamics of 9 conditions x 99 steps from 5 samples, 26 states and 7 actions.
void dynamics_fit(benchmark::State& state) {
  const std::int64_t N = 9, T = 99, S = 5, p = 33, q = 26;
  problems::Draws draws(1);
  Array<double, 4> inputs({N, T, S, p}), outputs({N, T, S, q});
  NormalInverseWishartArrays<double> prior(N, T, p + q);
  for (double& x : inputs.elements()) x = draws.normal();
  for (double& x : outputs.elements()) x = draws.normal();
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t t = 0; t < T; ++t) {
      for (std::int64_t j = 0; j < p + q; ++j) prior.scatter(i, t, j, j) = 1.0;
      prior.mean_strength(i, t) = prior.degrees(i, t) = 1.0;
    }
  LinearGaussianPolicyArrays<double> fit({N, T, p, q});  // gain [N,T,q,p], offset [N,T,q], covariance [N,T,q,q]
  Array<Status, 2> status({N, T});
  const RegressionProblem<double> problem{inputs, outputs, {}, prior.view()};
  const LinearGaussianFit<double> out{fit.gain, fit.offset, fit.covariance, status};
  OwnWorkspace workspace(fit_linear_gaussian_workspace_size(problem));
  for (auto _ : state) fit_linear_gaussian(problem, out, workspace, Stream{});
  const double d = double(p + q), problems = double(N * T);
  count(state, double(N), regression_flops(problems, double(S), double(p), double(q), true),
        problems * sizeof(double) * (double(S) * d + d + d * d + double(q * p + q + q * q)));
}
BENCHMARK(dynamics_fit)->UseRealTime()->Unit(benchmark::kMicrosecond);

/// Iterations of expectation maximisation of one condition's mixture: 3960 points, 20 components, 59 dimensions, the
/// components so many standard deviations from the middle. Flops are those of shares in every point.
void mixture_iterations(benchmark::State& state, SolverPath path, double distance) {
  const std::int64_t P = 3960, K = 20, d = 59;
  problems::Draws draws(1);
  Array<double, 3> points({1, P, d});
  Array<std::int32_t, 2> assignment({1, P});
  for (std::int64_t i = 0; i < P; ++i) {
    assignment(0, i) = draws.below(int(K));
    for (std::int64_t j = 0; j < d; ++j) points(0, i, j) = draws.normal() + (j == assignment(0, i) ? distance : 0.0);
  }
  GaussianMixtureArrays<double> mixture(1, K, d);
  Array<std::int32_t, 1> counted({1});
  const MixtureProblem<double> problem{points, {}, assignment};
  const MixtureOptions options{.max_iterations = 10, .tolerance = 0, .path = path};
  OwnWorkspace workspace(fit_gaussian_mixture_workspace_size(problem, mixture.view(), options));
  double iterations = 0;
  for (auto _ : state) {
    fit_gaussian_mixture(problem, options, mixture.view(), {{}, counted, {}}, workspace, Stream{});
    iterations += counted(0);
  }
  const double each = iterations / double(state.iterations());
  count(state, 1, each * mixture_iteration_flops(double(P), double(K), double(d)),
        each * sizeof(double) * double(2 * P * (d + K)));
  state.counters["iterations"] = each;
}
BENCHMARK_CAPTURE(mixture_iterations, fused, SolverPath::fused, 3.0)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(mixture_iterations, wide, SolverPath::wide, 3.0)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(mixture_iterations, fused_apart, SolverPath::fused, 12.0)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(mixture_iterations, wide_apart, SolverPath::wide, 12.0)->UseRealTime()->Unit(benchmark::kMillisecond);

/// Precisions and entropies of the policies of N conditions x 100 steps, 7 actions. Their flops are not counted.
void policy_precisions(benchmark::State& state) {
  const std::int64_t N = state.range(0), T = 100, m = 7;
  problems::Draws draws(1);
  Array<double, 4> covariances({N, T, m, m}), inverses({N, T, m, m});
  Array<double, 2> entropies({N, T});
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t t = 0; t < T; ++t) problems::fill_positive_definite(draws, covariances.view()[i][t], 1.0);
  const View<const double, 4> given = std::as_const(covariances).view();
  OwnWorkspace workspace(precisions_workspace_size<double>(given));
  for (auto _ : state) precisions<double>(given, inverses.view(), entropies.view(), workspace, Stream{});
  count(state, double(N), 0, sizeof(double) * double(N * T * (2 * m * m + 1)));
}
BENCHMARK(policy_precisions)->Arg(9)->Arg(1024)->UseRealTime()->Unit(benchmark::kMicrosecond);

/// What the samples of N conditions cost, 5 of 100 steps each, likewise.
void costs_of_samples(benchmark::State& state) {
  const std::int64_t N = state.range(0), S = 5, T = 100;
  problems::Draws draws(1);
  Array<double, 3> costs({N, S, T});
  const Array<double, 2> weights({N, S}, 1.0);
  for (double& x : costs.elements()) x = draws.normal();
  SampleCostArrays<double> result(N, S, T);
  const View<const double, 3> given = std::as_const(costs).view();
  OwnWorkspace workspace(sample_costs_workspace_size<double>(given));
  for (auto _ : state) sample_costs<double>(given, weights.view(), result.view(), workspace, Stream{});
  count(state, double(N), 0, sizeof(double) * double(N * (S * T + T + 2 * S + 2)));
}
BENCHMARK(costs_of_samples)->Arg(9)->Arg(1024)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace mdgps::bench

BENCHMARK_MAIN();
