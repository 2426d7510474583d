// An episode step by step is what a rollout goes through, and its cost what the trainer counts.

#include "mdgps/simulation/episode.hpp"

#include <gmock/gmock.h>

#include "simulation/support.hpp"

namespace mdgps {
namespace {

using ::testing::HasSubstr;
using testing::NoiseController;
using testing::rollout_with;

/// The exact cost [N,S,T] of every step, as the trainer has it.
Array<double, 3> costs_of(const Task& task, const Trajectories& paths) {
  const auto [N, S, T, n] = paths.states.extents();
  QuadraticCostArrays<double> unused(BatchShape{N, T, n, task.actions});
  Array<double, 3> costs({N, S, T});
  expand_cost<double>(task.cost, {paths.states, paths.actions, paths.points, paths.point_jacobians, paths.weights},
                      unused.view(), costs);
  return costs;
}

TEST(Episode, RepeatsARolloutFromItsActions) {
  for (const char* name : {"peg", "blind_peg", "obstacle", "linear"}) {
    const auto task = load_task(testing::tasks_folder / name / "task.toml");
    for (const bool held_out : {false, true}) {
      const auto paths = rollout_with(task, NoiseController(1.0), {.samples = 2, .held_out = held_out});
      const auto costs = costs_of(task, paths);
      Episode episode(task);
      for (int i = 0; i < paths.states.extent(0); ++i) {
        episode.reset(held_out ? task.conditions + i : i);
        for (int t = 0; t < task.horizon; ++t) {
          ASSERT_FALSE(episode.over());
          EXPECT_EQ(episode.time(), t);
          ASSERT_TRUE(std::ranges::equal(episode.state(), paths.states.row(i, 1, t))) << name << i << " " << t;
          ASSERT_TRUE(std::ranges::equal(episode.observation(), paths.observations.row(i, 1, t)));
          ASSERT_EQ(episode.distance(), paths.distances(i, 1, t));
          ASSERT_DOUBLE_EQ(episode.step(paths.actions.row(i, 1, t)), costs(i, 1, t));
        }
        EXPECT_TRUE(episode.over());
        EXPECT_FALSE(episode.diverged());
        EXPECT_EQ(episode.distance(), paths.distances(i, 1, task.horizon - 1));
      }
    }
  }
}

TEST(Episode, EndsWhereTheSimulationDiverges) {
  const auto task = load_task(testing::reacher / "task.toml");
  Episode episode(task);
  episode.reset(0);
  const std::vector<double> before(episode.state().begin(), episode.state().end());
  episode.step(std::vector<double>{1e14, 0.0});
  EXPECT_TRUE(episode.diverged() && episode.over());
  EXPECT_TRUE(std::ranges::equal(episode.state(), before));
  EXPECT_THROW(episode.step(std::vector<double>{0.0, 0.0}), std::logic_error);
  episode.reset(0);
  EXPECT_FALSE(episode.over());
}

TEST(Episode, RefusesWhatDoesNotFit) {
  const auto task = load_task(testing::reacher / "task.toml");
  Episode episode(task);
  EXPECT_THROW(episode.step(std::vector<double>{0.0, 0.0}), std::logic_error);
  EXPECT_THROW(episode.reset(4), std::invalid_argument);
  EXPECT_THROW(episode.reset(-1), std::invalid_argument);
  episode.reset(3);
  EXPECT_THROW(episode.step(std::vector<double>{0.0}), std::invalid_argument);
  EXPECT_THROW(episode.step(std::vector<double>{0.0, std::nan("")}), std::invalid_argument);
  EXPECT_EQ(episode.time(), 0);
}

/// Value, gradient and Hessian of a task's cost in one place.
struct Expansion {
  Expansion(const Task& task, int step, const std::vector<double>& x, const std::vector<double>& u)
      : gradient({1, task.states + task.actions}),
        hessian({1, task.states + task.actions, task.states + task.actions}) {
    const auto terms = terms_on_state(task);
    expand_terms(terms, step, {x.data(), {1, task.states}}, {u.data(), {1, task.actions}}, value, gradient, hessian);
  }
  Array<double, 1> value{{1}};
  Array<double, 2> gradient;
  Array<double, 3> hessian;
};

TEST(Episode, TheCostAsAFunctionIsTheStepsCostWithItsDerivatives) {
  for (const char* name : {"peg", "obstacle", "linear"}) {
    const auto task = load_task(testing::tasks_folder / name / "task.toml");
    Episode episode(task);
    episode.reset(1);
    std::vector<double> u(task.actions, 0.3);
    for (int t = 0; t < 5; ++t) episode.step(u);
    const int step = name == std::string("peg") ? task.horizon - 1 : 5;  // where every term counts
    while (episode.time() < step) episode.step(u);
    std::vector<double> x(episode.state().begin(), episode.state().end());
    const Expansion at(task, step, x, u);
    EXPECT_DOUBLE_EQ(episode.step(u), at.value(0));

    constexpr double h = 1e-6;
    for (int e = 0; e < task.states + task.actions; ++e) {
      double& entry = e < task.states ? x[e] : u[e - task.states];
      const double middle = entry;
      entry = middle + h;
      const double up = Expansion(task, step, x, u).value(0);
      entry = middle - h;
      const double down = Expansion(task, step, x, u).value(0);
      entry = middle;
      EXPECT_NEAR((up - down) / (2 * h), at.gradient(0, e), 1e-4 * (1 + std::abs(at.gradient(0, e))))
          << name << " " << e;
      for (int b = 0; b < e; ++b) EXPECT_EQ(at.hessian(0, e, b), at.hessian(0, b, e));
    }
    EXPECT_THROW(Expansion(task, task.horizon, x, u), std::invalid_argument);
  }
}

TEST(Episode, ACostOnPointsThatTheStateLacksIsNoFunctionOfTheState) {
  const testing::ReacherCopy copy;
  copy.replace("task.toml", R"("points", )", "");
  copy.replace("task.toml", R"(, "tip.x")", "");
  try {
    terms_on_state(load_task(copy.task()));
    ADD_FAILURE();
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("add \"points\" to 'state'"));
  }
}

}  // namespace
}  // namespace mdgps
