#pragma once
/// Files that appear under their names only when they are complete.

#include <filesystem>
#include <string_view>

namespace mdgps::report {

/// Makes or replaces the file. Throws std::runtime_error naming it; nothing unfinished is left then.
void write_whole(const std::filesystem::path& file, std::string_view bytes);

}  // namespace mdgps::report
