#include "kernels/backward_pass.hpp"

#include "mdgps/solver/launch.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
struct BackwardPass {
  Shape shape;
  DynamicsBatch<const Real> dynamics;
  CostBatch<const Real> cost;
  PolicyBatch<Real> policy;
  StatusBatch status;

  static constexpr bool by_rows = true;
  std::int64_t width() const { return tiles(shape.joint()); }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch) const {
    kernels::backward_pass(g, lanes, shape, dynamics, cost, policy, status, scratch);
  }
};

template <class Real>
WorkspaceNeeds backward_pass(const BatchShape& shape, const LinearGaussianDynamics<const Real>& dynamics,
                             const QuadraticCost<const Real>& cost, const LinearGaussianPolicy<Real>& policy,
                             const StatusView& status, const Workspace& workspace, Stream stream) {
  return launch_conditions<Real>(
      shape.conditions, workspace, stream,
      BackwardPass<Real>{shape_of(shape), batch(dynamics), batch(cost), batch(policy), batch(status)});
}

/// Whether a thread block's shared memory holds a condition's matrices at work. The CPU's caches take what they can.
template <class Real>
bool backward_pass_fits([[maybe_unused]] const BatchShape& shape, [[maybe_unused]] Device device) {
#if defined(__CUDACC__)
  return fits_shared_memory<Real>(device, BackwardPass<Real>{shape_of(shape), {}, {}, {}, {}});
#else
  return true;
#endif
}

#define MDGPS_INSTANTIATE(Real)                                                                              \
  template bool backward_pass_fits<Real>(const BatchShape&, Device);                                         \
  template WorkspaceNeeds backward_pass(const BatchShape&, const LinearGaussianDynamics<const Real>&,        \
                                        const QuadraticCost<const Real>&, const LinearGaussianPolicy<Real>&, \
                                        const StatusView&, const Workspace&, Stream);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::MDGPS_TARGET
