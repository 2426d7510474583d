#include "mdgps/algorithm/policy_difference.hpp"

#include "mdgps/algorithm/gaussians.hpp"
#include "mdgps/algorithm/linearization.hpp"
#include "mdgps/solver/action_divergence.hpp"

namespace mdgps {

PolicyDifference policy_difference(const LinearGaussianPolicyArrays<double>& local, const NeuralGaussianPolicy& global,
                                   const Trajectories& samples) {
  const std::int64_t N = samples.states.extent(0), T = samples.states.extent(2), m = samples.actions.extent(3);
  const Device device = samples.device();
  Array<double, 2> global_factor({m, m}), factor({m, m}), log_ratio({N, T}, device), squares({N, T}, device);
  cholesky_factor(global.covariance().view(), global_factor);
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t t = 0; t < T; ++t) {
      cholesky_factor(local.covariance.view()[i][t], factor);
      const CovarianceDivergence divergence = covariance_divergence(factor.view(), global_factor.view());
      log_ratio(i, t) = divergence.log_ratio;
      squares(i, t) = divergence.squares;
    }

  const Array<double, 4> means = mean_actions(global, samples);
  const Array<double, 2> L = global_factor.on(device);
  PolicyDifference difference{Array<double, 3>({N, T, m}, device), Array<double, 2>({N, T}, device),
                              Array<double, 2>({N, T}, device)};
  action_divergence<double>({samples.states, samples.weights, local.gain, local.offset, means, L, log_ratio, squares},
                            {difference.action, difference.mean_kl, difference.largest_kl});
  return difference;
}

}  // namespace mdgps
