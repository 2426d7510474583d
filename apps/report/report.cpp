#include "apps/report/report.hpp"

#include <cmath>
#include <cstdio>
#include <embedded/chart_js.hpp>
#include <embedded/comparison_js.hpp>
#include <embedded/dom_js.hpp>
#include <embedded/page_js.hpp>
#include <embedded/paths_js.hpp>
#include <embedded/run_js.hpp>
#include <embedded/sections_js.hpp>
#include <map>
#include <stdexcept>

#include "apps/report/page.hpp"
#include "apps/report/run_folder.hpp"

namespace mdgps::report {
namespace {

using nlohmann::json;

/// A member of an object, or null where there is none.
json member(const json& object, const char* key) {
  return object.is_object() && object.contains(key) ? object[key] : json();
}

std::string number_text(const json& value) {
  if (!value.is_number()) return "";
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value.get<double>());
  return text;
}

/// The final results as a plain table, for readers without scripts.
std::string results_table(const json& runs) {
  std::string table = "<table><tr><th>run<th>task<th>mean final distance<th>success\n";
  for (const auto& run : runs) {
    const json task = member(run["summary"], "task"), final_results = member(run["summary"], "final");
    table += "<tr><td>" + html_escaped(run["name"].get<std::string>()) + "<td>" +
             (task.is_string() ? html_escaped(task.get<std::string>()) : "") + "<td>" +
             number_text(member(final_results, "mean_distance")) + "<td>" +
             number_text(member(final_results, "success")) + "\n";
  }
  return table + "</table>";
}

/// Folders of the same name are told apart by their paths as the user gave them.
void name_apart(json& data, std::span<const std::filesystem::path> folders) {
  std::map<std::string, int> times;
  for (const auto& run : data) ++times[run["name"].get<std::string>()];
  for (std::size_t i = 0; i < data.size(); ++i)
    if (times[data[i]["name"].get<std::string>()] > 1) data[i]["name"] = folders[i].lexically_normal().string();
}

}  // namespace

void write_report(std::span<const std::filesystem::path> runs, const std::filesystem::path& output) {
  json data = json::array();
  for (const auto& folder : runs) data.push_back(read_run(folder));
  name_apart(data, runs);
  std::string title;
  for (const auto& run : data) title += (title.empty() ? "" : ", ") + run["name"].get<std::string>();
  const std::string_view scripts[] = {embedded::dom_js, embedded::chart_js,    embedded::paths_js,
                                      embedded::run_js, embedded::sections_js, embedded::comparison_js,
                                      embedded::page_js};
  write_page(output, "mdgps: " + title, results_table(data), data, scripts);
}

}  // namespace mdgps::report
