#pragma once
/// Checks of options' values. An empty description keeps them out of the help.

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <string>

namespace mdgps {

/// Seeds are kept in TOML, whose integers are signed. CLI11 would take a larger one for the largest.
inline CLI::Validator seed_validator() {
  return CLI::Validator(
      [](const std::string& text) {
        std::int64_t seed = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
        return error == std::errc() && end == text.data() + text.size() && seed >= 0
                   ? std::string()
                   : "'" + text + "' is not a whole number, 0 or more and at most 9223372036854775807";
      },
      "");
}

inline CLI::Validator key_value_validator() {
  return CLI::Validator(
      [](const std::string& text) {
        return text.find('=') != std::string::npos
                   ? std::string()
                   : "'" + text + "' is not of the form key=value (TASK goes before --set)";
      },
      "");
}

}  // namespace mdgps
