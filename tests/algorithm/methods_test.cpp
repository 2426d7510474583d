// Every method, whole, on a point mass.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "mdgps/algorithm/mirror_descent.hpp"

namespace mdgps {
namespace {

Task point_mass() { return load_task(std::filesystem::path(MDGPS_TEST_DATA) / "tasks" / "point_mass" / "task.toml"); }

double mean_global_cost(const IterationReport& report) {
  double sum = 0;
  for (const ConditionReport& c : report.conditions)
    sum += c.global_cost / static_cast<double>(report.conditions.size());
  return sum;
}

class Methods : public testing::TestWithParam<Method> {};

TEST_P(Methods, ReachTheTarget) {
  const Task task = point_mass();
  MirrorDescent run(task, read_settings(task.algorithm, GetParam()), 1, 2);
  const double first = mean_global_cost(run.iterate());
  IterationReport report;
  for (int k = 2; k <= 8; ++k) report = run.iterate();
  EXPECT_LT(report.mean_distance(), 0.1);
  EXPECT_LT(mean_global_cost(report), 0.5 * first);
  EXPECT_EQ(report.kept_local_policies, 0);
}

TEST_P(Methods, GoOnFromACheckpointAsIfTheyHadNotStopped) {
  const Task task = point_mass();
  Settings settings = read_settings(task.algorithm, GetParam());
  settings.minibatches = 50;
  const auto folder = std::filesystem::temp_directory_path() / ("mdgps_methods_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  MirrorDescent straight(task, settings, 3, 2), resumed(task, settings, 3, 2);
  for (int k = 0; k < 2; ++k) straight.iterate();
  straight.save(folder);
  resumed.load(folder);
  std::filesystem::remove_all(folder);
  for (int k = 0; k < 2; ++k) {
    const auto a = straight.iterate(), b = resumed.iterate();
    for (int i = 0; i < task.conditions; ++i) {
      EXPECT_EQ(a.conditions[i].global_cost, b.conditions[i].global_cost);
      EXPECT_EQ(a.conditions[i].multiplier, b.conditions[i].multiplier);
    }
  }
  EXPECT_EQ(straight.local_policies().offset, resumed.local_policies().offset);
}

INSTANTIATE_TEST_SUITE_P(All, Methods,
                         testing::Values(Method::mdgps, Method::badmm, Method::dual_gradient, Method::penalty,
                                         Method::admm, Method::dagger),
                         [](const auto& info) { return std::string(to_string(info.param)); });

/// Eq. (2): the divergence that is bounded is that from the policy of the iteration before.
TEST(Reference, PreviousLocalPolicyIsWhatTheStepIsBoundedTo) {
  const Task task = point_mass();
  Settings settings = read_settings(task.algorithm, Method::mdgps);
  settings.step_rule = StepRule::fixed;
  settings.minibatches = 50;
  IterationReport near_local, near_global;
  for (const Reference reference : {Reference::previous_local, Reference::global}) {
    settings.reference = reference;
    MirrorDescent run(task, settings, 1, 2);
    IterationReport& report = reference == Reference::global ? near_global : near_local;
    for (int k = 1; k <= 3; ++k) report = run.iterate();
    for (const ConditionReport& c : report.conditions) EXPECT_NEAR(c.kl_divergence, c.step_size, 0.0101 * c.step_size);
  }
  // A network trained this briefly is no copy of the local policies: the two references are different ones.
  EXPECT_NE(near_local.conditions[0].predicted_cost, near_global.conditions[0].predicted_cost);
}

TEST(AverageStepSizes, AreTheSameInAllConditions) {
  const Task task = point_mass();
  Settings settings = read_settings(task.algorithm, Method::mdgps);
  settings.average_step_sizes = true;
  settings.minibatches = 50;
  settings.max_multiplier = 100;
  MirrorDescent run(task, settings, 1, 2);
  for (int k = 1; k <= 4; ++k) {
    const auto report = run.iterate();
    EXPECT_EQ(report.step_sizes_adjusted, k > 1);
    for (const ConditionReport& c : report.conditions) {
      EXPECT_EQ(c.multiplier, report.conditions[0].multiplier);
      EXPECT_EQ(c.expected.predicted, report.conditions[0].expected.predicted);
    }
  }
}

}  // namespace
}  // namespace mdgps
