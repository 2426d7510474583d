#pragma once
/// A self-contained page: data and scripts in one file.

#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

namespace mdgps::report {

/// Writes page.html with the scripts, which find `data` in the element of id "data" and build the page in the one of id
/// "report". `without_scripts` is HTML for readers without them.
/// Throws std::runtime_error where the file cannot be written.
void write_page(const std::filesystem::path& output, const std::string& title, const std::string& without_scripts,
                const nlohmann::json& data, std::span<const std::string_view> scripts);

/// `text` as the content of an HTML element or attribute.
std::string html_escaped(std::string_view text);

}  // namespace mdgps::report
