#pragma once
/// How far a Gaussian policy is from linear-Gaussian ones at samples, told where the samples are.

#include "mdgps/solver/export.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// p = N(K x + k, C) at every condition and step, and q = N(mu, L L') with one L for all. All views are contiguous.
template <class Real>
struct PolicyPair {
  View<const Real, 4> states;      ///< [N,S,T,n] model units
  View<const Real, 2> weights;     ///< [N,S] 0: the sample does not count
  View<const Real, 4> gain;        ///< [N,T,m,n] K
  View<const Real, 3> offset;      ///< [N,T,m] k
  View<const Real, 4> covariance;  ///< [N,T,m,m] C; a pivot of its factor that is not positive is read as 1
  View<const Real, 4> means;       ///< [N,S,T,m] mu at the samples
  View<const Real, 2> factor;      ///< [m,m] L, lower
};

/// Over the samples of a condition and step; zeros where none counts, NaN where a sample that counts is. Contiguous.
template <class Real>
struct ActionDivergence {
  View<Real, 3> action;      ///< [N,T,m] mean of K x + k - mu
  View<Real, 2> mean_kl;     ///< [N,T] mean of D_KL(p || q), nats
  View<Real, 2> largest_kl;  ///< [N,T] greatest D_KL(p || q), nats
};

/// workspace  at least action_divergence_workspace_size(..) bytes on that device
/// Throws std::invalid_argument when shapes or devices differ. Asynchronous on `stream`.
template <class Real>
MDGPS_API void action_divergence(const PolicyPair<Real>& policies, const ActionDivergence<Real>& result,
                                 Workspace workspace, Stream stream);

/// Bytes of workspace that `action_divergence` needs.
template <class Real>
MDGPS_API std::size_t action_divergence_workspace_size(const PolicyPair<Real>& policies);

/// The same with a workspace of its own, and finished on return.
template <class Real>
MDGPS_API void action_divergence(const PolicyPair<Real>& policies, const ActionDivergence<Real>& result);

}  // namespace mdgps
