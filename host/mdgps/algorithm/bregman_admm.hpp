#pragma once
/// Bregman ADMM guided policy search: Levine, Finn, Darrell, Abbeel, "End-to-end training of deep visuomotor policies",
/// JMLR 17, 2016.

#include <span>

#include "mdgps/algorithm/surrogate_cost.hpp"

namespace mdgps {

/// The constraint p_i = pi is relaxed to equal mean actions, E_p[u_t] = E_pi[u_t], with multipliers lambda_t, and
/// augmented by the divergence, the Bregman divergence of the method's name:
///
///   C-step   l(x,u) - lambda_t'u + w_t D_KL(p(u_t|x_t) || pi-bar(u_t|x_t)), near the previous local policy
///   S-step   imitates the local policy with its mean moved by - C_t lambda_t / w_t: the minimiser of
///            lambda_t'mu + w_t/2 (mu - mu_p)' C_t^-1 (mu - mu_p)
///   line 4   lambda_t -= dual_rate w_t C_t^-1 mean(mu_p - mu_pi); w_t by the weight rule in an iteration's last round
///
/// Weight rules: `spread` halves w_t where the step's divergence is more than one deviation (over the steps) below
/// their mean, and doubles it where it is half a deviation above; `schedule` adds the scheduled step, `divergence` adds
/// the scheduled step times the divergence. The schedule runs through weight_steps, log-linearly.
///
/// The authors' code moves the S-step's mean by w_t C_t lambda_t, which with weights near 0.01 is nearly nothing; the
/// rest is as there.
class BregmanAdmm final : public SurrogateCost {
 public:
  BregmanAdmm(const CouplingSettings& settings, const BatchShape& shape);
  Surrogate surrogate(const QuadraticCostArrays<double>& cost,
                      const LinearGaussianPolicyArrays<double>& global) const override;
  void modify(const LinearGaussianPolicyArrays<double>& local, const PolicyDifference& difference,
              const Stage& stage) override;
  LinearGaussianPolicyArrays<double> imitated(const LinearGaussianPolicyArrays<double>& local) const override;

 private:
  CouplingSettings settings_;
};

/// The schedule's value at an iteration 1, 2, ...: the knots are equally spaced in iteration / (iterations - 1), and
/// the last one stays.
double scheduled_step(std::span<const double> knots, int iteration, int iterations);

}  // namespace mdgps
