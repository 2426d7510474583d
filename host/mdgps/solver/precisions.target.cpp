#include "mdgps/solver/precisions.hpp"

#include "kernels/precisions.hpp"
#include "mdgps/solver/launch.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
struct InvertCovariances {
  PrecisionBatch<Real> batch;

  std::int64_t width() const { return tiles(batch.size); }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch) const {
    constexpr int W = lane_count<Scalar>;
    Scalar* const own = scratch.take((batch.scratch_size() + W - 1) / W);
    if (scratch.counting()) return;
    kernels::precisions(g, lanes, batch, reinterpret_cast<Real*>(own));
  }
};

template <class Real>
WorkspaceNeeds precisions(const View<const Real, 4>& covariances, const View<Real, 4>& inverses,
                          const View<Real, 2>& entropies, const Workspace& workspace, Stream stream) {
  const auto [N, T, m, columns] = covariances.extents;
  const PrecisionBatch<Real> batch{static_cast<int>(T), static_cast<int>(m), covariances.data, inverses.data,
                                   entropies.data};
  return launch_steps<Real>(N, T, workspace, stream, InvertCovariances<Real>{batch});
}

#define MDGPS_INSTANTIATE(Real)                                                                              \
  template WorkspaceNeeds precisions(const View<const Real, 4>&, const View<Real, 4>&, const View<Real, 2>&, \
                                     const Workspace&, Stream);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::MDGPS_TARGET
