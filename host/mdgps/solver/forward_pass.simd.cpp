#include "kernels/forward_pass.hpp"

#include "mdgps/solver/launch_cpu.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
std::size_t forward_pass(const BatchShape& shape, const GaussianState<const Real>& initial,
                         const LinearGaussianDynamics<const Real>& dynamics,
                         const LinearGaussianPolicy<const Real>& policy,
                         const TrajectoryDistribution<Real>& distribution, const View<Status, 1>& status,
                         const Workspace& workspace) {
  using Scalar = NativePack<Real>;
  return launch_conditions<Scalar>(shape.conditions, workspace, [&](const Lanes<Scalar>& lanes, auto& scratch) {
    kernels::forward_pass(Solo{}, lanes, shape_of(shape), batch(initial), batch(dynamics), batch(policy),
                          batch(distribution), batch(status), scratch);
  });
}

template std::size_t forward_pass(const BatchShape&, const GaussianState<const float>&,
                                  const LinearGaussianDynamics<const float>&, const LinearGaussianPolicy<const float>&,
                                  const TrajectoryDistribution<float>&, const View<Status, 1>&, const Workspace&);
template std::size_t forward_pass(const BatchShape&, const GaussianState<const double>&,
                                  const LinearGaussianDynamics<const double>&,
                                  const LinearGaussianPolicy<const double>&, const TrajectoryDistribution<double>&,
                                  const View<Status, 1>&, const Workspace&);

}  // namespace mdgps::MDGPS_TARGET
