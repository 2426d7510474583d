#pragma once
/// Where a command writes the file that --output names.

#include <filesystem>

#include "apps/mdgps/commands.hpp"

namespace mdgps {

/// Throws UsageError where the file's folder is not there: what is wrong with the arguments comes before the work.
inline void check_folder_of(const std::filesystem::path& output) {
  const auto folder = output.parent_path();
  if (!folder.empty() && !std::filesystem::is_directory(folder))
    throw UsageError(folder.string() + ": is not a folder; make it first or choose another --output");
}

}  // namespace mdgps
