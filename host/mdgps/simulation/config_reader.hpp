#pragma once
/// Reads TOML with errors that say where and what to do.

#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "mdgps/solver/export.hpp"

namespace mdgps {

/// A mistake in a user's file. what() is one line: `FILE:LINE: what is wrong; what to do`.
class MDGPS_API ConfigError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// A key under which two documents have different values, in TOML; "none" stands for no value.
struct ConfigDifference {
  std::string key;  ///< its path, as an override names it
  std::string value, other;
};

/// A table of a TOML document. Copies refer to the same table.
///
/// Keys that are asked for are known keys; `finish` reports any others. Defaults of missing optional keys are written
/// into the document, so that `text` gives the resolved configuration.
class MDGPS_API ConfigReader {
 public:
  ConfigReader();  ///< an empty document

  /// Reads a file and applies overrides `key.path=value`, whose value is TOML or, failing that, a string. A number in
  /// the path picks an element of an array: `cost.0.l1=1`.
  /// Throws ConfigError where the file is missing, is not TOML, or an override does not fit.
  static ConfigReader open(const std::filesystem::path& file, std::span<const std::string> overrides = {});

  bool has(std::string_view key) const;

  /// @name Values. T: bool, int, std::int64_t, double, std::string, or a std::vector of int, double or std::string.
  /// A whole number is a fine double. Throw ConfigError where the type differs or a required key is missing.
  /// @{
  template <class T>
  T required(std::string_view key) const;
  template <class T>
  T optional(std::string_view key, const T& default_value) const;
  /// @}

  /// A word out of a list.
  std::string choice(std::string_view key, std::string_view default_value,
                     std::initializer_list<std::string_view> choices) const;

  /// `count` numbers; one number alone stands for all of them.
  std::vector<double> numbers(std::string_view key, std::size_t count, double default_value) const;

  /// The table under a key; where it is missing, an empty one.
  ConfigReader child(std::string_view key) const;

  /// The tables of an array of tables, which may be missing.
  std::vector<ConfigReader> children(std::string_view key) const;

  /// Reports keys of this table that nobody asked for, naming the nearest known one. Throws ConfigError.
  void finish() const;

  /// Throws ConfigError at the line of `key`, or of this table where it has no such key.
  [[noreturn]] void fail(std::string_view key, const std::string& message) const;

  /// Sets a string, for what a run changes in its own copy (the model's place).
  void set(std::string_view key, const std::string& value) const;

  /// Every value of the whole document in TOML on one line, by its path as an override names it ("cost.0.l1"). 2 and
  /// 2.0 are the same.
  std::map<std::string, std::string> values() const;

  /// The whole document as TOML.
  std::string text() const;

 private:
  struct Table;
  explicit ConfigReader(std::shared_ptr<Table> table);
  std::shared_ptr<Table> table_;
};

/// The keys, by name, under which two documents' values differ.
MDGPS_API std::vector<ConfigDifference> differences(const std::map<std::string, std::string>& values,
                                                    const std::map<std::string, std::string>& others);

/// The candidate with the smallest edit distance from `word`, or "" where none comes near.
MDGPS_API std::string nearest_word(std::string_view word, std::span<const std::string> candidates);

}  // namespace mdgps
