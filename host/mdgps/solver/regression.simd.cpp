#include "kernels/regression.hpp"

#include "mdgps/solver/launch_cpu.hpp"
#include "mdgps/solver/regression.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
std::size_t fit_linear_gaussian(const RegressionProblem<Real>& problem, const LinearGaussianFit<Real>& fit,
                                const Workspace& workspace) {
  using Scalar = NativePack<Real>;
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
  b.gain = batch(fit.gain);
  b.offset = batch(fit.offset);
  b.covariance = batch(fit.covariance);
  b.status = batch(fit.status);
  return launch_steps<Scalar>(extents[0], extents[1], workspace, [&](const Lanes<Scalar>& lanes, auto& scratch) {
    kernels::fit_linear_gaussian(Solo{}, lanes, shape, b, scratch);
  });
}

template std::size_t fit_linear_gaussian(const RegressionProblem<float>&, const LinearGaussianFit<float>&,
                                         const Workspace&);
template std::size_t fit_linear_gaussian(const RegressionProblem<double>&, const LinearGaussianFit<double>&,
                                         const Workspace&);

}  // namespace mdgps::MDGPS_TARGET
