#include "mdgps/solver/forward_pass.hpp"

#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/threads.hpp"
#include "mdgps/solver/validate.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(template <class Real> std::size_t forward_pass(
                              const BatchShape&, const GaussianState<const Real>&,
                              const LinearGaussianDynamics<const Real>&, const LinearGaussianPolicy<const Real>&,
                              const TrajectoryDistribution<Real>&, const View<Status, 1>&, const Workspace&);)

namespace {

template <class Real>
std::size_t scratch_per_thread(const BatchShape& shape) {
  return MDGPS_CALL_TARGET(forward_pass<Real>, shape, {}, {}, {}, {}, {}, Workspace{});
}

}  // namespace

template <class Real>
std::size_t forward_pass_workspace_size(const BatchShape& shape, Device) {
  return cpu_workspace_bytes(scratch_per_thread<Real>(shape));
}

template <class Real>
void forward_pass(const GaussianState<const Real>& initial, const LinearGaussianDynamics<const Real>& dynamics,
                  const LinearGaussianPolicy<const Real>& policy, const TrajectoryDistribution<Real>& distribution,
                  View<Status, 1> status, Workspace workspace, Stream) {
  const BatchShape shape = validate::shape_of(policy);
  const char* operation = "forward_pass";
  validate::initial(operation, initial, shape);
  validate::dynamics(operation, dynamics, shape);
  validate::policy(operation, "policy", policy, shape);
  validate::distribution(operation, distribution, shape);
  validate::shape(operation, "status", status, {shape.conditions});
  validate::workspace(operation, workspace, scratch_per_thread<Real>(shape) + 64);
  MDGPS_CALL_TARGET(forward_pass<Real>, shape, initial, dynamics, policy, distribution, status, workspace);
}

template <class Real>
void forward_pass(const GaussianState<const Real>& initial, const LinearGaussianDynamics<const Real>& dynamics,
                  const LinearGaussianPolicy<const Real>& policy, const TrajectoryDistribution<Real>& distribution,
                  View<Status, 1> status) {
  const validate::OwnWorkspace workspace(forward_pass_workspace_size<Real>(validate::shape_of(policy)));
  forward_pass<Real>(initial, dynamics, policy, distribution, status, workspace, Stream{});
}

#define MDGPS_INSTANTIATE(Real)                                                                            \
  template std::size_t forward_pass_workspace_size<Real>(const BatchShape&, Device);                       \
  template void forward_pass(const GaussianState<const Real>&, const LinearGaussianDynamics<const Real>&,  \
                             const LinearGaussianPolicy<const Real>&, const TrajectoryDistribution<Real>&, \
                             View<Status, 1>, Workspace, Stream);                                          \
  template void forward_pass(const GaussianState<const Real>&, const LinearGaussianDynamics<const Real>&,  \
                             const LinearGaussianPolicy<const Real>&, const TrajectoryDistribution<Real>&, \
                             View<Status, 1>);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps
