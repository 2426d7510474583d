#include "mdgps/solver/gaussian_mixture.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "problems.hpp"
#include "reference.hpp"

namespace mdgps {
namespace {

struct Extents {
  std::int64_t conditions, points, dimensions, components;
};
// Components fewer than lanes, as many, and more; points that blocks and tiles do not divide.
const std::vector<Extents> kExtents = {{1, 40, 1, 1}, {2, 150, 3, 2}, {1, 331, 7, 8}, {2, 260, 5, 11}};

/// Points in clusters on a ring, and a first assignment that is right for four points in five.
template <class Real>
struct Clusters {
  Array<Real, 3> points;
  Array<Real, 2> weights;
  Array<std::int32_t, 2> assignment;
  GaussianMixtureArrays<Real> mixture;
  Array<Real, 1> log_likelihood;
  Array<std::int32_t, 1> iterations;
  Array<Status, 1> status;

  Clusters(const Extents& e, std::uint64_t seed)
      : points({e.conditions, e.points, e.dimensions}),
        weights({e.conditions, e.points}, Real(1)),
        assignment({e.conditions, e.points}),
        mixture(e.conditions, e.components, e.dimensions),
        log_likelihood({e.conditions}),
        iterations({e.conditions}),
        status({e.conditions}) {
    const int K = static_cast<int>(e.components);
    for (std::int64_t i = 0; i < e.conditions; ++i) {
      problems::Draws draws(seed, i);
      for (std::int64_t p = 0; p < e.points; ++p) {
        const int cluster = draws.below(K);
        problems::fill_normal(draws, points.view()[i][p], 0.5);
        points(i, p, 0) += static_cast<Real>(3 * std::cos(6.28 * cluster / K) + 2);
        points(i, p, e.dimensions - 1) += static_cast<Real>(3 * std::sin(6.28 * cluster / K) - 1);
        assignment(i, p) = p % 5 == 0 ? draws.below(K) : cluster;
      }
    }
  }

  MixtureProblem<Real> problem() const { return {points, weights, assignment}; }
  MixtureReport<Real> report() { return {log_likelihood, iterations, status}; }

  reference::Mixture component_list(std::int64_t i) const {
    reference::Mixture m;
    m.mean = reference::dense_steps(mixture.mean.view()[i]);
    m.covariance = reference::dense_steps(mixture.covariance.view()[i]);
    m.weight = {mixture.weight.row(i).begin(), mixture.weight.row(i).end()};
    return m;
  }
  std::vector<double> point_weights(std::int64_t i) const { return {weights.row(i).begin(), weights.row(i).end()}; }
};

template <class Real>
class MixtureTest : public testing::Test {
 protected:
  // One E- and M-step amplify rounding by the covariances' condition numbers and the exponents' size.
  static constexpr double tolerance = 1e5 * std::numeric_limits<Real>::epsilon();

