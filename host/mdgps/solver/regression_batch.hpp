#pragma once
/// A regression's arguments as the batches of its kernel. Private to the solver.

#include "kernels/regression.hpp"
#include "mdgps/solver/batches.hpp"
#include "mdgps/solver/regression.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
RegressionShape shape_of(const RegressionProblem<Real>& problem) {
  const auto& extents = problem.inputs.extents;
  return {static_cast<int>(extents[2]), static_cast<int>(extents[3]), static_cast<int>(problem.outputs.extents[3])};
}
template <class Real>
PriorBatch<Real> batch(const NormalInverseWishart<Real>& prior) {
  return {batch(prior.mean), batch(prior.scatter), batch(prior.mean_strength), batch(prior.degrees)};
}
/// With a prior that need not be the problem's own.
template <class Real, class Prior>
RegressionBatch<Real, Prior> batch(const RegressionProblem<Real>& problem, const Prior& prior,
                                   const LinearGaussianFit<Real>& fit) {
  return {batch(problem.inputs),  batch(problem.outputs),
          batch(problem.weights), prior,
          problem.regularization, batch(fit.gain),
          batch(fit.offset),      batch(fit.covariance),
          batch(fit.status),      problem.outputs_are_changes};
}

}  // namespace mdgps::MDGPS_TARGET
