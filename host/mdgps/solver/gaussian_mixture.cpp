#include "mdgps/solver/gaussian_mixture.hpp"

#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/threads.hpp"
#include "mdgps/solver/validate.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(template <class Real>
                          std::size_t fit_gaussian_mixture(const MixtureProblem<Real>&, const MixtureOptions&,
                                                           const GaussianMixture<Real>&, const MixtureReport<Real>&,
                                                           const Workspace&);
                          template <class Real>
                          std::size_t mixture_prior(const GaussianMixture<const Real>&, const View<const Real, 4>&,
                                                    const View<const Real, 2>&, double, std::int64_t,
                                                    const NormalInverseWishart<Real>&, const Workspace&);)

namespace {

template <class Real>
std::size_t fit_scratch_per_thread(const MixtureProblem<Real>& problem, const GaussianMixture<Real>& mixture) {
  return MDGPS_CALL_TARGET(fit_gaussian_mixture<Real>, problem, {}, mixture, {}, Workspace{});
}
template <class Real>
std::size_t prior_scratch_per_thread(const GaussianMixture<const Real>& mixture, const View<const Real, 4>& points) {
  return MDGPS_CALL_TARGET(mixture_prior<Real>, mixture, points, {}, 1.0, 1, {}, Workspace{});
}

template <class T, int Rank>
void contiguous(const char* operation, const char* name, const View<T, Rank>& view) {
  if (view.strides != View<T, Rank>(nullptr, view.extents).strides)
    validate::fail(operation, std::string(name) + " is not contiguous");
}

template <class Real>
void validate_mixture(const char* operation, const GaussianMixture<Real>& mixture, std::int64_t N, std::int64_t d) {
  const std::int64_t K = mixture.weight.extents[1];
  if (K < 1) validate::fail(operation, "mixture has no components");
  validate::shape(operation, "mixture.mean", mixture.mean, {N, K, d});
  validate::shape(operation, "mixture.covariance", mixture.covariance, {N, K, d, d});
  validate::shape(operation, "mixture.weight", mixture.weight, {N, K});
  contiguous(operation, "mixture.mean", mixture.mean);
  contiguous(operation, "mixture.covariance", mixture.covariance);
  contiguous(operation, "mixture.weight", mixture.weight);
}

}  // namespace

template <class Real>
std::size_t fit_gaussian_mixture_workspace_size(const MixtureProblem<Real>& problem,
                                                const GaussianMixture<Real>& mixture) {
  return cpu_workspace_bytes(fit_scratch_per_thread(problem, mixture));
}

template <class Real>
void fit_gaussian_mixture(const MixtureProblem<Real>& problem, const MixtureOptions& options,
                          const GaussianMixture<Real>& mixture, const MixtureReport<Real>& report, Workspace workspace,
                          Stream) {
  const char* operation = "fit_gaussian_mixture";
  const auto [N, P, d] = problem.points.extents;
  validate::shape(operation, "points", problem.points, {N, P, d});
  contiguous(operation, "points", problem.points);
  if (P < 1) validate::fail(operation, "points has shape " + validate::to_string<3>({N, P, d}) + ", expected a point");
  if (!problem.weights.empty()) validate::shape(operation, "weights", problem.weights, {N, P});
  if (!problem.assignment.empty()) validate::shape(operation, "assignment", problem.assignment, {N, P});
  validate_mixture(operation, mixture, N, d);
  if (!report.log_likelihood.empty()) validate::shape(operation, "log_likelihood", report.log_likelihood, {N});
  if (!report.iterations.empty()) validate::shape(operation, "iterations", report.iterations, {N});
  if (!report.status.empty()) validate::shape(operation, "status", report.status, {N});
  validate::workspace(operation, workspace, fit_scratch_per_thread(problem, mixture) + 64);
  MDGPS_CALL_TARGET(fit_gaussian_mixture<Real>, problem, options, mixture, report, workspace);
}

template <class Real>
void fit_gaussian_mixture(const MixtureProblem<Real>& problem, const MixtureOptions& options,
                          const GaussianMixture<Real>& mixture, const MixtureReport<Real>& report) {
  const validate::OwnWorkspace workspace(fit_gaussian_mixture_workspace_size(problem, mixture));
  fit_gaussian_mixture(problem, options, mixture, report, workspace, Stream{});
}

template <class Real>
std::size_t mixture_prior_workspace_size(const GaussianMixture<const Real>& mixture, View<const Real, 4> points) {
  return cpu_workspace_bytes(prior_scratch_per_thread<Real>(mixture, points));
}

template <class Real>
void mixture_prior(const GaussianMixture<const Real>& mixture, View<const Real, 4> points, View<const Real, 2> weights,
                   double strength, std::int64_t fitted_points, const NormalInverseWishart<Real>& prior,
                   Workspace workspace, Stream) {
  const char* operation = "mixture_prior";
  const auto [N, T, S, d] = points.extents;
  validate_mixture(operation, mixture, N, d);
  validate::shape(operation, "points", points, {N, T, S, d});
  if (!weights.empty()) validate::shape(operation, "weights", weights, {N, S});
  validate::shape(operation, "prior.mean", prior.mean, {N, T, d});
  validate::shape(operation, "prior.scatter", prior.scatter, {N, T, d, d});
  validate::shape(operation, "prior.mean_strength", prior.mean_strength, {N, T});
  validate::shape(operation, "prior.degrees", prior.degrees, {N, T});
  contiguous(operation, "prior.mean", prior.mean);
  contiguous(operation, "prior.scatter", prior.scatter);
  validate::workspace(operation, workspace, prior_scratch_per_thread<Real>(mixture, points) + 64);
  MDGPS_CALL_TARGET(mixture_prior<Real>, mixture, points, weights, strength, fitted_points, prior, workspace);
}

template <class Real>
void mixture_prior(const GaussianMixture<const Real>& mixture, View<const Real, 4> points, View<const Real, 2> weights,
                   double strength, std::int64_t fitted_points, const NormalInverseWishart<Real>& prior) {
  const validate::OwnWorkspace workspace(mixture_prior_workspace_size<Real>(mixture, points));
  mixture_prior<Real>(mixture, points, weights, strength, fitted_points, prior, workspace, Stream{});
}

#define MDGPS_INSTANTIATE(Real)                                                                                        \
  template std::size_t fit_gaussian_mixture_workspace_size(const MixtureProblem<Real>&, const GaussianMixture<Real>&); \
  template void fit_gaussian_mixture(const MixtureProblem<Real>&, const MixtureOptions&, const GaussianMixture<Real>&, \
                                     const MixtureReport<Real>&, Workspace, Stream);                                   \
  template void fit_gaussian_mixture(const MixtureProblem<Real>&, const MixtureOptions&, const GaussianMixture<Real>&, \
                                     const MixtureReport<Real>&);                                                      \
  template std::size_t mixture_prior_workspace_size<Real>(const GaussianMixture<const Real>&, View<const Real, 4>);    \
  template void mixture_prior<Real>(const GaussianMixture<const Real>&, View<const Real, 4>, View<const Real, 2>,      \
                                    double, std::int64_t, const NormalInverseWishart<Real>&, Workspace, Stream);       \
  template void mixture_prior<Real>(const GaussianMixture<const Real>&, View<const Real, 4>, View<const Real, 2>,      \
                                    double, std::int64_t, const NormalInverseWishart<Real>&);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps
