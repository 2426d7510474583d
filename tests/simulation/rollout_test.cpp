#include "mdgps/simulation/rollout.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "kernels/random.hpp"
#include "simulation/support.hpp"

namespace mdgps {
namespace {

using ::testing::Each;
using testing::NoiseController;
using testing::rollout_with;
using testing::same_bytes;

TEST(Rollout, GivesTheSameBytesForAnyNumberOfThreads) {
  for (const char* name : {"peg", "obstacle"}) {
    const auto task = load_task(testing::tasks_folder / name / "task.toml");
    const NoiseController controller(2.0);
    const auto one = rollout_with(task, controller, {.samples = 3, .seed = 5, .threads = 1});
    for (const int threads : {2, 3}) {
      EXPECT_TRUE(same_bytes(one, rollout_with(task, controller, {.samples = 3, .seed = 5, .threads = threads})));
    }
    EXPECT_THAT(one.weights.elements(), Each(1.0));
  }
}

TEST(Rollout, SeedStreamAndIterationChangeTheNoise) {
  const auto task = load_task(testing::reacher / "task.toml");
  const NoiseController controller(1.0);
  const auto base = rollout_with(task, controller, {.samples = 2});
  EXPECT_FALSE(base.actions == rollout_with(task, controller, {.samples = 2, .seed = 1}).actions);
  EXPECT_FALSE(base.actions == rollout_with(task, controller, {.samples = 2, .iteration = 1}).actions);
  EXPECT_FALSE(base.actions ==
               rollout_with(task, controller, {.samples = 2, .stream = RandomStream::global_rollouts}).actions);
  // More samples leave the first ones as they are.
  const auto more = rollout_with(task, controller, {.samples = 3});
  for (int t = 0; t < task.horizon; ++t) EXPECT_EQ(base.actions(1, 1, t, 0), more.actions(1, 1, t, 0));
}

TEST(Rollout, WithoutNoiseAllSamplesAreTheMean) {
  const auto task = load_task(testing::reacher / "task.toml");
  const auto trajectories = rollout_with(task, NoiseController(1.0), {.samples = 2, .noise = false});
  EXPECT_THAT(trajectories.actions.elements(), Each(0.0));
  for (int t = 0; t < task.horizon; ++t) EXPECT_EQ(trajectories.states(0, 0, t, 1), trajectories.states(0, 1, t, 1));
}

TEST(Rollout, RecordsWhatTheEnvironmentShows) {
  const auto task = load_task(testing::reacher / "task.toml");
  const auto trajectories = rollout_with(task, NoiseController(1.0), {.samples = 2});
  const auto environment = task.make_environment();
  environment->reset(2);
  std::vector<double> state(task.states), observation(task.observations), points(task.points);
  for (int t = 0; t < task.horizon; ++t) {
    environment->state(state);
    environment->observation(observation);
    environment->points(points);
    for (int e = 0; e < task.states; ++e) ASSERT_EQ(trajectories.states(2, 1, t, e), state[e]);
    for (int e = 0; e < task.observations; ++e) ASSERT_EQ(trajectories.observations(2, 1, t, e), observation[e]);
    EXPECT_EQ(observation[2], state[4]);  // "tip.x"
    for (int e = 0; e < task.points; ++e) {
      ASSERT_EQ(trajectories.points(2, 1, t, e), points[e]);
      EXPECT_EQ(points[e], state[4 + e]);
    }
    EXPECT_EQ(trajectories.distances(2, 1, t), environment->distance());
    ASSERT_TRUE(environment->step(trajectories.actions.row(2, 1, t)));
  }
}

TEST(Rollout, HeldOutConditionsAreRolledOutOnDemand) {
  const auto task = load_task(testing::reacher / "task.toml");
  const auto trajectories = rollout_with(task, NoiseController(1.0), {.held_out = true});
  EXPECT_EQ(trajectories.states.extent(0), 1);
  EXPECT_EQ(trajectories.states(0, 0, 0, 0), 0.1);
}

TEST(Rollout, AWrongNumberOfControllersIsRefused) {
  const auto task = load_task(testing::reacher / "task.toml");
  EXPECT_THROW(rollout(task, {}, {}), std::invalid_argument);
}

/// Noise, and an absurd action at one step where the noise then exceeds a threshold.
class Absurd : public Controller {
 public:
  Absurd(int step, double threshold, double action) : step_(step), threshold_(threshold), action_(action) {}
  void action(int step, std::span<const double>, std::span<const double>, std::span<const double> noise,
              std::span<double> action) const override {
    for (std::size_t j = 0; j < action.size(); ++j) action[j] = noise[j];
    if (step == step_ && noise[0] > threshold_) action[0] = action_;
  }

 private:
  int step_;
  double threshold_, action_;
};

TEST(Rollout, ADivergingSampleIsDroppedAndTheOthersAreUntouched) {
  const auto task = load_task(testing::reacher / "task.toml");
  const RolloutOptions options{.samples = 8};
  const auto sane = rollout_with(task, NoiseController(1.0), options);
  for (const double action :
       {1e14, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    const auto trajectories = rollout_with(task, Absurd(5, 0.5, action), options);
    int dropped = 0;
    for (int i = 0; i < task.conditions; ++i) {
      for (int s = 0; s < options.samples; ++s) {
        const bool diverges = sane.actions(i, s, 5, 0) > 0.5;
        dropped += diverges;
        EXPECT_EQ(trajectories.weights(i, s), diverges ? 0.0 : 1.0);
        if (diverges) {
          EXPECT_THAT(trajectories.states.row(i, s), Each(0.0));
          EXPECT_THAT(trajectories.actions.row(i, s), Each(0.0));
          EXPECT_THAT(trajectories.point_jacobians.row(i, s), Each(0.0));
        } else {
          const auto expected = sane.states.row(i, s);
          EXPECT_TRUE(std::equal(expected.begin(), expected.end(), trajectories.states.row(i, s).begin()));
        }
      }
    }
    EXPECT_GT(dropped, 0);
    EXPECT_LT(dropped, task.conditions * options.samples);
  }
  EXPECT_FALSE(std::filesystem::exists("MUJOCO_LOG.TXT"));
}

TEST(Rollout, AnActionThatIsNotFiniteDropsItsSampleEvenAtTheLastStep) {
  const auto task = load_task(testing::reacher / "task.toml");
  const Absurd controller(task.horizon - 1, -1e9, std::numeric_limits<double>::quiet_NaN());
  EXPECT_THAT(rollout_with(task, controller, {.samples = 2}).weights.elements(), Each(0.0));
}

// MuJoCo's own reaction to an error is to end the process.
TEST(Rollout, AnErrorOfTheSimulatorIsAnException) {
  const testing::ReacherCopy copy;
  for (const char* name : {"task.toml", "model.xml"}) {
    std::ofstream(copy.folder / name) << testing::read_file(testing::tasks_folder / "peg" / name);
  }
  copy.replace("model.xml", "<worldbody>", "<size memory=\"6K\"/><worldbody>");
  const auto task = load_task(copy.task());
  try {
    rollout_with(task, NoiseController(1.0), {.threads = 2});
    FAIL() << "no error";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), ::testing::StartsWith("MuJoCo: "));
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
  }
}

TEST(Rollout, AControllersExceptionReachesTheCaller) {
  class Throws : public Controller {
    void action(int, std::span<const double>, std::span<const double>, std::span<const double>,
                std::span<double>) const override {
      throw std::runtime_error("no action");
    }
  };
  const auto task = load_task(testing::reacher / "task.toml");
  EXPECT_THROW(rollout_with(task, Throws(), {.samples = 4, .threads = 2}), std::runtime_error);
}

TEST(ExplorationNoise, HasUnitVarianceInEachActionDimension) {
  const int steps = 100, actions = 7;
  std::vector<double> noise(steps * actions);
  exploration_noise(RandomSequence(1, RandomStream::user), steps, actions, 2.0, noise);
  for (int j = 0; j < actions; ++j) {
    double sum = 0.0, squares = 0.0;
    for (int t = 0; t < steps; ++t) {
      sum += noise[t * actions + j];
      squares += noise[t * actions + j] * noise[t * actions + j];
    }
    EXPECT_NEAR(squares / steps - std::pow(sum / steps, 2), 1.0, 1e-12);
  }
}

// White noise w filtered by g has the autocorrelation sum_i g_i g_{i+lag} / sum_i g_i^2, exp(-lag^2 / (4 sigma^2))
// nearly.
TEST(ExplorationNoise, IsCorrelatedOverTimeAsItsFilterSays) {
  const int steps = 20000;
  std::vector<double> noise(steps);
  exploration_noise(RandomSequence(2, RandomStream::user), steps, 1, 2.0, noise);
  for (const int lag : {1, 2, 4, 8}) {
    double product = 0.0;
    for (int t = 0; t + lag < steps; ++t) product += noise[t] * noise[t + lag];
    EXPECT_NEAR(product / (steps - lag), std::exp(-lag * lag / 16.0), 0.06) << lag;
  }
}

TEST(ExplorationNoise, IsWhiteWithoutSmoothing) {
  const int steps = 20000;
  std::vector<double> noise(steps);
  exploration_noise(RandomSequence(3, RandomStream::user), steps, 1, 0.0, noise);
  double product = 0.0, squares = 0.0;
  for (int t = 0; t + 1 < steps; ++t) {
    product += noise[t] * noise[t + 1];
    squares += noise[t] * noise[t];
  }
  EXPECT_NEAR(product / steps, 0.0, 0.04);
  EXPECT_NEAR(squares / steps, 1.0, 0.05);
}

TEST(ExplorationNoise, SmoothsHorizonsShorterThanItsFilter) {
  std::vector<double> noise(3);
  exploration_noise(RandomSequence(4, RandomStream::user), 3, 1, 2.0, noise);
  for (const double value : noise) EXPECT_TRUE(std::isfinite(value));
}

}  // namespace
}  // namespace mdgps
