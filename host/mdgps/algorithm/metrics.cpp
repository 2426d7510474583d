#include "mdgps/algorithm/metrics.hpp"

#include <charconv>
#include <cmath>
#include <span>

namespace mdgps {
namespace {

/// Collects the fields of comma-separated rows.
class Rows {
 public:
  template <class... Fields>
  void add(const Fields&... fields) {
    (field(fields), ...);
    text_.back() = '\n';
  }
  std::string take() { return std::move(text_); }

  /// A number to as many digits as tell it from every other.
  void field(double value) {
    char buffer[32];
    text_.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr).push_back(',');
    if (std::isnan(value)) text_.replace(text_.size() - (std::signbit(value) ? 5 : 4), std::string::npos, "nan,");
  }
  void field(int value) { text_.append(std::to_string(value)).push_back(','); }
  void field(std::string_view word) { text_.append(word).push_back(','); }

 private:
  std::string text_;
};

double nine_digits(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general, 9).ptr;
  std::from_chars(buffer, end, value);
  return value;
}

void add_paths(std::string_view source, int iteration, std::span<const Path> paths, Rows& rows) {
  for (int condition = 0; condition < static_cast<int>(paths.size()); ++condition) {
    const Path& path = paths[condition];
    for (int t = 0; t < static_cast<int>(path.distances.extent(0)); ++t) {
      rows.add(iteration, condition, source, t, nine_digits(path.points(t, 0)), nine_digits(path.points(t, 1)),
               nine_digits(path.points(t, 2)), nine_digits(path.distances(t)));
    }
  }
}

}  // namespace

std::string metrics_rows(const IterationReport& report) {
  Rows rows;
  const PhaseSeconds& seconds = report.seconds;
  for (int condition = 0; condition < static_cast<int>(report.conditions.size()); ++condition) {
    const ConditionReport& c = report.conditions[condition];
    rows.add(report.iteration, condition, c.local_cost, c.global_cost, c.local_distance, c.global_distance,
             c.global_success ? 1 : 0, c.step_size, c.dual, c.kl_divergence, c.dual_evaluations, to_string(c.status),
             c.predicted_cost, c.tv_bound, c.cost_bound, seconds.rollout, seconds.fit, seconds.c_step, seconds.s_step);
  }
  return rows.take();
}

std::string step_sizes_rows(const IterationReport& report) {
  Rows rows;
  if (!report.step_sizes_adjusted) return {};
  for (int condition = 0; condition < static_cast<int>(report.conditions.size()); ++condition) {
    const ConditionReport& c = report.conditions[condition];
    rows.add(report.iteration, condition, c.expected.previous_local, c.expected.previous_global, c.expected.predicted,
             c.expected.actual_local, c.expected.actual_global, c.guarded ? 1 : 0, c.multiplier);
  }
  return rows.take();
}

std::string bounds_rows(const IterationReport& report) {
  Rows rows;
  for (int condition = 0; condition < static_cast<int>(report.conditions.size()); ++condition) {
    const ConditionReport& c = report.conditions[condition];
    double kl = 0;
    for (const double step : report.difference.mean_kl.row(condition)) kl += step;
    rows.add(report.iteration, condition, nine_digits(kl), nine_digits(c.tv_bound), nine_digits(c.total_variation),
             nine_digits(c.cost_bound), nine_digits(c.predicted_cost), nine_digits(c.expected_global_cost),
             nine_digits(c.global_cost));
  }
  return rows.take();
}

std::string divergences_rows(const IterationReport& report) {
  Rows rows;
  for (int condition = 0; condition < static_cast<int>(report.conditions.size()); ++condition) {
    const auto mean = report.difference.mean_kl.row(condition), largest = report.difference.largest_kl.row(condition);
    for (int t = 0; t < static_cast<int>(mean.size()); ++t)
      rows.add(report.iteration, condition, t, nine_digits(mean[t]), nine_digits(largest[t]));
  }
  return rows.take();
}

std::string paths_rows(const IterationReport& report) {
  Rows rows;
  add_paths("local", report.iteration, report.local_paths, rows);
  add_paths("global", report.iteration, report.global_paths, rows);
  return rows.take();
}

}  // namespace mdgps
