#include "mdgps/algorithm/step_size.hpp"

#include <algorithm>
#include <cmath>

namespace mdgps {

namespace {

double previous_cost(StepRule rule, const ExpectedCosts& costs) {
  return rule == StepRule::local ? costs.previous_local : costs.previous_global;
}
double actual_cost(StepRule rule, const ExpectedCosts& costs) {
  return rule == StepRule::global ? costs.actual_global : costs.actual_local;
}

}  // namespace

bool believable(double expected, const SampledCost& sampled) {
  return std::isfinite(expected) && std::abs(expected - sampled.mean) <= 3.0 * sampled.size;
}

bool believable(StepRule rule, const ExpectedCosts& costs, const SampledCost& previous, const SampledCost& current) {
  return rule == StepRule::fixed ||
         (believable(previous_cost(rule, costs), previous) && believable(costs.predicted, previous) &&
          believable(actual_cost(rule, costs), current));
}

double adjusted_multiplier(StepRule rule, const ExpectedCosts& costs, double multiplier, const MultiplierRange& range) {
  if (rule == StepRule::fixed) return multiplier;
  const double predicted_improvement = previous_cost(rule, costs) - costs.predicted;
  const double actual_improvement = previous_cost(rule, costs) - actual_cost(rule, costs);
  const double factor =
      std::clamp(predicted_improvement / (2.0 * std::max(1e-4, predicted_improvement - actual_improvement)), 0.1, 5.0);
  return std::clamp(factor * multiplier, range.low, range.high);
}

ExpectedCosts mean_costs(std::span<const ExpectedCosts> costs, const std::vector<bool>& marked) {
  ExpectedCosts mean;
  const auto share = 1.0 / static_cast<double>(std::ranges::count(marked, true));
  for (std::size_t i = 0; i < costs.size(); ++i) {
    if (!marked[i]) continue;
    mean.previous_local += share * costs[i].previous_local;
    mean.previous_global += share * costs[i].previous_global;
    mean.predicted += share * costs[i].predicted;
    mean.actual_local += share * costs[i].actual_local;
    mean.actual_global += share * costs[i].actual_global;
  }
  return mean;
}

}  // namespace mdgps
