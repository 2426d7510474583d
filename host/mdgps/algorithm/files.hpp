#pragma once
/// Writing files so that a crash leaves the old content or the new, never a part. Private to the algorithm layer.
/// All throw std::runtime_error naming the file and the system's reason.

#include <filesystem>
#include <string_view>

namespace mdgps {

/// Replaces the file, or makes it.
void write_file(const std::filesystem::path& file, std::string_view text);

/// Adds to the end of the file; on return the text is on the disk.
void append_file(const std::filesystem::path& file, std::string_view text);

/// Puts a complete file or folder, with all files directly in it, on the disk and then gives it its final name. A file
/// of that name is replaced; a folder must not exist.
void publish(const std::filesystem::path& temporary, const std::filesystem::path& final_name);

std::string read_text(const std::filesystem::path& file);

}  // namespace mdgps
