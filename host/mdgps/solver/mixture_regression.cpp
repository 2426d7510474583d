#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "mdgps/solver/gaussian_mixture.hpp"
#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/validate_fits.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(template <class Real>
                          WorkspaceNeeds mixture_shares(const GaussianMixture<const Real>&, const View<const Real, 4>&,
                                                        const View<const Real, 2>&, Real*, const Workspace&, Stream);
                          template <class Real>
                          WorkspaceNeeds fit_linear_gaussian(const RegressionProblem<Real>&,
                                                             const PriorFromMixture<Real>&, const Real*,
                                                             const LinearGaussianFit<Real>&, const Workspace&, Stream);)

namespace {

/// Two launches: the components' shares, at the beginning of the workspace, then the fits. A condition's mixture is
/// factored once, and all steps of all conditions are fitted at once.
template <class Real>
WorkspaceNeeds fit_with(const RegressionProblem<Real>& problem, const PriorFromMixture<Real>& prior,
                        const LinearGaussianFit<Real>& fit, const Workspace& workspace, Stream stream) {
  const std::int64_t N = prior.points.extents[0], T = prior.points.extents[1], K = prior.mixture.weight.extents[1];
  constexpr std::size_t line = 64;
  const std::size_t of_shares =
      line + static_cast<std::size_t>(N * T * K) * sizeof(Real);  // with what the alignment takes
  Real* shares = nullptr;
  Workspace rest = workspace;
  if (workspace.data != nullptr) {
    const std::uintptr_t begin = (reinterpret_cast<std::uintptr_t>(workspace.data) + line - 1) / line * line;
    shares = reinterpret_cast<Real*>(begin);
    rest.data = static_cast<std::byte*>(workspace.data) + of_shares;
    rest.bytes -= of_shares;
  }
  const WorkspaceNeeds first = MDGPS_CALL_TARGET(workspace.device, mixture_shares<Real>, prior.mixture, prior.points,
                                                 prior.weights, shares, rest, stream);
  const WorkspaceNeeds second =
      MDGPS_CALL_TARGET(workspace.device, fit_linear_gaussian<Real>, problem, prior, shares, fit, rest, stream);
  return {of_shares + std::max(first.least, second.least), of_shares + std::max(first.best, second.best)};
}
template <class Real>
WorkspaceNeeds needs(const RegressionProblem<Real>& problem, const PriorFromMixture<Real>& prior, Device device) {
  return fit_with<Real>(problem, prior, {}, validate::nothing_on(device), Stream{});
}

}  // namespace

template <class Real>
std::size_t fit_linear_gaussian_workspace_size(const RegressionProblem<Real>& problem,
                                               const PriorFromMixture<Real>& prior) {
  return needs(problem, prior, problem.inputs.device).best;
}

template <class Real>
void fit_linear_gaussian(const RegressionProblem<Real>& problem, const PriorFromMixture<Real>& prior,
                         const LinearGaussianFit<Real>& fit, Workspace workspace, Stream stream) {
  const validate::Door door("fit_linear_gaussian", workspace);
  const std::int64_t N = problem.inputs.extents[0], T = problem.inputs.extents[1], S = prior.points.extents[2];
  const std::int64_t d = problem.inputs.extents[3] + problem.outputs.extents[3];
  validate::regression(door, problem, fit);
  const NormalInverseWishart<const Real>& arrays = problem.prior;
  if (!(arrays.mean.empty() && arrays.scatter.empty() && arrays.mean_strength.empty() && arrays.degrees.empty()))
    door.fail("problem.prior is given beside the prior from a mixture");
  validate::mixture(door, prior.mixture, N, d);
  door.shape("prior.points", prior.points, {N, T, S, d});
  if (!prior.weights.empty()) door.shape("prior.weights", prior.weights, {N, S});
  validate::fitted_points(door, "prior.fitted_points", prior.fitted_points);
  door.workspace(needs(problem, prior, workspace.device));
  fit_with(problem, prior, fit, workspace, stream);
}

template <class Real>
void fit_linear_gaussian(const RegressionProblem<Real>& problem, const PriorFromMixture<Real>& prior,
                         const LinearGaussianFit<Real>& fit) {
  validate::with_own_workspace(
      fit_linear_gaussian_workspace_size(problem, prior), problem.inputs.device,
      [&](const Workspace& workspace) { fit_linear_gaussian(problem, prior, fit, workspace, Stream{}); });
}

#define MDGPS_INSTANTIATE(Real)                                                                    \
  template std::size_t fit_linear_gaussian_workspace_size(const RegressionProblem<Real>&,          \
                                                          const PriorFromMixture<Real>&);          \
  template void fit_linear_gaussian(const RegressionProblem<Real>&, const PriorFromMixture<Real>&, \
                                    const LinearGaussianFit<Real>&, Workspace, Stream);            \
  template void fit_linear_gaussian(const RegressionProblem<Real>&, const PriorFromMixture<Real>&, \
                                    const LinearGaussianFit<Real>&);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps
