#pragma once
/// A training run of one task, by any method.

#include <cstdint>
#include <filesystem>
#include <memory>

#include "mdgps/algorithm/iteration_report.hpp"
#include "mdgps/algorithm/settings.hpp"
#include "mdgps/simulation/task.hpp"
#include "mdgps/solver/view.hpp"

namespace mdgps {

/// Deterministic: the same task, settings and seed give the same bytes for any number of threads.
class TrainingRun {
 public:
  virtual ~TrainingRun() = default;

  virtual IterationReport iterate() = 0;
  virtual int iteration() const = 0;  ///< iterations done

  /// The file that the global policy is kept in, and writes it. Throws std::runtime_error naming the file.
  virtual const char* policy_file() const = 0;
  virtual void save_policy(const std::filesystem::path& file) const = 0;

  /// Writes everything that going on later needs into an existing, empty folder / reads it back. After `load` the run
  /// continues as if it had never stopped. Throw std::runtime_error naming the file.
  virtual void save(const std::filesystem::path& folder) const = 0;
  virtual void load(const std::filesystem::path& folder) = 0;
};

/// What a run computes with.
struct Resources {
  int threads;    ///< for rollouts and the solver
  Device device;  ///< of fits, C-step and S-step; rollouts in MuJoCo are the CPU's
  /// Whether the policies of a point mass (PointMassTask) roll out on the device, without MuJoCo: on a GPU they do. On
  /// the CPU MuJoCo is the reference, and a rollout without it differs in rounding.
  bool simulates_point_masses;

  Resources(int threads = 1, Device device = {})
      : threads(threads), device(device), simulates_point_masses(device != Device{}) {}
};

/// The run of settings.method. The task must outlive it.
/// Throws std::runtime_error where the task's numbers do not do, std::invalid_argument where the method does not run on
/// the device or the device is not to be had.
std::unique_ptr<TrainingRun> make_training_run(const Task& task, const Settings& settings, std::uint64_t seed,
                                               const Resources& resources);

}  // namespace mdgps
