#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "mdgps/solver/launch.hpp"
#include "mdgps/solver/mixture_batch.hpp"
#include "mdgps/solver/regression_batch.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
struct MixtureShares {
  MixtureShape shape;
  QueryBatch<Real> query;
  Mixture<const Real> mixtures;
  Real* shares;  ///< [N,T,K]

  std::int64_t width() const { return shape.points; }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, std::int64_t i, Scratch<Scalar>& scratch) const {
    mixture_shares(g, shape, query, i, mixtures.of_condition(i, shape), shares + i * query.steps * shape.components,
                   scratch);
  }
};

/// A type of its own, so that reports of the compiled kernels tell it from the regression with arrays.
template <class Real>
struct FitWithMixture : FitLinearGaussian<Real, MomentsPrior<Real>> {};

/// Two launches: the components' shares, at the beginning of the workspace, then the fits. A condition's mixture is
/// factored once, and all steps of all conditions are fitted at once.
template <class Real>
WorkspaceNeeds fit_linear_gaussian(const RegressionProblem<Real>& problem, const PriorFromMixture<Real>& prior,
                                   const LinearGaussianFit<Real>& fit, const Workspace& workspace, Stream stream) {
  const auto& extents = prior.points.extents;
  const std::int64_t N = extents[0], T = extents[1];
  const MixtureShape shape = shape_of(prior.mixture, prior.points);
  const QueryBatch<Real> query = batch(prior.points, prior.weights);
  const Mixture<const Real> mixtures = batch(prior.mixture);

  constexpr std::size_t line = 64;
  const std::size_t of_shares =
      line + static_cast<std::size_t>(N * T * shape.components) * sizeof(Real);  // with what the alignment takes
  Real* shares = nullptr;
  Workspace rest = workspace;
  if (workspace.data != nullptr) {
    const std::uintptr_t begin = (reinterpret_cast<std::uintptr_t>(workspace.data) + line - 1) / line * line;
    shares = reinterpret_cast<Real*>(begin);
    rest.data = static_cast<std::byte*>(workspace.data) + of_shares;
    rest.bytes -= of_shares;
  }
  const WorkspaceNeeds first = launch_each<Real>(N, rest, stream, MixtureShares<Real>{shape, query, mixtures, shares});
  const double degrees = degrees_of(prior.strength, prior.fitted_points, shape.dimensions);
  const MomentsPrior<Real> moments{
      shape, query.steps, shares, mixtures, static_cast<Real>(prior.strength), static_cast<Real>(degrees)};
  const WorkspaceNeeds second =
      launch_steps<Real>(N, T, rest, stream, FitWithMixture<Real>{{shape_of(problem), batch(problem, moments, fit)}});
  return {of_shares + std::max(first.least, second.least), of_shares + std::max(first.best, second.best)};
}

#define MDGPS_INSTANTIATE(Real)                                                                              \
  template WorkspaceNeeds fit_linear_gaussian(const RegressionProblem<Real>&, const PriorFromMixture<Real>&, \
                                              const LinearGaussianFit<Real>&, const Workspace&, Stream);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::MDGPS_TARGET
