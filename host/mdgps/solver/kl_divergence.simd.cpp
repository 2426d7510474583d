#include "kernels/kl_divergence.hpp"

#include "mdgps/solver/launch_cpu.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
std::size_t kl_divergence(const BatchShape& shape, const LinearGaussianPolicy<const Real>& policy,
                          const LinearGaussianPolicy<const Real>& reference,
                          const TrajectoryDistribution<const Real>& distribution, const View<Real, 1>& total,
                          const View<Real, 2>& per_step, const View<Status, 1>& status, const Workspace& workspace) {
  using Scalar = NativePack<Real>;
  return launch_conditions<Scalar>(shape.conditions, workspace, [&](const Lanes<Scalar>& lanes, auto& scratch) {
    kernels::kl_divergence(Solo{}, lanes, shape_of(shape), batch(policy), batch(reference), batch(distribution),
                           batch(total), batch(per_step), batch(status), scratch);
  });
}

template std::size_t kl_divergence(const BatchShape&, const LinearGaussianPolicy<const float>&,
                                   const LinearGaussianPolicy<const float>&, const TrajectoryDistribution<const float>&,
                                   const View<float, 1>&, const View<float, 2>&, const View<Status, 1>&,
                                   const Workspace&);
template std::size_t kl_divergence(const BatchShape&, const LinearGaussianPolicy<const double>&,
                                   const LinearGaussianPolicy<const double>&,
                                   const TrajectoryDistribution<const double>&, const View<double, 1>&,
                                   const View<double, 2>&, const View<Status, 1>&, const Workspace&);

}  // namespace mdgps::MDGPS_TARGET
