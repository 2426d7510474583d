#pragma once
/// The report of one or several training runs: a single page that opens offline.

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace mdgps::report {

/// Writes one HTML page, all of its style, script and data inside, about the runs in these folders.
/// An existing `output` is replaced once the new page is complete.
/// Throws std::runtime_error, one line, naming the file and what is missing or wrong in it.
void write_report(std::span<const std::filesystem::path> runs, const std::filesystem::path& output);

/// `text` as the content of an HTML element or attribute.
std::string html_escaped(std::string_view text);

}  // namespace mdgps::report
