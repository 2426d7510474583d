#include "kernels/gaussian_mixture.hpp"

#include "mdgps/solver/launch.hpp"
#include "mdgps/solver/mixture_batch.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
struct FitGaussianMixture {
  MixtureShape shape;
  const Real* points;
  Batch<const Real> weights;             ///< [N,P], or no memory
  Batch<const std::int32_t> assignment;  ///< [N,P], or no memory
  EmOptions options;
  Mixture<Real> mixtures;
  Batch<Real> log_likelihood;  ///< [N], or no memory; so are the other two
  Batch<std::int32_t> iterations, status;

  std::int64_t width() const { return shape.points; }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, std::int64_t i, Scratch<Scalar>& scratch) const {
    const auto result = expectation_maximisation(
        g, shape, points + i * shape.points * shape.dimensions, weights.data ? weights.at(i, 0) : nullptr,
        assignment.data ? assignment.at(i, 0) : nullptr, options, mixtures.of_condition(i, shape), scratch);
    if (scratch.counting()) return;
    for_each(g, 1, [&](int) {
      if (log_likelihood.data != nullptr) *log_likelihood.at(i, 0) = static_cast<Real>(result.log_likelihood);
      if (iterations.data != nullptr) *iterations.at(i, 0) = result.iterations;
      if (status.data != nullptr) *status.at(i, 0) = static_cast<std::int32_t>(result.outcome);
    });
  }
};

template <class Real>
WorkspaceNeeds fit_gaussian_mixture(const MixtureProblem<Real>& problem, const MixtureOptions& options,
                                    const GaussianMixture<Real>& mixture, const MixtureReport<Real>& report,
                                    const Workspace& workspace, Stream stream) {
  const MixtureShape shape{problem.points.extents[1], static_cast<int>(problem.points.extents[2]),
                           static_cast<int>(mixture.weight.extents[1])};
  return launch_each<Real>(problem.points.extents[0], workspace, stream,
                           FitGaussianMixture<Real>{shape,
                                                    problem.points.data,
                                                    batch(problem.weights),
                                                    batch(problem.assignment),
                                                    {options.max_iterations, options.tolerance, options.regularization},
                                                    {mixture.mean.data, mixture.covariance.data, mixture.weight.data},
                                                    batch(report.log_likelihood),
                                                    batch(report.iterations),
                                                    batch(report.status)});
}

template <class Real>
struct MixturePrior {
  MixtureShape shape;
  QueryBatch<Real> query;
  Mixture<const Real> mixtures;
  Real strength, degrees;
  Real* mean;
  Real* scatter;
  Batch<Real> mean_strength, all_degrees;

  std::int64_t width() const { return shape.points; }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, std::int64_t i, Scratch<Scalar>& scratch) const {
    const std::int64_t d = shape.dimensions, steps = query.steps;
    mixture_moments(g, shape, query, i, mixtures.of_condition(i, shape), strength, mean + i * steps * d,
                    scatter + i * steps * d * d, scratch);
    if (scratch.counting()) return;
    for_each(g, query.steps, [&](int t) {
      *mean_strength.at(i, t) = strength;
      *all_degrees.at(i, t) = degrees;
    });
  }
};

template <class Real>
WorkspaceNeeds mixture_prior(const GaussianMixture<const Real>& mixture, const View<const Real, 4>& points,
                             const View<const Real, 2>& weights, double strength, std::int64_t fitted_points,
                             const NormalInverseWishart<Real>& prior, const Workspace& workspace, Stream stream) {
  const MixtureShape shape = shape_of(mixture, points);
  return launch_each<Real>(
      points.extents[0], workspace, stream,
      MixturePrior<Real>{shape, batch(points, weights), batch(mixture), static_cast<Real>(strength),
                         static_cast<Real>(degrees_of(strength, fitted_points, shape.dimensions)), prior.mean.data,
                         prior.scatter.data, batch(prior.mean_strength), batch(prior.degrees)});
}

template <class Real>
struct MixtureShares {
  MixtureShape shape;
  QueryBatch<Real> query;
  Mixture<const Real> mixtures;
  Real* shares;

  std::int64_t width() const { return shape.points; }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, std::int64_t i, Scratch<Scalar>& scratch) const {
    kernels::mixture_shares(g, shape, query, i, mixtures.of_condition(i, shape),
                            shares + i * query.steps * shape.components, scratch);
  }
};

/// shares [N,T,K]   out: of the components in the points of each step
template <class Real>
WorkspaceNeeds mixture_shares(const GaussianMixture<const Real>& mixture, const View<const Real, 4>& points,
                              const View<const Real, 2>& weights, Real* shares, const Workspace& workspace,
                              Stream stream) {
  return launch_each<Real>(
      points.extents[0], workspace, stream,
      MixtureShares<Real>{shape_of(mixture, points), batch(points, weights), batch(mixture), shares});
}

#define MDGPS_INSTANTIATE(Real)                                                                               \
  template WorkspaceNeeds fit_gaussian_mixture(const MixtureProblem<Real>&, const MixtureOptions&,            \
                                               const GaussianMixture<Real>&, const MixtureReport<Real>&,      \
                                               const Workspace&, Stream);                                     \
  template WorkspaceNeeds mixture_prior<Real>(const GaussianMixture<const Real>&, const View<const Real, 4>&, \
                                              const View<const Real, 2>&, double, std::int64_t,               \
                                              const NormalInverseWishart<Real>&, const Workspace&, Stream);   \
  template WorkspaceNeeds mixture_shares(const GaussianMixture<const Real>&, const View<const Real, 4>&,      \
                                         const View<const Real, 2>&, Real*, const Workspace&, Stream);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::MDGPS_TARGET
