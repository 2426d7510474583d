#include "kernels/regression.hpp"

#include "mdgps/solver/launch.hpp"
#include "mdgps/solver/mixture_batch.hpp"
#include "mdgps/solver/regression_batch.hpp"

namespace mdgps::MDGPS_TARGET {

/// The operation, wherever its prior comes from.
template <class Real, class Prior = PriorBatch<const Real>>
struct FitLinearGaussian {
  RegressionShape shape;
  RegressionBatch<Real, Prior> batches;

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
  return launch_steps<Real>(extents[0], extents[1], workspace, stream,
                            FitLinearGaussian<Real>{shape_of(problem), batch(problem, batch(problem.prior), fit)});
}

/// A type of its own, so that reports of the compiled kernels tell it from the regression with arrays.
template <class Real>
struct FitWithMixture : FitLinearGaussian<Real, MomentsPrior<Real>> {};

/// shares [N,T,K]   of the mixture's components in prior.points
template <class Real>
WorkspaceNeeds fit_linear_gaussian(const RegressionProblem<Real>& problem, const PriorFromMixture<Real>& prior,
                                   const Real* shares, const LinearGaussianFit<Real>& fit, const Workspace& workspace,
                                   Stream stream) {
  const auto& extents = problem.inputs.extents;
  const MixtureShape shape = shape_of(prior.mixture, prior.points);
  const double degrees = degrees_of(prior.strength, prior.fitted_points, shape.dimensions);
  const MomentsPrior<Real> moments{shape,
                                   static_cast<int>(extents[1]),
                                   shares,
                                   batch(prior.mixture),
                                   static_cast<Real>(prior.strength),
                                   static_cast<Real>(degrees)};
  return launch_steps<Real>(extents[0], extents[1], workspace, stream,
                            FitWithMixture<Real>{{shape_of(problem), batch(problem, moments, fit)}});
}

#define MDGPS_INSTANTIATE(Real)                                                                               \
  template WorkspaceNeeds fit_linear_gaussian(const RegressionProblem<Real>&, const LinearGaussianFit<Real>&, \
                                              const Workspace&, Stream);                                      \
  template WorkspaceNeeds fit_linear_gaussian(const RegressionProblem<Real>&, const PriorFromMixture<Real>&,  \
                                              const Real*, const LinearGaussianFit<Real>&, const Workspace&, Stream);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::MDGPS_TARGET
