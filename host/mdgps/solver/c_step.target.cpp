#include "mdgps/solver/c_step_batch.hpp"
#include "mdgps/solver/launch.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
struct CStep {
  Shape shape;
  CStepBatch<Real> batches;
  DualSearchOptions options;

  static constexpr bool by_rows = true, may_leave_searches = true;
  std::int64_t width() const { return tiles(shape.joint()); }
  template <class Group, class Scalar, class Team = Alone>
  MDGPS_FUNCTION void operator()(const Group& g, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch,
                                 const Team& team = {}) const {
    kernels::c_step(g, lanes, shape, batches, options, scratch, team);
  }
  template <class Group, class Scalar>
  void operator()(const Group& g, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch,
                  Searches<lane_count<Scalar>>& searches) const {
    kernels::c_step(g, lanes, shape, batches, options, scratch, Alone{}, searches);
  }
};

template <class Real>
WorkspaceNeeds c_step(const BatchShape& shape, const CStepProblem<Real>& problem, const CStepResult<Real>& result,
                      const CStepOptions& options, const Workspace& workspace, Stream stream) {
  const int width = speculation_width(options, shape, workspace.device);
  const DualSearchOptions search{options.tolerance, options.max_evaluations, options.min_dual, options.max_dual,
                                 candidates(width, workspace.device)};
  return launch_conditions<Real>(shape.conditions, search.width, workspace, stream,
                                 CStep<Real>{shape_of(shape), batch(problem, result), search});
}

/// Whether a thread block's shared memory holds a condition's matrices at work. The CPU's caches take what they can.
template <class Real>
bool c_step_fits([[maybe_unused]] const BatchShape& shape, [[maybe_unused]] Device device) {
#if defined(__CUDACC__)
  return fits_shared_memory<Real>(device, CStep<Real>{shape_of(shape), {}, {}});
#else
  return true;
#endif
}

#define MDGPS_INSTANTIATE(Real)                                                                          \
  template bool c_step_fits<Real>(const BatchShape&, Device);                                            \
  template WorkspaceNeeds c_step(const BatchShape&, const CStepProblem<Real>&, const CStepResult<Real>&, \
                                 const CStepOptions&, const Workspace&, Stream);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::MDGPS_TARGET
