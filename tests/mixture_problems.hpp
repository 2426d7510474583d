#pragma once
/// Clusters of points, and what a mixture fitted to them must be.

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "mdgps/solver/gaussian_mixture.hpp"
#include "problems.hpp"
#include "reference.hpp"

namespace mdgps::problems {

/// Extents of a batch of mixtures.
struct MixtureExtents {
  std::int64_t conditions, points, dimensions, components;
};
// Components fewer than lanes, as many, and more; dimensions likewise; points that blocks and tiles do not divide.
inline const std::vector<MixtureExtents> mixture_extents = {
    {1, 40, 1, 1}, {2, 150, 3, 2}, {1, 331, 7, 8}, {2, 260, 5, 11}, {1, 240, 21, 3}};

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

  Clusters(const MixtureExtents& e, std::uint64_t seed)
      : points({e.conditions, e.points, e.dimensions}),
        weights({e.conditions, e.points}, Real(1)),
        assignment({e.conditions, e.points}),
        mixture(e.conditions, e.components, e.dimensions),
        log_likelihood({e.conditions}),
        iterations({e.conditions}),
        status({e.conditions}) {
    const int K = static_cast<int>(e.components);
    for (std::int64_t i = 0; i < e.conditions; ++i) {
      Draws draws(seed, i);
      for (std::int64_t p = 0; p < e.points; ++p) {
        const int cluster = draws.below(K);
        fill_normal(draws, points.view()[i][p], 0.5);
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

/// One E- and M-step amplify rounding by the covariances' condition numbers and the exponents' size.
template <class Real>
inline constexpr double mixture_tolerance = 1e5 * std::numeric_limits<Real>::epsilon();

inline void expect_mixture(const reference::Mixture& actual, const reference::Mixture& expected, double tolerance) {
  EXPECT_LT(reference::relative_error(actual.mean, expected.mean), tolerance);
  EXPECT_LT(reference::relative_error(actual.covariance, expected.covariance), tolerance);
  for (std::size_t k = 0; k < expected.weight.size(); ++k) EXPECT_NEAR(actual.weight[k], expected.weight[k], tolerance);
}

/// That `after` is one E- and M-step of brute force from `before`.
template <class Real>
void expect_em_step(const Clusters<Real>& before, const Clusters<Real>& after) {
  const double tolerance = mixture_tolerance<Real>;
  for (std::int64_t i = 0; i < before.points.extent(0); ++i) {
    auto expected = before.component_list(i);
    const double log_likelihood =
        reference::em_step(reference::dense(before.points.view()[i]), before.point_weights(i), 1e-6, expected);
    expect_mixture(after.component_list(i), expected, tolerance);
    EXPECT_NEAR(after.log_likelihood(i), log_likelihood, tolerance * static_cast<double>(before.points.extent(1)));
    EXPECT_EQ(after.iterations(i), 1);
    EXPECT_EQ(after.status(i), Status::not_converged);
  }
}

}  // namespace mdgps::problems
