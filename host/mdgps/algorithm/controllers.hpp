#pragma once
/// The policies that rollouts run.

#include <vector>

#include "mdgps/learning/neural_gaussian_policy.hpp"
#include "mdgps/simulation/rollout.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// One condition's p_i(u|x) = N(K x + k, C). The policy's memory must outlive it.
class LocalController final : public Controller {
 public:
  LocalController(const LinearGaussianPolicy<const double>& policy, std::int64_t condition);
  void action(int step, std::span<const double> state, std::span<const double> observation,
              std::span<const double> noise, std::span<double> action) const override;

 private:
  View<const double, 3> gain_;    // [T,m,n]
  View<const double, 2> offset_;  // [T,m]
  Array<double, 3> factor_;       // [T,m,m] lower, of C
};

/// The global policy pi_theta(u|o) = N(mu(o), Sigma).
class GlobalController final : public Controller {
 public:
  explicit GlobalController(const NeuralGaussianPolicy& policy);
  void action(int step, std::span<const double> state, std::span<const double> observation,
              std::span<const double> noise, std::span<double> action) const override;

 private:
  DenseNetwork network_;
  Array<double, 2> factor_;  // [m,m] lower, of Sigma
};

}  // namespace mdgps
