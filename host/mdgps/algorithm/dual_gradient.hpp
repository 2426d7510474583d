#pragma once
/// Dual gradient descent guided policy search: Levine, Wagener, Abbeel, "Learning contact-rich manipulation skills with
/// guided policy search", ICRA 2015.

#include "mdgps/algorithm/surrogate_cost.hpp"

namespace mdgps {

/// The constraint p_i = pi is D_KL(p(u_t|x_t) || pi(u_t|x_t)) = 0, and w_t its multiplier:
///
///   C-step   l(x,u) + w_t D_KL(p(u_t|x_t) || pi-bar(u_t|x_t)), near the previous local policy
///   S-step   imitates the local policy
///   line 4   w_t += dual_rate mean D_KL(p(u_t|x_t) || pi(u_t|o_t)), the dual's gradient, in every round
class DualGradient final : public SurrogateCost {
 public:
  DualGradient(const CouplingSettings& settings, const BatchShape& shape);
  Surrogate surrogate(const QuadraticCostArrays<double>& cost,
                      const LinearGaussianPolicyArrays<double>& global) const override;
  void modify(const LinearGaussianPolicyArrays<double>& local, const PolicyDifference& difference,
              const Stage& stage) override;

 private:
  double rate_;
};

}  // namespace mdgps
