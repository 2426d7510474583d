#include "apps/mdgps/run_settings.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "mdgps/algorithm/settings.hpp"
#include "mdgps/simulation/config_reader.hpp"

namespace mdgps {
namespace {

namespace fs = std::filesystem;

/// A value of a configuration without the quotes of a string.
std::string word(const std::string& value) {
  return value.size() > 1 && (value.front() == '"' || value.front() == '\'') ? value.substr(1, value.size() - 2)
                                                                             : value;
}

std::string content(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// `table` ends with a dot.
bool has_table(const RunSettings& settings, const std::string& table) {
  const auto at = settings.values.lower_bound(table);
  return at != settings.values.end() && at->first.starts_with(table);
}

/// The outermost table round the key that one of the groups lacks, with its dot; or "".
std::string missing_table(const std::string& key, const std::vector<const RunSettings*>& groups) {
  for (auto dot = key.find('.'); dot != std::string::npos; dot = key.find('.', dot + 1)) {
    const auto table = key.substr(0, dot + 1);
    if (!std::ranges::all_of(groups, [&](const auto* group) { return has_table(*group, table); })) return table;
  }
  return "";
}

/// Whether all groups have the key, and more than half of them this value: not worth a word.
bool usual(const std::string& key, const std::string& value, const std::vector<const RunSettings*>& groups) {
  if (!std::ranges::all_of(groups, [&](const auto* group) { return group->values.contains(key); })) return false;
  return 2 * std::ranges::count_if(groups, [&](const auto* group) { return group->values.at(key) == value; }) >
         std::ssize(groups);
}

/// What an entry of a group says of it beside the others: "samples=8"; "with cost.2" where others have no such table;
/// or nothing.
std::string difference(const RunSettings& own, const std::string& key, const std::vector<const RunSettings*>& groups) {
  const auto& value = own.values.at(key);
  if (usual(key, value, groups)) return "";
  const auto table = missing_table(key, groups);
  const bool alike = std::ranges::all_of(groups, [&](const auto* group) {
    if (!table.empty() && !has_table(*group, table)) return true;
    const auto at = group->values.find(key);
    return at != group->values.end() && at->second == value;
  });
  const std::string algorithm = "algorithm.";
  if (alike && table == algorithm + own.method + ".") return "";  // comes with the method
  if (alike) return "with " + table.substr(0, table.size() - 1);
  if (key == "model") return "model of " + own.folder.string();
  return (key.starts_with(algorithm) ? key.substr(algorithm.size()) : key) + "=" + word(value);
}

std::string group_name(const RunSettings& own, const std::vector<const RunSettings*>& groups) {
  std::string name = own.task + ", " + own.method, last;
  for (const auto& [key, value] : own.values) {
    const auto text = difference(own, key, groups);
    if (text.empty() || text == last || key == "run.method") continue;
    name += ", " + text;
    last = text;
  }
  return name;
}

}  // namespace

RunSettings read_run_settings(const fs::path& folder) {
  const auto config = ConfigReader::open(folder / "config.toml");
  RunSettings settings{.folder = folder, .task = {}, .method = {}, .values = config.values()};
  auto& values = settings.values;
  settings.task = word(values["name"]);
  settings.method = word(values["run.method"]);
  settings.seed = values["run.seed"];
  for (const char* key : {"run.seed", "run.device", "description"}) values.erase(key);
  for (const auto name : method_names)
    if (name != settings.method)
      std::erase_if(values,
                    [&](const auto& entry) { return entry.first.starts_with("algorithm." + std::string(name) + "."); });
  // These weights follow the share of the planned iterations; elsewhere a run of fewer is the beginning of one.
  const auto rule = values.find("algorithm.badmm.weight_rule");
  if (rule == values.end() || word(rule->second) == "spread") values.erase("algorithm.iterations");
  values["model"] = content(folder / word(values["model"]));
  return settings;
}

std::vector<std::string> group_names(const std::vector<RunSettings>& groups) {
  std::vector<std::string> names;
  for (const auto& own : groups) {
    std::vector<const RunSettings*> of_task;
    for (const auto& group : groups)
      if (group.task == own.task) of_task.push_back(&group);
    names.push_back(group_name(own, of_task));
  }
  return names;
}

}  // namespace mdgps
