#pragma once
/// The total variation divergence of two Gaussians. Private to the algorithm layer.

#include "kernels/random.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// D_TV(p || q) = 1/2 |p - q|_1 in [0, 1] for p = N(mean_p, P), q = N(mean_q, Q), as the mean of max(0, 1 - q(x)/p(x))
/// over `draws` of x from p: the standard error is below 1 / (2 sqrt(draws)). NaN where P or Q has no Cholesky factor.
/// Source: the definition, over where p > q. [MDGPS 4.1]
double gaussian_total_variation(View<const double, 1> mean_p, View<const double, 2> covariance_p,
                                View<const double, 1> mean_q, View<const double, 2> covariance_q, int draws,
                                const RandomSequence& random);

/// The last state's marginals, whose entries are the first `states` of z = [x; u]: all that the host reads of a
/// distribution.
GaussianStateArrays<double> last_state(const TrajectoryDistributionArrays<double>& distribution, std::int64_t states);

/// Of two of them in one condition.
double last_state_total_variation(const GaussianStateArrays<double>& p, const GaussianStateArrays<double>& q,
                                  std::int64_t condition);

}  // namespace mdgps
