#pragma once
/// A run's whole configuration.

#include <filesystem>
#include <map>
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

/// Of a run's document the values, by their keys, that decide what it computes: neither its description, nor its
/// device, nor the model's place, nor the tables of other methods, nor how many iterations it has, but where the
/// method's weights follow their planned number.
std::map<std::string, std::string> deciding_values(const ConfigReader& config);

/// A key as people name it: "kl_step" for "algorithm.kl_step".
std::string short_key(const std::string& key);

/// A value of a configuration without the quotes of a string.
std::string word(const std::string& value);

}  // namespace mdgps
