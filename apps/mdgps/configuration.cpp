#include "apps/mdgps/configuration.hpp"

namespace mdgps {

Configuration::Configuration(const std::filesystem::path& file, std::vector<std::string> changes, int iterations) {
  if (iterations > 0) changes.push_back("algorithm.iterations=" + std::to_string(iterations));
  task = load_task(file, changes);
  run = read_run_options(task.config);
  settings = read_settings(task.algorithm, method_named(run.method));
}

std::map<std::string, std::string> deciding_values(const ConfigReader& config) {
  auto values = config.values();
  const auto method = word(values["run.method"]), rule = word(values["algorithm.badmm.weight_rule"]);
  for (const char* key : {"run.device", "description", "model"}) values.erase(key);
  for (const auto name : method_names)
    if (name != method)
      std::erase_if(values,
                    [&](const auto& entry) { return entry.first.starts_with("algorithm." + std::string(name) + "."); });
  const bool iterations_count = method == "badmm" && rule != "spread";
  if (!iterations_count) values.erase("algorithm.iterations");
  return values;
}

std::string short_key(const std::string& key) {
  const std::string algorithm = "algorithm.";
  return key.starts_with(algorithm) ? key.substr(algorithm.size()) : key;
}

std::string word(const std::string& value) {
  return value.size() > 1 && (value.front() == '"' || value.front() == '\'') ? value.substr(1, value.size() - 2)
                                                                             : value;
}

}  // namespace mdgps
