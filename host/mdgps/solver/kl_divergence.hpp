#pragma once

#include "mdgps/solver/export.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// KL divergence of trajectory distributions that share their dynamics, for every condition:
/// D_KL(policy || reference) = sum_t E_{x_t}[ D_KL(policy(u|x_t) || reference(u|x_t)) ], x_t from `distribution`.
///
/// policy, reference   gain [N,T,m,n], offset [N,T,m], covariance [N,T,m,m]
/// distribution        the marginals under `policy`: mean [N,T,n+m], covariance [N,T,n+m,n+m]
/// total               out: [N], nats
/// per_step            out: [N,T], nats, never negative; an empty view leaves it out
/// status              out: [N]; not_positive_definite where some covariance has no factor, not_finite; with
///                     StatusView{status, failed_step} the first step that failed, too
/// workspace  at least kl_divergence_workspace_size(shape, device) bytes on that device
/// Throws std::invalid_argument when shapes or devices differ. Asynchronous on `stream`.
/// Source: [MDGPS App. A].
template <class Real>
MDGPS_API void kl_divergence(const LinearGaussianPolicy<const Real>& policy,
                             const LinearGaussianPolicy<const Real>& reference,
                             const TrajectoryDistribution<const Real>& distribution, View<Real, 1> total,
                             View<Real, 2> per_step, StatusView status, Workspace workspace, Stream stream);

/// Bytes of workspace that `kl_divergence` needs.
template <class Real = double>
MDGPS_API std::size_t kl_divergence_workspace_size(const BatchShape& shape, Device device = {});

/// The same with a workspace of its own, and finished on return.
template <class Real>
MDGPS_API void kl_divergence(const LinearGaussianPolicy<const Real>& policy,
                             const LinearGaussianPolicy<const Real>& reference,
                             const TrajectoryDistribution<const Real>& distribution, View<Real, 1> total,
                             View<Real, 2> per_step, StatusView status);

}  // namespace mdgps
