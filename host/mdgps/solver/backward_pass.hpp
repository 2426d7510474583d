#pragma once

#include "mdgps/solver/export.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// Maximum-entropy LQR backward pass for every condition at once.
///
/// Minimises sum_t E[cost(x,u)] - H(u|x) under `dynamics`; u ~ N(K x + k, C), C = Quu^-1.
/// dynamics   transition [N,T,n,n+m], offset [N,T,n]       in state units per step; the last step is not read
/// cost       hessian [N,T,n+m,n+m], gradient [N,T,n+m]    in nats (already divided by eta); hessian symmetric
/// policy     out: gain [N,T,m,n], offset [N,T,m], covariance [N,T,m,m]
/// status     out: [N]; not_positive_definite where some Quu is not, not_finite where numbers are not; that condition's
///            policy is then unspecified. With StatusView{status, failed_step} the step, too: the last whose Quu (as
///            a scan: Quu or own Huu) is not, or whose Q-function has such numbers
/// workspace  at least backward_pass_workspace_size(shape, device, options) bytes on that device
/// Throws std::invalid_argument when shapes or devices differ, and where the wide path is asked for and the device's
/// libraries are missing, or a scan over the steps as well. Asynchronous on `stream`.
/// Source: [MDGPS B.1], surrogate cost (1/eta) l - log pi_bar; in parallel: Sarkka & Garcia-Fernandez, IEEE TAC 2023.
template <class Real>
MDGPS_API void backward_pass(const LinearGaussianDynamics<const Real>& dynamics, const QuadraticCost<const Real>& cost,
                             const LinearGaussianPolicy<Real>& policy, StatusView status, Workspace workspace,
                             Stream stream, const PassOptions& options = {});

/// Bytes of workspace that `backward_pass` needs.
template <class Real = double>
MDGPS_API std::size_t backward_pass_workspace_size(const BatchShape& shape, Device device = {},
                                                   const PassOptions& options = {});

/// The same with a workspace of its own, and finished on return.
template <class Real>
MDGPS_API void backward_pass(const LinearGaussianDynamics<const Real>& dynamics, const QuadraticCost<const Real>& cost,
                             const LinearGaussianPolicy<Real>& policy, StatusView status,
                             const PassOptions& options = {});

}  // namespace mdgps
