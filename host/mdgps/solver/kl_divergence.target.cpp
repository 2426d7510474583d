#include "kernels/kl_divergence.hpp"

#include "mdgps/solver/launch.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
struct KlDivergence {
  Shape shape;
  PolicyBatch<const Real> policy, reference;
  GaussianBatch<const Real> distribution;
  Batch<Real> total, per_step;
  StatusBatch status;

  std::int64_t width() const { return tiles(shape.states); }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch) const {
    kernels::kl_divergence(g, lanes, shape, policy, reference, distribution, total, per_step, status, scratch);
  }
};

template <class Real>
WorkspaceNeeds kl_divergence(const BatchShape& shape, const LinearGaussianPolicy<const Real>& policy,
                             const LinearGaussianPolicy<const Real>& reference,
                             const TrajectoryDistribution<const Real>& distribution, const View<Real, 1>& total,
                             const View<Real, 2>& per_step, const StatusView& status, const Workspace& workspace,
                             Stream stream) {
  return launch_conditions<Real>(shape.conditions, workspace, stream,
                                 KlDivergence<Real>{shape_of(shape), batch(policy), batch(reference),
                                                    batch(distribution), batch(total), batch(per_step), batch(status)});
}

#define MDGPS_INSTANTIATE(Real)                                                                          \
  template WorkspaceNeeds kl_divergence(const BatchShape&, const LinearGaussianPolicy<const Real>&,      \
                                        const LinearGaussianPolicy<const Real>&,                         \
                                        const TrajectoryDistribution<const Real>&, const View<Real, 1>&, \
                                        const View<Real, 2>&, const StatusView&, const Workspace&, Stream);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::MDGPS_TARGET
