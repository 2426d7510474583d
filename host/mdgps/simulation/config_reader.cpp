#include "mdgps/simulation/config_reader.hpp"

#define TOML_FLOAT_CHARCONV 1  // prints 0.1 as 0.1
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <sstream>
#include <type_traits>

namespace mdgps {
namespace {

constexpr std::string_view override_prefix = "--set ";

std::string in_quotes(std::string_view word) { return "'" + std::string(word) + "'"; }

/// What a value is, for a message that says why it does not do.
std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return std::abs(*node.value<std::int64_t>()) > std::numeric_limits<int>::max() ? "too large" : "a whole number";
    case toml::node_type::floating_point:
      return std::isfinite(*node.value<double>()) ? "a number" : "not finite";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

template <class T>
struct Expected;
template <>
struct Expected<bool> {
  static constexpr std::string_view name = "true or false";
};
template <>
struct Expected<int> {
  static constexpr std::string_view name = "a whole number";
};
template <>
struct Expected<std::int64_t> : Expected<int> {};
template <>
struct Expected<double> {
  static constexpr std::string_view name = "a number";
};
template <>
struct Expected<std::string> {
  static constexpr std::string_view name = "a string";
};

template <class T>
std::optional<T> convert(const toml::node& node) {
  if constexpr (std::is_same_v<T, double>) {
    const auto value = node.is_number() ? node.value<double>() : std::nullopt;
    return value && std::isfinite(*value) ? value : std::nullopt;
  } else if constexpr (std::is_same_v<T, int>) {
    const auto value = node.value_exact<std::int64_t>();
    if (!value || *value < std::numeric_limits<int>::min() || *value > std::numeric_limits<int>::max()) return {};
    return static_cast<int>(*value);
  } else {
    return node.value_exact<T>();
  }
}

template <class T>
constexpr bool is_vector = false;
template <class T>
constexpr bool is_vector<std::vector<T>> = true;

template <class T>
void insert_default(toml::table& table, std::string_view key, const T& value) {
  if constexpr (is_vector<T>) {
    toml::array array;
    for (const auto& element : value) array.push_back(element);
    table.insert(key, std::move(array));
  } else {
    table.insert(key, value);
  }
}

int edit_distance(std::string_view a, std::string_view b) {
  std::vector<int> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

std::string remedy_for(std::string_view word, std::span<const std::string> candidates) {
  if (const auto near = nearest_word(word, candidates); !near.empty()) return "did you mean " + in_quotes(near) + "?";
  std::string list;
  for (const auto& candidate : candidates) list += (list.empty() ? "" : ", ") + candidate;
  return candidates.empty() ? "remove it" : "choose from: " + list;
}

/// The node under one segment of an override's path; in a table it is made where it is missing.
toml::node* descend(toml::node& node, std::string_view segment) {
  if (auto* table = node.as_table()) {
    if (auto* next = table->get(segment)) return next;
    return &table->insert(segment, toml::table{}).first->second;
  }
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(segment.data(), segment.data() + segment.size(), index);
  auto* array = node.as_array();
  return array && error == std::errc{} && end == segment.data() + segment.size() ? array->get(index) : nullptr;
}

void apply_override(toml::table& root, const std::string& text) {
  const std::string where = std::string(override_prefix) + text;
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw ConfigError(where + ": is not of the form key=value; write, for example, --set algorithm.samples=5");
  }
  toml::table parsed;
  try {
    parsed = toml::parse("value = " + text.substr(equals + 1), where);
    if (parsed.size() != 1) throw ConfigError(where + ": holds more than one value; give one --set for each key");
  } catch (const toml::parse_error&) {  // a bare word
    toml::table bare;
    std::string value;
    for (const char c : text.substr(equals + 1)) value += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
    try {
      parsed = toml::parse("value = \"" + value + "\"", where);
    } catch (const toml::parse_error& error) {
      throw ConfigError(where + ": " + std::string(error.description()) + "; write a TOML value");
    }
  }
  const std::string_view path = std::string_view(text).substr(0, equals);
  toml::node* node = &root;
  std::size_t begin = 0;
  for (std::size_t dot; (dot = path.find('.', begin)) != std::string_view::npos; begin = dot + 1) {
    const auto segment = path.substr(begin, dot - begin);
    node = descend(*node, segment);
    if (!node || !(node->is_table() || node->is_array())) {
      throw ConfigError(where + ": " + in_quotes(segment) +
                        " is neither a table nor an element; correct the key's path");
    }
  }
  const auto last = path.substr(begin);
  if (auto* table = node->as_table()) {
    table->insert_or_assign(last, std::move(*parsed.get("value")));
  } else if (toml::node* element = descend(*node, last)) {
    auto& array = *node->as_array();
    const auto at = std::find_if(array.begin(), array.end(), [&](const toml::node& n) { return &n == element; });
    array.replace(at, std::move(*parsed.get("value")));
  } else {
    throw ConfigError(where + ": there is no element " + in_quotes(last) + "; elements are numbered from 0");
  }
}

std::string value_text(const toml::node& node) {
  if (const auto* array = node.as_array()) {
    std::string text;
    for (const auto& element : *array) text += (text.empty() ? "" : ", ") + value_text(element);
    return "[" + text + "]";
  }
  if (const auto* number = node.as_floating_point()) {
    char text[32];  // of 2.0: 2
    return {text, std::to_chars(text, text + sizeof text, number->get()).ptr};
  }
  std::ostringstream stream;
  stream << toml::toml_formatter(node, toml::format_flags::none);  // on one line, whatever the string
  return stream.str();
}

void collect_values(const toml::node& node, const std::string& path, std::map<std::string, std::string>& values) {
  const std::string prefix = path.empty() ? "" : path + ".";
  if (const auto* table = node.as_table()) {
    for (const auto& [key, child] : *table) collect_values(child, prefix + std::string(key.str()), values);
  } else if (node.is_array_of_tables()) {
    const auto& array = *node.as_array();
    for (std::size_t i = 0; i < array.size(); ++i) collect_values(array[i], prefix + std::to_string(i), values);
  } else {
    values[path] = value_text(node);
  }
}

}  // namespace

struct ConfigReader::Table {
  std::shared_ptr<toml::table> root;  // keeps the document alive
  toml::table* table = nullptr;
  std::string file;
  std::string path;            // of this table, for messages
  toml::source_region source;  // of this table, or of its parent where the file has no such table
  std::set<std::string> known;

