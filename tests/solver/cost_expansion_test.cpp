#include "mdgps/solver/cost_expansion.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "cost_problems.hpp"

namespace mdgps {
namespace {

using namespace problems;

template <class Real>
void expand_and_check(const std::vector<CostTerm>& terms, Samples<Real>& samples) {
  expand_cost<Real>(terms, samples.view(), samples.cost.view(), samples.sample_cost);
  expect_expansion(terms, samples);
}

template <class Real>
class CostExpansionTest : public testing::Test {};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(CostExpansionTest, Reals);

TYPED_TEST(CostExpansionTest, EachTermMatchesFiniteDifferences) {
  for (const CostTerm& term : {action_term(), state_term(), point_term(), final_term()}) {
    Samples<TypeParam> samples(2, 3, 2, 4, 2, 3, 1);
    expand_and_check<TypeParam>({term}, samples);
  }
}

TYPED_TEST(CostExpansionTest, TermsAddUp) {
  Samples<TypeParam> samples(5, 2, 2, 4, 2, 3, 2);
  expand_and_check<TypeParam>({action_term(), state_term(), point_term(), final_term()}, samples);
}

TYPED_TEST(CostExpansionTest, WorksWithoutPointsAndWithoutTerms) {
  Samples<TypeParam> samples(1, 2, 2, 4, 2, 0, 3);
  expand_and_check<TypeParam>({action_term(), state_term()}, samples);
  auto view = samples.view();
  view.points = {};
  view.point_jacobians = {};
  auto expected = samples;
  expand_cost<TypeParam>(std::vector<CostTerm>{action_term(), state_term()}, view, samples.cost.view(),
                         samples.sample_cost);
  EXPECT_EQ(samples.cost.hessian, expected.cost.hessian);
  expand_and_check<TypeParam>({}, samples);
}

TYPED_TEST(CostExpansionTest, ASampleWithoutWeightDoesNotCountWhateverItHolds) {
  Samples<TypeParam> kept(2, 4, 2, 4, 2, 3, 4);
  kept.weights(1, 2) = 0;
  Samples<TypeParam> spoilt = kept;
  spoilt.states(1, 2, 0, 0) = std::numeric_limits<TypeParam>::quiet_NaN();
  spoilt.jacobians(1, 2, 1, 1, 1) = std::numeric_limits<TypeParam>::infinity();
  const std::vector<CostTerm> terms = {action_term(), state_term(), point_term()};
  expand_cost<TypeParam>(terms, kept.view(), kept.cost.view(), kept.sample_cost);
  expand_cost<TypeParam>(terms, spoilt.view(), spoilt.cost.view(), spoilt.sample_cost);
  EXPECT_EQ(kept.cost.hessian, spoilt.cost.hessian);
  EXPECT_EQ(kept.cost.gradient, spoilt.cost.gradient);
  EXPECT_EQ(kept.cost.constant, spoilt.cost.constant);
  EXPECT_EQ(kept.sample_cost(1, 2, 1), spoilt.sample_cost(1, 2, 1));
}

TYPED_TEST(CostExpansionTest, WithoutAnyWeightItIsNotFinite) {
  Samples<TypeParam> all(3, 4, 2, 4, 2, 3, 4);
  Samples<TypeParam> none = all;
  std::ranges::fill(none.weights.row(1), TypeParam(0));
  const std::vector<CostTerm> terms = {action_term(), state_term(), point_term()};
  expand_cost<TypeParam>(terms, all.view(), all.cost.view(), all.sample_cost);
  expand_cost<TypeParam>(terms, none.view(), none.cost.view(), none.sample_cost);
  for (const auto numbers : {none.cost.hessian.row(1), none.cost.gradient.row(1), none.cost.constant.row(1)})
    for (const TypeParam x : numbers) EXPECT_TRUE(std::isnan(x));
  for (const int i : {0, 2}) {
    EXPECT_TRUE(std::ranges::equal(all.cost.hessian.row(i), none.cost.hessian.row(i)));
    EXPECT_TRUE(std::ranges::equal(all.cost.gradient.row(i), none.cost.gradient.row(i)));
    EXPECT_TRUE(std::ranges::equal(all.cost.constant.row(i), none.cost.constant.row(i)));
  }
  EXPECT_EQ(all.sample_cost, none.sample_cost);
}

TYPED_TEST(CostExpansionTest, HessiansAreSymmetricToTheBitAndConvex) {
  Samples<TypeParam> samples(3, 5, 2, 4, 2, 3, 5);
  // A small alpha, as tasks have it: without care the log form is very concave near its target.
  CostTerm term = point_term();
  term.alpha = 1e-5;
  expand_cost<TypeParam>(std::vector<CostTerm>{term, final_term(), state_term()}, samples.view(), samples.cost.view(),
                         samples.sample_cost);
  Draws draws(9);
  for (std::int64_t i = 0; i < 3; ++i)
    for (std::int64_t t = 0; t < 2; ++t) {
      const Dense H = reference::dense(samples.cost.hessian.view()[i][t]);
      EXPECT_EQ(H.elements, transpose(H).elements);
      for (int trial = 0; trial < 20; ++trial) {
        Dense x(6, 1);
        for (double& e : x.elements) e = draws.normal();
        EXPECT_GE(trace(transpose(x) * H * x), -1e-5);
      }
    }
}

TYPED_TEST(CostExpansionTest, ATermThatDoesNotFitIsRefusedByName) {
  Samples<TypeParam> samples(1, 2, 2, 4, 2, 3, 6);
  const auto message = [&](const CostTerm& term) -> std::string {
    try {
      expand_cost<TypeParam>(std::vector<CostTerm>{action_term(), term}, samples.view(), samples.cost.view(),
                             samples.sample_cost);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  CostTerm term = point_term();
  term.entries[1] = 9;
  EXPECT_EQ(message(term), "expand_cost: terms[1].entries has 9, expected 0 to 8");
  term = point_term();
  term.ramp.pop_back();
  EXPECT_EQ(message(term), "expand_cost: terms[1].ramp has 1 numbers, expected 2");
  term = point_term();
  term.alpha = 0;
  EXPECT_THAT(message(term), testing::HasSubstr("terms[1].alpha"));
}

}  // namespace
}  // namespace mdgps
