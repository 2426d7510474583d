#pragma once
/// Adjustment of the C-step's bound epsilon.   [MDGPS 4.2]

#include "mdgps/algorithm/settings.hpp"

namespace mdgps {

/// The expected costs of Section 4.2 for one condition: l_m^k is the cost under iteration k's policy and iteration m's
/// fitted dynamics; pi marks the linearised global policy.
struct ExpectedCosts {
  double previous_global;  ///< l_{k-1}^{k-1,pi}
  double predicted;        ///< l_{k-1}^{k}
  double actual_local;     ///< l_k^{k}
  double actual_global;    ///< l_k^{k,pi}
};

/// What an iteration's samples cost.
struct SampledCost {
  double mean;  ///< of the trajectories' costs
  double size;  ///< mean of the trajectories' sums of |l_t|: the scale of costs, also where they cancel or are negative
};

/// Whether a cost expected under a fitted model is one that trajectories like the sampled ones can have.
///
/// Dynamics fitted to few samples can be unstable, and then promise or charge costs that no trajectory has. A cost that
/// is not finite, or further from the sampled mean than three times the costs' size, is not to be believed.
bool believable(double expected, const SampledCost& sampled);

struct StepSize {
  double multiplier;
  bool guarded;  ///< the expected costs were not to be believed
};

/// The new multiplier of epsilon: epsilon' = epsilon (predicted - previous) / (2 (predicted - actual)), with the actual
/// cost of the local policy (classic) or of the global one (global). The factor is clipped to [0.1, 5] and the
/// multiplier to the settings' range; where the step cost nothing (predicted >= actual) the factor is 5 if an
/// improvement was predicted.
///
/// Where a cost that the rule uses is not to be believed, the multiplier stays as it is. (Halving it ends the learning:
/// the models of contact are unstable too often, whatever the step.)
StepSize adjust_step_size(StepRule rule, const ExpectedCosts& costs, const SampledCost& previous,
                          const SampledCost& current, double multiplier, double min_multiplier, double max_multiplier);

}  // namespace mdgps
