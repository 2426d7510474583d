#pragma once
/// The average of a policy's linear expansions at samples, made where the samples are.

#include "mdgps/solver/export.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// A policy's actions and their Jacobians at samples. All views are contiguous.
template <class Real>
struct Expansions {
  View<const Real, 4> states;        ///< [N,S,T,n] model units
  View<const Real, 4> actions;       ///< [N,S,T,m]
  View<const Real, 5> jacobians;     ///< [N,S,T,m,o] d action / d observation
  View<const Real, 2> weights;       ///< [N,S] not negative; 0 leaves a sample out
  View<const int, 1> state_entries;  ///< [o] the state entry of each observation entry, 0..n-1
};

/// gain x + offset <- the weighted mean over the samples of u_s + J_s (x - x_s), at every condition and step.
/// gain, offset   out: [N,T,m,n] [N,T,m] contiguous; what belongs to a state entry that is not observed is 0; NaN where
///                all weights of a condition are 0
/// workspace      at least average_expansion_workspace_size(..) bytes on that device
/// Throws std::invalid_argument when shapes or devices differ. Asynchronous on `stream`.
template <class Real>
MDGPS_API void average_expansion(const Expansions<Real>& samples, View<Real, 4> gain, View<Real, 3> offset,
                                 Workspace workspace, Stream stream);

/// Bytes of workspace that `average_expansion` needs.
template <class Real>
MDGPS_API std::size_t average_expansion_workspace_size(View<Real, 4> gain);

/// The same with a workspace of its own, and finished on return.
template <class Real>
MDGPS_API void average_expansion(const Expansions<Real>& samples, View<Real, 4> gain, View<Real, 3> offset);

}  // namespace mdgps
