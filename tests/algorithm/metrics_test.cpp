// The rows of metrics.csv and paths.csv, and the summary's way to a file and back.

#include "mdgps/algorithm/metrics.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "mdgps/algorithm/run_summary.hpp"

namespace mdgps {
namespace {

IterationReport small_report() {
  IterationReport report;
  report.iteration = 4;
  report.conditions.resize(2);
  report.conditions[0] = {.local_cost = 1.5,
                          .global_cost = 2,
                          .local_distance = 0.1,
                          .global_distance = 1.0 / 3.0,
                          .global_success = true,
                          .step_size = 100,
                          .dual = 1e-12,
                          .kl_divergence = 99.5,
                          .dual_evaluations = 5,
                          .status = Status::not_converged,
                          .predicted_cost = -std::numeric_limits<double>::quiet_NaN(),
                          .tv_bound = std::numeric_limits<double>::infinity(),
                          .cost_bound = 7};
  report.seconds = {.rollout = 0.5, .fit = 0.25, .c_step = 0.125, .s_step = 2, .evaluation = 9};
  for (auto* paths : {&report.local_paths, &report.global_paths}) {
    paths->push_back({Array<double, 2>({1, 3}, 0.25), Array<double, 1>({1}, 1.0 / 3.0)});
  }
  report.global_paths[0].points(0, 1) = -2;
  return report;
}

TEST(Metrics, EveryNumberStandsInItsColumnAndReadsBackToItself) {
  EXPECT_EQ(metrics_rows(small_report()),
            "4,0,1.5,2,0.1,0.3333333333333333,1,100,1e-12,99.5,5,not_converged,nan,inf,7,0.5,0.25,0.125,2\n"
            "4,1,0,0,0,0,0,0,0,0,0,ok,0,0,0,0.5,0.25,0.125,2\n");
}

TEST(Metrics, StepSizesHaveARowPerConditionOnceTheyAreAdjusted) {
  IterationReport report = small_report();
  EXPECT_EQ(step_sizes_rows(report), "");
  report.step_sizes_adjusted = true;
  report.conditions[0].expected = {1, 2, 3, 4.5, -5};
  report.conditions[0].multiplier = 0.25;
  report.conditions[1].guarded = true;
  EXPECT_EQ(step_sizes_rows(report), "4,0,1,2,3,4.5,-5,0,0.25\n4,1,0,0,0,0,0,1,0\n");
}

TEST(Metrics, BoundsStandBesideWhatTheyBound) {
  IterationReport report = small_report();
  report.conditions[0].total_variation = 0.25;
  report.conditions[0].expected_global_cost = 3;
  report.difference.mean_kl = Array<double, 2>({2, 2}, 0.5);
  report.difference.largest_kl = Array<double, 2>({2, 2}, 1.0 / 3.0);
  EXPECT_EQ(bounds_rows(report), "4,0,1,inf,0.25,7,nan,3,2\n4,1,1,0,0,0,0,0,0\n");
  EXPECT_EQ(divergences_rows(report),
            "4,0,0,0.5,0.333333333\n4,0,1,0.5,0.333333333\n4,1,0,0.5,0.333333333\n4,1,1,0.5,0.333333333\n");
}

TEST(Metrics, PathsHaveARowPerStepToNineDigits) {
  EXPECT_EQ(paths_rows(small_report()),
            "4,0,local,0,0.25,0.25,0.25,0.333333333\n"
            "4,0,global,0,0.25,-2,0.25,0.333333333\n");
}

TEST(RunSummary, ProgressReadsBackAndGoesOn) {
  RunProgress progress;
  progress.add(small_report(), 3.0);
  progress.add(small_report(), 4.0);
  progress.s_step_loss = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(progress.total_seconds, 7.0);
  EXPECT_EQ(progress.seconds.evaluation, 18.0);
  EXPECT_EQ(progress.success_rate, 0.5);

  const auto file = std::filesystem::temp_directory_path() / ("mdgps-summary-" + std::to_string(getpid()));
  std::ofstream(file) << write_summary(Task{}, Settings{}, RunInfo{}, progress);
  const RunProgress read = read_progress(file);
  EXPECT_EQ(write_summary(Task{}, Settings{}, RunInfo{}, read), write_summary(Task{}, Settings{}, RunInfo{}, progress));
  EXPECT_EQ(read.total_seconds, 7.0);
  EXPECT_EQ(read.mean_distance, progress.mean_distance);
  EXPECT_TRUE(std::isnan(read.s_step_loss));

  std::ofstream(file) << "{}";
  EXPECT_THROW(read_progress(file), std::runtime_error);
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace mdgps
