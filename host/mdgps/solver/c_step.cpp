#include "mdgps/solver/c_step.hpp"

#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/threads.hpp"
#include "mdgps/solver/validate.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(template <class Real> std::size_t c_step(const BatchShape&, const CStepProblem<Real>&,
                                                                   const CStepResult<Real>&, const CStepOptions&,
                                                                   const Workspace&);)

namespace {

template <class Real>
std::size_t scratch_per_thread(const BatchShape& shape, const CStepOptions& options) {
  return MDGPS_CALL_TARGET(c_step<Real>, shape, {}, {}, options, Workspace{});
}

}  // namespace

int speculation_width(const CStepOptions& options, std::int64_t conditions) {
  if (options.speculation > 0) return options.speculation;
  return conditions <= 1 ? 8 : conditions <= 2 ? 4 : conditions <= 4 ? 2 : 1;
}

template <class Real>
std::size_t c_step_workspace_size(const BatchShape& shape, const CStepOptions& options, Device) {
  return cpu_workspace_bytes(scratch_per_thread<Real>(shape, options));
}

template <class Real>
void c_step(const CStepProblem<Real>& problem, const CStepResult<Real>& result, const CStepOptions& options,
            Workspace workspace, Stream) {
  const BatchShape shape = validate::shape_of(result.policy);
  const char* operation = "c_step";
  validate::initial(operation, problem.initial, shape);
  validate::dynamics(operation, problem.dynamics, shape);
  validate::cost(operation, problem.cost, shape);
  validate::policy(operation, "reference", problem.reference, shape);
  validate::shape(operation, "epsilon", problem.epsilon, {shape.conditions});
  validate::shape(operation, "initial_dual", problem.initial_dual, {shape.conditions});
  if (problem.entropy_weight.data != nullptr)
    validate::shape(operation, "entropy_weight", problem.entropy_weight, {shape.conditions, shape.steps});
  validate::policy(operation, "policy", result.policy, shape);
  validate::shape(operation, "dual", result.dual, {shape.conditions});
  validate::shape(operation, "kl_divergence", result.kl_divergence, {shape.conditions});
  validate::shape(operation, "dual_evaluations", result.dual_evaluations, {shape.conditions});
  validate::shape(operation, "status", result.status, {shape.conditions});
  if (!(options.tolerance > 0) || options.max_evaluations < 2 || !(options.min_dual > 0) ||
      !(options.max_dual > options.min_dual))
    validate::fail(operation, "options need tolerance > 0, max_evaluations >= 2 and 0 < min_dual < max_dual");
  const int width = options.speculation;
  if (width != 0 && width != 1 && width != 2 && width != 4 && width != 8)
    validate::fail(operation, "options.speculation is " + std::to_string(width) + ", expected 0, 1, 2, 4 or 8");
  validate::workspace(operation, workspace, scratch_per_thread<Real>(shape, options) + 64);
  MDGPS_CALL_TARGET(c_step<Real>, shape, problem, result, options, workspace);
}

template <class Real>
void c_step(const CStepProblem<Real>& problem, const CStepResult<Real>& result, const CStepOptions& options) {
  const validate::OwnWorkspace workspace(
      c_step_workspace_size<Real>(validate::shape_of(result.policy), options, Device{}));
  c_step<Real>(problem, result, options, workspace, Stream{});
}

#define MDGPS_INSTANTIATE(Real)                                                                                      \
  template std::size_t c_step_workspace_size<Real>(const BatchShape&, const CStepOptions&, Device);                  \
  template void c_step(const CStepProblem<Real>&, const CStepResult<Real>&, const CStepOptions&, Workspace, Stream); \
  template void c_step(const CStepProblem<Real>&, const CStepResult<Real>&, const CStepOptions&);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps
