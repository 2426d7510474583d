#pragma once
/// How far a run is: a bar where stderr is a terminal, otherwise a line per iteration on stdout; and what failed in it.

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "apps/mdgps/progress_bar.hpp"
#include "mdgps/algorithm/iteration_report.hpp"

namespace mdgps {

/// What failed in a run's iterations: none of it stops the run, and all of it keeps the run from learning.
class Failures {
 public:
  void add(const IterationReport& report);

  /// A line for each kind of failure: how often, and what to try.
  std::vector<std::string> lines() const;

 private:
  /// C-steps that failed of the same, and the first of them.
  struct FailedCSteps {
    int count = 0, iteration = 0, step = 0;
    std::size_t condition = 0;
  };

  int iterations_ = 0, with_failed_s_step_ = 0;
  int c_steps_ = 0, without_samples_ = 0;
  std::map<Status, FailedCSteps> failed_c_steps_;
};

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
