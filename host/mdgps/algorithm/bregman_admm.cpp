#include "mdgps/algorithm/bregman_admm.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "mdgps/algorithm/gaussians.hpp"

namespace mdgps {

BregmanAdmm::BregmanAdmm(const CouplingSettings& settings, const BatchShape& shape) : settings_(settings) {
  multipliers_.action = Array<double, 3>({shape.conditions, shape.steps, shape.actions});
  multipliers_.weight = constant_weights(shape, settings.initial_weight);
}

Surrogate BregmanAdmm::surrogate(const QuadraticCostArrays<double>& cost,
                                 const LinearGaussianPolicyArrays<double>& global) const {
  Surrogate surrogate{cost, multipliers_.weight};
  add_divergence(global, multipliers_.weight, surrogate.cost);
  const auto [N, T, m] = multipliers_.action.extents();
  const std::int64_t n = global.gain.extent(3);
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t t = 0; t < T; ++t)
      for (std::int64_t a = 0; a < m; ++a) surrogate.cost.gradient(i, t, n + a) -= multipliers_.action(i, t, a);
  return surrogate;
}

namespace {

void spread_weights(std::span<const double> kl, std::span<double> weight) {
  double mean = 0, square = 0;
  for (const double x : kl) mean += x / static_cast<double>(kl.size());
  for (const double x : kl) square += (x - mean) * (x - mean) / static_cast<double>(kl.size());
  const double deviation = std::sqrt(square);
  for (std::size_t t = 0; t < kl.size(); ++t)
    weight[t] *= kl[t] < mean - deviation ? 0.5 : kl[t] >= mean + 0.5 * deviation ? 2.0 : 1.0;
}

}  // namespace

double scheduled_step(std::span<const double> knots, int iteration, int iterations) {
  const double progress = std::min(static_cast<double>(iteration) / std::max(iterations - 1, 1), 1.0);
  const double at = progress * static_cast<double>(knots.size() - 1);
  const auto before = std::min(static_cast<std::size_t>(at), knots.size() - 1);
  const auto after = std::min(before + 1, knots.size() - 1);
  const double share = at - static_cast<double>(before);
  return std::exp((1.0 - share) * std::log(knots[before]) + share * std::log(knots[after]));
}

void BregmanAdmm::modify(const LinearGaussianPolicyArrays<double>& local, const PolicyDifference& difference,
                         const Stage& stage) {
  const Array<double, 4> precision = inverse_covariances(local.covariance.view());
  const auto [N, T, m] = multipliers_.action.extents();
  const double step = scheduled_step(settings_.weight_steps, stage.iteration, stage.iterations);
  for (std::int64_t i = 0; i < N; ++i) {
    const auto kl = difference.mean_kl.row(i);
    if (!std::ranges::all_of(kl, [](double x) { return std::isfinite(x); })) continue;
    for (std::int64_t t = 0; t < T; ++t)
      for (std::int64_t a = 0; a < m; ++a)
        for (std::int64_t b = 0; b < m; ++b)
          multipliers_.action(i, t, a) -=
              settings_.dual_rate * multipliers_.weight(i, t) * precision(i, t, a, b) * difference.action(i, t, b);
    if (!stage.last_round) continue;
    if (settings_.weight_rule == WeightRule::spread) spread_weights(kl, multipliers_.weight.row(i));
    for (std::int64_t t = 0; t < T; ++t)
      multipliers_.weight(i, t) += settings_.weight_rule == WeightRule::schedule     ? step
                                   : settings_.weight_rule == WeightRule::divergence ? step * kl[t]
                                                                                     : 0.0;
  }
}

LinearGaussianPolicyArrays<double> BregmanAdmm::imitated(const LinearGaussianPolicyArrays<double>& local) const {
  LinearGaussianPolicyArrays<double> moved = local;
  const auto [N, T, m] = multipliers_.action.extents();
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t t = 0; t < T; ++t)
      for (std::int64_t a = 0; a < m; ++a)
        for (std::int64_t b = 0; b < m; ++b)
          moved.offset(i, t, a) -=
              local.covariance(i, t, a, b) * multipliers_.action(i, t, b) / multipliers_.weight(i, t);
  return moved;
}

}  // namespace mdgps
