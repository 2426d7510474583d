#include "mdgps/solver/launch.hpp"
#include "mdgps/solver/regression_batch.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
WorkspaceNeeds fit_linear_gaussian(const RegressionProblem<Real>& problem, const LinearGaussianFit<Real>& fit,
                                   const Workspace& workspace, Stream stream) {
  const auto& extents = problem.inputs.extents;
  const auto prior = batch(problem.prior);
  return launch_steps<Real>(
      extents[0], extents[1], workspace, stream,
      FitLinearGaussian<Real, PriorBatch<const Real>>{shape_of(problem), batch(problem, prior, fit)});
}

#define MDGPS_INSTANTIATE(Real)                                                                               \
  template WorkspaceNeeds fit_linear_gaussian(const RegressionProblem<Real>&, const LinearGaussianFit<Real>&, \
                                              const Workspace&, Stream);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::MDGPS_TARGET
