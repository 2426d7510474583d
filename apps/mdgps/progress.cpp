#include "apps/mdgps/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

namespace mdgps {
namespace {

template <class... Values>
std::string format(const char* pattern, Values... values) {
  char buffer[160];
  std::snprintf(buffer, sizeof buffer, pattern, values...);
  return buffer;
}

}  // namespace

Progress::Progress(int done, int iterations)
    : terminal_(isatty(STDERR_FILENO) != 0), first_(done), iterations_(iterations) {
  if (terminal_) draw_bar(done, "");
}

Progress::~Progress() {
  if (terminal_) std::fputs("\n", stderr);
}

void Progress::show(const IterationReport& report) {
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - last_).count();
  const double per_iteration = std::chrono::duration<double>(now - start_).count() / (report.iteration - first_);
  last_ = now;
  const int left = static_cast<int>(std::ceil(per_iteration * (iterations_ - report.iteration)));
  const int conditions = static_cast<int>(report.conditions.size());
  const auto text = format("distance %.4f  success %d/%d  %.1f s  left %d:%02d", report.mean_distance(),
                           static_cast<int>(std::lround(report.success_rate() * conditions)), conditions, seconds,
                           left / 60, left % 60);
  if (terminal_) {
    draw_bar(report.iteration, text);
  } else {
    std::printf("iteration %2d/%d  %s\n", report.iteration, iterations_, text.c_str());
    std::fflush(stdout);
  }
}

void Progress::draw_bar(int iteration, const std::string& text) const {
  constexpr int width = 24;
  const int filled = width * iteration / std::max(1, iterations_);
  const std::string bar = std::string(filled, '#') + std::string(width - filled, '.');
  std::fprintf(stderr, "\r[%s] %d/%d  %s\033[K", bar.c_str(), iteration, iterations_, text.c_str());
  std::fflush(stderr);
}

}  // namespace mdgps
