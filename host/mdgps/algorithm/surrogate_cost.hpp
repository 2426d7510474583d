#pragma once
/// What the methods of guided policy search minimise in the C-step in place of the cost.   [MDGPS Alg. 1]

#include <memory>

#include "mdgps/algorithm/policy_difference.hpp"
#include "mdgps/algorithm/settings.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// Of the constraint p_i(u|x) = pi(u|x) in Eq. (1), per condition and step. Empty where a method has none.
struct Multipliers {
  Array<double, 3> action;  ///< lambda [N,T,m], on the difference of mean actions, in units of cost per action
  Array<double, 2> weight;  ///< w [N,T], on the divergence or on half the squared difference of actions
};

/// A quadratic cost, and a weight [N,T] of the entropies that it is reduced by (empty: none).
struct Surrogate {
  QuadraticCostArrays<double> cost;
  Array<double, 2> entropy_weight;
};

/// How far a run is when the surrogate is modified.
struct Stage {
  int iteration = 1, iterations = 1;
  bool last_round = true;  ///< of the iteration's rounds of C- and S-step
};

/// A method: its terms of the C-step's cost, how they change from iteration to iteration, and what the S-step imitates.
///
/// This class itself is mirror descent's surrogate, the cost alone; DAgger's teacher has the same.
class SurrogateCost {
 public:
  virtual ~SurrogateCost() = default;

  /// The surrogate of `cost`, the coupling being to the linearised global policy `global`.
  virtual Surrogate surrogate(const QuadraticCostArrays<double>& cost,
                              const LinearGaussianPolicyArrays<double>& global) const;

  /// Line 4 of Algorithm 1: modifies the multipliers, when the global policy has imitated the local ones.
  virtual void modify(const LinearGaussianPolicyArrays<double>& local, const PolicyDifference& difference,
                      const Stage& stage);

  /// The policies that the S-step imitates.
  virtual LinearGaussianPolicyArrays<double> imitated(const LinearGaussianPolicyArrays<double>& local) const;

  const Multipliers& multipliers() const { return multipliers_; }
  void restore(Multipliers multipliers) { multipliers_ = std::move(multipliers); }

 protected:
  Multipliers multipliers_;
};

/// That of the settings' method.
std::unique_ptr<SurrogateCost> make_surrogate_cost(const Settings& settings, const BatchShape& shape);

/// cost += w_t D_KL(p(u_t|x_t) || global(u_t|x_t)), but for the entropy: the Surrogate's entropy_weight is to be w.
/// weight [N,T]
void add_divergence(const LinearGaussianPolicyArrays<double>& global, const Array<double, 2>& weight,
                    QuadraticCostArrays<double>& cost);

/// cost += w_t / 2 |u - K x - k|^2 about the means of `global`.   weight [N,T]
void add_squared_difference(const LinearGaussianPolicyArrays<double>& global, const Array<double, 2>& weight,
                            QuadraticCostArrays<double>& cost);

/// w_t [N,T] all the same.
Array<double, 2> constant_weights(const BatchShape& shape, double weight);

}  // namespace mdgps
