#include "kernels/c_step.hpp"

#include "mdgps/solver/c_step.hpp"
#include "mdgps/solver/launch_cpu.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
std::size_t c_step(const BatchShape& shape, const CStepProblem<Real>& problem, const CStepResult<Real>& result,
                   const CStepOptions& options, const Workspace& workspace) {
  using Scalar = NativePack<Real>;
  const CStepBatch<Real> b{batch(problem.initial),         batch(problem.dynamics), batch(problem.cost),
                           batch(problem.reference),       batch(problem.epsilon),  batch(problem.initial_dual),
                           batch(result.policy),           batch(result.dual),      batch(result.kl_divergence),
                           batch(result.dual_evaluations), batch(result.status)};
  const DualSearchOptions search{options.tolerance, options.max_evaluations, options.min_dual, options.max_dual};
  return launch_conditions<Scalar>(shape.conditions, workspace, [&](const Lanes<Scalar>& lanes, auto& scratch) {
    kernels::c_step(Solo{}, lanes, shape_of(shape), b, search, scratch);
  });
}

template std::size_t c_step(const BatchShape&, const CStepProblem<float>&, const CStepResult<float>&,
                            const CStepOptions&, const Workspace&);
template std::size_t c_step(const BatchShape&, const CStepProblem<double>&, const CStepResult<double>&,
                            const CStepOptions&, const Workspace&);

}  // namespace mdgps::MDGPS_TARGET
