#include "mdgps/solver/backward_pass.hpp"

#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/validate.hpp"
#include "mdgps/solver/wide/wide.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(
    template <class Real>
    WorkspaceNeeds backward_pass(const BatchShape&, const LinearGaussianDynamics<const Real>&,
                                 const QuadraticCost<const Real>&, const LinearGaussianPolicy<Real>&, const StatusView&,
                                 const Workspace&, Stream);
    template <class Real>
    WorkspaceNeeds backward_pass_in_parallel(const BatchShape&, const LinearGaussianDynamics<const Real>&,
                                             const QuadraticCost<const Real>&, const LinearGaussianPolicy<Real>&,
                                             const StatusView&, const Workspace&, Stream);
    template <class Real> bool backward_pass_fits(const BatchShape&, Device);)

namespace {

/// Runs it where the workspace has memory.
template <class Real>
WorkspaceNeeds run(const BatchShape& shape, const LinearGaussianDynamics<const Real>& dynamics,
                   const QuadraticCost<const Real>& cost, const LinearGaussianPolicy<Real>& policy,
                   const StatusView& status, const PassOptions& options, const Workspace& workspace, Stream stream) {
  const Device device = workspace.device;
  const auto fits = [&] { return MDGPS_CALL_TARGET(device, backward_pass_fits<Real>, shape, device); };
  if (wide::takes("backward_pass", options, device, fits))
    return wide::backward_pass<Real>(shape, dynamics, cost, policy, status, workspace, stream);
  if (options.parallel_in_time)
    return MDGPS_CALL_TARGET(device, backward_pass_in_parallel<Real>, shape, dynamics, cost, policy, status, workspace,
                             stream);
  return MDGPS_CALL_TARGET(device, backward_pass<Real>, shape, dynamics, cost, policy, status, workspace, stream);
}

template <class Real>
WorkspaceNeeds needs(const BatchShape& shape, Device device, const PassOptions& options) {
  return run<Real>(shape, {}, {}, {}, {}, options, validate::nothing_on(device), Stream{});
}

}  // namespace

template <class Real>
std::size_t backward_pass_workspace_size(const BatchShape& shape, Device device, const PassOptions& options) {
  return needs<Real>(shape, device, options).best;
}

template <class Real>
void backward_pass(const LinearGaussianDynamics<const Real>& dynamics, const QuadraticCost<const Real>& cost,
                   const LinearGaussianPolicy<Real>& policy, StatusView status, Workspace workspace, Stream stream,
                   const PassOptions& options) {
  const BatchShape shape = validate::shape_of(policy);
  const validate::Door door("backward_pass", workspace);
  door.policy("policy", policy, shape);
  door.dynamics(dynamics, shape);
  door.cost(cost, shape);
  door.status(status, shape);
  door.workspace(needs<Real>(shape, workspace.device, options));
  run<Real>(shape, dynamics, cost, policy, status, options, workspace, stream);
}

template <class Real>
void backward_pass(const LinearGaussianDynamics<const Real>& dynamics, const QuadraticCost<const Real>& cost,
                   const LinearGaussianPolicy<Real>& policy, StatusView status, const PassOptions& options) {
  const Device device = policy.gain.device;
  validate::with_own_workspace(backward_pass_workspace_size<Real>(validate::shape_of(policy), device, options), device,
                               [&](const Workspace& workspace) {
                                 backward_pass<Real>(dynamics, cost, policy, status, workspace, Stream{}, options);
                               });
}

#define MDGPS_INSTANTIATE(Real)                                                                                      \
  template std::size_t backward_pass_workspace_size<Real>(const BatchShape&, Device, const PassOptions&);            \
  template void backward_pass(const LinearGaussianDynamics<const Real>&, const QuadraticCost<const Real>&,           \
                              const LinearGaussianPolicy<Real>&, StatusView, Workspace, Stream, const PassOptions&); \
  template void backward_pass(const LinearGaussianDynamics<const Real>&, const QuadraticCost<const Real>&,           \
                              const LinearGaussianPolicy<Real>&, StatusView, const PassOptions&);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps
