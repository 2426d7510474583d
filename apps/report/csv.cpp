#include "apps/report/csv.hpp"

#include <charconv>
#include <fstream>
#include <limits>
#include <stdexcept>

namespace mdgps::report {
namespace {

std::string_view trimmed(std::string_view s) {
  constexpr std::string_view blanks = " \t\r";
  const auto first = s.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return s.substr(first, s.find_last_not_of(blanks) - first + 1);
}

std::vector<std::string> split(std::string_view line) {
  std::vector<std::string> fields;
  for (;;) {
    const auto comma = line.find(',');
    fields.emplace_back(trimmed(line.substr(0, comma)));
    if (comma == std::string_view::npos) return fields;
    line.remove_prefix(comma + 1);
  }
}

}  // namespace

CsvTable::CsvTable(const std::filesystem::path& file) : file_(file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error(file.string() + ": cannot be read; is this the folder of a training run?");
  std::string line;
  if (!std::getline(in, line) || trimmed(line).empty())
    throw std::runtime_error(file.string() + ":1: is empty where the line of column names should be");
  header_ = split(line);
  for (std::size_t number = 2; std::getline(in, line); ++number) {
    if (trimmed(line).empty()) continue;
    auto fields = split(line);
    if (fields.size() != header_.size())
      throw std::runtime_error(file.string() + ":" + std::to_string(number) + ": has " + std::to_string(fields.size()) +
                               " fields, the header has " + std::to_string(header_.size()) +
                               "; remove the line if the run was cut off while writing it");
    rows_.push_back(std::move(fields));
    lines_.push_back(number);
  }
}

std::size_t CsvTable::index_of(std::string_view column) const {
  for (std::size_t i = 0; i < header_.size(); ++i)
    if (header_[i] == column) return i;
  throw std::runtime_error(file_.string() + ":1: has no column '" + std::string(column) +
                           "'; was it written by another version of mdgps?");
}

std::vector<std::string> CsvTable::text(std::string_view column) const {
  const auto index = index_of(column);
  std::vector<std::string> values;
  values.reserve(rows_.size());
  for (const auto& row : rows_) values.push_back(row[index]);
  return values;
}

std::vector<double> CsvTable::numbers(std::string_view column) const {
  const auto index = index_of(column);
  std::vector<double> values;
  values.reserve(rows_.size());
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const std::string& field = rows_[i][index];
    double value = std::numeric_limits<double>::quiet_NaN();
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    // A number too large or too small for a double keeps NaN: the page leaves a gap there.
    const bool is_number = error != std::errc::invalid_argument && end == field.data() + field.size();
    if (!field.empty() && !is_number)
      throw std::runtime_error(file_.string() + ":" + std::to_string(lines_[i]) + ": column '" + std::string(column) +
                               "' holds '" + field + "', which is not a number");
    values.push_back(value);
  }
  return values;
}

}  // namespace mdgps::report
