#pragma once
/// Products of small matrices in single precision on the CPU. Private to the learning layer.

#include <cstdint>

#include "mdgps/solver/export.hpp"
#include "mdgps/solver/view.hpp"

namespace mdgps {

/// Whether matrix_product takes a result of this many rows and columns.
constexpr bool fits_matrix_product(std::int64_t rows, std::int64_t cols) { return rows >= 4 && cols >= 16; }

/// to = a b, with a [M,K] of any strides, b [K,N] with a stride of 1 along one of its dimensions, and rows of `to`
/// [M,N] without gaps; M and N such that the result fits (above); shapes are trusted. An element is summed over k from
/// 0 up, whatever the sizes and the instruction set's width. A minibatch's products are so small that a BLAS takes
/// twice as long, most of it around the arithmetic (docs/performance.md).
MDGPS_API void matrix_product(const View<const float, 2>& a, const View<const float, 2>& b, const View<float, 2>& to);

}  // namespace mdgps
