#pragma once
/// Many training runs side by side, each a process of its own with one thread.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "apps/mdgps/machine.hpp"

namespace mdgps {

/// How many runs of the same settings, how long, and how many at a time.
struct Repetition {
  int seeds = 3, iterations = 12;
  std::int64_t first_seed = 0;
  int jobs = machine_threads();
};

/// Adds --seeds, --first-seed, --iterations and --jobs, and what the footer says about resuming.
void add_repetition_options(CLI::App& app, Repetition& repetition, const std::string& first_seed_help,
                            const std::string& example);

struct TrainingJob {
  std::filesystem::path folder;      ///< of the run; its log is written beside it, with the suffix .log
  std::string task;                  ///< as find_task_file takes it
  std::vector<std::string> changes;  ///< "key.path=value": what the run's settings have otherwise than the task's file
  int iterations = 0;
};

/// Throws UsageError where a job's folder holds a run of other settings, which is not to count as the job's own. A run
/// may be shorter or longer.
void check_folders(const std::vector<TrainingJob>& jobs);

/// Whether the run has these iterations already.
bool finished(const TrainingJob& job);

/// Trains what is not finished, `processes` at a time, and goes on from the checkpoints of runs that were broken off. A
/// line is printed for each run that ends.
/// Returns the folders of runs that failed. After a signal no new run is started, and those that go on stop after their
/// iteration.
std::vector<std::filesystem::path> train_all(const std::vector<TrainingJob>& jobs, int processes);

/// Says what failed, and whether a signal stopped the runs. Returns the exit code.
int report_end(const std::vector<std::filesystem::path>& failed);

}  // namespace mdgps
