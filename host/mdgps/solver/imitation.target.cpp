#include "mdgps/solver/imitation.hpp"

#include "kernels/imitation.hpp"
#include "mdgps/solver/launch.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
struct MeanStates {
  int samples, steps, size;
  const Real *states, *weights;
  Real* means;

  std::int64_t width() const { return size; }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch) const {
    if (scratch.counting()) return;
    kernels::mean_states(g, lanes, samples, steps, size, states, weights, means);
  }
};

template <class Real>
struct DrawImitationPoints {
  ImitationBatch<Real> batch;

  std::int64_t width() const { return batch.steps; }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch) const {
    constexpr int W = lane_count<Scalar>;
    Scalar* const states = scratch.take((std::int64_t{batch.steps} * batch.state_size + W - 1) / W);
    if (scratch.counting()) return;
    kernels::imitation_points(g, lanes, batch, reinterpret_cast<Real*>(states));
  }
};

template <class Real>
WorkspaceNeeds mean_states(const View<const Real, 4>& states, const View<const Real, 2>& weights,
                           const View<Real, 3>& means, const Workspace& workspace, Stream stream) {
  const auto [N, T, n] = means.extents;
  return launch_steps<Real>(N, T, workspace, stream,
                            MeanStates<Real>{static_cast<int>(states.extents[1]), static_cast<int>(T),
                                             static_cast<int>(n), states.data, weights.data, means.data});
}

template <class Real>
WorkspaceNeeds imitation_points(const ImitationProblem<Real>& problem, const ImitationResult<Real>& result,
                                const ImitationOptions& options, const Workspace& workspace, Stream stream) {
  const auto [N, S, T, n] = problem.states.extents;
  const ImitationBatch<Real> batch{static_cast<int>(S),
                                   static_cast<int>(T),
                                   static_cast<int>(n),
                                   static_cast<int>(problem.state_entries.extents[0]),
                                   static_cast<int>(problem.offset.extents[2]),
                                   options.drawn,
                                   options.window,
                                   options.seed,
                                   options.iteration,
                                   problem.states.data,
                                   problem.weights.data,
                                   problem.means.data,
                                   problem.predicted.data,
                                   problem.gain.data,
                                   problem.offset.data,
                                   problem.state_entries.data,
                                   result.observations.data,
                                   result.target_means.data};
  return launch_steps<Real>(N, S * (options.drawn + 1), workspace, stream, DrawImitationPoints<Real>{batch});
}

#define MDGPS_INSTANTIATE(Real)                                                                                     \
  template WorkspaceNeeds mean_states(const View<const Real, 4>&, const View<const Real, 2>&, const View<Real, 3>&, \
                                      const Workspace&, Stream);                                                    \
  template WorkspaceNeeds imitation_points(const ImitationProblem<Real>&, const ImitationResult<Real>&,             \
                                           const ImitationOptions&, const Workspace&, Stream);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::MDGPS_TARGET
