#include "mdgps/algorithm/cost_bounds.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "mdgps/algorithm/total_variation.hpp"
#include "mdgps/solver/forward_pass.hpp"
#include "mdgps/solver/kl_divergence.hpp"
#include "problems.hpp"

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

Array<double, 2> diagonal(std::initializer_list<double> variances) {
  const auto n = static_cast<std::int64_t>(variances.size());
  Array<double, 2> covariance({n, n});
  for (std::int64_t i = 0; i < n; ++i) covariance(i, i) = variances.begin()[i];
  return covariance;
}

/// 1/2 |N(0, P) - N(d, Q)|_1 on the line, by the trapezoidal rule.
double total_variation_by_quadrature(double P, double d, double Q) {
  const auto density = [](double x, double variance) {
    return std::exp(-0.5 * x * x / variance) / std::sqrt(2 * std::acos(-1.0) * variance);
  };
  const double width = 12 * std::sqrt(std::max(P, Q)) + std::abs(d), step = width / 20000;
  double sum = 0;
  for (double x = -width; x <= width; x += step) sum += 0.5 * step * std::abs(density(x, P) - density(x - d, Q));
  return sum;
}

double total_variation(const Array<double, 2>& P, const Array<double, 1>& d, const Array<double, 2>& Q) {
  const Array<double, 1> zero(d.extents());
  return gaussian_total_variation(zero.view(), P.view(), d.view(), Q.view(), 20000,
                                  RandomSequence(1, RandomStream::user));
}

TEST(TotalVariation, AgreesWithQuadratureOnTheLine) {
  for (const double P : {0.5, 2.0})
    for (const double d : {0.0, 0.3, 4.0})
      for (const double Q : {0.4, 2.0}) {
        const double expected = total_variation_by_quadrature(P, d, Q);
        // Four standard errors of 20000 draws.
        EXPECT_NEAR(total_variation(diagonal({P}), Array<double, 1>({1}, d), diagonal({Q})), expected, 0.015)
            << P << " " << d << " " << Q;
      }
}

TEST(TotalVariation, OfEqualCovariancesIsAFunctionOfTheMahalanobisDistance) {
  Array<double, 2> covariance = diagonal({1.0, 2.0, 3.0});
  covariance(0, 1) = covariance(1, 0) = 0.7;
  const Array<double, 1> difference({3}, 0.6);
  // (0.6, 0.6, 0.6) C^-1 (...)' = 0.36 [(2 - 1.4 + 1) / (2 - 0.49) + 1/3]
  const double distance = std::sqrt(0.36 * (1.6 / 1.51 + 1.0 / 3.0));
  EXPECT_NEAR(total_variation(covariance, difference, covariance), std::erf(distance / std::sqrt(8.0)), 0.015);
  EXPECT_EQ(total_variation(covariance, Array<double, 1>({3}), covariance), 0.0);
}

TEST(TotalVariation, OfWhatIsNoGaussianIsNotANumber) {
  EXPECT_TRUE(std::isnan(total_variation(diagonal({1.0}), Array<double, 1>({1}), diagonal({-1.0}))));
}

TEST(TotalVariation, OfTheLastStatesIsThatOfTheirMarginals) {
  const BatchShape shape{.conditions = 2, .steps = 3, .states = 3, .actions = 2};
  TrajectoryDistributionArrays<double> distribution(shape);
  problems::Draws draws(3);
  for (auto numbers : {distribution.mean.elements(), distribution.covariance.elements()})
    for (double& x : numbers) x = draws.normal();
  const auto last = last_state(distribution, shape.states);
  for (int i = 0; i < 2; ++i)
    for (int r = 0; r < 3; ++r) {
      EXPECT_EQ(last.mean(i, r), distribution.mean(i, 2, r));
      for (int c = 0; c < 3; ++c) EXPECT_EQ(last.covariance(i, r, c), distribution.covariance(i, 2, r, c));
    }
}

/// Random scalar systems, and two policies whose gains are equal: then the policies' divergence is the same at every
/// state, so that Lemma 4.1's maximum is exact. The cost 1 - exp(-x^2/2) has the maximum 1.
TEST(PropertyOfCostBounds, HoldOnLinearSystemsWhereEveryTermIsExact) {
  const BatchShape shape{.conditions = 200, .steps = 12, .states = 1, .actions = 1};
  const auto p = problems::random_trajectory<double>(shape, 7);
  LinearGaussianPolicyArrays<double> global = p.reference;
  problems::Draws draws(8);
  for (std::int64_t i = 0; i < shape.conditions; ++i) {
    const double apart = std::exp(draws.uniform(-6.0, 0.0));  // from bounds that say much to bounds that say nothing
    for (std::int64_t t = 0; t < shape.steps; ++t) {
      global.offset(i, t, 0) += apart * draws.normal();
      global.covariance(i, t, 0, 0) *= std::exp(apart * draws.normal());
    }
  }
  TrajectoryDistributionArrays<double> local_distribution(shape), global_distribution(shape);
  Array<Status, 1> status({shape.conditions});
  Array<double, 1> total({shape.conditions});
  Array<double, 2> kl({shape.conditions, shape.steps});
  forward_pass<double>(p.initial.view(), p.dynamics.view(), p.reference.view(), local_distribution.view(), status);
  forward_pass<double>(p.initial.view(), p.dynamics.view(), global.view(), global_distribution.view(), status);
  kl_divergence<double>(p.reference.view(), global.view(), local_distribution.view(), total, kl, status);

  const auto expected_cost_at = [](const TrajectoryDistributionArrays<double>& z, std::int64_t i, std::int64_t t) {
    const double mean = z.mean(i, t, 0), spread = 1.0 + z.covariance(i, t, 0, 0);
    return 1.0 - std::exp(-0.5 * mean * mean / spread) / std::sqrt(spread);
  };
  int telling = 0;
  for (std::int64_t i = 0; i < shape.conditions; ++i) {
    std::vector<double> expected;
    double global_cost = 0;
    for (std::int64_t t = 0; t < shape.steps; ++t) {
      expected.push_back(expected_cost_at(local_distribution, i, t));
      global_cost += expected_cost_at(global_distribution, i, t);
    }
    const std::vector<double> largest(shape.steps, 1.0);
    const auto bounds = cost_bounds({kl.row(i), expected, largest});
    EXPECT_LE(global_cost, bounds.cost) << "system " << i;
    // The last state's marginals differ by what was done before.
    const double variation = total_variation_by_quadrature(
        local_distribution.covariance(i, shape.steps - 1, 0, 0),
        global_distribution.mean(i, shape.steps - 1, 0) - local_distribution.mean(i, shape.steps - 1, 0),
        global_distribution.covariance(i, shape.steps - 1, 0, 0));
    EXPECT_LE(variation, bounds.total_variation) << "system " << i;
    telling += bounds.total_variation < 1.0 ? 1 : 0;
  }
  EXPECT_GT(telling, 20);  // bounds below 1, the most that a total variation can be
}

}  // namespace
}  // namespace mdgps
