#include "mdgps/solver/average_expansion.hpp"

#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/validate.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(template <class Real>
                          WorkspaceNeeds average_expansion(const Expansions<Real>&, const View<Real, 4>&,
                                                           const View<Real, 3>&, const Workspace&, Stream);)

namespace {

template <class Real>
WorkspaceNeeds needs(const View<Real, 4>& gain, Device device) {
  return MDGPS_CALL_TARGET(device, average_expansion<Real>, {}, gain, {}, validate::nothing_on(device), Stream{});
}

}  // namespace

template <class Real>
std::size_t average_expansion_workspace_size(View<Real, 4> gain) {
  return needs(gain, gain.device).best;
}

template <class Real>
void average_expansion(const Expansions<Real>& samples, View<Real, 4> gain, View<Real, 3> offset, Workspace workspace,
                       Stream stream) {
  const validate::Door door("average_expansion", workspace);
  const auto [N, S, T, n] = samples.states.extents;
  const std::int64_t m = samples.actions.extents[3], o = samples.state_entries.extents[0];
  door.contiguous("states", samples.states, {N, S, T, n});
  door.contiguous("actions", samples.actions, {N, S, T, m});
  door.contiguous("jacobians", samples.jacobians, {N, S, T, m, o});
  door.contiguous("weights", samples.weights, {N, S});
  door.contiguous("state_entries", samples.state_entries, {o});
  door.contiguous("gain", gain, {N, T, m, n});
  door.contiguous("offset", offset, {N, T, m});
  door.workspace(needs(gain, workspace.device));
  MDGPS_CALL_TARGET(workspace.device, average_expansion<Real>, samples, gain, offset, workspace, stream);
}

template <class Real>
void average_expansion(const Expansions<Real>& samples, View<Real, 4> gain, View<Real, 3> offset) {
  validate::with_own_workspace(average_expansion_workspace_size(gain), gain.device, [&](const Workspace& workspace) {
    average_expansion(samples, gain, offset, workspace, Stream{});
  });
}

#define MDGPS_INSTANTIATE(Real)                                                                              \
  template std::size_t average_expansion_workspace_size(View<Real, 4>);                                      \
  template void average_expansion(const Expansions<Real>&, View<Real, 4>, View<Real, 3>, Workspace, Stream); \
  template void average_expansion(const Expansions<Real>&, View<Real, 4>, View<Real, 3>);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps
