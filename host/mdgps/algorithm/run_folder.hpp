#pragma once
/// The folder of a training run: everything to repeat it, to go on with it, and to look at it.
///
///   config.toml, model.xml   the run's settings, every default written out: `mdgps train config.toml` repeats the run
///   metrics.csv, step_sizes.csv, bounds.csv, divergences.csv, paths.csv
///                            appended to after every iteration (algorithm/metrics.hpp)
///   events.out.tfevents.*    the curves for TensorBoard (algorithm/tensorboard.hpp)
///   summary.json             what it came to so far (algorithm/run_summary.hpp)
///   policy.pt                the global policy
///   scene.json               the task's fixed shapes, to draw paths in
///   checkpoint/NNNN          the state after iteration NNNN; the newest two are kept
///
/// A crash at any time leaves a folder that `restore` can go on from: rows are on the disk before the checkpoint that
/// counts on them appears, and rows beyond it are cut off.

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "mdgps/algorithm/training_run.hpp"

namespace mdgps {

/// A folder that cannot be used as asked. what() is one line that says what to do.
class RunFolderError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// While it lives, no other process can open the same folder.
class RunFolder {
 public:
  /// Makes a folder for a new run of `task`, whose settings have all been read.
  /// Throws RunFolderError where the folder exists and is not empty, or cannot be made.
  static RunFolder create(const std::filesystem::path& folder, const Task& task);

  /// The folder of an earlier run. Throws RunFolderError where it is none, or another process is training in it.
  static RunFolder open(const std::filesystem::path& folder);

  RunFolder(RunFolder&&) noexcept;
  ~RunFolder();

  const std::filesystem::path& path() const { return folder_; }

  /// Writes config.toml anew, for a run that is prolonged.
  void write_config(const Task& task) const;

  /// Writes what one iteration left: rows, checkpoint, policy and summary.
  void record(const IterationReport& report, const TrainingRun& run, const std::string& summary) const;

  /// Takes a new run to the newest checkpoint that loads, and the files with it. Without any checkpoint the run stays
  /// at its beginning. Returns the file with the checkpoint's summary; an empty path without a checkpoint.
  /// Throws RunFolderError where no checkpoint loads, or the tables do not fit it.
  std::filesystem::path restore(TrainingRun& run, int conditions) const;

 private:
  class Lock;
  RunFolder(std::filesystem::path folder, std::unique_ptr<Lock> lock);

  std::filesystem::path folder_;
  std::unique_ptr<Lock> lock_;
};

}  // namespace mdgps
