#include <algorithm>
#include <cstddef>

#include "mdgps/solver/launch.hpp"
#include "mdgps/solver/mixture_batch.hpp"
#include "mdgps/solver/regression_batch.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
struct Responsibilities {
  MixtureShape shape;
  QueryBatch<Real> query;
  Mixture<const Real> mixtures;
  int row;
  Real* table;  ///< [N,T S,row]

  std::int64_t width() const { return shape.points; }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, std::int64_t i, Scratch<Scalar>& scratch) const {
    responsibilities(g, shape, query, i, mixtures.of_condition(i, shape), table + i * shape.points * row, scratch);
  }
};

template <class Real>
struct FitWithMixture : FitLinearGaussian<Real, MomentsPrior<Real>> {};

/// Two launches: the responsibilities of all points, at the beginning of the workspace, then the fits. A condition's
/// mixture is factored once, and all steps of all conditions are fitted at once.
template <class Real>
WorkspaceNeeds fit_linear_gaussian(const RegressionProblem<Real>& problem, const PriorFromMixture<Real>& prior,
                                   const LinearGaussianFit<Real>& fit, const Workspace& workspace, Stream stream) {
  const auto& extents = prior.points.extents;
  const std::int64_t N = extents[0], T = extents[1];
  const MixtureShape shape = shape_of(prior.mixture, prior.points);
  const int row = shape.padded<NativePack<Real>>();
  const std::size_t table_bytes = static_cast<std::size_t>(N * shape.points * row) * sizeof(Real);
  const QueryBatch<Real> query = batch(prior.points, prior.weights);
  const Mixture<const Real> mixtures = batch(prior.mixture);

  Real* table = static_cast<Real*>(workspace.data);
  Workspace rest = workspace;
  if (workspace.data != nullptr) {
    rest.data = static_cast<std::byte*>(workspace.data) + table_bytes;
    rest.bytes -= table_bytes;
  }
  const WorkspaceNeeds of_table =
      launch_each<Real>(N, rest, stream, Responsibilities<Real>{shape, query, mixtures, row, table});
  const MomentsPrior<Real> moments{
      shape,
      query.steps,
      query.samples,
      row,
      table,
      mixtures,
      static_cast<Real>(prior.strength),
      static_cast<Real>(degrees_of(prior.strength, prior.fitted_points, shape.dimensions))};
  const WorkspaceNeeds of_fits =
      launch_steps<Real>(N, T, rest, stream, FitWithMixture<Real>{{shape_of(problem), batch(problem, moments, fit)}});
  return {table_bytes + std::max(of_table.least, of_fits.least), table_bytes + std::max(of_table.best, of_fits.best)};
}

#define MDGPS_INSTANTIATE(Real)                                                                              \
  template WorkspaceNeeds fit_linear_gaussian(const RegressionProblem<Real>&, const PriorFromMixture<Real>&, \
                                              const LinearGaussianFit<Real>&, const Workspace&, Stream);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::MDGPS_TARGET
