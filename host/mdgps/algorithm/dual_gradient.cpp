#include "mdgps/algorithm/dual_gradient.hpp"

#include <cmath>

namespace mdgps {

DualGradient::DualGradient(const CouplingSettings& settings, const BatchShape& shape) : rate_(settings.dual_rate) {
  multipliers_.weight = constant_weights(shape, settings.initial_weight);
}

Surrogate DualGradient::surrogate(const QuadraticCostArrays<double>& cost,
                                  const LinearGaussianPolicyArrays<double>& global) const {
  Surrogate surrogate{cost, multipliers_.weight};
  add_divergence(global, multipliers_.weight, surrogate.cost);
  return surrogate;
}

void DualGradient::modify(const LinearGaussianPolicyArrays<double>&, const PolicyDifference& difference, const Stage&) {
  const auto kl = difference.mean_kl.elements();
  const auto weight = multipliers_.weight.elements();
  for (std::size_t e = 0; e < weight.size(); ++e)
    if (std::isfinite(kl[e])) weight[e] += rate_ * kl[e];
}

}  // namespace mdgps
