#include "apps/mdgps/configuration.hpp"

namespace mdgps {

Configuration::Configuration(const std::filesystem::path& file, std::vector<std::string> changes, int iterations) {
  if (iterations > 0) changes.push_back("algorithm.iterations=" + std::to_string(iterations));
  task = load_task(file, changes);
  run = read_run_options(task.config);
  settings = read_settings(task.algorithm, method_named(run.method));
}

std::vector<ConfigDifference> settings_differences(const Task& a, const Task& b) {
  auto differences = a.config.differences(b.config);
  std::erase_if(differences, [](const auto& difference) { return difference.key == "model"; });
  return differences;
}

}  // namespace mdgps
