#include "mdgps/solver/kl_divergence.hpp"

#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/threads.hpp"
#include "mdgps/solver/validate.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(template <class Real>
                          std::size_t kl_divergence(const BatchShape&, const LinearGaussianPolicy<const Real>&,
                                                    const LinearGaussianPolicy<const Real>&,
                                                    const TrajectoryDistribution<const Real>&, const View<Real, 1>&,
                                                    const View<Real, 2>&, const View<Status, 1>&, const Workspace&);)

namespace {

template <class Real>
std::size_t scratch_per_thread(const BatchShape& shape) {
  return MDGPS_CALL_TARGET(kl_divergence<Real>, shape, {}, {}, {}, {}, {}, {}, Workspace{});
}

}  // namespace

template <class Real>
std::size_t kl_divergence_workspace_size(const BatchShape& shape, Device) {
  return cpu_workspace_bytes(scratch_per_thread<Real>(shape));
}

template <class Real>
void kl_divergence(const LinearGaussianPolicy<const Real>& policy, const LinearGaussianPolicy<const Real>& reference,
                   const TrajectoryDistribution<const Real>& distribution, View<Real, 1> total, View<Real, 2> per_step,
                   View<Status, 1> status, Workspace workspace, Stream) {
  const BatchShape shape = validate::shape_of(policy);
  const char* operation = "kl_divergence";
  validate::policy(operation, "policy", policy, shape);
  validate::policy(operation, "reference", reference, shape);
  validate::distribution(operation, distribution, shape);
  validate::shape(operation, "total", total, {shape.conditions});
  if (!per_step.empty()) validate::shape(operation, "per_step", per_step, {shape.conditions, shape.steps});
  validate::shape(operation, "status", status, {shape.conditions});
  validate::workspace(operation, workspace, scratch_per_thread<Real>(shape) + 64);
  MDGPS_CALL_TARGET(kl_divergence<Real>, shape, policy, reference, distribution, total, per_step, status, workspace);
}

template <class Real>
void kl_divergence(const LinearGaussianPolicy<const Real>& policy, const LinearGaussianPolicy<const Real>& reference,
                   const TrajectoryDistribution<const Real>& distribution, View<Real, 1> total, View<Real, 2> per_step,
                   View<Status, 1> status) {
  const validate::OwnWorkspace workspace(kl_divergence_workspace_size<Real>(validate::shape_of(policy)));
  kl_divergence<Real>(policy, reference, distribution, total, per_step, status, workspace, Stream{});
}

#define MDGPS_INSTANTIATE(Real)                                                                                 \
  template std::size_t kl_divergence_workspace_size<Real>(const BatchShape&, Device);                           \
  template void kl_divergence(const LinearGaussianPolicy<const Real>&, const LinearGaussianPolicy<const Real>&, \
                              const TrajectoryDistribution<const Real>&, View<Real, 1>, View<Real, 2>,          \
                              View<Status, 1>, Workspace, Stream);                                              \
  template void kl_divergence(const LinearGaussianPolicy<const Real>&, const LinearGaussianPolicy<const Real>&, \
                              const TrajectoryDistribution<const Real>&, View<Real, 1>, View<Real, 2>,          \
                              View<Status, 1>);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps
