#pragma once
/// A run's whole configuration.

#include <filesystem>
#include <string>
#include <vector>

#include "apps/mdgps/run_options.hpp"
#include "mdgps/algorithm/settings.hpp"
#include "mdgps/simulation/task.hpp"

namespace mdgps {

/// A task file with everything read from it.
struct Configuration {
  Task task;
  RunOptions run;
  Settings settings;

  /// changes      "key.path=value", as in ConfigReader::open
  /// iterations   0: as the file says
  /// Throws ConfigError where a key is unknown or a value does not do.
  Configuration(const std::filesystem::path& file, std::vector<std::string> changes, int iterations);
};

/// The keys under which two tasks' documents differ, but for the model's place: a run has a copy of its own.
std::vector<ConfigDifference> settings_differences(const Task& a, const Task& b);

}  // namespace mdgps
