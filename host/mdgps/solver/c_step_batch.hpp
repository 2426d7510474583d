#pragma once
/// A C-step's arguments as the batches of its kernel. Private to the solver.

#include "kernels/c_step.hpp"
#include "mdgps/solver/batches.hpp"
#include "mdgps/solver/c_step.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
CStepBatch<Real> batch(const CStepProblem<Real>& problem, const CStepResult<Real>& result) {
  return {batch(problem.initial),
          batch(problem.dynamics),
          batch(problem.cost),
          batch(problem.reference),
          batch(problem.epsilon),
          batch(problem.initial_dual),
          batch(result.policy),
          batch(result.dual),
          batch(result.kl_divergence),
          batch(result.dual_evaluations),
          batch(StatusView{result.status, result.failed_step}),
          batch(problem.entropy_weight)};
}

}  // namespace mdgps::MDGPS_TARGET
