#include "mdgps/algorithm/step_size.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "oracle.hpp"

namespace mdgps {
namespace {

/// The costs that a rule other than local looks at.
ExpectedCosts costs_of(double previous, double predicted, double actual_local, double actual_global) {
  return {std::nan(""), previous, predicted, actual_local, actual_global};
}

TEST(OracleStepSize, GlobalRuleAgreesWithTheAuthors) {
  for (const auto& name : oracle::problems()) {
    const oracle::File file(name);
    if (!file.has("step_costs")) continue;
    const auto costs = file.numbers("step_costs"), bounds = file.numbers("step_mult_bounds");
    EXPECT_NEAR(adjusted_multiplier(StepRule::global, costs_of(costs[0], costs[1], costs[5], costs[2]),
                                    file.number("step_mult_old"), {bounds[0], bounds[1]}),
                file.numbers("step_mult_new")[0], 1e-10)
        << name;
  }
}

TEST(OracleStepSize, BareRuleAgreesWithTheAuthors) {
  for (const auto& name : oracle::problems()) {
    const oracle::File file(name);
    if (!file.has("sm_in")) continue;
    const auto improvements = file.array<2>("sm_pred_act");
    const auto in = file.numbers("sm_in"), out = file.numbers("sm_out"), bounds = file.numbers("step_mult_bounds");
    for (std::size_t i = 0; i < in.size(); ++i) {
      const ExpectedCosts costs = costs_of(0.0, -improvements(i, 0), 0.0, -improvements(i, 1));
      EXPECT_NEAR(adjusted_multiplier(StepRule::global, costs, in[i], {bounds[0], bounds[1]}), out[i], 1e-10)
          << name << ", number " << i;
    }
  }
}

constexpr MultiplierRange wide{0.01, 5.0};

TEST(StepSize, EachRuleLooksAtItsOwnCosts) {
  // previous local 80, previous global 100, predicted 70, actual local 85, actual global 1000
  const ExpectedCosts costs{80, 100, 70, 85, 1000};
  EXPECT_DOUBLE_EQ(adjusted_multiplier(StepRule::classic, costs, 0.5, wide), 0.5 * 30 / (2.0 * 15));
  EXPECT_DOUBLE_EQ(adjusted_multiplier(StepRule::global, costs, 0.5, wide), 0.5 * 0.1);  // 30 / (2 930) is clipped
  EXPECT_DOUBLE_EQ(adjusted_multiplier(StepRule::local, costs, 0.5, wide), 0.5 * 10 / (2.0 * 15));
  EXPECT_EQ(adjusted_multiplier(StepRule::fixed, costs, 0.7, wide), 0.7);
}

TEST(StepSize, StaysInItsRange) {
  const auto good = costs_of(100, 50, 0, 0), bad = costs_of(100, 150, 200, 200);
  EXPECT_EQ(adjusted_multiplier(StepRule::global, good, 1.0, {0.5, 3.0}), 3.0);
  EXPECT_EQ(adjusted_multiplier(StepRule::global, bad, 1.0, {0.5, 3.0}), 0.5);
}

TEST(StepSize, CostsThatNoTrajectoryHasAreNotBelieved) {
  const SampledCost sampled{100.0, 100.0};
  const ExpectedCosts sane{100, 100, 90, 95, 95};
  for (const StepRule rule : {StepRule::classic, StepRule::global, StepRule::local}) {
    EXPECT_TRUE(believable(rule, sane, sampled, sampled));
    // A cost that the rule does not use may be anything.
    ExpectedCosts other = sane;
    (rule == StepRule::local ? other.previous_global : other.previous_local) = 1e15;
    (rule == StepRule::global ? other.actual_local : other.actual_global) = 1e15;
    EXPECT_TRUE(believable(rule, other, sampled, sampled));
    const double infinity = std::numeric_limits<double>::infinity();
    for (const double absurd : {1e15, -1e15, infinity, -infinity, std::nan("")}) {
      ExpectedCosts previous = sane, predicted = sane, actual = sane;
      previous.previous_local = previous.previous_global = absurd;
      predicted.predicted = absurd;
      actual.actual_local = actual.actual_global = absurd;
      for (const auto& costs : {previous, predicted, actual})
        EXPECT_FALSE(believable(rule, costs, sampled, sampled)) << absurd;
    }
  }
  EXPECT_TRUE(believable(StepRule::fixed, {1e15, 1e15, 1e15, 1e15, 1e15}, sampled, sampled));
}

TEST(StepSize, MeansAreOverTheMarkedConditions) {
  const std::vector<ExpectedCosts> costs{{1, 2, 3, 4, 5}, {1e15, 1e15, 1e15, 1e15, 1e15}, {3, 4, 5, 6, 7}};
  const auto mean = mean_costs(costs, {true, false, true});
  EXPECT_DOUBLE_EQ(mean.previous_local, 2);
  EXPECT_DOUBLE_EQ(mean.previous_global, 3);
  EXPECT_DOUBLE_EQ(mean.predicted, 4);
  EXPECT_DOUBLE_EQ(mean.actual_local, 5);
  EXPECT_DOUBLE_EQ(mean.actual_global, 6);
}

}  // namespace
}  // namespace mdgps