  static void expect_mixture(const reference::Mixture& actual, const reference::Mixture& expected, double bound) {
    EXPECT_LT(reference::relative_error(actual.mean, expected.mean), bound);
    EXPECT_LT(reference::relative_error(actual.covariance, expected.covariance), bound);
    for (std::size_t k = 0; k < expected.weight.size(); ++k)
      EXPECT_NEAR(actual.weight[k], expected.weight[k], bound);
  }
};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(MixtureTest, Reals);

TYPED_TEST(MixtureTest, StartsFromTheMomentsOfTheAssignedPoints) {
  for (const Extents& e : kExtents) {
    Clusters<TypeParam> c(e, 1);
    fit_gaussian_mixture(c.problem(), {.max_iterations = 0}, c.mixture.view(), c.report());
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
      this->expect_mixture(c.component_list(i), expected, this->tolerance);
    }
  }
}

TYPED_TEST(MixtureTest, EveryIterationIsOneOfBruteForce) {
  for (const Extents& e : kExtents) {
    Clusters<TypeParam> c(e, 2);
    for (std::int64_t i = 0; i < e.conditions; ++i)
      for (std::int64_t p = 0; p < e.points; ++p) c.weights(i, p) = static_cast<TypeParam>(0.5 + (p % 3) * 0.5);
    fit_gaussian_mixture(c.problem(), {.max_iterations = 0}, c.mixture.view(), c.report());
    auto problem = c.problem();
    problem.assignment = {};
    for (int iteration = 0; iteration < 3; ++iteration) {
      const Clusters<TypeParam> before = c;
      fit_gaussian_mixture(problem, {.max_iterations = 1, .tolerance = 0}, c.mixture.view(), c.report());
      for (std::int64_t i = 0; i < e.conditions; ++i) {
        auto expected = before.component_list(i);
        const double log_likelihood =
            reference::em_step(reference::dense(c.points.view()[i]), c.point_weights(i), 1e-6, expected);
        this->expect_mixture(c.component_list(i), expected, this->tolerance);
        EXPECT_NEAR(c.log_likelihood(i), log_likelihood, this->tolerance * static_cast<double>(e.points));
        EXPECT_EQ(c.iterations(i), 1);
        EXPECT_EQ(c.status(i), Status::not_converged);
      }
    }
  }
}

TYPED_TEST(MixtureTest, TheLikelihoodRisesUntilItStops) {
  Clusters<TypeParam> c({1, 300, 4, 5}, 3);
  fit_gaussian_mixture(c.problem(), {.max_iterations = 1}, c.mixture.view(), c.report());
  auto problem = c.problem();
  problem.assignment = {};
  double last = -INFINITY;
  int rises = 0;
  for (int iteration = 0; iteration < 60; ++iteration) {
    fit_gaussian_mixture(problem, {.max_iterations = 1}, c.mixture.view(), c.report());
    // rounding of a sum over points, in float
    EXPECT_GE(c.log_likelihood(0), last - 300 * 50 * std::numeric_limits<TypeParam>::epsilon());
    rises += c.log_likelihood(0) > last;
    last = c.log_likelihood(0);
  }
  EXPECT_GT(rises, 2);
  Clusters<TypeParam> whole({1, 300, 4, 5}, 3);
  fit_gaussian_mixture(whole.problem(), {}, whole.mixture.view(), whole.report());
  EXPECT_EQ(whole.status(0), Status::ok);
  EXPECT_NEAR(whole.log_likelihood(0), last, 0.01 * std::abs(last));
}

TYPED_TEST(MixtureTest, AComponentWithoutPointsStartsAnewFromAllThatHaveWeight) {
  const Extents e{1, 90, 2, 3};
  Clusters<TypeParam> c(e, 4);
  for (std::int64_t p = 0; p < e.points; ++p) {
    if (c.assignment(0, p) == 1) c.assignment(0, p) = 2;
    if (p % 4 == 0) c.weights(0, p) = 0;
  }
  fit_gaussian_mixture(c.problem(), {.max_iterations = 0}, c.mixture.view(), c.report());
  const auto all = reference::moments(reference::dense(c.points.view()[0]), c.point_weights(0));
  EXPECT_LT(reference::relative_error(c.component_list(0).mean[1], all.mean), this->tolerance);
  EXPECT_LT(reference::relative_error(c.component_list(0).covariance[1],
                                      all.covariance + 1e-6 * reference::identity(2)),
            this->tolerance);
  EXPECT_EQ(c.mixture.weight(0, 1), 0);
  // A weight of 0 is a fixed point, not a NaN.
  auto problem = c.problem();
  problem.assignment = {};
  fit_gaussian_mixture(problem, {}, c.mixture.view(), c.report());
  EXPECT_EQ(c.status(0), Status::ok);
  EXPECT_EQ(c.mixture.weight(0, 1), 0);
}

TYPED_TEST(MixtureTest, PointsWithoutWeightDoNotCountWhateverTheyHold) {
  const Extents e{1, 120, 3, 4};
  Clusters<TypeParam> kept(e, 5);
  Clusters<TypeParam> spoilt = kept;
  for (std::int64_t p = 0; p < e.points; p += 7) {
    kept.weights(0, p) = spoilt.weights(0, p) = 0;
    spoilt.points(0, p, 1) = std::numeric_limits<TypeParam>::quiet_NaN();
  }
  fit_gaussian_mixture(kept.problem(), {.max_iterations = 5}, kept.mixture.view(), kept.report());
  fit_gaussian_mixture(spoilt.problem(), {.max_iterations = 5}, spoilt.mixture.view(), spoilt.report());
  EXPECT_EQ(kept.mixture.covariance, spoilt.mixture.covariance);
  EXPECT_EQ(kept.mixture.mean, spoilt.mixture.mean);
  EXPECT_EQ(kept.log_likelihood, spoilt.log_likelihood);
}

TYPED_TEST(MixtureTest, AFailingConditionIsReportedAndLeavesTheOthersAlone) {
  const Extents e{3, 60, 3, 2};
  Clusters<TypeParam> good(e, 6);
  Clusters<TypeParam> bad = good;
  bad.points(1, 5, 0) = std::numeric_limits<TypeParam>::quiet_NaN();
  fit_gaussian_mixture(good.problem(), {}, good.mixture.view(), good.report());
  fit_gaussian_mixture(bad.problem(), {}, bad.mixture.view(), bad.report());
  EXPECT_EQ(bad.status(1), Status::not_finite);
  for (const int i : {0, 2}) {
    EXPECT_EQ(bad.status(i), good.status(i));
    EXPECT_TRUE(std::ranges::equal(bad.mixture.covariance.row(i), good.mixture.covariance.row(i)));
  }
  auto problem = good.problem();
  problem.assignment = {};
  good.mixture.covariance(0, 1, 0, 0) = -1;
  fit_gaussian_mixture(problem, {}, good.mixture.view(), good.report());
  EXPECT_EQ(good.status(0), Status::not_positive_definite);
  EXPECT_EQ(good.status(1), Status::ok);
}

TYPED_TEST(MixtureTest, CovariancesAreSymmetricToTheBit) {
  Clusters<TypeParam> c({1, 331, 7, 8}, 7);
  fit_gaussian_mixture(c.problem(), {}, c.mixture.view(), c.report());
  for (int k = 0; k < 8; ++k)
    for (int a = 0; a < 7; ++a)
      for (int b = 0; b < a; ++b) EXPECT_EQ(c.mixture.covariance(0, k, a, b), c.mixture.covariance(0, k, b, a));
}

TYPED_TEST(MixtureTest, ThePriorIsTheMixturesMomentsUnderTheMeanResponsibilities) {
  using Real = TypeParam;
  for (const Extents& e : kExtents) {
    Clusters<Real> c(e, 8);
    fit_gaussian_mixture(c.problem(), {.max_iterations = 3}, c.mixture.view(), c.report());
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
        EXPECT_LT(reference::relative_error(reference::dense(prior.mean.view()[i][t]), expected.mean), this->tolerance);
        EXPECT_LT(reference::relative_error(reference::dense(prior.scatter.view()[i][t]), 2.0 * expected.covariance),
                  this->tolerance);
        const double P = static_cast<double>(e.points), d = static_cast<double>(e.dimensions);
        EXPECT_EQ(prior.mean_strength(i, t), Real(2));
        EXPECT_NEAR(prior.degrees(i, t), 2.0 * (P - 2.0 - d) / P, 1e-6);
      }
  }
}

}  // namespace
}  // namespace mdgps
