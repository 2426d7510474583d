#include "kernels/gaussian_mixture.hpp"

#include "mdgps/solver/gaussian_mixture.hpp"
#include "mdgps/solver/launch_cpu.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
std::size_t fit_gaussian_mixture(const MixtureProblem<Real>& problem, const MixtureOptions& options,
                                 const GaussianMixture<Real>& mixture, const MixtureReport<Real>& report,
                                 const Workspace& workspace) {
  using Scalar = NativePack<Real>;
  const MixtureShape shape{problem.points.extents[1], static_cast<int>(problem.points.extents[2]),
                           static_cast<int>(mixture.weight.extents[1])};
  const int d = shape.dimensions, K = shape.components;
  const EmOptions em{options.max_iterations, options.tolerance, options.regularization};
  return launch_each<Scalar>(problem.points.extents[0], workspace, [&](Scratch<Scalar>& scratch, std::int64_t i) {
    const Mixture<Real> parameters{mixture.mean.data + i * K * d, mixture.covariance.data + i * K * d * d,
                                   mixture.weight.data + i * K};
    const Real* weights = problem.weights.empty() ? nullptr : problem.weights.data + i * problem.weights.strides[0];
    const std::int32_t* assignment =
        problem.assignment.empty() ? nullptr : problem.assignment.data + i * problem.assignment.strides[0];
    const auto result = expectation_maximisation(Solo{}, shape, problem.points.data + i * shape.points * d, weights,
                                                 assignment, em, parameters, scratch);
    if (scratch.counting()) return;
    if (!report.log_likelihood.empty())
      report.log_likelihood.data[i * report.log_likelihood.strides[0]] = result.log_likelihood;
    if (!report.iterations.empty()) report.iterations.data[i * report.iterations.strides[0]] = result.iterations;
    if (!report.status.empty()) report.status.data[i * report.status.strides[0]] = static_cast<Status>(result.outcome);
  });
}

template <class Real>
std::size_t mixture_prior(const GaussianMixture<const Real>& mixture, const View<const Real, 4>& points,
                          const View<const Real, 2>& weights, double strength, std::int64_t fitted_points,
                          const NormalInverseWishart<Real>& prior, const Workspace& workspace) {
  using Scalar = NativePack<Real>;
  const int T = static_cast<int>(points.extents[1]), S = static_cast<int>(points.extents[2]);
  const MixtureShape shape{std::int64_t{T} * S, static_cast<int>(points.extents[3]),
                           static_cast<int>(mixture.weight.extents[1])};
  const int d = shape.dimensions, K = shape.components;
  const double P = static_cast<double>(fitted_points);
  return launch_each<Scalar>(points.extents[0], workspace, [&](Scratch<Scalar>& scratch, std::int64_t i) {
    const Mixture<const Real> parameters{mixture.mean.data + i * K * d, mixture.covariance.data + i * K * d * d,
                                         mixture.weight.data + i * K};
    mixture_moments(Solo{}, shape, T, S, batch(points), weights.empty() ? Batch<const Real>{} : batch(weights), i,
                    parameters, prior.mean.data + i * T * d, prior.scatter.data + i * T * d * d, scratch);
    if (scratch.counting()) return;
    Real* scatter = prior.scatter.data + i * T * d * d;
    for (std::int64_t e = 0; e < std::int64_t{T} * d * d; ++e) scatter[e] *= static_cast<Real>(strength);
    for (int t = 0; t < T; ++t) {
      prior.mean_strength.data[i * prior.mean_strength.strides[0] + t * prior.mean_strength.strides[1]] =
          static_cast<Real>(strength);
      prior.degrees.data[i * prior.degrees.strides[0] + t * prior.degrees.strides[1]] =
          static_cast<Real>(strength * (P - 2 - d) / P);
    }
  });
}

#define MDGPS_INSTANTIATE(Real)                                                                            \
  template std::size_t fit_gaussian_mixture(const MixtureProblem<Real>&, const MixtureOptions&,            \
                                            const GaussianMixture<Real>&, const MixtureReport<Real>&,      \
                                            const Workspace&);                                             \
  template std::size_t mixture_prior<Real>(const GaussianMixture<const Real>&, const View<const Real, 4>&, \
                                           const View<const Real, 2>&, double, std::int64_t,               \
                                           const NormalInverseWishart<Real>&, const Workspace&);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::MDGPS_TARGET
