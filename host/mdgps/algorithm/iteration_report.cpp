#include "mdgps/algorithm/iteration_report.hpp"

#include <algorithm>

namespace mdgps {

double IterationReport::mean_distance() const {
  double sum = 0;
  for (const auto& condition : conditions) sum += condition.global_distance;
  return sum / static_cast<double>(conditions.size());
}

double IterationReport::success_rate() const {
  return static_cast<double>(std::ranges::count_if(conditions, &ConditionReport::global_success)) /
         static_cast<double>(conditions.size());
}

}  // namespace mdgps
