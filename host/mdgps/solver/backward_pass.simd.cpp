#include "kernels/backward_pass.hpp"

#include "mdgps/solver/launch_cpu.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
std::size_t backward_pass(const BatchShape& shape, const LinearGaussianDynamics<const Real>& dynamics,
                          const QuadraticCost<const Real>& cost, const LinearGaussianPolicy<Real>& policy,
                          const View<Status, 1>& status, const Workspace& workspace) {
  using Scalar = NativePack<Real>;
  return launch_conditions<Scalar>(shape.conditions, workspace, [&](const Lanes<Scalar>& lanes, auto& scratch) {
    kernels::backward_pass(Solo{}, lanes, shape_of(shape), batch(dynamics), batch(cost), batch(policy), batch(status),
                           scratch);
  });
}

template std::size_t backward_pass(const BatchShape&, const LinearGaussianDynamics<const float>&,
                                   const QuadraticCost<const float>&, const LinearGaussianPolicy<float>&,
                                   const View<Status, 1>&, const Workspace&);
template std::size_t backward_pass(const BatchShape&, const LinearGaussianDynamics<const double>&,
                                   const QuadraticCost<const double>&, const LinearGaussianPolicy<double>&,
                                   const View<Status, 1>&, const Workspace&);

}  // namespace mdgps::MDGPS_TARGET
