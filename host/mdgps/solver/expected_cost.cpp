#include "mdgps/solver/expected_cost.hpp"

#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/validate.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(template <class Real>
                          WorkspaceNeeds expected_cost(const BatchShape&, const TrajectoryDistribution<const Real>&,
                                                       const QuadraticCost<const Real>&, const View<Real, 1>&,
                                                       const View<Real, 2>&, const Workspace&, Stream);)

namespace {

template <class Real>
WorkspaceNeeds needs(const BatchShape& shape, Device device) {
  return MDGPS_CALL_TARGET(device, expected_cost<Real>, shape, {}, {}, {}, {}, validate::nothing_on(device), Stream{});
}

/// How many states are among the joint ones makes no difference here.
template <class Real>
BatchShape shape_of(const TrajectoryDistribution<const Real>& d) {
  return {d.mean.extents[0], d.mean.extents[1], d.mean.extents[2], 0};
}

}  // namespace

template <class Real>
std::size_t expected_cost_workspace_size(const BatchShape& shape, Device device) {
  return needs<Real>(shape, device).best;
}

template <class Real>
void expected_cost(const TrajectoryDistribution<const Real>& distribution, const QuadraticCost<const Real>& cost,
                   View<Real, 1> total, View<Real, 2> per_step, Workspace workspace, Stream stream) {
  const BatchShape shape = shape_of(distribution);
  const validate::Door door("expected_cost", workspace);
  door.distribution(distribution, shape);
  door.cost(cost, shape);
  door.shape("total", total, {shape.conditions});
  if (!per_step.empty()) door.shape("per_step", per_step, {shape.conditions, shape.steps});
  door.workspace(needs<Real>(shape, workspace.device));
  MDGPS_CALL_TARGET(workspace.device, expected_cost<Real>, shape, distribution, cost, total, per_step, workspace,
                    stream);
}

template <class Real>
void expected_cost(const TrajectoryDistribution<const Real>& distribution, const QuadraticCost<const Real>& cost,
                   View<Real, 1> total, View<Real, 2> per_step) {
  const Device device = distribution.mean.device;
  validate::with_own_workspace(expected_cost_workspace_size<Real>(shape_of(distribution), device), device,
                               [&](const Workspace& workspace) {
                                 expected_cost<Real>(distribution, cost, total, per_step, workspace, Stream{});
                               });
}

#define MDGPS_INSTANTIATE(Real)                                                                            \
  template std::size_t expected_cost_workspace_size<Real>(const BatchShape&, Device);                      \
  template void expected_cost(const TrajectoryDistribution<const Real>&, const QuadraticCost<const Real>&, \
                              View<Real, 1>, View<Real, 2>, Workspace, Stream);                            \
  template void expected_cost(const TrajectoryDistribution<const Real>&, const QuadraticCost<const Real>&, \
                              View<Real, 1>, View<Real, 2>);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps
