#include "kernels/c_step.hpp"

#include <algorithm>

#include "mdgps/solver/c_step.hpp"
#include "mdgps/solver/launch_cpu.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Scalar, class Real>
std::size_t c_step_on(const BatchShape& shape, const CStepBatch<Real>& b, const DualSearchOptions& search,
                      const Workspace& workspace) {
  return launch_conditions<Scalar>(shape.conditions, search.width, workspace,
                                   [&](const Lanes<Scalar>& lanes, auto& scratch) {
                                     kernels::c_step(Solo{}, lanes, shape_of(shape), b, search, scratch);
                                   });
}

template <class Real>
std::size_t c_step(const BatchShape& shape, const CStepProblem<Real>& problem, const CStepResult<Real>& result,
                   const CStepOptions& options, const Workspace& workspace) {
  const CStepBatch<Real> b{batch(problem.initial),         batch(problem.dynamics), batch(problem.cost),
                           batch(problem.reference),       batch(problem.epsilon),  batch(problem.initial_dual),
                           batch(result.policy),           batch(result.dual),      batch(result.kl_divergence),
                           batch(result.dual_evaluations), batch(result.status),    batch(problem.entropy_weight)};
  const DualSearchOptions search{options.tolerance, options.max_evaluations, options.min_dual, options.max_dual,
                                 speculation_width(options, shape.conditions)};
  // The candidates of a condition share a pack: where registers are narrower, the pack takes several.
  using Wide = Pack<Real, std::max(native_lanes<Real>, DualSearch::max_width)>;
  return search.width <= native_lanes<Real> ? c_step_on<NativePack<Real>>(shape, b, search, workspace)
                                            : c_step_on<Wide>(shape, b, search, workspace);
}

template std::size_t c_step(const BatchShape&, const CStepProblem<float>&, const CStepResult<float>&,
                            const CStepOptions&, const Workspace&);
template std::size_t c_step(const BatchShape&, const CStepProblem<double>&, const CStepResult<double>&,
                            const CStepOptions&, const Workspace&);

}  // namespace mdgps::MDGPS_TARGET
