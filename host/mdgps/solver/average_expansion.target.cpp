#include "mdgps/solver/average_expansion.hpp"

#include "kernels/average_expansion.hpp"
#include "mdgps/solver/launch.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
struct AverageExpansion {
  ExpansionBatch<Real> batch;

  std::int64_t width() const { return batch.action_size; }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch) const {
    if (scratch.counting()) return;
    kernels::average_expansion(g, lanes, batch);
  }
};

template <class Real>
WorkspaceNeeds average_expansion(const Expansions<Real>& samples, const View<Real, 4>& gain,
                                 const View<Real, 3>& offset, const Workspace& workspace, Stream stream) {
  const auto [N, T, m, n] = gain.extents;
  const ExpansionBatch<Real> batch{static_cast<int>(samples.states.extents[1]),
                                   static_cast<int>(T),
                                   static_cast<int>(n),
                                   static_cast<int>(m),
                                   static_cast<int>(samples.state_entries.extents[0]),
                                   samples.states.data,
                                   samples.actions.data,
                                   samples.jacobians.data,
                                   samples.weights.data,
                                   samples.state_entries.data,
                                   gain.data,
                                   offset.data};
  return launch_steps<Real>(N, T, workspace, stream, AverageExpansion<Real>{batch});
}

#define MDGPS_INSTANTIATE(Real)                                                                                  \
  template WorkspaceNeeds average_expansion(const Expansions<Real>&, const View<Real, 4>&, const View<Real, 3>&, \
                                            const Workspace&, Stream);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::MDGPS_TARGET