  std::string location(const toml::node* node) const {
    const auto& region = node && node->source().begin.line > 0 ? node->source() : source;
    if (region.path && region.path->starts_with(override_prefix)) return *region.path;
    return file + ":" + std::to_string(std::max<toml::source_index>(1, region.begin.line));
  }
  std::string name(std::string_view key) const {
    return path.empty() ? std::string(key) : path + "." + std::string(key);
  }

  const toml::node* find(std::string_view key) {
    known.emplace(key);
    return table->get(key);
  }
  [[noreturn]] void fail(std::string_view key, const std::string& message) const {
    throw ConfigError(location(table->get(key)) + ": " + message);
  }
  [[noreturn]] void fail_as_unknown(std::string_view key, std::span<const std::string> candidates) const {
    const std::string in = path.empty() ? "" : " in [" + path + "]";
    fail(key, "unknown key " + in_quotes(key) + in + "; " + remedy_for(key, candidates));
  }

  /// Whether a key is likely the wanted one misspelt: nobody has asked for it yet, and few letters differ. Keys that
  /// will be asked for later are here as well, so this is stricter than `nearest_word`.
  bool misspells(std::string_view key, std::string_view wanted) const {
    const int letters = static_cast<int>(wanted.size());
    return !known.contains(std::string(key)) && edit_distance(key, wanted) <= std::min(letters - 1, 1 + letters / 4);
  }

