#include "mdgps/solver/sample_costs.hpp"

#include "kernels/sample_costs.hpp"
#include "mdgps/solver/launch.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
struct SumSampleCosts {
  SampleCostBatch<Real> batch;

  std::int64_t width() const { return std::int64_t{batch.samples} * batch.steps; }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch) const {
    if (scratch.counting()) return;
    kernels::sample_costs(g, lanes, batch);
  }
};

template <class Real>
WorkspaceNeeds sample_costs(const View<const Real, 3>& costs, const View<const Real, 2>& weights,
                            const SampleCosts<Real>& result, const Workspace& workspace, Stream stream) {
  const auto [N, S, T] = costs.extents;
  const SampleCostBatch<Real> batch{static_cast<int>(S), static_cast<int>(T), costs.data,          weights.data,
                                    result.mean.data,    result.size.data,    result.largest.data, result.total.data};
  return launch_conditions<Real>(N, workspace, stream, SumSampleCosts<Real>{batch});
}

#define MDGPS_INSTANTIATE(Real)                                                                \
  template WorkspaceNeeds sample_costs(const View<const Real, 3>&, const View<const Real, 2>&, \
                                       const SampleCosts<Real>&, const Workspace&, Stream);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::MDGPS_TARGET
