#pragma once
/// The precisions and entropies of Gaussians, found where their covariances are.

#include "mdgps/solver/export.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// For every covariance C [N,T,m,m] its inverse [N,T,m,m], and the entropy [N,T] of N(., C), nats. Where C has no
/// Cholesky factor, they are zero and NaN. Either result may be empty: it is left out. All views are contiguous.
/// workspace  at least precisions_workspace_size(..) bytes on that device
/// Throws std::invalid_argument when shapes or devices differ. Asynchronous on `stream`.
template <class Real>
MDGPS_API void precisions(View<const Real, 4> covariances, View<Real, 4> inverses, View<Real, 2> entropies,
                          Workspace workspace, Stream stream);

/// Bytes of workspace that `precisions` needs.
template <class Real>
MDGPS_API std::size_t precisions_workspace_size(View<const Real, 4> covariances);

/// The same with a workspace of its own, and finished on return.
template <class Real>
MDGPS_API void precisions(View<const Real, 4> covariances, View<Real, 4> inverses, View<Real, 2> entropies);

}  // namespace mdgps
