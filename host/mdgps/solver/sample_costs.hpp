#pragma once
/// What the samples of every condition cost, told where the samples are.

#include "mdgps/solver/export.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// Of N conditions with S samples of T steps, in the task's units of cost. Contiguous.
template <class Real>
struct SampleCosts {
  View<Real, 1> mean;     ///< [N] weighted, of the trajectories' costs; NaN where no sample has a weight
  View<Real, 1> size;     ///< [N] likewise, of the trajectories' sums of |l_t|
  View<Real, 2> largest;  ///< [N,T] greatest l_t among the samples with a weight, at least 0; NaN where one is
  View<Real, 2> total;    ///< [N,S] of every trajectory; NaN where it has no weight
};

/// costs      [N,S,T] of `expand_cost`
/// weights    [N,S] not negative; 0 leaves a sample out
/// workspace  at least sample_costs_workspace_size(..) bytes on that device
/// All views are contiguous. Throws std::invalid_argument when shapes or devices differ. Asynchronous on `stream`.
template <class Real>
MDGPS_API void sample_costs(View<const Real, 3> costs, View<const Real, 2> weights, const SampleCosts<Real>& result,
                            Workspace workspace, Stream stream);

/// Bytes of workspace that `sample_costs` needs.
template <class Real>
MDGPS_API std::size_t sample_costs_workspace_size(View<const Real, 3> costs);

/// The same with a workspace of its own, and finished on return.
template <class Real>
MDGPS_API void sample_costs(View<const Real, 3> costs, View<const Real, 2> weights, const SampleCosts<Real>& result);

/// Owning counterpart of SampleCosts.
template <class Real>
struct SampleCostArrays {
  Array<Real, 1> mean, size;
  Array<Real, 2> largest, total;

  SampleCostArrays() = default;
  SampleCostArrays(std::int64_t N, std::int64_t S, std::int64_t T, Device device = {})
      : mean({N}, device), size({N}, device), largest({N, T}, device), total({N, S}, device) {}
  SampleCosts<Real> view() { return {mean, size, largest, total}; }
};

}  // namespace mdgps
