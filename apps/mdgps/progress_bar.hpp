#pragma once
/// A bar on stderr, where that is a terminal.

#include <string>

namespace mdgps {

class ProgressBar {
 public:
  ProgressBar();
  ~ProgressBar();

  /// False where stderr is no terminal: then nothing is drawn, and progress belongs in lines on stdout.
  bool shown() const { return terminal_; }

  void draw(int done, int total, const std::string& text);

 private:
  bool terminal_;
};

/// "1:05" of the seconds that are left, at the pace so far.
std::string time_left(double seconds, int done, int total);

}  // namespace mdgps
