#include "apps/report/run_folder.hpp"

#include <array>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "apps/report/base64.hpp"
#include "apps/report/csv.hpp"

namespace mdgps::report {
namespace {

using nlohmann::json;

constexpr std::array metric_columns = {"iteration",      "condition",       "local_cost",       "global_cost",
                                       "local_distance", "global_distance", "step_size",        "global_success",
                                       "dual",           "kl_divergence",   "dual_evaluations", "predicted_cost",
                                       "tv_bound",       "cost_bound",      "rollout_seconds",  "fit_seconds",
                                       "c_step_seconds", "s_step_seconds"};

/// A page with more points than this is slow to open; beyond it, the paths of some iterations are left out.
constexpr std::size_t most_path_points = 200'000;

std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error(file.string() + ": cannot be read; is this the folder of a training run?");
  return {std::istreambuf_iterator<char>(in), {}};
}

json read_json(const std::filesystem::path& file) {
  try {
    return json::parse(read_text(file));
  } catch (const json::parse_error& error) {
    throw std::runtime_error(file.string() + ": is not JSON (" + error.what() + ")");
  }
}

json read_metrics(const std::filesystem::path& file) {
  const CsvTable table(file);
  json metrics;
  for (const auto* column : metric_columns) metrics[column] = table.numbers(column);
  metrics["status"] = table.text("status");
  return metrics;
}

/// The columns of bounds.csv that metrics.csv lacks, beside those; its rows are the same.
void add_bounds(const std::filesystem::path& file, json& metrics) {
  const CsvTable table(file);
  if (json(table.numbers("iteration")) != metrics["iteration"] ||
      json(table.numbers("condition")) != metrics["condition"])
    throw std::runtime_error(file.string() + ": has not the rows of metrics.csv");
  for (const auto* column : {"policy_kl", "total_variation", "expected_global_cost"})
    metrics[column] = table.numbers(column);
}

/// Mean divergence over the conditions, by iteration and step.
json read_divergences(const std::filesystem::path& file) {
  const CsvTable table(file);
  const auto iteration = table.numbers("iteration"), step = table.numbers("step"), kl = table.numbers("mean_kl");
  std::map<double, std::map<double, std::pair<double, int>>> sums;
  for (std::size_t i = 0; i < table.rows(); ++i) {
    auto& [sum, count] = sums[iteration[i]][step[i]];
    sum += kl[i];
    ++count;
  }
  json all = json::array();
  for (const auto& [k, steps] : sums) {
    json values = json::array();
    for (const auto& [t, entry] : steps) values.push_back(entry.first / entry.second);
    all.push_back({{"iteration", k}, {"kl", values}});
  }
  return all;
}

/// A tenth of a millimetre in a hundred: finer than a screen shows, and short in the page.
double rounded(double metres) { return std::round(metres * 1e5) / 1e5; }

/// The iterations whose paths are drawn: all, or every second, fourth, ... counted back from the last.
std::set<double> kept_iterations(const std::vector<double>& iteration) {
  std::set<double> kept(iteration.begin(), iteration.end());
  for (std::size_t points = iteration.size(); points > most_path_points; points /= 2) {
    std::size_t from_last = 0;
    for (auto it = kept.end(); it != kept.begin();)
      if (--it; from_last++ % 2 == 1) it = kept.erase(it);
  }
  return kept;
}

json read_paths(const std::filesystem::path& file) {
  const CsvTable table(file);
  const auto iteration = table.numbers("iteration");
  const auto condition = table.numbers("condition");
  const auto source = table.text("source");
  const auto x = table.numbers("x"), y = table.numbers("y"), z = table.numbers("z");
  const auto distance = table.numbers("distance");
  table.text("step");  // rows are in the order of their steps; the column itself must be there

  const auto kept = kept_iterations(iteration);
  std::map<std::tuple<double, double, std::string>, json> paths;
  for (std::size_t i = 0; i < table.rows(); ++i) {
    if (!kept.contains(iteration[i])) continue;
    json& path = paths[{iteration[i], condition[i], source[i]}];
    if (path.is_null())
      path = {{"iteration", iteration[i]},
              {"condition", condition[i]},
              {"source", source[i]},
              {"points", json::array()},
              {"distance", json::array()}};
    for (const double v : {x[i], y[i], z[i]}) path["points"].push_back(rounded(v));
    path["distance"].push_back(rounded(distance[i]));
  }
  json all = json::array();
  for (auto& [key, path] : paths) all.push_back(std::move(path));
  return all;
}

/// What `mdgps render` left in the folder, if anything.
json read_pictures(const std::filesystem::path& folder) {
  json pictures = json::array();
  for (const auto& [file, type] : {std::pair{"film.webp", "image/webp"}, std::pair{"picture.png", "image/png"}}) {
    if (std::filesystem::exists(folder / file))
      pictures.push_back({{"type", type}, {"base64", base64(read_text(folder / file))}});
  }
  return pictures;
}

}  // namespace

json read_run(const std::filesystem::path& folder) {
  if (!std::filesystem::is_directory(folder))
    throw std::runtime_error(folder.string() + ": is not a folder; give the --output folder of `mdgps train`");
  const auto resolved = std::filesystem::weakly_canonical(folder);
  json run;
  run["name"] = resolved.filename().string();
  run["summary"] = read_json(folder / "summary.json");
  if (!run["summary"].is_object())
    throw std::runtime_error((folder / "summary.json").string() + ": holds no JSON object");
  run["config"] = read_text(folder / "config.toml");
  run["metrics"] = read_metrics(folder / "metrics.csv");
  if (const auto bounds = folder / "bounds.csv"; std::filesystem::exists(bounds)) add_bounds(bounds, run["metrics"]);
  const auto divergences = folder / "divergences.csv";
  run["divergences"] = std::filesystem::exists(divergences) ? read_divergences(divergences) : json::array();
  const auto paths = folder / "paths.csv", scene = folder / "scene.json";
  run["paths"] = std::filesystem::exists(paths) ? read_paths(paths) : json::array();
  run["scene"] = std::filesystem::exists(scene) ? read_json(scene) : json();
  run["pictures"] = read_pictures(folder);
  return run;
}

}  // namespace mdgps::report
