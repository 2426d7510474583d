#include "mdgps/solver/gaussian_mixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "mdgps/solver/threads.hpp"
#include "mixture_problems.hpp"

namespace mdgps {
namespace {

using problems::Clusters;
using Extents = problems::MixtureExtents;

/// A scalar, and a path of the fits.
template <class R, SolverPath P>
struct On {
  using Real = R;
  static constexpr SolverPath path = P;
};

template <class Way>
class MixtureTest : public testing::Test {
 protected:
  template <class Real>
  static void fit(const MixtureProblem<Real>& problem, MixtureOptions options, const GaussianMixture<Real>& mixture,
                  const MixtureReport<Real>& report) {
    options.path = Way::path;
    fit_gaussian_mixture(problem, options, mixture, report);
  }
};
using Ways = testing::Types<On<float, SolverPath::fused>, On<double, SolverPath::fused>, On<float, SolverPath::wide>,
                            On<double, SolverPath::wide>>;
TYPED_TEST_SUITE(MixtureTest, Ways);

TYPED_TEST(MixtureTest, StartsFromTheMomentsOfTheAssignedPoints) {
  using Real = typename TypeParam::Real;
  for (const Extents& e : problems::mixture_extents) {
    Clusters<Real> c(e, 1);
    this->fit(c.problem(), {.max_iterations = 0}, c.mixture.view(), c.report());
    for (std::int64_t i = 0; i < e.conditions; ++i) {
      reference::Mixture expected;
      for (int k = 0; k < e.components; ++k) {
        std::vector<double> members(static_cast<std::size_t>(e.points));
        double count = 0.0;
        for (std::int64_t p = 0; p < e.points; ++p) count += members[p] = c.assignment(i, p) == k ? 1.0 : 0.0;
        const auto g = reference::moments(reference::dense(c.points.view()[i]), members);
        expected.mean.push_back(g.mean);
        expected.covariance.push_back(g.covariance + 1e-6 * reference::identity(static_cast<int>(e.dimensions)));
        expected.weight.push_back(count / static_cast<double>(e.points));
      }
      problems::expect_mixture(c.component_list(i), expected, problems::mixture_tolerance<Real>);
    }
  }
}

TYPED_TEST(MixtureTest, EveryIterationIsOneOfBruteForce) {
  using Real = typename TypeParam::Real;
  for (const Extents& e : problems::mixture_extents) {
    Clusters<Real> c(e, 2);
    for (std::int64_t i = 0; i < e.conditions; ++i)
      for (std::int64_t p = 0; p < e.points; ++p) c.weights(i, p) = static_cast<Real>(0.5 + (p % 3) * 0.5);
    this->fit(c.problem(), {.max_iterations = 0}, c.mixture.view(), c.report());
    auto problem = c.problem();
    problem.assignment = {};
    for (int iteration = 0; iteration < 3; ++iteration) {
      const Clusters<Real> before = c;
      this->fit(problem, {.max_iterations = 1, .tolerance = 0}, c.mixture.view(), c.report());
      problems::expect_em_step(before, c);
    }
  }
}

TYPED_TEST(MixtureTest, ComponentsMayHaveSharesInFewPointsOrInMany) {
  using Real = typename TypeParam::Real;
  const Extents e{1, 400, 3, 3};
  Clusters<Real> c(e, 11);
  for (std::int64_t p = 0; p < e.points; ++p) {  // 50 points, 20 and 330, far apart; a third has no weight
    const int cluster = p % 20 == 7 ? 1 : p % 8 == 5 ? 0 : 2;
    c.assignment(0, p) = cluster;
    for (int j = 0; j < e.dimensions; ++j) c.points(0, p, j) += static_cast<Real>(15 * cluster);
    if (p % 3 == 0) c.weights(0, p) = 0;
  }
  this->fit(c.problem(), {.max_iterations = 0}, c.mixture.view(), c.report());
  auto problem = c.problem();
  problem.assignment = {};
  for (int iteration = 0; iteration < 2; ++iteration) {
    const Clusters<Real> before = c;
    this->fit(problem, {.max_iterations = 1, .tolerance = 0}, c.mixture.view(), c.report());
    problems::expect_em_step(before, c);
  }
}

TYPED_TEST(MixtureTest, TheLikelihoodRisesUntilItStops) {
  using Real = typename TypeParam::Real;
  Clusters<Real> c({1, 300, 4, 5}, 3);
  this->fit(c.problem(), {.max_iterations = 1}, c.mixture.view(), c.report());
  auto problem = c.problem();
  problem.assignment = {};
  double last = -INFINITY;
  int rises = 0;
  for (int iteration = 0; iteration < 60; ++iteration) {
    this->fit(problem, {.max_iterations = 1}, c.mixture.view(), c.report());
    // The regularisation of the covariances lets it fall by a trace, and so does rounding in float.
    EXPECT_GE(c.log_likelihood(0), last - std::max(1e-6, 15000.0 * std::numeric_limits<Real>::epsilon()));
    rises += c.log_likelihood(0) > last;
    last = c.log_likelihood(0);
  }
  EXPECT_GT(rises, 2);
  Clusters<Real> whole({1, 300, 4, 5}, 3);
  this->fit(whole.problem(), {}, whole.mixture.view(), whole.report());
  EXPECT_EQ(whole.status(0), Status::ok);
  EXPECT_NEAR(whole.log_likelihood(0), last, 0.01 * std::abs(last));
}

TYPED_TEST(MixtureTest, AComponentWithoutPointsStartsAnewFromAllThatHaveWeight) {
  using Real = typename TypeParam::Real;
  const Extents e{1, 90, 2, 3};
  Clusters<Real> c(e, 4);
  for (std::int64_t p = 0; p < e.points; ++p) {
    if (c.assignment(0, p) == 1) c.assignment(0, p) = 2;
    if (p % 4 == 0) c.weights(0, p) = 0;
  }
  this->fit(c.problem(), {.max_iterations = 0}, c.mixture.view(), c.report());
  const auto all = reference::moments(reference::dense(c.points.view()[0]), c.point_weights(0));
  EXPECT_LT(reference::relative_error(c.component_list(0).mean[1], all.mean), problems::mixture_tolerance<Real>);
  EXPECT_LT(
      reference::relative_error(c.component_list(0).covariance[1], all.covariance + 1e-6 * reference::identity(2)),
      problems::mixture_tolerance<Real>);
  EXPECT_EQ(c.mixture.weight(0, 1), 0);
  // A weight of 0 is a fixed point, not a NaN.
  auto problem = c.problem();
  problem.assignment = {};
  this->fit(problem, {}, c.mixture.view(), c.report());
  EXPECT_EQ(c.status(0), Status::ok);
  EXPECT_EQ(c.mixture.weight(0, 1), 0);
}

TYPED_TEST(MixtureTest, PointsWithoutWeightDoNotCountWhateverTheyHold) {
  using Real = typename TypeParam::Real;
  const Extents e{1, 120, 3, 4};
  Clusters<Real> kept(e, 5);
  Clusters<Real> spoilt = kept;
  for (std::int64_t p = 0; p < e.points; p += 7) {
    kept.weights(0, p) = spoilt.weights(0, p) = 0;
    spoilt.points(0, p, 1) = std::numeric_limits<Real>::quiet_NaN();
  }
  this->fit(kept.problem(), {.max_iterations = 5}, kept.mixture.view(), kept.report());
  this->fit(spoilt.problem(), {.max_iterations = 5}, spoilt.mixture.view(), spoilt.report());
  EXPECT_EQ(kept.mixture.covariance, spoilt.mixture.covariance);
  EXPECT_EQ(kept.mixture.mean, spoilt.mixture.mean);
  EXPECT_EQ(kept.log_likelihood, spoilt.log_likelihood);
}

TYPED_TEST(MixtureTest, AFailingConditionIsReportedAndLeavesTheOthersAlone) {
  using Real = typename TypeParam::Real;
  const Extents e{3, 60, 3, 2};
  Clusters<Real> good(e, 6);
  Clusters<Real> bad = good;
  bad.points(1, 5, 0) = std::numeric_limits<Real>::quiet_NaN();
  this->fit(good.problem(), {}, good.mixture.view(), good.report());
  this->fit(bad.problem(), {}, bad.mixture.view(), bad.report());
  EXPECT_EQ(bad.status(1), Status::not_finite);
  for (const int i : {0, 2}) {
    EXPECT_EQ(bad.status(i), good.status(i));
    EXPECT_TRUE(std::ranges::equal(bad.mixture.covariance.row(i), good.mixture.covariance.row(i)));
  }
  auto problem = good.problem();
  problem.assignment = {};
  good.mixture.covariance(0, 1, 0, 0) = -1;
  this->fit(problem, {}, good.mixture.view(), good.report());
  EXPECT_EQ(good.status(0), Status::not_positive_definite);
  EXPECT_EQ(good.status(1), Status::ok);
}

TYPED_TEST(MixtureTest, CovariancesAreSymmetricToTheBit) {
  using Real = typename TypeParam::Real;
  Clusters<Real> c({1, 331, 7, 8}, 7);
  this->fit(c.problem(), {}, c.mixture.view(), c.report());
  for (int k = 0; k < 8; ++k)
    for (int a = 0; a < 7; ++a)
      for (int b = 0; b < a; ++b) EXPECT_EQ(c.mixture.covariance(0, k, a, b), c.mixture.covariance(0, k, b, a));
}

TYPED_TEST(MixtureTest, ThePriorIsTheMixturesMomentsUnderTheMeanResponsibilities) {
  using Real = typename TypeParam::Real;
  for (const Extents& e : problems::mixture_extents) {
    Clusters<Real> c(e, 8);
    this->fit(c.problem(), {.max_iterations = 3}, c.mixture.view(), c.report());
    const std::int64_t T = 4, S = e.points / T;
    Array<Real, 4> queries({e.conditions, T, S, e.dimensions});
    for (std::int64_t i = 0; i < e.conditions; ++i)
      std::ranges::copy(c.points.row(i).first(static_cast<std::size_t>(T * S * e.dimensions)), queries.row(i).begin());
    Array<Real, 2> weights({e.conditions, S}, Real(1));
    for (std::int64_t i = 0; i < e.conditions; ++i) weights(i, 1) = 0;
    NormalInverseWishartArrays<Real> prior(e.conditions, T, e.dimensions);
    mixture_prior<Real>(c.mixture.view(), queries, weights, 2.0, e.points, prior.view());
    for (std::int64_t i = 0; i < e.conditions; ++i)
      for (std::int64_t t = 0; t < T; ++t) {
        const auto expected = reference::prior_moments(c.component_list(i), reference::dense(queries.view()[i][t]),
                                                       {weights.row(i).begin(), weights.row(i).end()});
        EXPECT_LT(reference::relative_error(reference::dense(prior.mean.view()[i][t]), expected.mean),
                  problems::mixture_tolerance<Real>);
        EXPECT_LT(reference::relative_error(reference::dense(prior.scatter.view()[i][t]), 2.0 * expected.covariance),
                  problems::mixture_tolerance<Real>);
        const double P = static_cast<double>(e.points), d = static_cast<double>(e.dimensions);
        EXPECT_EQ(prior.mean_strength(i, t), Real(2));
        EXPECT_NEAR(prior.degrees(i, t), 2.0 * (P - 2.0 - d) / P, 1e-6);
      }
  }
}

TYPED_TEST(MixtureTest, WithTheSameAnswerOnBothPaths) {
  using Real = typename TypeParam::Real;
  for (const Extents& e : {Extents{2, 900, 23, 20}, Extents{1, 500, 60, 3}}) {
    Clusters<Real> c(e, 9), fused(e, 9);
    for (std::int64_t p = 0; p < e.points; p += 5) c.weights(0, p) = fused.weights(0, p) = Real(0.25);
    this->fit(c.problem(), {.max_iterations = 4, .tolerance = 0}, c.mixture.view(), c.report());
    fit_gaussian_mixture(fused.problem(), {.max_iterations = 4, .tolerance = 0, .path = SolverPath::fused},
                         fused.mixture.view(), fused.report());
    for (std::int64_t i = 0; i < e.conditions; ++i) {
      problems::expect_mixture(c.component_list(i), fused.component_list(i), 10 * problems::mixture_tolerance<Real>);
      EXPECT_NEAR(c.log_likelihood(i), fused.log_likelihood(i),
                  problems::mixture_tolerance<Real> * static_cast<double>(e.points));
      EXPECT_EQ(c.iterations(i), 4);
    }
  }
}

TYPED_TEST(MixtureTest, TheNumberOfThreadsChangesNothing) {
  using Real = typename TypeParam::Real;
  const Extents e{5, 60, 3, 4};
  Clusters<Real> one(e, 10), many(e, 10);
  set_solver_threads(1);
  this->fit(one.problem(), {}, one.mixture.view(), one.report());
  set_solver_threads(3);
  this->fit(many.problem(), {}, many.mixture.view(), many.report());
  set_solver_threads(2);
  EXPECT_EQ(one.mixture.mean, many.mixture.mean);
  EXPECT_EQ(one.mixture.covariance, many.mixture.covariance);
  EXPECT_EQ(one.log_likelihood, many.log_likelihood);
  EXPECT_EQ(one.iterations, many.iterations);
}

}  // namespace
}  // namespace mdgps
