#pragma once
/// Checks of what regressions and mixtures take. Private to the solver.

#include <cstdint>
#include <string>

#include "mdgps/solver/gaussian_mixture.hpp"
#include "mdgps/solver/regression.hpp"
#include "mdgps/solver/validate.hpp"

namespace mdgps::validate {

template <class Real>
void mixture(const Door& door, const GaussianMixture<Real>& mixture, std::int64_t N, std::int64_t d) {
  const std::int64_t K = mixture.weight.extents[1];
  if (K < 1) door.fail("mixture has no components");
  door.contiguous("mixture.mean", mixture.mean, {N, K, d});
  door.contiguous("mixture.covariance", mixture.covariance, {N, K, d, d});
  door.contiguous("mixture.weight", mixture.weight, {N, K});
}

/// P, by which the strength of a mixture's prior is divided.
inline void fitted_points(const Door& door, const Name& name, std::int64_t P) {
  if (P < 1)
    door.fail(name.text() + " is " + std::to_string(P) + ", expected how many points the mixture was fitted to");
}

/// All but the prior.
template <class Real>
void regression(const Door& door, const RegressionProblem<Real>& problem, const LinearGaussianFit<Real>& fit) {
  const auto [N, T, S, p] = problem.inputs.extents;
  const std::int64_t q = problem.outputs.extents[3];
  door.shape("inputs", problem.inputs, {N, T, S, p});
  door.shape("outputs", problem.outputs, {N, T, S, q});
  if (!problem.weights.empty()) door.shape("weights", problem.weights, {N, T, S});
  if (problem.outputs_are_changes && q > p)
    door.fail(std::to_string(q) + " outputs cannot be changes of " + std::to_string(p) + " inputs");
  door.shape("gain", fit.gain, {N, T, q, p});
  door.shape("offset", fit.offset, {N, T, q});
  door.shape("covariance", fit.covariance, {N, T, q, q});
  door.shape("status", fit.status, {N, T});
}

}  // namespace mdgps::validate
