#pragma once
/// Guided policy search by a penalty: Mordatch, Lowrey, Andrew, Popovic, Todorov, "Interactive control of diverse
/// complex characters with neural networks", NIPS 2015.

#include "mdgps/algorithm/surrogate_cost.hpp"

namespace mdgps {

/// The constraint p_i = pi is a penalty on the squared difference of actions, with a weight that grows:
///
///   C-step   l(x,u) + w/2 |u - mu-bar_t(x)|^2, mu-bar the linearised global policy's mean; near the previous local
///   policy S-step   imitates the local policy line 4   w *= weight_growth in an iteration's last round
class Penalty final : public SurrogateCost {
 public:
  Penalty(const CouplingSettings& settings, const BatchShape& shape);
  Surrogate surrogate(const QuadraticCostArrays<double>& cost,
                      const LinearGaussianPolicyArrays<double>& global) const override;
  void modify(const LinearGaussianPolicyArrays<double>& local, const PolicyDifference& difference,
              const Stage& stage) override;

 private:
  double growth_;
};

}  // namespace mdgps
