#include "mdgps/algorithm/cost_bounds.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace mdgps {
namespace {

TEST(CostBounds, AreTheLemmasSums) {
  const std::vector<double> kl{0.02, 0.08}, expected{3.0, 4.0}, largest{5.0, 7.0};
  const auto bounds = cost_bounds({kl, expected, largest});
  EXPECT_NEAR(bounds.total_variation, 2 * (0.2 + 0.4), 1e-15);
  // E_p[l_t] + sqrt(2 e_t) max l_t + 2 sqrt(2 e_t) Qmax_t, Qmax = (12, 7)
  EXPECT_NEAR(bounds.cost, 3 + 0.2 * 5 + 2 * 0.2 * 12 + 4 + 0.4 * 7 + 2 * 0.4 * 7, 1e-14);
}

TEST(CostBounds, EqualPoliciesLeaveTheExpectedCost) {
  const std::vector<double> kl(10, 0.0), expected(10, 1.5), largest(10, 4.0);
  const auto bounds = cost_bounds({kl, expected, largest});
  EXPECT_EQ(bounds.total_variation, 0.0);
  EXPECT_DOUBLE_EQ(bounds.cost, 15.0);
}

}  // namespace
}  // namespace mdgps
