#include "mdgps/solver/action_divergence.hpp"

#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/validate.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(template <class Real> WorkspaceNeeds action_divergence(const PolicyPair<Real>&,
                                                                                 const ActionDivergence<Real>&,
                                                                                 const Workspace&, Stream);)

namespace {

template <class Real>
WorkspaceNeeds needs(const PolicyPair<Real>& policies, Device device) {
  return MDGPS_CALL_TARGET(device, action_divergence<Real>, policies, {}, validate::nothing_on(device), Stream{});
}

}  // namespace

template <class Real>
std::size_t action_divergence_workspace_size(const PolicyPair<Real>& policies) {
  return needs(policies, policies.states.device).best;
}

template <class Real>
void action_divergence(const PolicyPair<Real>& policies, const ActionDivergence<Real>& result, Workspace workspace,
                       Stream stream) {
  const validate::Door door("action_divergence", workspace);
  const auto [N, S, T, n] = policies.states.extents;
  const std::int64_t m = policies.offset.extents[2];
  door.contiguous("states", policies.states, {N, S, T, n});
  door.contiguous("weights", policies.weights, {N, S});
  door.contiguous("gain", policies.gain, {N, T, m, n});
  door.contiguous("offset", policies.offset, {N, T, m});
  door.contiguous("covariance", policies.covariance, {N, T, m, m});
  door.contiguous("means", policies.means, {N, S, T, m});
  door.contiguous("factor", policies.factor, {m, m});
  door.contiguous("action", result.action, {N, T, m});
  door.contiguous("mean_kl", result.mean_kl, {N, T});
  door.contiguous("largest_kl", result.largest_kl, {N, T});
  door.workspace(needs(policies, workspace.device));
  MDGPS_CALL_TARGET(workspace.device, action_divergence<Real>, policies, result, workspace, stream);
}

template <class Real>
void action_divergence(const PolicyPair<Real>& policies, const ActionDivergence<Real>& result) {
  validate::with_own_workspace(
      action_divergence_workspace_size(policies), policies.states.device,
      [&](const Workspace& workspace) { action_divergence(policies, result, workspace, Stream{}); });
}

#define MDGPS_INSTANTIATE(Real)                                                                               \
  template std::size_t action_divergence_workspace_size(const PolicyPair<Real>&);                             \
  template void action_divergence(const PolicyPair<Real>&, const ActionDivergence<Real>&, Workspace, Stream); \
  template void action_divergence(const PolicyPair<Real>&, const ActionDivergence<Real>&);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps
