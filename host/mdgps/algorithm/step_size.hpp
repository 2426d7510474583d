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

/// What sampling measured, to see when an expected cost is absurd.
struct SampledCosts {
  double previous;  ///< mean cost of iteration k-1's samples
  double current;   ///< mean cost of iteration k's samples
};

struct StepSize {
  double multiplier;
  bool guarded;  ///< the expected costs were not to be believed: the multiplier was kept
};

/// The new multiplier of epsilon: epsilon' = epsilon (predicted - previous) / (2 (predicted - actual)), with the actual
/// cost of the local policy (classic) or of the global one (global). The factor is clipped to [0.1, 5] and the
/// multiplier to the settings' range; where the step cost nothing (predicted >= actual) the factor is 5 if an
/// improvement was predicted.
///
/// Dynamics fitted to few samples can be unstable, and then promise or charge costs that no trajectory has. Where one
/// of the costs the rule uses is not finite, or further than ten times the sampled cost's size from it, the multiplier
/// stays as it is.
StepSize adjust_step_size(StepRule rule, const ExpectedCosts& costs, const SampledCosts& sampled, double multiplier,
                          double min_multiplier, double max_multiplier);

}  // namespace mdgps
