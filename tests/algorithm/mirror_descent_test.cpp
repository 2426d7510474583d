#include "mdgps/algorithm/mirror_descent.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "mdgps/algorithm/initial_policy.hpp"
#include "obstacle_rollouts.hpp"

namespace mdgps {
namespace {

Task reacher(std::vector<std::string> overrides = {}) {
  return load_task(std::filesystem::path(MDGPS_TEST_DATA) / "tasks" / "reacher" / "task.toml", overrides);
}

Settings quick() {
  Settings settings;
  settings.minibatches = 300;
  settings.kl_step = 0.5;
  return settings;
}

/// Everything that tells runs apart.
std::vector<double> numbers_of(const IterationReport& report) {
  std::vector<double> numbers{report.s_step_loss};
  for (const ConditionReport& c : report.conditions)
    numbers.insert(numbers.end(),
                   {c.local_cost, c.global_cost, c.local_distance, c.global_distance, c.step_size, c.dual,
                    c.kl_divergence, c.predicted_cost, c.tv_bound, c.cost_bound, double(c.dual_evaluations)});
  return numbers;
}

class TemporaryFolder {
 public:
  TemporaryFolder() : path_(std::filesystem::temp_directory_path() / ("mdgps_test_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

TEST(InitialPolicy, PullsEveryJointBackToTheStart) {
  const Task task = reacher();
  const auto policy = initial_policy(task);
  const auto& settings = task.initial_policy;
  for (int i = 0; i < task.conditions; ++i)
    for (int j = 0; j < task.actions; ++j) {
      EXPECT_LT(policy.gain(i, 0, j, settings.position_entries[j]), 0.0);
      EXPECT_LT(policy.gain(i, 0, j, settings.velocity_entries[j]), 0.0);
      EXPECT_GT(policy.covariance(i, 0, j, j), 0.0);
    }
}

TEST(MirrorDescent, EveryIterationMeetsItsBoundAndImproves) {
  const Task task = reacher();
  MirrorDescent run(task, quick(), 1, 2);
  const auto first = run.iterate();
  IterationReport last = first;
  for (int k = 2; k <= 6; ++k) last = run.iterate();
  double cost_at_first = 0, cost_at_last = 0;
  for (int i = 0; i < task.conditions; ++i) {
    cost_at_first += first.conditions[i].global_cost;
    cost_at_last += last.conditions[i].global_cost;
    EXPECT_EQ(last.conditions[i].status, Status::ok);
    EXPECT_NEAR(last.conditions[i].kl_divergence, last.conditions[i].step_size, 0.0101 * last.conditions[i].step_size);
  }
  EXPECT_LT(cost_at_last, cost_at_first);
  EXPECT_EQ(last.dropped_samples, 0);
}

TEST(MirrorDescent, GivesTheSameBytesForAnyNumberOfThreads) {
  const Task task = reacher();
  MirrorDescent one(task, quick(), 3, 1), two(task, quick(), 3, 2);
  for (int k = 0; k < 3; ++k) EXPECT_EQ(numbers_of(one.iterate()), numbers_of(two.iterate()));
  EXPECT_EQ(one.local_policies().gain, two.local_policies().gain);
}

/// The path that a GPU takes, on the CPU: the solver's point mass instead of MuJoCo's. Samples, fits and the C-step
/// agree but for rounding, until the network, which trains in single precision, makes more of that.
TEST(MirrorDescent, APointMassTrainsWithoutMujocoAsItDoesInIt) {
  const Task task = load_task(testing::obstacle);
  for (const Sampling sampling : {Sampling::local, Sampling::global}) {
    Settings settings = read_settings(task.algorithm, Method::mdgps);
    settings.minibatches = 300;
    settings.sampling = sampling;
    Resources without_mujoco(2);
    without_mujoco.simulates_point_masses = true;
    MirrorDescent run(task, settings, 1, without_mujoco), reference(task, settings, 1, 2);
    bool same_bytes = true;
    for (const double tolerance : {1e-9, 0.1}) {  // relative
      const auto numbers = numbers_of(run.iterate()), expected = numbers_of(reference.iterate());
      for (std::size_t j = 0; j < numbers.size(); ++j)
        EXPECT_NEAR(numbers[j], expected[j], tolerance * std::abs(expected[j])) << "number " << j;
      same_bytes &= numbers == expected;
    }
    EXPECT_FALSE(same_bytes) << "MuJoCo has simulated both";
  }
}

TEST(MirrorDescent, GoesOnFromACheckpointAsIfItHadNotStopped) {
  const Task task = reacher();
  const TemporaryFolder folder;
  MirrorDescent straight(task, quick(), 3, 2), stopped(task, quick(), 3, 2);
  for (int k = 0; k < 2; ++k) {
    straight.iterate();
    stopped.iterate();
  }
  stopped.save(folder.path());
  MirrorDescent resumed(task, quick(), 3, 2);
  resumed.load(folder.path());
  EXPECT_EQ(resumed.iteration(), 2);
  for (int k = 0; k < 2; ++k) EXPECT_EQ(numbers_of(straight.iterate()), numbers_of(resumed.iterate()));
}

TEST(MirrorDescent, EveryVariantRuns) {
  const Task task = reacher();
  for (const Sampling sampling : {Sampling::local, Sampling::global})
    for (const Linearization linearization : {Linearization::regression, Linearization::jacobian})
      for (const StepRule rule : {StepRule::classic, StepRule::global, StepRule::fixed}) {
        Settings settings = quick();
        settings.minibatches = 50;
        settings.sampling = sampling;
        settings.linearization = linearization;
        settings.step_rule = rule;
        settings.rounds = 2;
        MirrorDescent run(task, settings, 5, 2);
        IterationReport report;
        for (int k = 0; k < 3; ++k) report = run.iterate();
        for (const ConditionReport& condition : report.conditions) {
          EXPECT_TRUE(std::isfinite(condition.global_cost));
          EXPECT_GT(condition.cost_bound, 0.0);
          if (rule == StepRule::fixed) {
            EXPECT_DOUBLE_EQ(condition.step_size, settings.kl_step * task.horizon);
          }
        }
      }
}

}  // namespace
}  // namespace mdgps
