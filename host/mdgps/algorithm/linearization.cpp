#include "mdgps/algorithm/linearization.hpp"

#include "mdgps/algorithm/local_models.hpp"
#include "mdgps/solver/average_expansion.hpp"
#include "mdgps/solver/rearrange.hpp"

namespace mdgps {

Array<double, 4> mean_actions(const NeuralGaussianPolicy& policy, const Trajectories& samples) {
  const auto [N, S, T, o] = samples.observations.extents();
  const std::int64_t m = policy.actions();
  const Device device = samples.device();
  Array<double, 4> means({N, S, T, m}, device);
  policy.mean({samples.observations.data(), {N * S * T, o}, device}, {means.data(), {N * S * T, m}, device});
  return means;
}

namespace {

void add_covariance(const NeuralGaussianPolicy& policy, LinearGaussianPolicyArrays<double>& linear) {
  const Device device = linear.covariance.device();
  Array<double, 2> negative = policy.covariance().on(device);
  for (double& x : negative.elements()) x = -x;
  const auto& extents = linear.covariance.extents();
  const View<const double, 4> at_every_step(negative.data(), extents, {0, 0, extents[3], 1}, device);
  rearrange<double>(linear.covariance.view(), at_every_step, linear.covariance);
}

}  // namespace

LinearGaussianPolicyArrays<double> linearize_by_regression(const NeuralGaussianPolicy& policy,
                                                           const Trajectories& samples, RegressionPrior& prior,
                                                           std::uint64_t seed, std::uint32_t iteration,
                                                           RegressionPrior::Adds adds) {
  const auto [N, S, T, n] = samples.states.extents();
  const std::int64_t m = policy.actions();
  const Array<double, 4> means = mean_actions(policy, samples);
  Array<double, 4> points({N, T, S, n + m}, prior.device());
  rearrange<double>(swapped(samples.states.view(), 1, 2), {}, part(points.view(), 3, 0, n));
  rearrange<double>(swapped(means.view(), 1, 2), {}, part(points.view(), 3, n, m));
  prior.update(points, samples.weights, seed, iteration, adds);
  LinearGaussianPolicyArrays<double> linear(BatchShape{N, T, n, m}, prior.device());
  fit_steps(prior, points, samples.weights, {}, linear.gain, linear.offset, linear.covariance);
  add_covariance(policy, linear);
  return linear;
}

LinearGaussianPolicyArrays<double> linearize_by_jacobian(const NeuralGaussianPolicy& policy,
                                                         const Trajectories& samples,
                                                         std::span<const int> observation_entries) {
  const auto [N, S, T, n] = samples.states.extents();
  const std::int64_t m = policy.actions(), o = policy.observations();
  const Device device = samples.device();
  const Array<double, 4> means = mean_actions(policy, samples);
  Array<double, 5> jacobians({N, S, T, m, o}, device);
  policy.jacobian({samples.observations.data(), {N * S * T, o}, device}, {jacobians.data(), {N * S * T, m, o}, device});
  const Array<int, 1> entries = array_of(observation_entries, device);
  LinearGaussianPolicyArrays<double> linear(BatchShape{N, T, n, m}, device);
  average_expansion<double>({samples.states, means, jacobians, samples.weights, entries}, linear.gain.view(),
                            linear.offset.view());
  add_covariance(policy, linear);
  return linear;
}

}  // namespace mdgps
