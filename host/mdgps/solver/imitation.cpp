#include "mdgps/solver/imitation.hpp"

#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/validate.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(template <class Real>
                          WorkspaceNeeds mean_states(const View<const Real, 4>&, const View<const Real, 2>&,
                                                     const View<Real, 3>&, const Workspace&, Stream);
                          template <class Real>
                          WorkspaceNeeds imitation_points(const ImitationProblem<Real>&, const ImitationResult<Real>&,
                                                          const ImitationOptions&, const Workspace&, Stream);)

namespace {

template <class Real>
WorkspaceNeeds needs(const View<Real, 3>& means, Device device) {
  return MDGPS_CALL_TARGET(device, mean_states<Real>, {}, {}, means, validate::nothing_on(device), Stream{});
}
template <class Real>
WorkspaceNeeds needs(const ImitationProblem<Real>& problem, const ImitationOptions& options, Device device) {
  return MDGPS_CALL_TARGET(device, imitation_points<Real>, problem, {}, options, validate::nothing_on(device),
                           Stream{});
}

}  // namespace

template <class Real>
std::size_t mean_states_workspace_size(View<Real, 3> means) {
  return needs(means, means.device).best;
}

template <class Real>
void mean_states(View<const Real, 4> states, View<const Real, 2> weights, View<Real, 3> means, Workspace workspace,
                 Stream stream) {
  const validate::Door door("mean_states", workspace);
  const auto [N, S, T, n] = states.extents;
  door.contiguous("states", states, {N, S, T, n});
  door.contiguous("weights", weights, {N, S});
  door.contiguous("means", means, {N, T, n});
  door.workspace(needs(means, workspace.device));
  MDGPS_CALL_TARGET(workspace.device, mean_states<Real>, states, weights, means, workspace, stream);
}

template <class Real>
void mean_states(View<const Real, 4> states, View<const Real, 2> weights, View<Real, 3> means) {
  validate::with_own_workspace(mean_states_workspace_size(means), means.device, [&](const Workspace& workspace) {
    mean_states(states, weights, means, workspace, Stream{});
  });
}

template <class Real>
std::size_t imitation_points_workspace_size(const ImitationProblem<Real>& problem, const ImitationOptions& options) {
  return needs(problem, options, problem.states.device).best;
}

template <class Real>
void imitation_points(const ImitationProblem<Real>& problem, const ImitationResult<Real>& result,
                      const ImitationOptions& options, Workspace workspace, Stream stream) {
  const validate::Door door("imitation_points", workspace);
  const auto [N, S, T, n] = problem.states.extents;
  const std::int64_t m = problem.offset.extents[2], o = problem.state_entries.extents[0];
  if (options.drawn < 0 || options.window < 0) door.fail("options.drawn and options.window must be at least 0");
  const std::int64_t points = N * S * (options.drawn + 1) * T;
  door.contiguous("states", problem.states, {N, S, T, n});
  door.contiguous("weights", problem.weights, {N, S});
  door.contiguous("means", problem.means, {N, T, n});
  if (!problem.predicted.empty()) door.contiguous("predicted", problem.predicted, {N, T, n});
  door.contiguous("gain", problem.gain, {N, T, m, n});
  door.contiguous("offset", problem.offset, {N, T, m});
  door.contiguous("state_entries", problem.state_entries, {o});
  door.contiguous("observations", result.observations, {points, o});
  door.contiguous("target_means", result.target_means, {points, m});
  door.workspace(needs(problem, options, workspace.device));
  MDGPS_CALL_TARGET(workspace.device, imitation_points<Real>, problem, result, options, workspace, stream);
}

template <class Real>
void imitation_points(const ImitationProblem<Real>& problem, const ImitationResult<Real>& result,
                      const ImitationOptions& options) {
  validate::with_own_workspace(
      imitation_points_workspace_size(problem, options), problem.states.device,
      [&](const Workspace& workspace) { imitation_points(problem, result, options, workspace, Stream{}); });
}

#define MDGPS_INSTANTIATE(Real)                                                                                        \
  template std::size_t mean_states_workspace_size(View<Real, 3>);                                                      \
  template void mean_states(View<const Real, 4>, View<const Real, 2>, View<Real, 3>, Workspace, Stream);               \
  template void mean_states(View<const Real, 4>, View<const Real, 2>, View<Real, 3>);                                  \
  template std::size_t imitation_points_workspace_size(const ImitationProblem<Real>&, const ImitationOptions&);        \
  template void imitation_points(const ImitationProblem<Real>&, const ImitationResult<Real>&, const ImitationOptions&, \
                                 Workspace, Stream);                                                                   \
  template void imitation_points(const ImitationProblem<Real>&, const ImitationResult<Real>&, const ImitationOptions&);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps
