#include "apps/report/page.hpp"

#include <embedded/page_html.hpp>
#include <embedded/style_css.hpp>
#include <map>

#include "apps/report/whole_file.hpp"

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

void write_page(const std::filesystem::path& output, const std::string& title, const std::string& without_scripts,
                const json& data, std::span<const std::string_view> scripts) {
  std::string script;
  for (const auto part : scripts) script += part;
  write_whole(output, filled(embedded::page_html, {{"title", html_escaped(title)},
                                                   {"style", std::string(embedded::style_css)},
                                                   {"results", without_scripts},
                                                   {"data", script_json(data)},
                                                   {"script", script}}));
}

}  // namespace mdgps::report
