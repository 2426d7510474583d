#pragma once
/// What the S-step imitates, made where the samples are: states around them, and the local policies' mean actions.

#include <cstdint>

#include "mdgps/solver/export.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// Which states the S-step is given beside the sampled ones.
struct ImitationOptions {
  int drawn = 0;   ///< states drawn for each sampled one
  int window = 2;  ///< steps before and after whose deviations a drawn state combines
  std::uint64_t seed = 0;
  std::uint32_t iteration = 0;
};

/// Samples, and the policies p(u|x) = N(K x + k, C) to imitate. All views are contiguous.
template <class Real>
struct ImitationProblem {
  View<const Real, 4> states;        ///< [N,S,T,n] model units
  View<const Real, 2> weights;       ///< [N,S] 0 leaves a sample's deviations out
  View<const Real, 3> means;         ///< [N,T,n] of `mean_states`
  View<const Real, 3> predicted;     ///< [N,T,n] what the first drawn states lie around; NaN: not known; empty: nowhere
  View<const Real, 4> gain;          ///< [N,T,m,n]
  View<const Real, 3> offset;        ///< [N,T,m]
  View<const int, 1> state_entries;  ///< [o] the state entry of each observation entry, 0..n-1
};

/// Of P = N S (drawn + 1) T points: conditions, samples, sampled states before those drawn, steps. Contiguous.
template <class Real>
struct ImitationResult {
  View<Real, 2> observations;  ///< [P,o]
  View<Real, 2> target_means;  ///< [P,m] K x + k
};

/// Weighted means [N,T,n] of the states [N,S,T,n]; zero where no sample has a weight. All views are contiguous.
/// weights    [N,S] not negative
/// workspace  at least mean_states_workspace_size(..) bytes on that device
/// Throws std::invalid_argument when shapes or devices differ. Asynchronous on `stream`.
template <class Real>
MDGPS_API void mean_states(View<const Real, 4> states, View<const Real, 2> weights, View<Real, 3> means,
                           Workspace workspace, Stream stream);

/// Bytes of workspace that `mean_states` needs.
template <class Real>
MDGPS_API std::size_t mean_states_workspace_size(View<Real, 3> means);

/// The same with a workspace of its own, and finished on return.
template <class Real>
MDGPS_API void mean_states(View<const Real, 4> states, View<const Real, 2> weights, View<Real, 3> means);

/// The sampled states, and states drawn around them: a drawn state is the step's mean plus a combination of the
/// samples' deviations from their means at this and the neighbouring steps, with independent Gaussian factors that give
/// it their covariance. Random numbers are those of RandomStream::imitation, keyed by condition and trajectory: the
/// same on every device but for the rounding of its logarithm and cosine.
/// workspace  at least imitation_points_workspace_size(..) bytes on that device
/// Throws std::invalid_argument when shapes or devices differ. Asynchronous on `stream`.
template <class Real>
MDGPS_API void imitation_points(const ImitationProblem<Real>& problem, const ImitationResult<Real>& result,
                                const ImitationOptions& options, Workspace workspace, Stream stream);

/// Bytes of workspace that `imitation_points` needs.
template <class Real>
MDGPS_API std::size_t imitation_points_workspace_size(const ImitationProblem<Real>& problem,
                                                      const ImitationOptions& options);

/// The same with a workspace of its own, and finished on return.
template <class Real>
MDGPS_API void imitation_points(const ImitationProblem<Real>& problem, const ImitationResult<Real>& result,
                                const ImitationOptions& options);

}  // namespace mdgps
