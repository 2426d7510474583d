#pragma once
/// Batches of regressions, and what a fit of them must be.

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "mdgps/solver/regression.hpp"
#include "problems.hpp"
#include "reference.hpp"

namespace mdgps::problems {

/// Extents of a batch of regressions.
struct RegressionExtents {
  std::int64_t conditions, steps, samples, inputs, outputs;
};
// Samples both fewer and more than dimensions; the first needs its prior.
inline const std::vector<RegressionExtents> regression_extents = {
    {1, 1, 3, 1, 1}, {2, 5, 5, 9, 7}, {3, 7, 20, 4, 3}, {1, 9, 12, 6, 1}};

/// Noisy linear outputs, and a prior far from them.
template <class Real>
struct Regression {
  Array<Real, 4> inputs, outputs;
  Array<Real, 2> weights;
  NormalInverseWishartArrays<Real> prior;
  LinearGaussianPolicyArrays<Real> fit;  // gain [N,T,q,p], offset [N,T,q], covariance [N,T,q,q]
  Array<Status, 2> status;
  bool has_prior = true;

  Regression(const RegressionExtents& e, std::uint64_t seed)
      : inputs({e.conditions, e.steps, e.samples, e.inputs}),
        outputs({e.conditions, e.steps, e.samples, e.outputs}),
        weights({e.conditions, e.samples}, Real(1)),
        prior(e.conditions, e.steps, e.inputs + e.outputs),
        fit({e.conditions, e.steps, e.inputs, e.outputs}),
        status({e.conditions, e.steps}) {
    for (std::int64_t i = 0; i < e.conditions; ++i) {
      Draws draws(seed, i);
      for (std::int64_t t = 0; t < e.steps; ++t) {
        fill_normal(draws, inputs.view()[i][t], 1.0);
        fill_normal(draws, outputs.view()[i][t], 0.5);
        for (std::int64_t s = 0; s < e.samples; ++s)
          for (std::int64_t j = 0; j < e.outputs; ++j) outputs(i, t, s, j) += inputs(i, t, s, 0) + Real(2);
        fill_normal(draws, prior.mean.view()[i][t], 1.0);
        fill_positive_definite(draws, prior.scatter.view()[i][t], 1.0);
        prior.mean_strength(i, t) = static_cast<Real>(draws.uniform(0.1, 2.0));
        prior.degrees(i, t) = static_cast<Real>(draws.uniform(0.1, 2.0));
      }
      for (std::int64_t s = 0; s < e.samples; ++s) weights(i, s) = static_cast<Real>(draws.uniform(0.5, 1.5));
    }
  }

  RegressionProblem<Real> problem() const {
    const auto& e = inputs.extents();
    const View<const Real, 3> every_step(weights.data(), {e[0], e[1], e[2]}, {e[2], 0, 1}, Device{});
    return {inputs, outputs, every_step,
            has_prior ? NormalInverseWishart<const Real>(const_cast<Regression*>(this)->prior.view())
                      : NormalInverseWishart<const Real>{},
            Real(1e-6)};
  }
  LinearGaussianFit<Real> result() { return {fit.gain, fit.offset, fit.covariance, status}; }

  reference::Dense points(std::int64_t i, std::int64_t t) const {
    const auto x = reference::dense(inputs.view()[i][t]), y = reference::dense(outputs.view()[i][t]);
    return transpose(stack(transpose(x), transpose(y)));
  }
  std::vector<double> sample_weights(std::int64_t i) const { return {weights.row(i).begin(), weights.row(i).end()}; }
};

/// Errors grow with the length of sums and condition numbers of about ten.
template <class Real>
inline constexpr double regression_tolerance = 2e4 * std::numeric_limits<Real>::epsilon();

template <class Real>
void expect_fit(const Regression<Real>& r, std::int64_t i, std::int64_t t, const reference::LinearFit& expected) {
  const double tolerance = regression_tolerance<Real>;
  EXPECT_LT(reference::relative_error(reference::dense(r.fit.gain.view()[i][t]), expected.gain), tolerance);
  EXPECT_LT(reference::relative_error(reference::dense(r.fit.offset.view()[i][t]), expected.offset), tolerance);
  EXPECT_LT(reference::relative_error(reference::dense(r.fit.covariance.view()[i][t]), expected.covariance), tolerance);
}

/// Conditions the posterior covariance on the inputs, by elimination.
template <class Real>
void expect_posterior_fit(const Regression<Real>& r) {
  const int p = static_cast<int>(r.inputs.extent(3));
  for (std::int64_t i = 0; i < r.inputs.extent(0); ++i)
    for (std::int64_t t = 0; t < r.inputs.extent(1); ++t) {
      EXPECT_EQ(r.status(i, t), Status::ok);
      auto g = reference::moments(r.points(i, t), r.sample_weights(i));
      double N = 0.0;
      for (const double w : r.sample_weights(i)) N += w;
      const double m = r.prior.mean_strength(i, t);
      const auto error = g.mean - reference::dense(r.prior.mean.view()[i][t]);
      g.covariance =
          (1.0 / (N + r.prior.degrees(i, t))) * (N * g.covariance + reference::dense(r.prior.scatter.view()[i][t]) +
                                                 (N * m / (N + m)) * (error * transpose(error)));
      for (int j = 0; j < p; ++j) g.covariance(j, j) += 1e-6;
      expect_fit(r, i, t, reference::condition(g, p));
    }
}

}  // namespace mdgps::problems
