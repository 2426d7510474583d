#pragma once
/// The C-step's arguments as the wide path takes them. Private to the solver.

#include "mdgps/solver/batches.hpp"
#include "mdgps/solver/c_step.hpp"
#include "mdgps/solver/wide/c_step.hpp"

namespace mdgps::wide {

template <class Real>
CStepBatch<Real> batches_of(const CStepProblem<Real>& problem, const CStepResult<Real>& result) {
  using mdgps::MDGPS_TARGET::batch;
  return {batch(problem.initial),         batch(problem.dynamics), batch(problem.cost),
          batch(problem.reference),       batch(problem.epsilon),  batch(problem.initial_dual),
          batch(result.policy),           batch(result.dual),      batch(result.kl_divergence),
          batch(result.dual_evaluations), batch(result.status),    batch(problem.entropy_weight)};
}
/// One candidate at a time: wide problems fill a machine without speculation.
inline DualSearchOptions search_options(const CStepOptions& options) {
  return {options.tolerance, options.max_evaluations, options.min_dual, options.max_dual, 1};
}

/// Bytes of the memory of so many conditions at work.
template <class Real>
std::size_t c_step_bytes(const BatchShape& shape, int slots) {
  Pieces counter;
  CStepMemory<Real>::take(counter, mdgps::MDGPS_TARGET::shape_of(shape), slots);
  return counter.used;
}

}  // namespace mdgps::wide