  template <class T>
  T read(const toml::node& node, std::string_view key) const {
    if constexpr (is_vector<T>) {
      using Element = typename T::value_type;
      const auto* array = node.as_array();
      const std::string wanted = "an array whose elements are each " + std::string(Expected<Element>::name);
      if (!array) fail(key, in_quotes(name(key)) + " is " + std::string(type_name(node)) + "; give " + wanted);
      T values;
      for (const auto& element : *array) {
        const auto value = convert<Element>(element);
        if (!value) fail(key, in_quotes(name(key)) + " holds " + std::string(type_name(element)) + "; give " + wanted);
        values.push_back(*value);
      }
      return values;
    } else {
      const auto value = convert<T>(node);
      if (!value) {
        fail(key,
             in_quotes(name(key)) + " is " + std::string(type_name(node)) + "; give " + std::string(Expected<T>::name));
      }
      return *value;
    }
  }
};

std::string nearest_word(std::string_view word, std::span<const std::string> candidates) {
  std::string nearest;
  int least = std::max<int>(2, static_cast<int>(word.size()) / 3) + 1;
  for (const auto& candidate : candidates) {
    if (const int distance = edit_distance(word, candidate); distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

ConfigReader::ConfigReader() : table_(std::make_shared<Table>()) {
  table_->root = std::make_shared<toml::table>();
  table_->table = table_->root.get();
}

ConfigReader::ConfigReader(std::shared_ptr<Table> table) : table_(std::move(table)) {}

ConfigReader ConfigReader::open(const std::filesystem::path& file, std::span<const std::string> overrides) {
  if (!std::filesystem::is_regular_file(file)) {
    throw ConfigError(file.string() + ": no such file; give the path of a TOML file");
  }
  ConfigReader reader;
  reader.table_->file = file.string();
  try {
    *reader.table_->root = toml::parse_file(file.string());
  } catch (const toml::parse_error& error) {
    throw ConfigError(file.string() + ":" + std::to_string(error.source().begin.line) + ": " +
                      std::string(error.description()) + "; correct the TOML there");
  }
  for (const auto& text : overrides) apply_override(*reader.table_->root, text);
  return reader;
}

bool ConfigReader::has(std::string_view key) const { return table_->find(key) != nullptr; }

template <class T>
T ConfigReader::required(std::string_view key) const {
  if (const auto* node = table_->find(key)) return table_->read<T>(*node, key);
  const std::string wanted(key);
  for (const auto& [found, node] : *table_->table) {
    if (table_->misspells(found.str(), wanted)) table_->fail_as_unknown(found.str(), {&wanted, 1});
  }
  const std::string in = table_->path.empty() ? "" : " in [" + table_->path + "]";
  fail(key, "key " + in_quotes(key) + " is missing" + in + "; add it");
}

template <class T>
T ConfigReader::optional(std::string_view key, const T& default_value) const {
  if (const auto* node = table_->find(key)) return table_->read<T>(*node, key);
  insert_default(*table_->table, key, default_value);
  return default_value;
}

std::string ConfigReader::choice(std::string_view key, std::string_view default_value,
                                 std::initializer_list<std::string_view> choices) const {
  const auto value = optional<std::string>(key, std::string(default_value));
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return value;
  const std::vector<std::string> words(choices.begin(), choices.end());
  fail(key, in_quotes(table_->name(key)) + " is " + in_quotes(value) + "; " + remedy_for(value, words));
}

std::vector<double> ConfigReader::numbers(std::string_view key, std::size_t count, double default_value) const {
  const auto* node = table_->find(key);
  if (!node || node->is_number()) return std::vector<double>(count, optional<double>(key, default_value));
  auto values = table_->read<std::vector<double>>(*node, key);
  if (values.size() != count) {
    fail(key, in_quotes(table_->name(key)) + " has " + std::to_string(values.size()) + " elements; give " +
                  std::to_string(count) + ", or one number for all");
  }
  return values;
}

ConfigReader ConfigReader::child(std::string_view key) const {
  auto child = std::make_shared<Table>();
  const auto* node = table_->find(key);
  if (!node) node = &table_->table->insert(key, toml::table{}).first->second;
  if (!node->is_table()) {
    fail(key, in_quotes(table_->name(key)) + " is " + std::string(type_name(*node)) + "; make it a table [" +
                  table_->name(key) + "]");
  }
  child->root = table_->root;
  child->table = table_->table->get(key)->as_table();
  child->file = table_->file;
  child->path = table_->name(key);
  child->source = node->source().begin.line > 0 ? node->source() : table_->source;
  return ConfigReader(child);
}

std::vector<ConfigReader> ConfigReader::children(std::string_view key) const {
  if (!table_->find(key)) return {};
  auto* array = table_->table->get(key)->as_array();
  std::vector<ConfigReader> readers;
  for (std::size_t i = 0; array && i < array->size(); ++i) {
    auto child = std::make_shared<Table>();
    child->table = array->get(i)->as_table();
    if (!child->table) break;
    child->root = table_->root;
    child->file = table_->file;
    child->path = table_->name(key) + "." + std::to_string(i);
    child->source = array->get(i)->source().begin.line > 0 ? array->get(i)->source() : table_->source;
    readers.push_back(ConfigReader(child));
  }
  if (!array || readers.size() != array->size()) {
    fail(key, in_quotes(table_->name(key)) + " is not an array of tables; write each as [[" + table_->name(key) + "]]");
  }
  return readers;
}

void ConfigReader::finish() const {
  const std::vector<std::string> known(table_->known.begin(), table_->known.end());
  for (const auto& [key, node] : *table_->table) {
    if (!table_->known.contains(std::string(key.str()))) table_->fail_as_unknown(key.str(), known);
  }
}

void ConfigReader::fail(std::string_view key, const std::string& message) const { table_->fail(key, message); }

void ConfigReader::set(std::string_view key, const std::string& value) const {
  table_->table->insert_or_assign(key, value);
}

std::map<std::string, std::string> ConfigReader::values() const {
  std::map<std::string, std::string> values;
  collect_values(*table_->root, "", values);
  return values;
}

std::vector<ConfigDifference> differences(const std::map<std::string, std::string>& values,
                                          const std::map<std::string, std::string>& others) {
  auto keys = values;
  keys.insert(others.begin(), others.end());
  const auto in = [](const auto& map, const std::string& key) { return map.contains(key) ? map.at(key) : "none"; };
  std::vector<ConfigDifference> found;
  for (const auto& [key, unused] : keys)
    if (in(values, key) != in(others, key)) found.push_back({key, in(values, key), in(others, key)});
  return found;
}

std::string ConfigReader::text() const {
  std::ostringstream stream;
  stream << *table_->root << '\n';
  return stream.str();
}

#define MDGPS_CONFIG_VALUE(...)                                            \
  template __VA_ARGS__ ConfigReader::required(std::string_view key) const; \
  template __VA_ARGS__ ConfigReader::optional(std::string_view key, const __VA_ARGS__& default_value) const;
MDGPS_CONFIG_VALUE(bool)
MDGPS_CONFIG_VALUE(int)
MDGPS_CONFIG_VALUE(std::int64_t)
MDGPS_CONFIG_VALUE(double)
MDGPS_CONFIG_VALUE(std::string)
MDGPS_CONFIG_VALUE(std::vector<int>)
MDGPS_CONFIG_VALUE(std::vector<double>)
MDGPS_CONFIG_VALUE(std::vector<std::string>)
#undef MDGPS_CONFIG_VALUE

}  // namespace mdgps
