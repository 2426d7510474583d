#include "mdgps/algorithm/policy_difference.hpp"

#include <algorithm>
#include <utility>

#include "mdgps/algorithm/gaussians.hpp"
#include "mdgps/algorithm/local_models.hpp"

namespace mdgps {

PolicyDifference policy_difference(const LinearGaussianPolicyArrays<double>& local, const NeuralGaussianPolicy& global,
                                   const Trajectories& samples) {
  const auto [N, S, T, n] = samples.states.extents();
  const std::int64_t m = samples.actions.extent(3), o = samples.observations.extent(3);
  PolicyDifference difference{Array<double, 3>({N, T, m}), Array<double, 2>({N, T}), Array<double, 2>({N, T})};
  Array<double, 2> global_means({N * S * T, m}), global_factor({m, m}), factor({m, m});
  global.mean({samples.observations.data(), {N * S * T, o}}, global_means);
  cholesky_factor(global.covariance().view(), global_factor);
  Array<double, 1> mean({m});
  for (std::int64_t i = 0; i < N; ++i) {
    double total = 0;
    for (const double weight : samples.weights.row(i)) total += weight;
    for (std::int64_t t = 0; t < T; ++t) {
      cholesky_factor(local.covariance.view()[i][t], factor);
      for (std::int64_t s = 0; s < S; ++s) {
        if (samples.weights(i, s) == 0) continue;
        const double share = samples.weights(i, s) / total;
        local_mean(local, i, t, samples.states.row(i, s, t), mean.elements());
        const View<const double, 1> global_mean = std::as_const(global_means).view()[(i * S + s) * T + t];
        const double kl = gaussian_kl(mean.view(), factor.view(), global_mean, global_factor.view());
        difference.mean_kl(i, t) += share * kl;
        difference.largest_kl(i, t) = std::max(difference.largest_kl(i, t), kl);
        for (std::int64_t a = 0; a < m; ++a) difference.action(i, t, a) += share * (mean(a) - global_mean(a));
      }
    }
  }
  return difference;
}

}  // namespace mdgps
