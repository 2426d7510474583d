#include "mdgps/solver/regression.hpp"

#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/threads.hpp"
#include "mdgps/solver/validate.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(template <class Real> std::size_t fit_linear_gaussian(const RegressionProblem<Real>&,
                                                                                const LinearGaussianFit<Real>&,
                                                                                const Workspace&);)

namespace {

template <class Real>
std::size_t scratch_per_thread(const RegressionProblem<Real>& problem) {
  return MDGPS_CALL_TARGET(fit_linear_gaussian<Real>, problem, {}, Workspace{});
}

}  // namespace

template <class Real>
std::size_t fit_linear_gaussian_workspace_size(const RegressionProblem<Real>& problem) {
  return cpu_workspace_bytes(scratch_per_thread(problem));
}

template <class Real>
void fit_linear_gaussian(const RegressionProblem<Real>& problem, const LinearGaussianFit<Real>& fit,
                         Workspace workspace, Stream) {
  const char* operation = "fit_linear_gaussian";
  const auto [N, T, S, p] = problem.inputs.extents;
  const std::int64_t q = problem.outputs.extents[3], d = p + q;
  validate::shape(operation, "inputs", problem.inputs, {N, T, S, p});
  validate::shape(operation, "outputs", problem.outputs, {N, T, S, q});
  if (!problem.weights.empty()) validate::shape(operation, "weights", problem.weights, {N, T, S});
  if (!problem.prior.mean.empty()) {
    validate::shape(operation, "prior.mean", problem.prior.mean, {N, T, d});
    validate::shape(operation, "prior.scatter", problem.prior.scatter, {N, T, d, d});
    validate::shape(operation, "prior.mean_strength", problem.prior.mean_strength, {N, T});
    validate::shape(operation, "prior.degrees", problem.prior.degrees, {N, T});
  }
  validate::shape(operation, "gain", fit.gain, {N, T, q, p});
  validate::shape(operation, "offset", fit.offset, {N, T, q});
  validate::shape(operation, "covariance", fit.covariance, {N, T, q, q});
  validate::shape(operation, "status", fit.status, {N, T});
  validate::workspace(operation, workspace, scratch_per_thread(problem) + 64);
  MDGPS_CALL_TARGET(fit_linear_gaussian<Real>, problem, fit, workspace);
}

template <class Real>
void fit_linear_gaussian(const RegressionProblem<Real>& problem, const LinearGaussianFit<Real>& fit) {
  const validate::OwnWorkspace workspace(fit_linear_gaussian_workspace_size(problem));
  fit_linear_gaussian(problem, fit, workspace, Stream{});
}

#define MDGPS_INSTANTIATE(Real)                                                                                \
  template std::size_t fit_linear_gaussian_workspace_size(const RegressionProblem<Real>&);                     \
  template void fit_linear_gaussian(const RegressionProblem<Real>&, const LinearGaussianFit<Real>&, Workspace, \
                                    Stream);                                                                   \
  template void fit_linear_gaussian(const RegressionProblem<Real>&, const LinearGaussianFit<Real>&);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps
