#pragma once
/// The paper's Figure 1 and Table 1 from finished runs, beside the paper's numbers.

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mdgps::report {

struct ReproducedRun {
  std::string task, method;
  std::filesystem::path folder;
};

/// Of one task and method at one iteration, over the seeds. A run's value is the mean over its conditions (distances:
/// over those whose rollout did not diverge); the standard deviation is the sample's, 0 for one run.
struct Statistics {
  double mean_distance = 0, std_distance = 0;
  double mean_success = 0, std_success = 0;
};

/// A curve of Figure 1, a column of Table 1.
struct Curve {
  std::string task, method;
  int runs = 0;
  double fail_distance = 0;             ///< the line above which a distance is a failure
  double seconds = 0;                   ///< of a run, mean
  std::vector<Statistics> iterations;   ///< 1, 2, ...
  std::vector<double> final_distances;  ///< of each run
};

struct Reproduction {
  std::vector<Curve> curves;  ///< in the order of the runs
};

/// Reads the first `iterations` of every run. A run that broke off before that counts as failed from there on, without
/// a distance. Throws std::runtime_error naming a file that is missing.
Reproduction collect(std::span<const ReproducedRun> runs, int iterations);

/// A success rate of the paper's Table 1, as a share; nothing where the table has none.
std::optional<double> paper_success(const std::string& task, const std::string& method, int iteration);

/// The iterations of Table 1 that were run: 3, 6, 9 and 12, then every third.
std::vector<int> table_iterations(int iterations);

/// Table 1 as text, ours and the paper's.
std::string table1_text(const Reproduction& reproduction);

/// Writes table1.csv, figure1.csv and report.html.
///
///   table1.csv    task,method,iteration,runs,success,success_std,paper_success (empty where the paper has none)
///   figure1.csv   task,method,iteration,runs,distance,distance_std
void write_tables(const Reproduction& reproduction, const std::filesystem::path& folder);

}  // namespace mdgps::report
