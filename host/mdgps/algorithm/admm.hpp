#pragma once
/// ADMM guided policy search: Mordatch & Todorov, "Combining the benefits of function approximation and trajectory
/// optimization", RSS 2014.

#include "mdgps/algorithm/surrogate_cost.hpp"

namespace mdgps {

/// The constraint p_i = pi is equality of mean actions, with an augmented Lagrangian in the squared difference:
///
///   C-step   l(x,u) + lambda_t'(u - mu-bar_t(x)) + w/2 |u - mu-bar_t(x)|^2, near the previous local policy
///   S-step   imitates the local policy with its mean moved by lambda_t / w
///   line 4   lambda_t += dual_rate w mean(mu_p - mu_pi); w *= weight_growth in an iteration's last round
class Admm final : public SurrogateCost {
 public:
  Admm(const CouplingSettings& settings, const BatchShape& shape);
  Surrogate surrogate(const QuadraticCostArrays<double>& cost,
                      const LinearGaussianPolicyArrays<double>& global) const override;
  void modify(const LinearGaussianPolicyArrays<double>& local, const PolicyDifference& difference,
              const Stage& stage) override;
  LinearGaussianPolicyArrays<double> imitated(const LinearGaussianPolicyArrays<double>& local) const override;

 private:
  CouplingSettings settings_;
};

}  // namespace mdgps
