#include "apps/mdgps/progress_bar.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace mdgps {

ProgressBar::ProgressBar() : terminal_(isatty(STDERR_FILENO) != 0) {}

ProgressBar::~ProgressBar() {
  if (terminal_) std::fputs("\n", stderr);
}

void ProgressBar::draw(int done, int total, const std::string& text) {
  if (!terminal_) return;
  constexpr int width = 24;
  const int filled = width * done / std::max(1, total);
  const std::string bar = std::string(filled, '#') + std::string(width - filled, '.');
  std::fprintf(stderr, "\r[%s] %d/%d  %s\033[K", bar.c_str(), done, total, text.c_str());
  std::fflush(stderr);
}

std::string time_left(double seconds, int done, int total) {
  const int left = static_cast<int>(std::ceil(seconds / std::max(1, done) * (total - done)));
  char text[24];
  std::snprintf(text, sizeof text, "%d:%02d", left / 60, left % 60);
  return text;
}

}  // namespace mdgps
