#pragma once
/// The report of one or several training runs: a single page that opens offline.

#include <filesystem>
#include <span>

namespace mdgps::report {

/// Writes one HTML page, all of its style, script and data inside, about the runs in these folders.
/// An existing `output` is replaced once the new page is complete.
/// Throws std::runtime_error, one line, naming the file and what is missing or wrong in it.
void write_report(std::span<const std::filesystem::path> runs, const std::filesystem::path& output);

}  // namespace mdgps::report
