#pragma once
/// Commands that a user can copy from the output.

#include <cctype>
#include <string>

namespace mdgps {

/// A word as a shell reads it back: in quotes where it has a space, or another character that means something there.
inline std::string shell_word(const std::string& word) {
  std::string quoted;
  bool plain = !word.empty();
  for (const char c : word) {
    plain = plain &&
            (std::isalnum(static_cast<unsigned char>(c)) || std::string("_-./=+,:@%").find(c) != std::string::npos);
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return plain ? word : "'" + quoted + "'";
}

}  // namespace mdgps
