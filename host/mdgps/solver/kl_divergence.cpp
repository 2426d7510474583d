#include "mdgps/solver/kl_divergence.hpp"

#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/validate.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(template <class Real> WorkspaceNeeds kl_divergence(
                              const BatchShape&, const LinearGaussianPolicy<const Real>&,
                              const LinearGaussianPolicy<const Real>&, const TrajectoryDistribution<const Real>&,
                              const View<Real, 1>&, const View<Real, 2>&, const StatusView&, const Workspace&, Stream);)

namespace {

template <class Real>
WorkspaceNeeds needs(const BatchShape& shape, Device device) {
  return MDGPS_CALL_TARGET(device, kl_divergence<Real>, shape, {}, {}, {}, {}, {}, {}, validate::nothing_on(device),
                           Stream{});
}

}  // namespace

template <class Real>
std::size_t kl_divergence_workspace_size(const BatchShape& shape, Device device) {
  return needs<Real>(shape, device).best;
}

template <class Real>
void kl_divergence(const LinearGaussianPolicy<const Real>& policy, const LinearGaussianPolicy<const Real>& reference,
                   const TrajectoryDistribution<const Real>& distribution, View<Real, 1> total, View<Real, 2> per_step,
                   StatusView status, Workspace workspace, Stream stream) {
  const BatchShape shape = validate::shape_of(policy);
  const validate::Door door("kl_divergence", workspace);
  door.policy("policy", policy, shape);
  door.policy("reference", reference, shape);
  door.distribution(distribution, shape);
  door.shape("total", total, {shape.conditions});
  if (!per_step.empty()) door.shape("per_step", per_step, {shape.conditions, shape.steps});
  door.status(status, shape);
  door.workspace(needs<Real>(shape, workspace.device));
  MDGPS_CALL_TARGET(workspace.device, kl_divergence<Real>, shape, policy, reference, distribution, total, per_step,
                    status, workspace, stream);
}

template <class Real>
void kl_divergence(const LinearGaussianPolicy<const Real>& policy, const LinearGaussianPolicy<const Real>& reference,
                   const TrajectoryDistribution<const Real>& distribution, View<Real, 1> total, View<Real, 2> per_step,
                   StatusView status) {
  const Device device = policy.gain.device;
  validate::with_own_workspace(
      kl_divergence_workspace_size<Real>(validate::shape_of(policy), device), device, [&](const Workspace& workspace) {
        kl_divergence<Real>(policy, reference, distribution, total, per_step, status, workspace, Stream{});
      });
}

#define MDGPS_INSTANTIATE(Real)                                                                                    \
  template std::size_t kl_divergence_workspace_size<Real>(const BatchShape&, Device);                              \
  template void kl_divergence(const LinearGaussianPolicy<const Real>&, const LinearGaussianPolicy<const Real>&,    \
                              const TrajectoryDistribution<const Real>&, View<Real, 1>, View<Real, 2>, StatusView, \
                              Workspace, Stream);                                                                  \
  template void kl_divergence(const LinearGaussianPolicy<const Real>&, const LinearGaussianPolicy<const Real>&,    \
                              const TrajectoryDistribution<const Real>&, View<Real, 1>, View<Real, 2>, StatusView);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps
