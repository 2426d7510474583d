#pragma once
/// How far a run is: a bar where stderr is a terminal, otherwise a line per iteration on stdout.

#include <chrono>

#include "apps/mdgps/progress_bar.hpp"
#include "mdgps/algorithm/iteration_report.hpp"

namespace mdgps {

class Progress {
 public:
  Progress(int done, int iterations);

  void show(const IterationReport& report);

 private:
  ProgressBar bar_;
  int first_, iterations_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now(), last_ = start_;
};

}  // namespace mdgps
