#pragma once
/// Tables with a header line, as training writes them: fields split at commas, no quoting.

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mdgps::report {

class CsvTable {
 public:
  /// Reads a whole file. Throws std::runtime_error, one line naming file and line, when it cannot be read, has no
  /// header, or a row has another number of fields than the header.
  explicit CsvTable(const std::filesystem::path& file);

  std::size_t rows() const { return rows_.size(); }

  /// A column's fields as text. Throws std::runtime_error naming the file and the column that is missing.
  std::vector<std::string> text(std::string_view column) const;

  /// A column as numbers; an empty field is NaN, and `nan` and `inf` are understood.
  /// Throws std::runtime_error naming file, line and column where a field is no number.
  std::vector<double> numbers(std::string_view column) const;

 private:
  std::size_t index_of(std::string_view column) const;

  std::filesystem::path file_;
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::size_t> lines_;  ///< where each row stands in the file, from 1
};

}  // namespace mdgps::report
