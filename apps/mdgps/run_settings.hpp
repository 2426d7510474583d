#pragma once
/// What runs were made with, and what tells groups of them apart.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace mdgps {

struct RunSettings {
  std::filesystem::path folder;
  std::string task, method, seed;

  /// deciding_values() without the seed; the model's is its file's content.
  std::map<std::string, std::string> values;
};

/// Reads a run's config.toml and model. Throws ConfigError where the configuration is missing or no TOML, UsageError
/// where the model is missing.
RunSettings read_run_settings(const std::filesystem::path& folder);

/// A name for each group of runs, given by one of its runs: task, method, and what differs between the groups of a
/// task, "peg, mdgps, samples=8, with cost.2".
std::vector<std::string> group_names(const std::vector<RunSettings>& groups);

}  // namespace mdgps
