#include "kernels/expected_cost.hpp"

#include "mdgps/solver/launch.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
struct ExpectedCost {
  Shape shape;
  GaussianBatch<const Real> distribution;
  CostBatch<const Real> cost;
  Batch<Real> total, per_step;

  std::int64_t width() const { return tiles(shape.joint()); }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch) const {
    kernels::expected_cost(g, lanes, shape, distribution, cost, total, per_step, scratch);
  }
};

template <class Real>
WorkspaceNeeds expected_cost(const BatchShape& shape, const TrajectoryDistribution<const Real>& distribution,
                             const QuadraticCost<const Real>& cost, const View<Real, 1>& total,
                             const View<Real, 2>& per_step, const Workspace& workspace, Stream stream) {
  return launch_conditions<Real>(
      shape.conditions, workspace, stream,
      ExpectedCost<Real>{shape_of(shape), batch(distribution), batch(cost), batch(total), batch(per_step)});
}

#define MDGPS_INSTANTIATE(Real)                                                                                       \
  template WorkspaceNeeds expected_cost(const BatchShape&, const TrajectoryDistribution<const Real>&,                 \
                                        const QuadraticCost<const Real>&, const View<Real, 1>&, const View<Real, 2>&, \
                                        const Workspace&, Stream);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::MDGPS_TARGET
