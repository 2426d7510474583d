#include "mdgps/algorithm/total_variation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "mdgps/algorithm/gaussians.hpp"
#include "mdgps/solver/rearrange.hpp"

namespace mdgps {

namespace {

/// 1/2 |L^-1 x|^2 + log|L|: minus the logarithm of a Gaussian's density but for its constant.   x is overwritten.
double negative_log_density(const Array<double, 2>& L, std::vector<double>& x) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) x[i] -= L(i, j) * x[j];
    x[i] /= L(i, i);
    sum += 0.5 * x[i] * x[i] + std::log(L(i, i));
  }
  return sum;
}

}  // namespace

double gaussian_total_variation(View<const double, 1> mean_p, View<const double, 2> covariance_p,
                                View<const double, 1> mean_q, View<const double, 2> covariance_q, int draws,
                                const RandomSequence& random) {
  const std::int64_t n = mean_p.extents[0];
  Array<double, 2> P({n, n}), Q({n, n});
  if (!cholesky_factor(covariance_p, P) || !cholesky_factor(covariance_q, Q))
    return std::numeric_limits<double>::quiet_NaN();
  std::vector<double> noise(n), from_p(n), from_q(n);
  double sum = 0;
  std::uint32_t draw = 0;
  for (int s = 0; s < draws; ++s) {
    for (double& z : noise) z = random.normals(draw++)[0];
    for (std::int64_t i = 0; i < n; ++i) {
      from_p[i] = 0;
      for (std::int64_t j = 0; j <= i; ++j) from_p[i] += P(i, j) * noise[j];
      from_q[i] = from_p[i] + mean_p(i) - mean_q(i);
    }
    const double log_ratio = negative_log_density(P, from_p) - negative_log_density(Q, from_q);  // log q/p
    sum += std::max(0.0, 1.0 - std::exp(log_ratio));
  }
  return sum / draws;
}

GaussianStateArrays<double> last_state(const TrajectoryDistributionArrays<double>& distribution, std::int64_t states) {
  const auto [N, T, entries] = distribution.mean.extents();
  const Device device = distribution.mean.device();
  GaussianStateArrays<double> last(BatchShape{.conditions = N, .states = states}, device);
  const View<const double, 4> mean(distribution.mean.data(), {N, T, 1, entries}, device);
  rearrange<double>(part(part(mean, 1, T - 1, 1), 3, 0, states), {}, {last.mean.data(), {N, 1, 1, states}, device});
  const auto covariance = part(distribution.covariance.view(), 1, T - 1, 1);
  rearrange<double>(part(part(covariance, 2, 0, states), 3, 0, states), {},
                    {last.covariance.data(), {N, 1, states, states}, device});
  return last;
}

double last_state_total_variation(const GaussianStateArrays<double>& p, const GaussianStateArrays<double>& q,
                                  std::int64_t condition) {
  return gaussian_total_variation(p.mean.view()[condition], p.covariance.view()[condition], q.mean.view()[condition],
                                  q.covariance.view()[condition], /*draws=*/1000,
                                  {0, RandomStream::evaluation, 0, static_cast<std::uint32_t>(condition)});
}

}  // namespace mdgps
