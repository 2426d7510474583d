#include "kernels/rearrange.hpp"

#include "mdgps/solver/launch.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
struct Rearrange {
  int rows, cols;
  Batch<const Real> from, less;
  Batch<Real> to;

  std::int64_t width() const { return std::int64_t{rows} * cols; }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch) const {
    if (scratch.counting()) return;
    kernels::rearrange(g, lanes, rows, cols, from, less, to);
  }
};

template <class Real>
WorkspaceNeeds rearrange(const View<const Real, 4>& from, const View<const Real, 4>& less, const View<Real, 4>& to,
                         const Workspace& workspace, Stream stream) {
  const auto& extents = to.extents;
  return launch_steps<Real>(
      extents[0], extents[1], workspace, stream,
      Rearrange<Real>{static_cast<int>(extents[2]), static_cast<int>(extents[3]), batch(from), batch(less), batch(to)});
}

#define MDGPS_INSTANTIATE(Real)                                                                                   \
  template WorkspaceNeeds rearrange(const View<const Real, 4>&, const View<const Real, 4>&, const View<Real, 4>&, \
                                    const Workspace&, Stream);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::MDGPS_TARGET
