#include "mdgps/algorithm/step_size.hpp"

#include <algorithm>
#include <cmath>

namespace mdgps {

namespace {

bool believable(double expected, double sampled) {
  return std::isfinite(expected) && std::abs(expected - sampled) <= 10.0 * (std::abs(sampled) + 1.0);
}

}  // namespace

StepSize adjust_step_size(StepRule rule, const ExpectedCosts& costs, const SampledCosts& sampled, double multiplier,
                          double min_multiplier, double max_multiplier) {
  if (rule == StepRule::fixed) return {multiplier, false};
  const double actual = rule == StepRule::classic ? costs.actual_local : costs.actual_global;
  if (!believable(costs.previous_global, sampled.previous) || !believable(costs.predicted, sampled.previous) ||
      !believable(actual, sampled.current))
    return {multiplier, true};
  const double predicted_improvement = costs.previous_global - costs.predicted;
  const double actual_improvement = costs.previous_global - actual;
  const double factor =
      std::clamp(predicted_improvement / (2.0 * std::max(1e-4, predicted_improvement - actual_improvement)), 0.1, 5.0);
  return {std::clamp(factor * multiplier, min_multiplier, max_multiplier), false};
}

}  // namespace mdgps
