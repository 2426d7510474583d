#include "mdgps/solver/expected_cost.hpp"

#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/threads.hpp"
#include "mdgps/solver/validate.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(template <class Real>
                          std::size_t expected_cost(const BatchShape&, const TrajectoryDistribution<const Real>&,
                                                    const QuadraticCost<const Real>&, const View<Real, 1>&,
                                                    const View<Real, 2>&, const Workspace&);)

namespace {

template <class Real>
std::size_t scratch_per_thread(const BatchShape& shape) {
  return MDGPS_CALL_TARGET(expected_cost<Real>, shape, {}, {}, {}, {}, Workspace{});
}

}  // namespace

template <class Real>
std::size_t expected_cost_workspace_size(const BatchShape& shape, Device) {
  return cpu_workspace_bytes(scratch_per_thread<Real>(shape));
}

template <class Real>
void expected_cost(const TrajectoryDistribution<const Real>& distribution, const QuadraticCost<const Real>& cost,
                   View<Real, 1> total, View<Real, 2> per_step, Workspace workspace, Stream) {
  const BatchShape shape =
      BatchShape{distribution.mean.extents[0], distribution.mean.extents[1], distribution.mean.extents[2], 0};
  const char* operation = "expected_cost";
  validate::distribution(operation, distribution, shape);
  validate::cost(operation, cost, shape);
  validate::shape(operation, "total", total, {shape.conditions});
  if (!per_step.empty()) validate::shape(operation, "per_step", per_step, {shape.conditions, shape.steps});
  validate::workspace(operation, workspace, scratch_per_thread<Real>(shape) + 64);
  MDGPS_CALL_TARGET(expected_cost<Real>, shape, distribution, cost, total, per_step, workspace);
}

template <class Real>
void expected_cost(const TrajectoryDistribution<const Real>& distribution, const QuadraticCost<const Real>& cost,
                   View<Real, 1> total, View<Real, 2> per_step) {
  const validate::OwnWorkspace workspace(expected_cost_workspace_size<Real>(
      BatchShape{distribution.mean.extents[0], distribution.mean.extents[1], distribution.mean.extents[2], 0}));
  expected_cost<Real>(distribution, cost, total, per_step, workspace, Stream{});
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
