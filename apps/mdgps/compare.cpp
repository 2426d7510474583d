// mdgps compare

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/mdgps/commands.hpp"
#include "apps/mdgps/output_file.hpp"
#include "apps/mdgps/run_settings.hpp"
#include "apps/report/comparison_picture.hpp"
#include "apps/report/run_folder.hpp"

namespace mdgps {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::vector<fs::path> folders;
  fs::path output = "comparison.svg";
  bool as_json = false;
};

/// Of each iteration, from 1, the values of the conditions.
using Scores = std::vector<std::vector<double>>;

Scores by_iteration(const nlohmann::json& metrics, const char* column) {
  Scores scores;
  for (std::size_t row = 0; row < metrics.at("iteration").size(); ++row) {
    const auto iteration = metrics.at("iteration")[row].get<std::size_t>();
    if (scores.size() < iteration) scores.resize(iteration);
    scores[iteration - 1].push_back(metrics.at(column)[row].get<double>());
  }
  return scores;
}

/// The estimates of each iteration that all runs reached.
std::vector<report::Estimate> estimates(const std::vector<Scores>& runs) {
  std::size_t iterations = runs.front().size();
  for (const Scores& run : runs) iterations = std::min(iterations, run.size());
  std::vector<report::Estimate> list;
  for (std::size_t k = 0; k < iterations; ++k) {
    std::vector<std::vector<double>> scores;
    for (const Scores& run : runs) scores.push_back(run[k]);
    list.push_back(report::estimate(scores));
  }
  return list;
}

nlohmann::ordered_json as_json(const report::Estimate& estimate) {
  return {{"interquartile_mean", estimate.value}, {"low", estimate.low}, {"high", estimate.high}};
}

/// Runs that differ in the seed alone.
struct Runs {
  std::vector<RunSettings> settings;
  std::vector<Scores> distance, success;
};

/// A run that is counted twice makes an interval too narrow.
void check_apart(const std::vector<RunSettings>& group, const RunSettings& run) {
  for (const auto& other : group) {
    if (fs::equivalent(other.folder, run.folder))
      throw UsageError(run.folder.string() + ": is given twice" +
                       (other.folder == run.folder ? "" : ", also as " + other.folder.string()) + "; give it once");
    if (other.seed == run.seed)
      throw UsageError(run.folder.string() + ": has the settings of " + other.folder.string() + " and its seed " +
                       run.seed + ", so that they are no independent runs; give one of them");
  }
}

std::vector<Runs> read_groups(const std::vector<fs::path>& folders) {
  std::vector<Runs> groups;
  for (const auto& folder : folders) {
    if (!fs::is_regular_file(folder / "summary.json"))
      throw UsageError(folder.string() +
                       ": is not the folder of a run with results; give the --output of `mdgps train`");
    const auto settings = read_run_settings(folder);
    auto at =
        std::ranges::find_if(groups, [&](const Runs& runs) { return runs.settings.front().values == settings.values; });
    if (at == groups.end()) at = groups.emplace(at);
    check_apart(at->settings, settings);
    at->settings.push_back(settings);
    const auto metrics = report::read_run(folder).at("metrics");
    at->distance.push_back(by_iteration(metrics, "global_distance"));
    at->success.push_back(by_iteration(metrics, "global_success"));
  }
  return groups;
}

std::vector<report::Group> estimated(const std::vector<Runs>& groups) {
  std::vector<RunSettings> settings;
  for (const Runs& runs : groups) settings.push_back(runs.settings.front());
  const auto names = group_names(settings);
  std::vector<report::Group> list;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const auto& [runs, distance, success] = groups[g];
    list.push_back({names[g], static_cast<int>(runs.size()), estimates(distance), estimates(success)});
  }
  return list;
}

/// What is wrong with the arguments comes before the work.
void check_output(const fs::path& output) {
  if (output.extension() != ".svg")
    throw UsageError(output.string() + ": its ending does not say .svg, which the picture is; choose another --output");
  check_folder_of(output);
}

int compare(const Arguments& arguments) {
  check_output(arguments.output);
  const auto groups = estimated(read_groups(arguments.folders));
  std::ofstream picture(arguments.output);
  picture << report::comparison_svg(groups);
  picture.close();
  if (!picture) throw UsageError(arguments.output.string() + ": cannot be written; choose another --output");

  auto json = nlohmann::ordered_json::array();
  if (!arguments.as_json) {
    std::printf(
        "interquartile means over runs and conditions after the last iteration that all runs of a group have,\n"
        "with 95%% bootstrap intervals over runs\n\n%5s %5s  %-28s %-24s %s\n",
        "runs", "after", "distance, m", "success", "");
  }
  for (const report::Group& group : groups) {
    const auto &distance = group.distance.back(), &success = group.success.back();
    if (arguments.as_json) {
      json.push_back({{"name", group.name},
                      {"runs", group.runs},
                      {"iterations", group.distance.size()},
                      {"distance", as_json(distance)},
                      {"success", as_json(success)}});
      continue;
    }
    std::printf("%5d %5zu  %.4f [%.4f, %.4f]     %3.0f%% [%.0f%%, %.0f%%]        %s\n", group.runs,
                group.distance.size(), distance.value, distance.low, distance.high, 100 * success.value,
                100 * success.low, 100 * success.high, group.name.c_str());
  }
  if (arguments.as_json) {
    std::printf("%s\n", json.dump(2).c_str());
  } else {
    std::printf("\npicture  %s\n", arguments.output.c_str());
  }
  return 0;
}

}  // namespace

Command add_compare(CLI::App& program) {
  auto* app = program.add_subcommand(
      "compare", "Compare groups of runs that differ in more than their seed: interquartile means with intervals.");
  const auto a = std::make_shared<Arguments>();
  app->add_option("DIR", a->folders, "Folders of runs; those that differ in the seed alone form a group")
      ->required()
      ->type_name("");
  app->add_option("--output", a->output, "Picture of the groups' curves, an SVG")
      ->type_name("FILE.svg")
      ->capture_default_str();
  app->add_flag("--json", a->as_json, "Print a JSON array");
  app->footer(
      "Runs of a group have the same model and config.toml, but for seed, device, description, other methods' tables\n"
      "and the number of iterations, unless badmm's weight_rule follows it. A group's name says what it has that most\n"
      "groups of its task have not. Two of a group with one seed are refused.\n"
      "Example: mdgps compare runs/peg-*");
  return {app, [a] { return compare(*a); }};
}

}  // namespace mdgps
