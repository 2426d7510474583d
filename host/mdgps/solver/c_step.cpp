#include "mdgps/solver/c_step.hpp"

#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/validate.hpp"
#include "mdgps/solver/wide/wide.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(template <class Real>
                          WorkspaceNeeds c_step(const BatchShape&, const CStepProblem<Real>&, const CStepResult<Real>&,
                                                const CStepOptions&, const Workspace&, Stream);
                          template <class Real> bool c_step_fits(const BatchShape&, Device);)

namespace {

/// Runs it where the workspace has memory.
template <class Real>
WorkspaceNeeds run(const BatchShape& shape, const CStepProblem<Real>& problem, const CStepResult<Real>& result,
                   const CStepOptions& options, const Workspace& workspace, Stream stream) {
  if (c_step_path<Real>(shape, options, workspace.device) == SolverPath::wide)
    return wide::c_step(shape, problem, result, options, workspace, stream);
  return MDGPS_CALL_TARGET(workspace.device, c_step<Real>, shape, problem, result, options, workspace, stream);
}

template <class Real>
WorkspaceNeeds needs(const BatchShape& shape, const CStepOptions& options, Device device) {
  return run<Real>(shape, {}, {}, options, validate::nothing_on(device), Stream{});
}

}  // namespace

template <class Real>
SolverPath c_step_path(const BatchShape& shape, const CStepOptions& options, Device device) {
  const auto fits = [&] { return MDGPS_CALL_TARGET(device, c_step_fits<Real>, shape, device); };
  return wide::takes("c_step", options.path, device, fits) ? SolverPath::wide : SolverPath::fused;
}

int speculation_width(const CStepOptions& options, const BatchShape& shape, Device device) {
  if (options.speculation > 0) return options.speculation;
  // On the CPU a thread has few lanes: but for one small condition they are worth more to other conditions, or to the
  // rows of matrices. On a GPU there is always room for eight blocks.
  if (device.kind == Device::Kind::cpu) return shape.conditions <= 1 && shape.states < 8 ? 4 : 1;
  return shape.conditions <= 1 ? 8 : shape.conditions <= 2 ? 4 : shape.conditions <= 4 ? 2 : 1;
}

template <class Real>
std::size_t c_step_workspace_size(const BatchShape& shape, const CStepOptions& options, Device device) {
  return needs<Real>(shape, options, device).best;
}

template <class Real>
void c_step(const CStepProblem<Real>& problem, const CStepResult<Real>& result, const CStepOptions& options,
            Workspace workspace, Stream stream) {
  const BatchShape shape = validate::shape_of(result.policy);
  const validate::Door door("c_step", workspace);
  door.initial(problem.initial, shape);
  door.dynamics(problem.dynamics, shape);
  door.cost(problem.cost, shape);
  door.policy("reference", problem.reference, shape);
  door.shape("epsilon", problem.epsilon, {shape.conditions});
  door.shape("initial_dual", problem.initial_dual, {shape.conditions});
  if (problem.entropy_weight.data != nullptr)
    door.shape("entropy_weight", problem.entropy_weight, {shape.conditions, shape.steps});
  door.policy("policy", result.policy, shape);
  door.shape("dual", result.dual, {shape.conditions});
  door.shape("kl_divergence", result.kl_divergence, {shape.conditions});
  door.shape("dual_evaluations", result.dual_evaluations, {shape.conditions});
  door.status({result.status, result.failed_step}, shape);
  if (!(options.tolerance > 0) || options.max_evaluations < 2 || !(options.min_dual > 0) ||
      !(options.max_dual > options.min_dual))
    door.fail("options need tolerance > 0, max_evaluations >= 2 and 0 < min_dual < max_dual");
  const int width = options.speculation;
  if (width != 0 && width != 1 && width != 2 && width != 4 && width != 8)
    door.fail("options.speculation is " + std::to_string(width) + ", expected 0, 1, 2, 4 or 8");
  door.workspace(needs<Real>(shape, options, workspace.device));
  run(shape, problem, result, options, workspace, stream);
}

template <class Real>
void c_step(const CStepProblem<Real>& problem, const CStepResult<Real>& result, const CStepOptions& options) {
  const Device device = result.policy.gain.device;
  validate::with_own_workspace(
      c_step_workspace_size<Real>(validate::shape_of(result.policy), options, device), device,
      [&](const Workspace& workspace) { c_step<Real>(problem, result, options, workspace, Stream{}); });
}

#define MDGPS_INSTANTIATE(Real)                                                                                      \
  template SolverPath c_step_path<Real>(const BatchShape&, const CStepOptions&, Device);                             \
  template std::size_t c_step_workspace_size<Real>(const BatchShape&, const CStepOptions&, Device);                  \
  template void c_step(const CStepProblem<Real>&, const CStepResult<Real>&, const CStepOptions&, Workspace, Stream); \
  template void c_step(const CStepProblem<Real>&, const CStepResult<Real>&, const CStepOptions&);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps
