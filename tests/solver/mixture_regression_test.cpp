// Regressions whose prior comes from a mixture: the same bits as with the prior's arrays.

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "mdgps/solver/threads.hpp"
#include "mixture_problems.hpp"
#include "regression_problems.hpp"

namespace mdgps {
namespace {

using Extents = problems::RegressionExtents;

/// Regressions, and a mixture fitted to their samples over all steps.
template <class Real>
struct Case {
  problems::Regression<Real> regression;
  Array<Real, 4> points;
  GaussianMixtureArrays<Real> mixture;

  Case(const Extents& e, std::int64_t components)
      : regression(e, 1),
        points({e.conditions, e.steps, e.samples, e.inputs + e.outputs}),
        mixture(e.conditions, components, e.inputs + e.outputs) {
    regression.has_prior = false;
    const std::int64_t P = e.steps * e.samples;
    Array<std::int32_t, 2> assignment({e.conditions, P});
    for (std::int64_t i = 0; i < e.conditions; ++i)
      for (std::int64_t t = 0; t < e.steps; ++t)
        for (std::int64_t s = 0; s < e.samples; ++s) {
          // Components keep apart in time, so that each step has its own prior.
          const auto k = static_cast<std::int32_t>(t * components / e.steps);
          assignment(i, t * e.samples + s) = k;
          const auto x = regression.inputs.row(i, t, s), y = regression.outputs.row(i, t, s);
          x[0] += Real(2 * k);
          std::ranges::copy(x, points.row(i, t, s).begin());
          std::ranges::copy(y, points.row(i, t, s).begin() + e.inputs);
        }
    const View<const Real, 3> pooled(points.data(), {e.conditions, P, e.inputs + e.outputs});
    fit_gaussian_mixture<Real>({pooled, {}, assignment}, {.max_iterations = 3}, mixture.view(), {});
    if (e.samples < 4) return;
    for (std::int64_t i = 0; i < e.conditions; ++i) {  // a sample without weight must not bring its numbers in
      regression.weights(i, 1) = 0;
      regression.inputs(i, 0, 1, 0) = points(i, 0, 1, 0) = std::numeric_limits<Real>::quiet_NaN();
    }
  }
  /// The components are chosen by all samples but the last.
  PriorFromMixture<Real> prior() const {
    const auto [N, T, S, d] = points.extents();
    const View<const Real, 4> all = points;
    const View<const Real, 4> chosen(all.data, {N, T, S - 1, d}, all.strides, Device{});
    return {mixture.view(), chosen, {regression.weights.data(), {N, S - 1}, {S, 1}, Device{}}, 1.5, T * S};
  }
  void fit() { fit_linear_gaussian(regression.problem(), prior(), regression.result()); }
  void fit_with_arrays() {
    const PriorFromMixture<Real> p = prior();
    const auto& e = points.extents();
    NormalInverseWishartArrays<Real> arrays(e[0], e[1], e[3]);
    mixture_prior<Real>(p.mixture, p.points, p.weights, p.strength, p.fitted_points, arrays.view());
    auto problem = regression.problem();
    problem.prior = arrays.view();
    fit_linear_gaussian(problem, regression.result());
  }
};

template <class Real>
void expect_equal(const problems::Regression<Real>& a, const problems::Regression<Real>& b) {
  EXPECT_EQ(a.fit.gain, b.fit.gain);
  EXPECT_EQ(a.fit.offset, b.fit.offset);
  EXPECT_EQ(a.fit.covariance, b.fit.covariance);
  EXPECT_EQ(a.status, b.status);
}

template <class Real>
class MixtureRegression : public testing::Test {};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(MixtureRegression, Reals);

// Steps that packs divide and that they do not, packs across conditions, dimensions fewer than lanes and more.
const std::vector<std::pair<Extents, std::int64_t>> kCases = {
    {{1, 1, 6, 1, 1}, 1}, {{2, 5, 5, 9, 7}, 3}, {{3, 7, 20, 4, 3}, 2}, {{1, 16, 4, 3, 2}, 9}, {{2, 9, 3, 26, 14}, 4}};

TYPED_TEST(MixtureRegression, HasTheBitsOfTheOneWithThePriorsArrays) {
  for (const auto& [extents, components] : kCases) {
    Case<TypeParam> found(extents, components), stored(extents, components);
    found.fit();
    stored.fit_with_arrays();
    expect_equal(found.regression, stored.regression);
    for (const Status s : found.regression.status.elements()) EXPECT_EQ(s, Status::ok);
  }
}

TYPED_TEST(MixtureRegression, TheNumberOfThreadsChangesNothing) {
  Case<TypeParam> one({3, 7, 5, 4, 3}, 2), many({3, 7, 5, 4, 3}, 2);
  set_solver_threads(1);
  one.fit();
  set_solver_threads(3);
  many.fit();
  set_solver_threads(2);
  expect_equal(one.regression, many.regression);
}

TYPED_TEST(MixtureRegression, AFailingConditionLeavesTheOthersAlone) {
  Case<TypeParam> good({3, 7, 5, 4, 3}, 2), bad({3, 7, 5, 4, 3}, 2);
  bad.mixture.covariance(1, 0, 0, 0) = std::numeric_limits<TypeParam>::quiet_NaN();
  good.fit();
  bad.fit();
  EXPECT_EQ(bad.regression.status(1, 0), Status::not_finite);
  for (const int i : {0, 2}) {
    EXPECT_TRUE(std::ranges::equal(bad.regression.fit.gain.row(i), good.regression.fit.gain.row(i)));
    EXPECT_TRUE(std::ranges::equal(bad.regression.fit.offset.row(i), good.regression.fit.offset.row(i)));
    EXPECT_TRUE(std::ranges::equal(bad.regression.fit.covariance.row(i), good.regression.fit.covariance.row(i)));
    EXPECT_TRUE(std::ranges::equal(bad.regression.status.row(i), good.regression.status.row(i)));
  }
}

TYPED_TEST(MixtureRegression, AMixtureOfFewerPointsThanThePriorTakesAwayIsReported) {
  Case<TypeParam> c({3, 7, 5, 4, 3}, 2);
  PriorFromMixture<TypeParam> prior = c.prior();
  prior.fitted_points = 6;  // n_0 = -strength / 2, against four samples' weights of 0.5 to 1.5
  auto problem = c.regression.problem();
  problem.regularization = 1e6;  // with which even a negative covariance of the inputs has a factor
  fit_linear_gaussian(problem, prior, c.regression.result());
  for (const Status s : c.regression.status.elements()) EXPECT_EQ(s, Status::ok);
  prior.strength = 15;
  fit_linear_gaussian(problem, prior, c.regression.result());
  for (const Status s : c.regression.status.elements()) EXPECT_EQ(s, Status::not_positive_definite);
}

TEST(MixtureRegressionDoor, NoConditionsAndNoStepsAreNoWork) {
  for (const Extents& e : {Extents{0, 3, 5, 2, 1}, Extents{2, 0, 5, 2, 1}}) {
    problems::Regression<double> r(e, 1);
    r.has_prior = false;
    const Array<double, 4> points({e.conditions, e.steps, 5, 3});
    const GaussianMixtureArrays<double> mixture(e.conditions, 2, 3);
    EXPECT_NO_THROW(fit_linear_gaussian<double>(r.problem(), {mixture.view(), points, {}, 1.0, 7}, r.result()));
  }
}

TEST(MixtureRegressionDoor, SaysWhatIsWrong) {
  Case<double> c({2, 3, 5, 2, 1}, 2);
  const auto message = [&](const RegressionProblem<double>& problem, const PriorFromMixture<double>& prior) {
    try {
      fit_linear_gaussian(problem, prior, c.regression.result());
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const auto problem = c.regression.problem();
  auto prior = c.prior();
  EXPECT_EQ(message(problem, prior), "");
  prior.fitted_points = 0;
  EXPECT_EQ(message(problem, prior),
            "fit_linear_gaussian: prior.fitted_points is 0, expected how many points the mixture was fitted to");
  prior = c.prior();
  prior.points.extents[1] = 2;
  EXPECT_EQ(message(problem, prior), "fit_linear_gaussian: prior.points has shape [2,2,4,3], expected [2,3,4,3]");
  auto twice = problem;
  c.regression.has_prior = true;
  twice.prior = c.regression.problem().prior;
  EXPECT_EQ(message(twice, c.prior()), "fit_linear_gaussian: problem.prior is given beside the prior from a mixture");
}

}  // namespace
}  // namespace mdgps
