#pragma once
/// Copies between batches that are laid out differently.

#include "kernels/lanes.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// to <- from - less, or from where there is no `less`, for the matrices [rows,cols] of the lanes' problems. The lanes
/// are taken one after another: their rows lie together in memory, and there is nothing to compute.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void rearrange(const Group& g, const Lanes<Scalar>& lanes, int rows, int cols,
                              const Batch<const T>& from, const Batch<const T>& less, const Batch<T>& to) {
  const auto offset = [](const auto& batch, int i, int j) { return i * batch.row_stride + j * batch.col_stride; };
  for (int r = 0; r < lanes.count; ++r) {
    const std::int64_t condition = lanes.condition[lanes.stored[r]], step = lanes.step[lanes.stored[r]];
    const T* const source = from.at(condition, step);
    const T* const subtracted = less.data == nullptr ? nullptr : less.at(condition, step);
    T* const target = to.at(condition, step);
    for_each_entry(g, rows, cols, [&](int i, int j) {
      const T x = source[offset(from, i, j)];
      target[offset(to, i, j)] = subtracted == nullptr ? x : x - subtracted[offset(less, i, j)];
    });
  }
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
