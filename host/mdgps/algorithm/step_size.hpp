#pragma once
/// Adjustment of the C-step's bound epsilon.   [MDGPS 4.2]

#include <span>
#include <vector>

#include "mdgps/algorithm/settings.hpp"

namespace mdgps {

/// The expected costs of Section 4.2 for one condition: l_m^k is the cost under iteration k's policy and iteration m's
/// fitted dynamics; pi marks the linearised global policy.
struct ExpectedCosts {
  double previous_local = 0;   ///< l_{k-1}^{k-1}
  double previous_global = 0;  ///< l_{k-1}^{k-1,pi}
  double predicted = 0;        ///< l_{k-1}^{k}
  double actual_local = 0;     ///< l_k^{k}
  double actual_global = 0;    ///< l_k^{k,pi}
};

/// What an iteration's samples cost.
struct SampledCost {
  double mean = 0;  ///< of the trajectories' costs
  double size = 0;  ///< mean of the trajectories' sums of |l_t|: the scale of costs, also where they cancel
};

/// Whether a cost expected under a fitted model is one that trajectories like the sampled ones can have.
///
/// Dynamics fitted to few samples can be unstable, and then promise or charge costs that no trajectory has. A cost that
/// is not finite, or further from the sampled mean than three times the costs' size, is not to be believed.
bool believable(double expected, const SampledCost& sampled);

/// Whether all costs that a rule looks at are, each beside the samples of its own iteration.
bool believable(StepRule rule, const ExpectedCosts& costs, const SampledCost& previous, const SampledCost& current);

/// The limits of epsilon's multiplier.
struct MultiplierRange {
  double low, high;
};

/// The new multiplier of epsilon: epsilon' = epsilon (predicted - previous) / (2 (predicted - actual)).
///
///   rule      previous            actual
///   classic   l_{k-1}^{k-1,pi}    l_k^{k}       the local policy against the global one it started from
///   global    l_{k-1}^{k-1,pi}    l_k^{k,pi}    the same for what the global policy made of it
///   local     l_{k-1}^{k-1}       l_k^{k}       the earlier work's, where the reference is the previous local policy
///   fixed                                       keeps the multiplier
///
/// The factor is clipped to [0.1, 5] and the multiplier to the range; where the step cost nothing (predicted >= actual)
/// the factor is 5 if an improvement was predicted.
double adjusted_multiplier(StepRule rule, const ExpectedCosts& costs, double multiplier, const MultiplierRange& range);

/// Means of the costs of the conditions that are marked. Adjusting every condition by them is what the authors' later
/// code does; the paper adjusts each by its own.
ExpectedCosts mean_costs(std::span<const ExpectedCosts> costs, const std::vector<bool>& marked);

}  // namespace mdgps
