#include "apps/report/whole_file.hpp"

#include <fstream>
#include <stdexcept>
#include <system_error>

namespace mdgps::report {

void write_whole(const std::filesystem::path& file, std::string_view bytes) {
  auto unfinished = file;
  unfinished += ".unfinished";
  std::ofstream stream(unfinished, std::ios::binary);
  stream << bytes;
  stream.close();
  std::error_code error;
  if (stream) std::filesystem::rename(unfinished, file, error);
  if (!stream || error) {
    std::filesystem::remove(unfinished, error);
    throw std::runtime_error(file.string() + ": cannot be written; does its folder exist, is the disk full?");
  }
}

}  // namespace mdgps::report
