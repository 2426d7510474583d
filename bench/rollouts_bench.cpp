// Rollouts of a point mass by local policies and by a network: 100 steps with five timesteps each, past two bars as in
// the obstacle task.

#include <benchmark/benchmark.h>

#include <utility>

#include "bench/cases.hpp"
#include "mdgps/solver/point_mass.hpp"

namespace mdgps::bench {
namespace {

PointMass between_bars() {
  PointMass mass;
  mass.axes = 2;
  mass.timestep = 0.01;
  mass.substeps = 5;
  mass.half_axis[0] = 0.01;
  for (int i = 0; i < 2; ++i) {
    mass.inverse_mass[i] = 1.5;
    mass.damping[i] = mass.gear[i] = 1.0;
    mass.least[i] = -10.0;
    mass.most[i] = 10.0;
  }
  mass.obstacle_count = 2;
  mass.obstacles[0] = {{1.355, 0.355, 0.0}, {0.155, 0.155, 0.0}, 0.1, 0.001, 2770.0, 105.0, 0.9, 0.95, 0.001, 0.5, 1.0};
  mass.obstacles[1] = {{2.2, -0.05, 0.0}, {-0.1, 0.15, 0.0}, 0.1, 0.001, 2770.0, 105.0, 0.9, 0.95, 0.001, 0.5, 1.0};
  return mass;
}

constexpr std::int64_t S = 5, T = 100, n = 4, m = 2, k = 3;

void roll_out(benchmark::State& state, const PointMassPolicy<double>& policy) {
  const std::int64_t N = state.range(0);
  const PointMass mass = between_bars();
  Array<double, 2> start({N, n}), anchors({N, k}), weights({N, S});
  Array<double, 4> noise({N, S, T, m}), states({N, S, T, n}), actions({N, S, T, m}), points({N, S, T, k});
  Array<double, 3> distances({N, S, T});
  problems::Draws draws(1);
  for (double& x : noise.elements()) x = draws.normal();
  const PointMassRollouts<double> rollouts{start, anchors, noise, states, actions, points, distances, weights};
  OwnWorkspace workspace(roll_out_point_mass_workspace_size(mass, policy, rollouts));
  for (auto _ : state) roll_out_point_mass(mass, policy, rollouts, 0, workspace, Stream{});
  state.counters["rollouts/s"] = benchmark::Counter(double(N * S), benchmark::Counter::kIsIterationInvariantRate);
}

void point_mass_rollouts(benchmark::State& state) {
  const std::int64_t N = state.range(0);
  LinearGaussianPolicyArrays<double> policy(BatchShape{N, T, n, m});
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t t = 0; t < T; ++t)
      for (std::int64_t a = 0; a < m; ++a) {
        policy.gain(i, t, a, a) = -4.0;
        policy.offset(i, t, a) = a == 0 ? 10.0 : 0.0;
        policy.covariance(i, t, a, a) = 1.0;
      }
  roll_out(state, std::as_const(policy).view());
}
BENCHMARK(point_mass_rollouts)->Arg(5)->Arg(64)->Arg(1024)->UseRealTime()->Unit(benchmark::kMicrosecond);

void network_rollouts(benchmark::State& state) {
  NetworkPolicyArrays<double> policy({n, 40, 40, m});
  problems::Draws draws(2);
  for (double& x : policy.weights.elements()) x = 0.2 * draws.normal();
  for (int j = 0; j < n; ++j) {
    policy.state_entries(j) = j;
    policy.scale(j) = 1.0;
  }
  for (int a = 0; a < m; ++a) policy.factor(a, a) = 1.0;
  roll_out(state, policy.view());
}
BENCHMARK(network_rollouts)->Arg(5)->Arg(64)->Arg(1024)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace mdgps::bench

BENCHMARK_MAIN();
