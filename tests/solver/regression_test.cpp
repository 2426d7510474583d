#include "mdgps/solver/regression.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "regression_problems.hpp"

namespace mdgps {
namespace {

using problems::expect_fit;
using problems::Regression;
using Extents = problems::RegressionExtents;

template <class Real>
class RegressionTest : public testing::Test {};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(RegressionTest, Reals);

TYPED_TEST(RegressionTest, ConditionsThePosteriorCovarianceOnTheInputs) {
  for (const Extents& e : problems::regression_extents) {
    Regression<TypeParam> r(e, 1);
    fit_linear_gaussian(r.problem(), r.result());
    problems::expect_posterior_fit(r);
  }
}

TYPED_TEST(RegressionTest, WithoutAPriorItIsLeastSquares) {
  const Extents e{2, 3, 30, 4, 2};
  Regression<TypeParam> r(e, 2);
  r.has_prior = false;
  auto problem = r.problem();
  problem.regularization = 0;
  problem.weights = {};
  fit_linear_gaussian(problem, r.result());
  for (std::int64_t i = 0; i < e.conditions; ++i)
    for (std::int64_t t = 0; t < e.steps; ++t) {
      // Normal equations of outputs against [inputs, 1]; the covariance is that of the residuals.
      const auto points = r.points(i, t);
      const auto y = points.block(0, 4, 30, 2);
      auto x = reference::Dense(30, 5);
      for (int s = 0; s < 30; ++s)
        for (int j = 0; j < 5; ++j) x(s, j) = j < 4 ? points(s, j) : 1.0;
      const auto solution = solve(transpose(x) * x, transpose(x) * y);
      const auto residual = y - x * solution;
      expect_fit(r, i, t,
                 {transpose(solution.block(0, 0, 4, 2)), transpose(solution.block(4, 0, 1, 2)),
                  (1.0 / 30) * (transpose(residual) * residual)});
    }
}

TYPED_TEST(RegressionTest, CovariancesAreSymmetricToTheBit) {
  Regression<TypeParam> r({3, 7, 20, 4, 3}, 3);
  fit_linear_gaussian(r.problem(), r.result());
  for (std::int64_t i = 0; i < 3; ++i)
    for (std::int64_t t = 0; t < 7; ++t)
      for (int a = 0; a < 3; ++a)
        for (int b = 0; b < a; ++b) EXPECT_EQ(r.fit.covariance(i, t, a, b), r.fit.covariance(i, t, b, a));
}

TYPED_TEST(RegressionTest, ASampleWithoutWeightDoesNotCountWhateverItHolds) {
  Regression<TypeParam> all({1, 3, 8, 2, 2}, 4);
  Regression<TypeParam> without = all;
  all.weights(0, 5) = 0;
  for (std::int64_t t = 0; t < 3; ++t) {
    without.inputs(0, t, 5, 0) = 1e6;
    without.outputs(0, t, 5, 1) = std::numeric_limits<TypeParam>::quiet_NaN();
  }
  without.weights(0, 5) = 0;
  fit_linear_gaussian(all.problem(), all.result());
  fit_linear_gaussian(without.problem(), without.result());
  EXPECT_EQ(without.status(0, 0), Status::ok);
  EXPECT_EQ(all.fit.gain, without.fit.gain);
  EXPECT_EQ(all.fit.offset, without.fit.offset);
  EXPECT_EQ(all.fit.covariance, without.fit.covariance);
}

TYPED_TEST(RegressionTest, ReportsWhatIsWrongPerStepAndSparesTheOthers) {
  const Extents e{3, 5, 8, 2, 2};
  Regression<TypeParam> good(e, 5);
  Regression<TypeParam> bad = good;
  bad.inputs(1, 2, 3, 0) = std::numeric_limits<TypeParam>::quiet_NaN();
  bad.prior.scatter(2, 4, 1, 1) = -1e4;
  for (std::int64_t s = 0; s < 8; ++s) bad.weights(0, s) = good.weights(0, s) = 0;
  fit_linear_gaussian(good.problem(), good.result());
  fit_linear_gaussian(bad.problem(), bad.result());
  for (std::int64_t i = 0; i < 3; ++i)
    for (std::int64_t t = 0; t < 5; ++t) {
      const Status expected = i == 0             ? Status::not_finite  // no sample has weight
                              : i == 1 && t == 2 ? Status::not_finite
                              : i == 2 && t == 4 ? Status::not_positive_definite
                                                 : Status::ok;
      EXPECT_EQ(bad.status(i, t), expected) << i << " " << t;
      if (expected != Status::ok) continue;
      EXPECT_TRUE(std::ranges::equal(good.fit.gain.row(i, t), bad.fit.gain.row(i, t)));
      EXPECT_TRUE(std::ranges::equal(good.fit.covariance.row(i, t), bad.fit.covariance.row(i, t)));
    }
}

TYPED_TEST(RegressionTest, APriorThatTakesAwayMoreThanTheSamplesBringIsReported) {
  const Extents e{3, 5, 8, 2, 2};
  Regression<TypeParam> good(e, 5);
  std::ranges::fill(good.weights.elements(), TypeParam(1));
  Regression<TypeParam> bad = good;
  bad.prior.degrees(1, 2) = -9;
  bad.prior.degrees(2, 4) = -8;
  const auto fit = [](Regression<TypeParam>& r) {
    auto problem = r.problem();
    problem.regularization = 100;  // with which even a negative covariance of the inputs has a factor
    fit_linear_gaussian(problem, r.result());
  };
  fit(good);
  fit(bad);
  for (std::int64_t i = 0; i < 3; ++i)
    for (std::int64_t t = 0; t < 5; ++t) {
      const Status expected = i == 1 && t == 2   ? Status::not_positive_definite
                              : i == 2 && t == 4 ? Status::not_finite
                                                 : Status::ok;
      EXPECT_EQ(bad.status(i, t), expected) << i << " " << t;
      if (expected != Status::ok) continue;
      EXPECT_TRUE(std::ranges::equal(good.fit.gain.row(i, t), bad.fit.gain.row(i, t)));
      EXPECT_TRUE(std::ranges::equal(good.fit.covariance.row(i, t), bad.fit.covariance.row(i, t)));
    }
}

TYPED_TEST(RegressionTest, ARegularizationThatIsNotFiniteIsReported) {
  using Limits = std::numeric_limits<TypeParam>;
  for (const TypeParam regularization : {Limits::quiet_NaN(), Limits::infinity()}) {
    Regression<TypeParam> r({2, 3, 8, 2, 2}, 5);
    auto problem = r.problem();
    problem.regularization = regularization;
    fit_linear_gaussian(problem, r.result());
    for (const Status s : r.status.elements()) EXPECT_EQ(s, Status::not_finite);
  }
}

TYPED_TEST(RegressionTest, OutputsThatAreChangesAddTheIdentityToTheGain) {
  using Real = TypeParam;
  Regression<Real> r({2, 3, 9, 5, 3}, 8), changes = r;
  fit_linear_gaussian(r.problem(), r.result());
  auto problem = changes.problem();
  problem.outputs_are_changes = true;
  fit_linear_gaussian(problem, changes.result());
  for (std::int64_t i = 0; i < 2; ++i)
    for (std::int64_t t = 0; t < 3; ++t)
      for (std::int64_t a = 0; a < 3; ++a)
        for (std::int64_t b = 0; b < 5; ++b)
          EXPECT_EQ(changes.fit.gain(i, t, a, b), r.fit.gain(i, t, a, b) + Real(a == b ? 1 : 0));
  EXPECT_EQ(changes.fit.offset, r.fit.offset);
  EXPECT_EQ(changes.fit.covariance, r.fit.covariance);

  Regression<Real> too_many({1, 1, 4, 2, 3}, 8);
  auto refused = too_many.problem();
  refused.outputs_are_changes = true;
  EXPECT_THROW(fit_linear_gaussian(refused, too_many.result()), std::invalid_argument);
}

TYPED_TEST(RegressionTest, ReadsSlicesOfTrajectoriesThroughTheirStrides) {
  using Real = TypeParam;
  // States [N,S,T,n]: step t to t + 1, the samples being rows.
  const std::int64_t N = 2, S = 6, T = 4, n = 3;
  Array<Real, 4> states({N, S, T, n});
  Regression<Real> r({N, T - 1, S, n, n}, 6);
  problems::Draws draws(7);
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t s = 0; s < S; ++s) problems::fill_normal(draws, states.view()[i][s], 1.0);
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t t = 0; t + 1 < T; ++t)
      for (std::int64_t s = 0; s < S; ++s)
        for (std::int64_t j = 0; j < n; ++j) {
          r.inputs(i, t, s, j) = states(i, s, t, j);
          r.outputs(i, t, s, j) = states(i, s, t + 1, j);
        }
  fit_linear_gaussian(r.problem(), r.result());
  Regression<Real> sliced = r;
  auto problem = sliced.problem();
  const std::array<std::int64_t, 4> extents{N, T - 1, S, n}, strides{S * T * n, n, T * n, 1};
  problem.inputs = View<const Real, 4>(states.data(), extents, strides, {});
  problem.outputs = View<const Real, 4>(states.data() + n, extents, strides, {});
  sliced.fit = LinearGaussianPolicyArrays<Real>({N, T - 1, n, n});
  fit_linear_gaussian(problem, sliced.result());
  EXPECT_EQ(r.fit.gain, sliced.fit.gain);
  EXPECT_EQ(r.fit.covariance, sliced.fit.covariance);
}

}  // namespace
}  // namespace mdgps
