#include "mdgps/solver/gaussian_mixture.hpp"

#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/validate_fits.hpp"
#include "mdgps/solver/wide/wide.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(template <class Real>
                          WorkspaceNeeds fit_gaussian_mixture(const MixtureProblem<Real>&, const MixtureOptions&,
                                                              const GaussianMixture<Real>&, const MixtureReport<Real>&,
                                                              const Workspace&, Stream);
                          template <class Real>
                          WorkspaceNeeds mixture_prior(const GaussianMixture<const Real>&, const View<const Real, 4>&,
                                                       const View<const Real, 2>&, double, std::int64_t,
                                                       const NormalInverseWishart<Real>&, const Workspace&, Stream);)

namespace {

/// Runs it where the workspace has memory.
template <class Real>
WorkspaceNeeds fit(const MixtureProblem<Real>& problem, const MixtureOptions& options,
                   const GaussianMixture<Real>& mixture, const MixtureReport<Real>& report, const Workspace& workspace,
                   Stream stream) {
  constexpr auto fits = [] { return true; };  // the wide path is never chosen
  if (wide::takes("fit_gaussian_mixture", options.path, workspace.device, fits))
    return wide::fit_gaussian_mixture(problem, options, mixture, report, workspace, stream);
  return MDGPS_CALL_TARGET(workspace.device, fit_gaussian_mixture<Real>, problem, options, mixture, report, workspace,
                           stream);
}
template <class Real>
WorkspaceNeeds prior_needs(const GaussianMixture<const Real>& mixture, const View<const Real, 4>& points,
                           Device device) {
  return MDGPS_CALL_TARGET(device, mixture_prior<Real>, mixture, points, {}, 1.0, 1, {}, validate::nothing_on(device),
                           Stream{});
}

}  // namespace

template <class Real>
std::size_t fit_gaussian_mixture_workspace_size(const MixtureProblem<Real>& problem,
                                                const GaussianMixture<Real>& mixture, const MixtureOptions& options) {
  return fit<Real>(problem, options, mixture, {}, validate::nothing_on(problem.points.device), Stream{}).best;
}

template <class Real>
void fit_gaussian_mixture(const MixtureProblem<Real>& problem, const MixtureOptions& options,
                          const GaussianMixture<Real>& mixture, const MixtureReport<Real>& report, Workspace workspace,
                          Stream stream) {
  const validate::Door door("fit_gaussian_mixture", workspace);
  const auto [N, P, d] = problem.points.extents;
  door.contiguous("points", problem.points, {N, P, d});
  if (P < 1) door.fail("points has shape " + validate::to_string<3>({N, P, d}) + ", expected a point");
  if (!problem.weights.empty()) door.contiguous("weights", problem.weights, {N, P});
  if (!problem.assignment.empty()) door.contiguous("assignment", problem.assignment, {N, P});
  validate::mixture(door, mixture, N, d);
  if (!report.log_likelihood.empty()) door.shape("log_likelihood", report.log_likelihood, {N});
  if (!report.iterations.empty()) door.shape("iterations", report.iterations, {N});
  if (!report.status.empty()) door.shape("status", report.status, {N});
  door.workspace(fit<Real>(problem, options, mixture, {}, validate::nothing_on(workspace.device), Stream{}));
  fit(problem, options, mixture, report, workspace, stream);
}

template <class Real>
void fit_gaussian_mixture(const MixtureProblem<Real>& problem, const MixtureOptions& options,
                          const GaussianMixture<Real>& mixture, const MixtureReport<Real>& report) {
  validate::with_own_workspace(fit_gaussian_mixture_workspace_size(problem, mixture, options), problem.points.device,
                               [&](const Workspace& workspace) {
                                 fit_gaussian_mixture(problem, options, mixture, report, workspace, Stream{});
                               });
}

template <class Real>
std::size_t mixture_prior_workspace_size(const GaussianMixture<const Real>& mixture, View<const Real, 4> points) {
  return prior_needs<Real>(mixture, points, points.device).best;
}

template <class Real>
void mixture_prior(const GaussianMixture<const Real>& mixture, View<const Real, 4> points, View<const Real, 2> weights,
                   double strength, std::int64_t fitted_points, const NormalInverseWishart<Real>& prior,
                   Workspace workspace, Stream stream) {
  const validate::Door door("mixture_prior", workspace);
  const auto [N, T, S, d] = points.extents;
  validate::mixture(door, mixture, N, d);
  door.shape("points", points, {N, T, S, d});
  if (!weights.empty()) door.shape("weights", weights, {N, S});
  validate::fitted_points(door, "fitted_points", fitted_points);
  door.contiguous("prior.mean", prior.mean, {N, T, d});
  door.contiguous("prior.scatter", prior.scatter, {N, T, d, d});
  door.shape("prior.mean_strength", prior.mean_strength, {N, T});
  door.shape("prior.degrees", prior.degrees, {N, T});
  door.workspace(prior_needs<Real>(mixture, points, workspace.device));
  MDGPS_CALL_TARGET(workspace.device, mixture_prior<Real>, mixture, points, weights, strength, fitted_points, prior,
                    workspace, stream);
}

template <class Real>
void mixture_prior(const GaussianMixture<const Real>& mixture, View<const Real, 4> points, View<const Real, 2> weights,
                   double strength, std::int64_t fitted_points, const NormalInverseWishart<Real>& prior) {
  validate::with_own_workspace(
      mixture_prior_workspace_size<Real>(mixture, points), points.device, [&](const Workspace& workspace) {
        mixture_prior<Real>(mixture, points, weights, strength, fitted_points, prior, workspace, Stream{});
      });
}

#define MDGPS_INSTANTIATE(Real)                                                                                        \
  template std::size_t fit_gaussian_mixture_workspace_size(const MixtureProblem<Real>&, const GaussianMixture<Real>&,  \
                                                           const MixtureOptions&);                                     \
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
