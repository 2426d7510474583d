#include "mdgps/algorithm/step_size.hpp"

#include <algorithm>
#include <cmath>

namespace mdgps {

bool believable(double expected, const SampledCost& sampled) {
  return std::isfinite(expected) && std::abs(expected - sampled.mean) <= 3.0 * sampled.size;
}

StepSize adjust_step_size(StepRule rule, const ExpectedCosts& costs, const SampledCost& previous,
                          const SampledCost& current, double multiplier, double min_multiplier, double max_multiplier) {
  if (rule == StepRule::fixed) return {multiplier, false};
  const double actual = rule == StepRule::classic ? costs.actual_local : costs.actual_global;
  const auto apply = [&](double factor) { return std::clamp(factor * multiplier, min_multiplier, max_multiplier); };
  if (!believable(costs.previous_global, previous) || !believable(costs.predicted, previous) ||
      !believable(actual, current))
    return {multiplier, true};
  const double predicted_improvement = costs.previous_global - costs.predicted;
  const double actual_improvement = costs.previous_global - actual;
  const double factor =
      std::clamp(predicted_improvement / (2.0 * std::max(1e-4, predicted_improvement - actual_improvement)), 0.1, 5.0);
  return {apply(factor), false};
}

}  // namespace mdgps
