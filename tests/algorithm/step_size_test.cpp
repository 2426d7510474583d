#include "mdgps/algorithm/step_size.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "oracle.hpp"

namespace mdgps {
namespace {

constexpr SampledCost any_cost{0.0, 1e300};  // believes everything

TEST(OracleStepSize, GlobalRuleAgreesWithTheAuthors) {
  for (const auto& name : oracle::problems()) {
    const oracle::File file(name);
    if (!file.has("step_costs")) continue;
    const auto costs = file.numbers("step_costs"), bounds = file.numbers("step_mult_bounds");
    const ExpectedCosts expected{costs[0], costs[1], costs[5], costs[2]};
    const auto step = adjust_step_size(StepRule::global, expected, any_cost, any_cost, file.number("step_mult_old"),
                                       bounds[0], bounds[1]);
    EXPECT_NEAR(step.multiplier, file.numbers("step_mult_new")[0], 1e-10) << name;
    EXPECT_FALSE(step.guarded);
  }
}

TEST(OracleStepSize, BareRuleAgreesWithTheAuthors) {
  for (const auto& name : oracle::problems()) {
    const oracle::File file(name);
    if (!file.has("sm_in")) continue;
    const auto improvements = file.array<2>("sm_pred_act");
    const auto in = file.numbers("sm_in"), out = file.numbers("sm_out"), bounds = file.numbers("step_mult_bounds");
    for (std::size_t i = 0; i < in.size(); ++i) {
      const ExpectedCosts costs{0.0, -improvements(i, 0), 0.0, -improvements(i, 1)};
      const auto step = adjust_step_size(StepRule::global, costs, any_cost, any_cost, in[i], bounds[0], bounds[1]);
      EXPECT_NEAR(step.multiplier, out[i], 1e-10) << name << ", number " << i;
    }
  }
}

TEST(StepSize, ClassicRuleLooksAtTheLocalPolicy) {
  // predicted improvement 10, actual 5: epsilon' = epsilon 10 / (2 (10 - 5))
  const ExpectedCosts costs{100.0, 90.0, 95.0, 1000.0};
  EXPECT_DOUBLE_EQ(adjust_step_size(StepRule::classic, costs, any_cost, any_cost, 0.5, 0.01, 5).multiplier, 0.5);
  EXPECT_DOUBLE_EQ(adjust_step_size(StepRule::global, costs, any_cost, any_cost, 0.5, 0.01, 5).multiplier, 0.05);
}

TEST(StepSize, FixedRuleChangesNothing) {
  EXPECT_EQ(adjust_step_size(StepRule::fixed, {1, 2, 3, 4}, any_cost, any_cost, 0.7, 0.01, 5).multiplier, 0.7);
}

TEST(StepSize, StaysInItsRange) {
  const ExpectedCosts good{100.0, 50.0, 0.0, 0.0}, bad{100.0, 150.0, 200.0, 200.0};
  EXPECT_EQ(adjust_step_size(StepRule::global, good, any_cost, any_cost, 1.0, 0.5, 3.0).multiplier, 3.0);
  EXPECT_EQ(adjust_step_size(StepRule::global, bad, any_cost, any_cost, 1.0, 0.5, 3.0).multiplier, 0.5);
}

TEST(StepSize, CostsThatNoTrajectoryHasDoNotDriveIt) {
  const SampledCost sampled{100.0, 100.0};
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  for (const double absurd : {1e15, -1e15, infinity, -infinity, nan}) {
    for (const ExpectedCosts& costs :
         {ExpectedCosts{absurd, 90, 95, 95}, ExpectedCosts{100, absurd, 95, 95}, ExpectedCosts{100, 90, 95, absurd}}) {
      const auto step = adjust_step_size(StepRule::global, costs, sampled, sampled, 0.7, 0.01, 5);
      EXPECT_TRUE(step.guarded) << absurd;
      EXPECT_EQ(step.multiplier, 0.7);
    }
    // A cost that the rule does not use may be anything.
    EXPECT_FALSE(adjust_step_size(StepRule::global, {100, 90, absurd, 95}, sampled, sampled, 0.7, 0.01, 5).guarded);
  }
}

}  // namespace
}  // namespace mdgps
