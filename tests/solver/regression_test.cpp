#include "mdgps/solver/regression.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "problems.hpp"
#include "reference.hpp"

namespace mdgps {
namespace {

struct Extents {
  std::int64_t conditions, steps, samples, inputs, outputs;
};
// Samples both fewer and more than dimensions; the first needs its prior.
const std::vector<Extents> kExtents = {{1, 1, 3, 1, 1}, {2, 5, 5, 9, 7}, {3, 7, 20, 4, 3}, {1, 9, 12, 6, 1}};

template <class Real>
struct Regression {
  Array<Real, 4> inputs, outputs;
  Array<Real, 2> weights;
  NormalInverseWishartArrays<Real> prior;
  LinearGaussianPolicyArrays<Real> fit;  // gain [N,T,q,p], offset [N,T,q], covariance [N,T,q,q]
  Array<Status, 2> status;
  bool has_prior = true;

  Regression(const Extents& e, std::uint64_t seed)
      : inputs({e.conditions, e.steps, e.samples, e.inputs}),
        outputs({e.conditions, e.steps, e.samples, e.outputs}),
        weights({e.conditions, e.samples}, Real(1)),
        prior(e.conditions, e.steps, e.inputs + e.outputs),
        fit({e.conditions, e.steps, e.inputs, e.outputs}),
        status({e.conditions, e.steps}) {
    for (std::int64_t i = 0; i < e.conditions; ++i) {
      problems::Draws draws(seed, i);
      for (std::int64_t t = 0; t < e.steps; ++t) {
        problems::fill_normal(draws, inputs.view()[i][t], 1.0);
        problems::fill_normal(draws, outputs.view()[i][t], 0.5);
        for (std::int64_t s = 0; s < e.samples; ++s)
          for (std::int64_t j = 0; j < e.outputs; ++j) outputs(i, t, s, j) += inputs(i, t, s, 0) + Real(2);
        problems::fill_normal(draws, prior.mean.view()[i][t], 1.0);
        problems::fill_positive_definite(draws, prior.scatter.view()[i][t], 1.0);
        prior.mean_strength(i, t) = static_cast<Real>(draws.uniform(0.1, 2.0));
        prior.degrees(i, t) = static_cast<Real>(draws.uniform(0.1, 2.0));
      }
      for (std::int64_t s = 0; s < e.samples; ++s) weights(i, s) = static_cast<Real>(draws.uniform(0.5, 1.5));
    }
  }

  RegressionProblem<Real> problem() const {
    return {inputs, outputs, weights,
            has_prior ? NormalInverseWishart<const Real>(const_cast<Regression*>(this)->prior.view())
                      : NormalInverseWishart<const Real>{},
            Real(1e-6)};
  }
  LinearGaussianFit<Real> result() { return {fit.gain, fit.offset, fit.covariance, status}; }

  reference::Dense points(std::int64_t i, std::int64_t t) const {
    const auto x = reference::dense(inputs.view()[i][t]), y = reference::dense(outputs.view()[i][t]);
    return transpose(stack(transpose(x), transpose(y)));
  }
  std::vector<double> sample_weights(std::int64_t i) const {
    return {weights.row(i).begin(), weights.row(i).end()};
  }
};

template <class Real>
class RegressionTest : public testing::Test {
 protected:
  static constexpr double tolerance = 2e4 * std::numeric_limits<Real>::epsilon();

  static void expect_fit(const Regression<Real>& r, std::int64_t i, std::int64_t t,
                         const reference::LinearFit& expected) {
    EXPECT_LT(reference::relative_error(reference::dense(r.fit.gain.view()[i][t]), expected.gain), tolerance);
    EXPECT_LT(reference::relative_error(reference::dense(r.fit.offset.view()[i][t]), expected.offset), tolerance);
    EXPECT_LT(reference::relative_error(reference::dense(r.fit.covariance.view()[i][t]), expected.covariance),
              tolerance);
  }
};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(RegressionTest, Reals);

TYPED_TEST(RegressionTest, ConditionsThePosteriorCovarianceOnTheInputs) {
  for (const Extents& e : kExtents) {
    Regression<TypeParam> r(e, 1);
    fit_linear_gaussian(r.problem(), r.result());
    const int p = static_cast<int>(e.inputs);
    for (std::int64_t i = 0; i < e.conditions; ++i)
      for (std::int64_t t = 0; t < e.steps; ++t) {
        EXPECT_EQ(r.status(i, t), Status::ok);
        auto g = reference::moments(r.points(i, t), r.sample_weights(i));
        double N = 0.0;
        for (const double w : r.sample_weights(i)) N += w;
        const double m = r.prior.mean_strength(i, t);
        const auto error = g.mean - reference::dense(r.prior.mean.view()[i][t]);
        g.covariance = (1.0 / (N + r.prior.degrees(i, t))) *
                       (N * g.covariance + reference::dense(r.prior.scatter.view()[i][t]) +
                        (N * m / (N + m)) * (error * transpose(error)));
        for (int j = 0; j < p; ++j) g.covariance(j, j) += 1e-6;
        this->expect_fit(r, i, t, reference::condition(g, p));
      }
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
      this->expect_fit(r, i, t,
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
