#pragma once
/// What a training run is and what it came to: summary.json.

#include <cstdint>
#include <filesystem>
#include <string>

#include "mdgps/algorithm/iteration_report.hpp"
#include "mdgps/algorithm/settings.hpp"
#include "mdgps/simulation/task.hpp"

namespace mdgps {

/// What the program knows beside task and settings.
struct RunInfo {
  std::string method = "mdgps";
  std::uint64_t seed = 0;
  std::string device = "cpu";
  int threads = 1;
  std::string version;
  std::string machine;
};

/// The iterations so far, in sums, and how the last one ended.
struct RunProgress {
  int iterations = 0;
  double mean_distance = 0, success_rate = 0, mean_cost = 0;  ///< of the global policy
  double mean_local_distance = 0, mean_local_cost = 0;
  double s_step_loss = 0;
  std::int64_t dropped_samples = 0, guarded_step_sizes = 0, refitted_dynamics = 0, failed_s_steps = 0;
  std::int64_t kept_local_policies = 0;
  PhaseSeconds seconds;
  double total_seconds = 0;

  void add(const IterationReport& report, double iteration_seconds);
};

/// The text of summary.json. Numbers that are not finite become null.
std::string write_summary(const Task& task, const Settings& settings, const RunInfo& info, const RunProgress& progress);

/// What a summary.json says of the iterations. Throws std::runtime_error naming the file.
RunProgress read_progress(const std::filesystem::path& summary);

}  // namespace mdgps
