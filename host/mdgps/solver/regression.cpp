#include "mdgps/solver/regression.hpp"

#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/validate_fits.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(template <class Real> WorkspaceNeeds fit_linear_gaussian(const RegressionProblem<Real>&,
                                                                                   const LinearGaussianFit<Real>&,
                                                                                   const Workspace&, Stream);)

namespace {

template <class Real>
WorkspaceNeeds needs(const RegressionProblem<Real>& problem, Device device) {
  return MDGPS_CALL_TARGET(device, fit_linear_gaussian<Real>, problem, {}, validate::nothing_on(device), Stream{});
}

}  // namespace

template <class Real>
std::size_t fit_linear_gaussian_workspace_size(const RegressionProblem<Real>& problem) {
  return needs(problem, problem.inputs.device).best;
}

template <class Real>
void fit_linear_gaussian(const RegressionProblem<Real>& problem, const LinearGaussianFit<Real>& fit,
                         Workspace workspace, Stream stream) {
  const validate::Door door("fit_linear_gaussian", workspace);
  const std::int64_t N = problem.inputs.extents[0], T = problem.inputs.extents[1];
  const std::int64_t d = problem.inputs.extents[3] + problem.outputs.extents[3];
  validate::regression(door, problem, fit);
  if (!problem.prior.mean.empty()) {
    door.shape("prior.mean", problem.prior.mean, {N, T, d});
    door.shape("prior.scatter", problem.prior.scatter, {N, T, d, d});
    door.shape("prior.mean_strength", problem.prior.mean_strength, {N, T});
    door.shape("prior.degrees", problem.prior.degrees, {N, T});
  }
  door.workspace(needs(problem, workspace.device));
  MDGPS_CALL_TARGET(workspace.device, fit_linear_gaussian<Real>, problem, fit, workspace, stream);
}

template <class Real>
void fit_linear_gaussian(const RegressionProblem<Real>& problem, const LinearGaussianFit<Real>& fit) {
  validate::with_own_workspace(
      fit_linear_gaussian_workspace_size(problem), problem.inputs.device,
      [&](const Workspace& workspace) { fit_linear_gaussian(problem, fit, workspace, Stream{}); });
}

#define MDGPS_INSTANTIATE(Real)                                                                                \
  template std::size_t fit_linear_gaussian_workspace_size(const RegressionProblem<Real>&);                     \
  template void fit_linear_gaussian(const RegressionProblem<Real>&, const LinearGaussianFit<Real>&, Workspace, \
                                    Stream);                                                                   \
  template void fit_linear_gaussian(const RegressionProblem<Real>&, const LinearGaussianFit<Real>&);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps
