#include "mdgps/solver/sample_costs.hpp"

#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/validate.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(template <class Real>
                          WorkspaceNeeds sample_costs(const View<const Real, 3>&, const View<const Real, 2>&,
                                                      const SampleCosts<Real>&, const Workspace&, Stream);)

namespace {

template <class Real>
WorkspaceNeeds needs(const View<const Real, 3>& costs, Device device) {
  return MDGPS_CALL_TARGET(device, sample_costs<Real>, costs, {}, {}, validate::nothing_on(device), Stream{});
}

}  // namespace

template <class Real>
std::size_t sample_costs_workspace_size(View<const Real, 3> costs) {
  return needs(costs, costs.device).best;
}

template <class Real>
void sample_costs(View<const Real, 3> costs, View<const Real, 2> weights, const SampleCosts<Real>& result,
                  Workspace workspace, Stream stream) {
  const validate::Door door("sample_costs", workspace);
  const auto [N, S, T] = costs.extents;
  door.contiguous("costs", costs, {N, S, T});
  door.contiguous("weights", weights, {N, S});
  door.contiguous("mean", result.mean, {N});
  door.contiguous("size", result.size, {N});
  door.contiguous("largest", result.largest, {N, T});
  door.contiguous("total", result.total, {N, S});
  door.workspace(needs(costs, workspace.device));
  MDGPS_CALL_TARGET(workspace.device, sample_costs<Real>, costs, weights, result, workspace, stream);
}

template <class Real>
void sample_costs(View<const Real, 3> costs, View<const Real, 2> weights, const SampleCosts<Real>& result) {
  validate::with_own_workspace(sample_costs_workspace_size(costs), costs.device, [&](const Workspace& workspace) {
    sample_costs(costs, weights, result, workspace, Stream{});
  });
}

#define MDGPS_INSTANTIATE(Real)                                                                                      \
  template std::size_t sample_costs_workspace_size(View<const Real, 3>);                                             \
  template void sample_costs(View<const Real, 3>, View<const Real, 2>, const SampleCosts<Real>&, Workspace, Stream); \
  template void sample_costs(View<const Real, 3>, View<const Real, 2>, const SampleCosts<Real>&);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps
