#include "apps/mdgps/progress.hpp"

#include <cmath>
#include <cstdio>
#include <string>

namespace mdgps {

Progress::Progress(int done, int iterations) : first_(done), iterations_(iterations) {
  bar_.draw(done, iterations, "");
}

void Progress::show(const IterationReport& report) {
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - last_).count();
  const double so_far = std::chrono::duration<double>(now - start_).count();
  last_ = now;
  const int conditions = static_cast<int>(report.conditions.size());
  char text[160];
  std::snprintf(text, sizeof text, "distance %.4f  success %d/%d  %.1f s  left %s", report.mean_distance(),
                static_cast<int>(std::lround(report.success_rate() * conditions)), conditions, seconds,
                time_left(so_far, report.iteration - first_, iterations_ - first_).c_str());
  if (bar_.shown()) {
    bar_.draw(report.iteration, iterations_, text);
  } else {
    std::printf("iteration %2d/%d  %s\n", report.iteration, iterations_, text);
    std::fflush(stdout);
  }
}

}  // namespace mdgps
