#pragma once
/// Many training runs side by side, each a process of its own with one thread.

#include <filesystem>
#include <string>
#include <vector>

namespace mdgps {

struct TrainingJob {
  std::filesystem::path folder;        ///< of the run; its log is written beside it, with the suffix .log
  std::vector<std::string> arguments;  ///< of `mdgps train`, without --output, --iterations, --threads and --resume
  int iterations = 0;
};

/// Whether the run has these iterations already.
bool finished(const TrainingJob& job);

/// Trains what is not finished, `processes` at a time, and goes on from the checkpoints of runs that were broken off. A
/// line is printed for each run that ends.
/// Returns the folders of runs that failed. After a signal no new run is started, and those that go on stop after their
/// iteration.
std::vector<std::filesystem::path> train_all(const std::vector<TrainingJob>& jobs, int processes);

}  // namespace mdgps
