#include "kernels/expected_cost.hpp"

#include "mdgps/solver/launch_cpu.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
std::size_t expected_cost(const BatchShape& shape, const TrajectoryDistribution<const Real>& distribution,
                          const QuadraticCost<const Real>& cost, const View<Real, 1>& total,
                          const View<Real, 2>& per_step, const Workspace& workspace) {
  using Scalar = NativePack<Real>;
  return launch_conditions<Scalar>(shape.conditions, workspace, [&](const Lanes<Scalar>& lanes, auto& scratch) {
    kernels::expected_cost(Solo{}, lanes, shape_of(shape), batch(distribution), batch(cost), batch(total),
                           batch(per_step), scratch);
  });
}

template std::size_t expected_cost(const BatchShape&, const TrajectoryDistribution<const float>&,
                                   const QuadraticCost<const float>&, const View<float, 1>&, const View<float, 2>&,
                                   const Workspace&);
template std::size_t expected_cost(const BatchShape&, const TrajectoryDistribution<const double>&,
                                   const QuadraticCost<const double>&, const View<double, 1>&, const View<double, 2>&,
                                   const Workspace&);

}  // namespace mdgps::MDGPS_TARGET
