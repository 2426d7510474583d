#include "mdgps/algorithm/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace mdgps {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file, const char* what) {
  throw std::runtime_error(file.string() + ": " + what + ": " + std::strerror(errno));
}

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& file, int flags) : file_(file), number_(::open(file.c_str(), flags, 0666)) {
    if (number_ < 0) fail(file, "cannot be opened");
  }
  Descriptor(const Descriptor&) = delete;
  ~Descriptor() { ::close(number_); }

  void write(std::string_view text) const {
    while (!text.empty()) {
      const auto written = ::write(number_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail(file_, "cannot be written");
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void sync() const {
    // Some file systems cannot sync a folder, and say so by EINVAL.
    if (::fsync(number_) != 0 && errno != EINVAL) fail(file_, "cannot be written");
  }

 private:
  std::filesystem::path file_;
  int number_;
};

void sync(const std::filesystem::path& path) { Descriptor(path, O_RDONLY | O_CLOEXEC).sync(); }

std::filesystem::path folder_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

}  // namespace

void write_file(const std::filesystem::path& file, std::string_view text) {
  auto temporary = file;
  temporary += ".new";
  Descriptor(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC).write(text);
  publish(temporary, file);
}

void append_file(const std::filesystem::path& file, std::string_view text) {
  const Descriptor descriptor(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC);
  descriptor.write(text);
  descriptor.sync();
}

void publish(const std::filesystem::path& temporary, const std::filesystem::path& final_name) {
  if (std::filesystem::is_directory(temporary)) {
    for (const auto& entry : std::filesystem::directory_iterator(temporary)) sync(entry.path());
  }
  sync(temporary);
  if (::rename(temporary.c_str(), final_name.c_str()) != 0) fail(final_name, "cannot be written");
  sync(folder_of(final_name));
}

std::string read_text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) fail(file, "cannot be read");
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace mdgps
