#pragma once
/// Copies between arrays that are laid out differently, where their memory is: the points that regressions take from
/// trajectories.

#include <utility>

#include "mdgps/solver/export.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// to <- from, or from - less where `less` is not empty, entry by entry.
/// from, less, to   [N,T,S,d] with strides of their own; `to` is `from` itself or overlaps neither of the others
/// workspace        at least rearrange_workspace_size(..) bytes on that device
/// Throws std::invalid_argument when shapes or devices differ. Asynchronous on `stream`.
template <class Real>
MDGPS_API void rearrange(View<const Real, 4> from, View<const Real, 4> less, View<Real, 4> to, Workspace workspace,
                         Stream stream);

/// Bytes of workspace that `rearrange` needs.
template <class Real>
MDGPS_API std::size_t rearrange_workspace_size(View<Real, 4> to);

/// The same with a workspace of its own, and finished on return.
template <class Real>
MDGPS_API void rearrange(View<const Real, 4> from, View<const Real, 4> less, View<Real, 4> to);

/// @name Views of a part of an array, and of an array in another order
/// @{

/// `count` indices of one dimension, from `first` on.
template <class T, int Rank>
View<T, Rank> part(View<T, Rank> view, int dimension, std::int64_t first, std::int64_t count) {
  view.data += first * view.strides[dimension];
  view.extents[dimension] = count;
  return view;
}

/// Two dimensions in each other's place.
template <class T, int Rank>
View<T, Rank> swapped(View<T, Rank> view, int a, int b) {
  std::swap(view.extents[a], view.extents[b]);
  std::swap(view.strides[a], view.strides[b]);
  return view;
}
/// @}

}  // namespace mdgps
