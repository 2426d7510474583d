#include "mdgps/solver/forward_pass.hpp"

#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/validate.hpp"
#include "mdgps/solver/wide/wide.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(
    template <class Real>
    WorkspaceNeeds forward_pass(const BatchShape&, const GaussianState<const Real>&,
                                const LinearGaussianDynamics<const Real>&, const LinearGaussianPolicy<const Real>&,
                                const TrajectoryDistribution<Real>&, const StatusView&, const Workspace&, Stream);
    template <class Real> WorkspaceNeeds forward_pass_in_parallel(const BatchShape&, const GaussianState<const Real>&,
                                                                  const LinearGaussianDynamics<const Real>&,
                                                                  const LinearGaussianPolicy<const Real>&,
                                                                  const TrajectoryDistribution<Real>&,
                                                                  const StatusView&, const Workspace&, Stream);
    template <class Real> bool forward_pass_fits(const BatchShape&, Device);)

namespace {

/// Runs it where the workspace has memory.
template <class Real>
WorkspaceNeeds run(const BatchShape& shape, const GaussianState<const Real>& initial,
                   const LinearGaussianDynamics<const Real>& dynamics, const LinearGaussianPolicy<const Real>& policy,
                   const TrajectoryDistribution<Real>& distribution, const StatusView& status,
                   const PassOptions& options, const Workspace& workspace, Stream stream) {
  const Device device = workspace.device;
  const auto fits = [&] { return MDGPS_CALL_TARGET(device, forward_pass_fits<Real>, shape, device); };
  if (wide::takes("forward_pass", options, device, fits))
    return wide::forward_pass<Real>(shape, initial, dynamics, policy, distribution, status, workspace, stream);
  if (options.parallel_in_time)
    return MDGPS_CALL_TARGET(device, forward_pass_in_parallel<Real>, shape, initial, dynamics, policy, distribution,
                             status, workspace, stream);
  return MDGPS_CALL_TARGET(device, forward_pass<Real>, shape, initial, dynamics, policy, distribution, status,
                           workspace, stream);
}

template <class Real>
WorkspaceNeeds needs(const BatchShape& shape, Device device, const PassOptions& options) {
  return run<Real>(shape, {}, {}, {}, {}, {}, options, validate::nothing_on(device), Stream{});
}

}  // namespace

template <class Real>
std::size_t forward_pass_workspace_size(const BatchShape& shape, Device device, const PassOptions& options) {
  return needs<Real>(shape, device, options).best;
}

template <class Real>
void forward_pass(const GaussianState<const Real>& initial, const LinearGaussianDynamics<const Real>& dynamics,
                  const LinearGaussianPolicy<const Real>& policy, const TrajectoryDistribution<Real>& distribution,
                  StatusView status, Workspace workspace, Stream stream, const PassOptions& options) {
  const BatchShape shape = validate::shape_of(policy);
  const validate::Door door("forward_pass", workspace);
  door.initial(initial, shape);
  door.dynamics(dynamics, shape);
  door.policy("policy", policy, shape);
  door.distribution(distribution, shape);
  door.status(status, shape);
  door.workspace(needs<Real>(shape, workspace.device, options));
  run<Real>(shape, initial, dynamics, policy, distribution, status, options, workspace, stream);
}

template <class Real>
void forward_pass(const GaussianState<const Real>& initial, const LinearGaussianDynamics<const Real>& dynamics,
                  const LinearGaussianPolicy<const Real>& policy, const TrajectoryDistribution<Real>& distribution,
                  StatusView status, const PassOptions& options) {
  const Device device = policy.gain.device;
  validate::with_own_workspace(forward_pass_workspace_size<Real>(validate::shape_of(policy), device, options), device,
                               [&](const Workspace& workspace) {
                                 forward_pass<Real>(initial, dynamics, policy, distribution, status, workspace,
                                                    Stream{}, options);
                               });
}

#define MDGPS_INSTANTIATE(Real)                                                                                        \
  template std::size_t forward_pass_workspace_size<Real>(const BatchShape&, Device, const PassOptions&);               \
  template void forward_pass(const GaussianState<const Real>&, const LinearGaussianDynamics<const Real>&,              \
                             const LinearGaussianPolicy<const Real>&, const TrajectoryDistribution<Real>&, StatusView, \
                             Workspace, Stream, const PassOptions&);                                                   \
  template void forward_pass(const GaussianState<const Real>&, const LinearGaussianDynamics<const Real>&,              \
                             const LinearGaussianPolicy<const Real>&, const TrajectoryDistribution<Real>&, StatusView, \
                             const PassOptions&);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps
