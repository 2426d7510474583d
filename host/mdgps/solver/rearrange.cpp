#include "mdgps/solver/rearrange.hpp"

#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/validate.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(template <class Real>
                          WorkspaceNeeds rearrange(const View<const Real, 4>&, const View<const Real, 4>&,
                                                   const View<Real, 4>&, const Workspace&, Stream);)

namespace {

template <class Real>
WorkspaceNeeds needs(const View<Real, 4>& to, Device device) {
  return MDGPS_CALL_TARGET(device, rearrange<Real>, {}, {}, to, validate::nothing_on(device), Stream{});
}

}  // namespace

template <class Real>
std::size_t rearrange_workspace_size(View<Real, 4> to) {
  return needs(to, to.device).best;
}

template <class Real>
void rearrange(View<const Real, 4> from, View<const Real, 4> less, View<Real, 4> to, Workspace workspace,
               Stream stream) {
  const validate::Door door("rearrange", workspace);
  const auto [N, T, S, d] = to.extents;
  door.shape("from", from, {N, T, S, d});
  if (!less.empty()) door.shape("less", less, {N, T, S, d});
  door.shape("to", to, {N, T, S, d});
  door.workspace(needs(to, workspace.device));
  MDGPS_CALL_TARGET(workspace.device, rearrange<Real>, from, less, to, workspace, stream);
}

template <class Real>
void rearrange(View<const Real, 4> from, View<const Real, 4> less, View<Real, 4> to) {
  validate::with_own_workspace(rearrange_workspace_size(to), to.device,
                               [&](const Workspace& workspace) { rearrange(from, less, to, workspace, Stream{}); });
}

#define MDGPS_INSTANTIATE(Real)                                                                        \
  template std::size_t rearrange_workspace_size(View<Real, 4>);                                        \
  template void rearrange(View<const Real, 4>, View<const Real, 4>, View<Real, 4>, Workspace, Stream); \
  template void rearrange(View<const Real, 4>, View<const Real, 4>, View<Real, 4>);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps
