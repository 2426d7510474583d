#pragma once

#include "mdgps/solver/export.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// min_p E_p[sum_t l(x,u)] such that D_KL(p || reference) <= epsilon, for every condition.
template <class Real>
struct CStepProblem {
  GaussianState<const Real> initial;            ///< p(x_1): mean [N,n], covariance [N,n,n]
  LinearGaussianDynamics<const Real> dynamics;  ///< [N,T,n,n+m] [N,T,n] [N,T,n,n]
  QuadraticCost<const Real> cost;               ///< [N,T,n+m,n+m] [N,T,n+m] [N,T], in the task's units of cost
  LinearGaussianPolicy<const Real> reference;   ///< the linearised global policy
  View<const Real, 1> epsilon;                  ///< [N] bound on the whole trajectory's KL divergence, nats
  View<const Real, 1> initial_dual;             ///< [N] eta to start from: the last iteration's, or 1
  /// [N,T] w_t >= 0, in units of cost: minus w_t times the entropy of p(u_t|x_t) joins the cost; without memory, 0.
  /// A term w_t D_KL(p(u_t|x_t) || q(u_t|x_t)) in the cost is -w_t log q in `cost` and w_t here.
  View<const Real, 2> entropy_weight{};
};

/// Where `c_step` writes.
template <class Real>
struct CStepResult {
  LinearGaussianPolicy<Real> policy;       ///< [N,T,m,n] [N,T,m] [N,T,m,m]; the reference where the status is a failure
  View<Real, 1> dual;                      ///< [N] eta
  View<Real, 1> kl_divergence;             ///< [N] D_KL(policy || reference), nats; 0 where the reference was kept
  View<std::int32_t, 1> dual_evaluations;  ///< [N] each of `speculation` duals
  View<Status, 1> status;                  ///< [N]
  /// [N] the step at which the last dual without a solution failed, where the status is a failure of a step; else -1.
  /// Without memory it is not stored.
  View<std::int32_t, 1> failed_step{};
};

/// Of the search for the dual.
struct CStepOptions {
  double tolerance = 0.01;   ///< relative, on KL = epsilon
  int max_evaluations = 50;  ///< of the dual, per condition, one after another
  double min_dual = 1e-8, max_dual = 1e16;
  /// Duals tried in an evaluation: 1, 2, 4 or 8, at once, or in turn where the processor has fewer lanes; 0: as
  /// speculation_width says. On a GPU before compute capability 9.0, and on the wide path, it is 1.
  int speculation = 0;
  SolverPath path = SolverPath::automatic;  ///< `c_step_path` gives what it stands for
};

/// The path that the options stand for on a device.
/// Throws std::invalid_argument where that is the wide path and the device's libraries are missing.
template <class Real>
MDGPS_API SolverPath c_step_path(const BatchShape& shape, const CStepOptions& options, Device device = {});

/// The width of speculation that the options stand for: their own, else on the CPU 4 with one condition of fewer than 8
/// states and 1 otherwise, on a GPU 8 with one condition, 4 with two, 2 with up to four and 1 with more.
MDGPS_API int speculation_width(const CStepOptions& options, const BatchShape& shape, Device device = {});

/// C-step: for each condition the dual eta is searched at which the maximum-entropy LQR solution under
/// l/eta - log reference has D_KL = epsilon, to the tolerance. (Weighted entropies widen that solution's covariances to
/// (1 + w_t/eta) Quu^-1.)
///
/// status   ok: KL = epsilon to the tolerance.
///          constraint_inactive: KL < epsilon even at min_dual, whose policy is returned.
///          not_converged: the evaluations ran out; the policy satisfies KL <= epsilon, or is the reference (KL 0).
///          not_positive_definite: some Quu had no factor at every dual tried. not_finite: NaN or infinity in the
///          condition's data, or an epsilon that is not positive. Both keep the reference policy.
/// A condition's result does not depend on the others, but for the width of speculation and the path where they are
/// chosen by their number: two widths or paths agree to the tolerance. (On a GPU cuBLAS chooses its kernels by the
/// number of matrices, so that there the wide path's results in two batches agree to rounding alone.)
/// workspace   at least c_step_workspace_size(shape, options, device) bytes on that device
/// The policy must not overlap what the problem reads.
/// Throws std::invalid_argument when shapes or devices differ. Asynchronous on `stream`, but on the wide path, which
/// waits for the number of conditions whose search goes on.
/// Source: [MDGPS B.1]; the search interpolates (log eta, log KL), where KL is nearly a power law, inside a
/// bracket.
template <class Real>
MDGPS_API void c_step(const CStepProblem<Real>& problem, const CStepResult<Real>& result, const CStepOptions& options,
                      Workspace workspace, Stream stream);

/// Bytes of workspace that `c_step` needs.
template <class Real = double>
MDGPS_API std::size_t c_step_workspace_size(const BatchShape& shape, const CStepOptions& options, Device device = {});

/// The same with a workspace of its own, and finished on return.
template <class Real>
MDGPS_API void c_step(const CStepProblem<Real>& problem, const CStepResult<Real>& result,
                      const CStepOptions& options = {});

/// Owning counterpart of CStepResult.
template <class Real>
struct CStepResultArrays {
  LinearGaussianPolicyArrays<Real> policy;
  Array<Real, 1> dual, kl_divergence;
  Array<std::int32_t, 1> dual_evaluations;
  Array<Status, 1> status;
  Array<std::int32_t, 1> failed_step;

  CStepResultArrays() = default;
  explicit CStepResultArrays(const BatchShape& s, Device device = {})
      : policy(s, device),
        dual({s.conditions}, device),
        kl_divergence({s.conditions}, device),
        dual_evaluations({s.conditions}, device),
        status({s.conditions}, device),
        failed_step({s.conditions}, device) {}
  CStepResult<Real> view() { return {policy.view(), dual, kl_divergence, dual_evaluations, status, failed_step}; }
};

}  // namespace mdgps
