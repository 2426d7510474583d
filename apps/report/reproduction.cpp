#include "apps/report/reproduction.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <embedded/chart_js.hpp>
#include <embedded/dom_js.hpp>
#include <embedded/reproduction_js.hpp>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "apps/report/csv.hpp"
#include "apps/report/page.hpp"

namespace mdgps::report {
namespace {

using nlohmann::json;

struct PaperRow {
  const char* task;
  int iteration;
  double percent[5];  ///< in the order of paper_methods
};
constexpr const char* paper_methods[] = {"badmm", "off-policy-classic", "off-policy-global", "on-policy-classic",
                                         "on-policy-global"};
/// [MDGPS Table 1]
constexpr PaperRow paper_table[] = {
    {"peg", 3, {0.00, 0.00, 0.00, 0.00, 0.00}},
    {"peg", 6, {51.85, 62.96, 22.22, 48.15, 33.33}},
    {"peg", 9, {51.85, 77.78, 74.07, 77.78, 81.48}},
    {"peg", 12, {77.78, 70.73, 92.59, 92.59, 85.19}},
    {"blind_peg", 3, {0.00, 0.00, 0.00, 0.00, 0.00}},
    {"blind_peg", 6, {50.00, 58.33, 25.00, 33.33, 25.00}},
    {"blind_peg", 9, {58.33, 75.00, 50.00, 58.33, 33.33}},
    {"blind_peg", 12, {75.00, 83.33, 91.67, 58.33, 58.33}},
};

/// Means over the conditions of each iteration.
struct RunCurve {
  std::vector<double> distance, success;
};

RunCurve read_curve(const std::filesystem::path& folder, int iterations) {
  const auto file = folder / "metrics.csv";
  const CsvTable table(file);
  const auto iteration = table.numbers("iteration"), distance = table.numbers("global_distance"),
             success = table.numbers("global_success");
  RunCurve curve;
  for (int k = 1; k <= iterations; ++k) {
    double distances = 0, successes = 0, conditions = 0, finished = 0;
    for (std::size_t row = 0; row < table.rows(); ++row) {
      if (iteration[row] != k) continue;
      if (std::isfinite(distance[row])) {  // a rollout that diverged has failed, but ended nowhere
        distances += distance[row];
        finished += 1;
      }
      successes += success[row];
      conditions += 1;
    }
    curve.distance.push_back(distances / finished);
    curve.success.push_back(conditions > 0 ? successes / conditions : 0.0);  // a run that broke off has failed since
  }
  return curve;
}

json read_summary(const std::filesystem::path& folder) {
  std::ifstream stream(folder / "summary.json");
  const json summary = json::parse(stream, nullptr, false);
  if (!summary.is_object()) throw std::runtime_error((folder / "summary.json").string() + ": holds no JSON object");
  return summary;
}

double mean(const std::vector<double>& values) {
  if (values.empty()) return NAN;
  double sum = 0;
  for (const double x : values) sum += x;
  return sum / static_cast<double>(values.size());
}

double deviation(const std::vector<double>& values) {
  if (values.size() < 2) return 0;
  double sum = 0;
  for (const double x : values) sum += (x - mean(values)) * (x - mean(values));
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

std::string text(const char* pattern, auto... values) {
  char buffer[160];
  std::snprintf(buffer, sizeof buffer, pattern, values...);
  return buffer;
}

std::string percent(double share) { return text("%.0f%%", 100 * share); }

void write(const std::filesystem::path& file, const std::string& content) {
  std::ofstream stream(file, std::ios::binary);
  stream << content << std::flush;
  if (!stream) throw std::runtime_error(file.string() + ": cannot be written; is the disk full?");
}

std::vector<std::string> tasks_of(const Reproduction& reproduction) {
  std::vector<std::string> tasks;
  for (const Curve& curve : reproduction.curves)
    if (std::ranges::find(tasks, curve.task) == tasks.end()) tasks.push_back(curve.task);
  return tasks;
}

/// Mean and deviation over the runs; one run has no deviation.
std::string final_distance(const Curve& curve) {
  const Statistics& last = curve.iterations.back();
  const auto mean = text("%.4f", last.mean_distance);
  return curve.final_distances.size() < 2 ? mean : mean + text(" +- %.4f", last.std_distance);
}

std::string plain_table(const Reproduction& reproduction) {
  return "<pre>" + html_escaped(table1_text(reproduction)) + "</pre>";
}

json page_data(const Reproduction& reproduction) {
  json tasks = json::array();
  for (const auto& name : tasks_of(reproduction)) {
    json curves = json::array();
    double fail_distance = 0;
    for (const Curve& curve : reproduction.curves) {
      if (curve.task != name) continue;
      fail_distance = curve.fail_distance;
      json data = {{"method", curve.method},
                   {"runs", curve.runs},
                   {"seconds", curve.seconds},
                   {"final_distances", curve.final_distances}};
      json table = json::array();
      for (const Statistics& s : curve.iterations) {
        data["distance"].push_back(s.mean_distance);
        data["distance_std"].push_back(s.std_distance);
        data["success"].push_back(s.mean_success);
        data["success_std"].push_back(s.std_success);
      }
      for (const int k : table_iterations(static_cast<int>(curve.iterations.size()))) {
        const auto paper = paper_success(name, curve.method, k);
        table.push_back({{"iteration", k}, {"paper", paper ? json(*paper) : json()}});
      }
      data["table"] = table;
      curves.push_back(data);
    }
    tasks.push_back({{"task", name}, {"fail_distance", fail_distance}, {"curves", curves}});
  }
  return tasks;
}

}  // namespace

Reproduction collect(std::span<const ReproducedRun> runs, int iterations) {
  Reproduction reproduction;
  std::vector<std::vector<RunCurve>> members;
  for (const ReproducedRun& run : runs) {
    auto at = std::ranges::find_if(
        reproduction.curves, [&](const Curve& curve) { return curve.task == run.task && curve.method == run.method; });
    if (at == reproduction.curves.end()) {
      reproduction.curves.emplace_back().task = run.task;
      reproduction.curves.back().method = run.method;
      members.emplace_back();
      at = std::prev(reproduction.curves.end());
    }
    const json summary = read_summary(run.folder);
    at->fail_distance = summary.value("fail_distance", 0.0);
    at->seconds += summary.value("/seconds/total"_json_pointer, 0.0);
    ++at->runs;
    members[at - reproduction.curves.begin()].push_back(read_curve(run.folder, iterations));
  }
  for (std::size_t c = 0; c < members.size(); ++c) {
    Curve& curve = reproduction.curves[c];
    curve.seconds /= curve.runs;
    for (int k = 0; k < iterations; ++k) {
      std::vector<double> distance, success;
      for (const RunCurve& run : members[c]) {
        if (std::isfinite(run.distance[k])) distance.push_back(run.distance[k]);
        success.push_back(run.success[k]);
      }
      curve.iterations.push_back({mean(distance), deviation(distance), mean(success), deviation(success)});
      if (k + 1 == iterations) curve.final_distances = distance;
    }
  }
  return reproduction;
}

std::optional<double> paper_success(const std::string& task, const std::string& method, int iteration) {
  for (const PaperRow& row : paper_table)
    for (std::size_t m = 0; m < std::size(paper_methods); ++m)
      if (task == row.task && iteration == row.iteration && method == paper_methods[m]) return row.percent[m] / 100;
  return {};
}

std::vector<int> table_iterations(int iterations) {
  std::vector<int> table;
  for (int k = 3; k <= iterations; k += 3) table.push_back(k);
  if (table.empty() || table.back() != iterations) table.push_back(iterations);
  return table;
}

std::string table1_text(const Reproduction& reproduction) {
  std::string table;
  for (const auto& task : tasks_of(reproduction)) {
    std::vector<const Curve*> curves;
    for (const Curve& curve : reproduction.curves)
      if (curve.task == task) curves.push_back(&curve);
    table += text("%-12s", task.c_str());
    for (const Curve* curve : curves) table += text("  %20s", curve->method.c_str());
    table += "\n";
    for (const int k : table_iterations(static_cast<int>(curves.front()->iterations.size()))) {
      table += text("iteration %-2d", k);
      for (const Curve* curve : curves) {
        const auto paper = paper_success(task, curve->method, k);
        const auto ours = percent(curve->iterations[k - 1].mean_success);
        table += text("  %20s", (paper ? ours + " (paper " + percent(*paper) + ")" : ours).c_str());
      }
      table += "\n";
    }
    table += text("%-12s", "distance");
    for (const Curve* curve : curves) table += text("  %20s", final_distance(*curve).c_str());
    table += "\n\n";
  }
  return table;
}

void write_tables(const Reproduction& reproduction, const std::filesystem::path& folder) {
  std::string table = "task,method,iteration,runs,success,success_std,paper_success\n";
  std::string figure = "task,method,iteration,runs,distance,distance_std\n";
  for (const Curve& curve : reproduction.curves) {
    const int iterations = static_cast<int>(curve.iterations.size());
    for (const int k : table_iterations(iterations)) {
      const Statistics& s = curve.iterations[k - 1];
      const auto paper = paper_success(curve.task, curve.method, k);
      table += text("%s,%s,%d,%d,%.4f,%.4f,", curve.task.c_str(), curve.method.c_str(), k, curve.runs, s.mean_success,
                    s.std_success) +
               (paper ? text("%.4f", *paper) : "") + "\n";
    }
    for (int k = 1; k <= iterations; ++k) {
      const Statistics& s = curve.iterations[k - 1];
      figure += text("%s,%s,%d,%d,%.6f,%.6f\n", curve.task.c_str(), curve.method.c_str(), k, curve.runs,
                     s.mean_distance, s.std_distance);
    }
  }
  write(folder / "table1.csv", table);
  write(folder / "figure1.csv", figure);
  const std::string_view scripts[] = {embedded::dom_js, embedded::chart_js, embedded::reproduction_js};
  write_page(folder / "report.html", "mdgps: the paper reproduced", plain_table(reproduction), page_data(reproduction),
             scripts);
}

}  // namespace mdgps::report
