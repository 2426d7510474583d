#include "kernels/forward_pass.hpp"

#include "mdgps/solver/launch.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
struct ForwardPass {
  Shape shape;
  GaussianBatch<const Real> initial;
  DynamicsBatch<const Real> dynamics;
  PolicyBatch<const Real> policy;
  GaussianBatch<Real> distribution;
  StatusBatch status;

  static constexpr bool by_rows = true;
  std::int64_t width() const { return tiles(shape.joint()); }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch) const {
    kernels::forward_pass(g, lanes, shape, initial, dynamics, policy, distribution, status, scratch);
  }
};

template <class Real>
WorkspaceNeeds forward_pass(const BatchShape& shape, const GaussianState<const Real>& initial,
                            const LinearGaussianDynamics<const Real>& dynamics,
                            const LinearGaussianPolicy<const Real>& policy,
                            const TrajectoryDistribution<Real>& distribution, const StatusView& status,
                            const Workspace& workspace, Stream stream) {
  return launch_conditions<Real>(shape.conditions, workspace, stream,
                                 ForwardPass<Real>{shape_of(shape), batch(initial), batch(dynamics), batch(policy),
                                                   batch(distribution), batch(status)});
}

/// Whether a thread block's shared memory holds a condition's matrices at work. The CPU's caches take what they can.
template <class Real>
bool forward_pass_fits([[maybe_unused]] const BatchShape& shape, [[maybe_unused]] Device device) {
#if defined(__CUDACC__)
  return fits_shared_memory<Real>(device, ForwardPass<Real>{shape_of(shape), {}, {}, {}, {}, {}});
#else
  return true;
#endif
}

#define MDGPS_INSTANTIATE(Real)                                                                                      \
  template bool forward_pass_fits<Real>(const BatchShape&, Device);                                                  \
  template WorkspaceNeeds forward_pass(const BatchShape&, const GaussianState<const Real>&,                          \
                                       const LinearGaussianDynamics<const Real>&,                                    \
                                       const LinearGaussianPolicy<const Real>&, const TrajectoryDistribution<Real>&, \
                                       const StatusView&, const Workspace&, Stream);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::MDGPS_TARGET
