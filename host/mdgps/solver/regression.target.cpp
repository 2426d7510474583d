#include "kernels/regression.hpp"

#include "mdgps/solver/launch.hpp"
#include "mdgps/solver/regression.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
struct FitLinearGaussian {
  RegressionShape shape;
  RegressionBatch<Real> batches;

  std::int64_t width() const { return tiles(shape.inputs + shape.outputs); }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch) const {
    kernels::fit_linear_gaussian(g, lanes, shape, batches, scratch);
  }
};

template <class Real>
WorkspaceNeeds fit_linear_gaussian(const RegressionProblem<Real>& problem, const LinearGaussianFit<Real>& fit,
                                   const Workspace& workspace, Stream stream) {
  const auto& extents = problem.inputs.extents;
  const RegressionShape shape{static_cast<int>(extents[2]), static_cast<int>(extents[3]),
                              static_cast<int>(problem.outputs.extents[3])};
  RegressionBatch<Real> b;
  b.inputs = batch(problem.inputs);
  b.outputs = batch(problem.outputs);
  b.weights = batch(problem.weights);
  b.prior = {batch(problem.prior.mean), batch(problem.prior.scatter), batch(problem.prior.mean_strength),
             batch(problem.prior.degrees)};
  b.regularization = problem.regularization;
  b.outputs_are_changes = problem.outputs_are_changes;
  b.gain = batch(fit.gain);
  b.offset = batch(fit.offset);
  b.covariance = batch(fit.covariance);
  b.status = batch(fit.status);
  return launch_steps<Real>(extents[0], extents[1], workspace, stream, FitLinearGaussian<Real>{shape, b});
}

#define MDGPS_INSTANTIATE(Real)                                                                               \
  template WorkspaceNeeds fit_linear_gaussian(const RegressionProblem<Real>&, const LinearGaussianFit<Real>&, \
                                              const Workspace&, Stream);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::MDGPS_TARGET
