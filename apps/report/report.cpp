#include "apps/report/report.hpp"

#include <cmath>
#include <cstdio>
#include <embedded/chart_js.hpp>
#include <embedded/comparison_js.hpp>
#include <embedded/dom_js.hpp>
#include <embedded/page_html.hpp>
#include <embedded/page_js.hpp>
#include <embedded/paths_js.hpp>
#include <embedded/run_js.hpp>
#include <embedded/sections_js.hpp>
#include <embedded/style_css.hpp>
#include <fstream>
#include <map>
#include <stdexcept>

#include "apps/report/run_folder.hpp"

namespace mdgps::report {
namespace {

using nlohmann::json;

/// Replaces each {{name}} of the page. What is put in is not looked at again, so that nothing in a run's files is taken
/// for a name.
std::string filled(std::string_view page, const std::map<std::string_view, std::string>& values) {
  std::string result;
  while (true) {
    const auto open = page.find("{{");
    result += page.substr(0, open);
    if (open == std::string_view::npos) return result;
    const auto close = page.find("}}", open);
    result += values.at(page.substr(open + 2, close - open - 2));
    page.remove_prefix(close + 2);
  }
}

/// JSON that is safe inside a script element: the parser of HTML sees no tag or comment begin in it.
std::string script_json(const json& data) {
  std::string result;
  for (const char c : data.dump(-1, ' ', false, json::error_handler_t::replace))
    if (c == '<')
      result += "\\u003c";
    else
      result += c;
  return result;
}

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

void write_whole(const std::filesystem::path& output, const std::string& text) {
  auto unfinished = output;
  unfinished += ".unfinished";
  std::ofstream out(unfinished, std::ios::binary);
  out << text << std::flush;
  if (!out) throw std::runtime_error(output.string() + ": cannot be written; does its folder exist, is the disk full?");
  out.close();
  std::filesystem::rename(unfinished, output);
}

}  // namespace

std::string html_escaped(std::string_view text) {
  std::string result;
  for (const char c : text) switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  return result;
}

void write_report(std::span<const std::filesystem::path> runs, const std::filesystem::path& output) {
  json data = json::array();
  for (const auto& folder : runs) data.push_back(read_run(folder));
  name_apart(data, runs);
  std::string title;
  for (const auto& run : data) title += (title.empty() ? "" : ", ") + run["name"].get<std::string>();
  std::string script;
  for (const auto part : {embedded::dom_js, embedded::chart_js, embedded::paths_js, embedded::run_js,
                          embedded::sections_js, embedded::comparison_js, embedded::page_js})
    script += part;
  write_whole(output, filled(embedded::page_html, {{"title", html_escaped("mdgps: " + title)},
                                                   {"style", std::string(embedded::style_css)},
                                                   {"results", results_table(data)},
                                                   {"data", script_json(data)},
                                                   {"script", script}}));
}

}  // namespace mdgps::report
