#include "mdgps/algorithm/policy_difference.hpp"

#include "mdgps/algorithm/gaussians.hpp"
#include "mdgps/algorithm/linearization.hpp"
#include "mdgps/solver/action_divergence.hpp"

namespace mdgps {

PolicyDifference policy_difference(const LinearGaussianPolicyArrays<double>& local, const NeuralGaussianPolicy& global,
                                   const Trajectories& samples) {
  const std::int64_t N = samples.states.extent(0), T = samples.states.extent(2), m = samples.actions.extent(3);
  const Device device = samples.device();
  Array<double, 2> factor({m, m});
  cholesky_factor(global.covariance().view(), factor);
  const Array<double, 2> L = factor.on(device);
  const Array<double, 4> means = mean_actions(global, samples);
  PolicyDifference difference{Array<double, 3>({N, T, m}, device), Array<double, 2>({N, T}, device),
                              Array<double, 2>({N, T}, device)};
  action_divergence<double>({samples.states, samples.weights, local.gain, local.offset, local.covariance, means, L},
                            {difference.action, difference.mean_kl, difference.largest_kl});
  return difference;
}

}  // namespace mdgps
