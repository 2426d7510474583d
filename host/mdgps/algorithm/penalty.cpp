#include "mdgps/algorithm/penalty.hpp"

namespace mdgps {

Penalty::Penalty(const CouplingSettings& settings, const BatchShape& shape) : growth_(settings.weight_growth) {
  multipliers_.weight = constant_weights(shape, settings.initial_weight);
}

Surrogate Penalty::surrogate(const QuadraticCostArrays<double>& cost,
                             const LinearGaussianPolicyArrays<double>& global) const {
  Surrogate surrogate{cost, {}};
  add_squared_difference(global, multipliers_.weight, surrogate.cost);
  return surrogate;
}

void Penalty::modify(const LinearGaussianPolicyArrays<double>&, const PolicyDifference&, const Stage& stage) {
  if (!stage.last_round) return;
  for (double& weight : multipliers_.weight.elements()) weight *= growth_;
}

}  // namespace mdgps
