#pragma once
/// Checks of options' values. An empty description keeps them out of the help.

#include <CLI/CLI.hpp>
#include <string>

namespace mdgps {

/// Seeds are kept in TOML, whose integers are signed.
inline CLI::Validator seed_validator() {
  return CLI::Validator(
      [](const std::string& text) {
        std::int64_t seed = 0;
        return CLI::detail::lexical_cast(text, seed) && seed >= 0 ? std::string()
                                                                  : "'" + text + "' is not a whole number, 0 or more";
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
