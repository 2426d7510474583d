#include "mdgps/solver/precisions.hpp"

#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/validate.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(template <class Real> WorkspaceNeeds precisions(const View<const Real, 4>&,
                                                                          const View<Real, 4>&, const View<Real, 2>&,
                                                                          const Workspace&, Stream);)

namespace {

template <class Real>
WorkspaceNeeds needs(const View<const Real, 4>& covariances, Device device) {
  return MDGPS_CALL_TARGET(device, precisions<Real>, covariances, {}, {}, validate::nothing_on(device), Stream{});
}

}  // namespace

template <class Real>
std::size_t precisions_workspace_size(View<const Real, 4> covariances) {
  return needs(covariances, covariances.device).best;
}

template <class Real>
void precisions(View<const Real, 4> covariances, View<Real, 4> inverses, View<Real, 2> entropies, Workspace workspace,
                Stream stream) {
  const validate::Door door("precisions", workspace);
  const auto [N, T, m, columns] = covariances.extents;
  door.contiguous("covariances", covariances, {N, T, m, m});
  if (!inverses.empty()) door.contiguous("inverses", inverses, {N, T, m, m});
  if (!entropies.empty()) door.contiguous("entropies", entropies, {N, T});
  door.workspace(needs(covariances, workspace.device));
  MDGPS_CALL_TARGET(workspace.device, precisions<Real>, covariances, inverses, entropies, workspace, stream);
}

template <class Real>
void precisions(View<const Real, 4> covariances, View<Real, 4> inverses, View<Real, 2> entropies) {
  validate::with_own_workspace(
      precisions_workspace_size(covariances), covariances.device,
      [&](const Workspace& workspace) { precisions(covariances, inverses, entropies, workspace, Stream{}); });
}

#define MDGPS_INSTANTIATE(Real)                                                                   \
  template std::size_t precisions_workspace_size(View<const Real, 4>);                            \
  template void precisions(View<const Real, 4>, View<Real, 4>, View<Real, 2>, Workspace, Stream); \
  template void precisions(View<const Real, 4>, View<Real, 4>, View<Real, 2>);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps
