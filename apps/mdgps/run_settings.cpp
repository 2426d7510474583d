#include "apps/mdgps/run_settings.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "apps/mdgps/commands.hpp"
#include "apps/mdgps/configuration.hpp"
#include "mdgps/simulation/config_reader.hpp"

namespace mdgps {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& file) {
  if (!fs::is_regular_file(file))
    throw UsageError(file.string() + ": the run's model is missing, by which runs are told apart; put it back");
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
  if (alike && table == "algorithm." + own.method + ".") return "";  // comes with the method
  if (alike) return "with " + table.substr(0, table.size() - 1);
  if (key == "model") return "model of " + own.folder.string();
  return short_key(key) + "=" + word(value);
}

std::string group_name(const RunSettings& own, const std::vector<const RunSettings*>& groups) {
  std::string name = own.task + ", " + own.method;
  std::set<std::string> said;
  for (const auto& [key, value] : own.values) {
    const auto text = difference(own, key, groups);
    if (!text.empty() && key != "run.method" && said.insert(text).second) name += ", " + text;
  }
  return name;
}

}  // namespace

RunSettings read_run_settings(const fs::path& folder) {
  const auto config = ConfigReader::open(folder / "config.toml");
  auto all = config.values();
  RunSettings settings{.folder = folder,
                       .task = word(all["name"]),
                       .method = word(all["run.method"]),
                       .seed = all["run.seed"],
                       .values = deciding_values(config)};
  settings.values.erase("run.seed");
  settings.values["model"] = content(folder / word(all["model"]));
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
