#include "mdgps/solver/action_divergence.hpp"

#include "kernels/action_divergence.hpp"
#include "mdgps/solver/launch.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
struct CompareActions {
  ActionDivergenceBatch<Real> batch;

  std::int64_t width() const { return batch.samples; }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch) const {
    constexpr int W = lane_count<Scalar>;
    Scalar* const own = scratch.take((batch.scratch_size() + W - 1) / W);
    if (scratch.counting()) return;
    kernels::action_divergence(g, lanes, batch, reinterpret_cast<Real*>(own));
  }
};

template <class Real>
WorkspaceNeeds action_divergence(const PolicyPair<Real>& policies, const ActionDivergence<Real>& result,
                                 const Workspace& workspace, Stream stream) {
  const auto [N, S, T, n] = policies.states.extents;
  const ActionDivergenceBatch<Real> batch{static_cast<int>(S),      static_cast<int>(T),
                                          static_cast<int>(n),      static_cast<int>(policies.offset.extents[2]),
                                          policies.states.data,     policies.weights.data,
                                          policies.gain.data,       policies.offset.data,
                                          policies.covariance.data, policies.means.data,
                                          policies.factor.data,     result.action.data,
                                          result.mean_kl.data,      result.largest_kl.data};
  return launch_steps<Real>(N, T, workspace, stream, CompareActions<Real>{batch});
}

#define MDGPS_INSTANTIATE(Real)                                                                                       \
  template WorkspaceNeeds action_divergence(const PolicyPair<Real>&, const ActionDivergence<Real>&, const Workspace&, \
                                            Stream);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::MDGPS_TARGET
