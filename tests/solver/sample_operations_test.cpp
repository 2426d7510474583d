// What the operations on samples and policies refuse: the points of the S-step, averages of expansions, divergences,
// precisions, costs.

#include <gtest/gtest.h>

#include <stdexcept>

#include "mdgps/solver/action_divergence.hpp"
#include "mdgps/solver/array.hpp"
#include "mdgps/solver/average_expansion.hpp"
#include "mdgps/solver/imitation.hpp"
#include "mdgps/solver/precisions.hpp"
#include "mdgps/solver/sample_costs.hpp"

namespace mdgps {
namespace {

constexpr int N = 2, S = 3, T = 4, n = 3, m = 2, o = 2;

struct Samples {
  Array<double, 4> states{{N, S, T, n}}, gain{{N, T, m, n}}, actions{{N, S, T, m}};
  Array<double, 3> means{{N, T, n}}, offset{{N, T, m}};
  Array<double, 2> weights{{N, S}, 1.0}, observations{{N * S * 2 * T, o}}, targets{{N * S * 2 * T, m}};
  Array<int, 1> entries{{o}};
};

TEST(SampleOperations, WrongShapesOptionsAndGapsAreRefused) {
  Samples c;
  const ImitationProblem<double> problem{c.states, c.weights, c.means, {}, c.gain, c.offset, c.entries};
  const ImitationResult<double> result{c.observations, c.targets};
  EXPECT_NO_THROW(imitation_points(problem, result, {.drawn = 1}));
  EXPECT_THROW(imitation_points(problem, result, {.drawn = 2}), std::invalid_argument);  // more points than rows
  EXPECT_THROW(imitation_points(problem, result, {.drawn = 1, .window = -1}), std::invalid_argument);
  auto gaps = problem;
  gaps.means.strides[1] = n + 1;
  EXPECT_THROW(imitation_points(gaps, result, {.drawn = 1}), std::invalid_argument);
  EXPECT_THROW(mean_states<double>(c.states.view(), c.weights.view(), c.offset.view()), std::invalid_argument);

  Array<double, 5> jacobians({N, S, T, m, o + 1});
  EXPECT_THROW(
      average_expansion<double>({c.states, c.actions, jacobians, c.weights, c.entries}, c.gain.view(), c.offset.view()),
      std::invalid_argument);

  Array<double, 2> factor({m, m}, 1.0), mean({N, T}), largest({N, T}), short_of_one({N, T - 1});
  Array<double, 4> covariance({N, T, m, m}), inverse({N, T, m, m});
  const PolicyPair<double> policies{c.states, c.weights, c.gain, c.offset, covariance, c.actions, factor};
  EXPECT_NO_THROW(action_divergence(policies, {c.offset.view(), mean, largest}));
  EXPECT_THROW(action_divergence(policies, {c.offset.view(), mean, short_of_one}), std::invalid_argument);

  EXPECT_NO_THROW(precisions<double>(covariance.view(), inverse, {}));
  EXPECT_THROW(precisions<double>(c.gain.view(), {}, mean), std::invalid_argument);  // not square
  EXPECT_THROW(precisions<double>(covariance.view(), inverse, short_of_one), std::invalid_argument);

  const Array<double, 3> per_step({N, S, T});
  SampleCostArrays<double> costs(N, S, T), of_fewer_steps(N, S, T - 1);
  EXPECT_NO_THROW(sample_costs<double>(per_step, c.weights.view(), costs.view()));
  EXPECT_THROW(sample_costs<double>(per_step, c.weights.view(), of_fewer_steps.view()), std::invalid_argument);
}

}  // namespace
}  // namespace mdgps
