#include "mdgps/algorithm/admm.hpp"

#include <cmath>

namespace mdgps {

Admm::Admm(const CouplingSettings& settings, const BatchShape& shape) : settings_(settings) {
  multipliers_.action = Array<double, 3>({shape.conditions, shape.steps, shape.actions});
  multipliers_.weight = constant_weights(shape, settings.initial_weight);
}

Surrogate Admm::surrogate(const QuadraticCostArrays<double>& cost,
                          const LinearGaussianPolicyArrays<double>& global) const {
  Surrogate surrogate{cost, {}};
  add_squared_difference(global, multipliers_.weight, surrogate.cost);
  const auto [N, T, m, n] = global.gain.extents();
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t t = 0; t < T; ++t)
      for (std::int64_t a = 0; a < m; ++a) {
        const double lambda = multipliers_.action(i, t, a);
        surrogate.cost.gradient(i, t, n + a) += lambda;
        for (std::int64_t j = 0; j < n; ++j) surrogate.cost.gradient(i, t, j) -= lambda * global.gain(i, t, a, j);
        surrogate.cost.constant(i, t) -= lambda * global.offset(i, t, a);
      }
  return surrogate;
}

void Admm::modify(const LinearGaussianPolicyArrays<double>&, const PolicyDifference& difference, const Stage& stage) {
  const auto [N, T, m] = multipliers_.action.extents();
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t t = 0; t < T; ++t) {
      double& weight = multipliers_.weight(i, t);
      for (std::int64_t a = 0; a < m; ++a)
        if (std::isfinite(difference.action(i, t, a)))
          multipliers_.action(i, t, a) += settings_.dual_rate * weight * difference.action(i, t, a);
      if (stage.last_round) weight *= settings_.weight_growth;
    }
}

LinearGaussianPolicyArrays<double> Admm::imitated(const LinearGaussianPolicyArrays<double>& local) const {
  LinearGaussianPolicyArrays<double> moved = local;
  const auto [N, T, m] = multipliers_.action.extents();
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t t = 0; t < T; ++t)
      for (std::int64_t a = 0; a < m; ++a)
        moved.offset(i, t, a) += multipliers_.action(i, t, a) / multipliers_.weight(i, t);
  return moved;
}

}  // namespace mdgps
