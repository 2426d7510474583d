#pragma once
/// What the wide path is written with: a matrix for each condition at work, and the operations that a back end gives.
/// Private to the solver.

#include <cstddef>
#include <cstdint>

#include "kernels/matrix.hpp"

// For lambdas that a back end may run on a GPU.
#if defined(__CUDACC__)
#define MDGPS_LAMBDA __host__ __device__
#else
#define MDGPS_LAMBDA
#endif

namespace mdgps::wide {

/// Matrices [rows,cols], row-major, of one shape: one per slot, `stride` numbers apart.
///
/// A back end, `On...`, offers on the first `slots` of each stack:
/// - for_each(slots, rows, cols, f): f(slot, i, j) for every i < rows, j < cols, in any order
/// - sums(slots, rows, cols, f, to): to[slot] <- sum of f(slot, i, j), in an order that rows and cols decide; in to's
///   type
/// - product(slots, a, b, out, update): out (=, = -, +=, -=) a b
/// - product_transposed(slots, a, b, out, update, part): the same with a' b; of `lower` the entries above the diagonal
///   may be anything
/// - product_transposed(slots, used, most, a, b, out, part): out = a' b of the first used[slot] <= most rows; those up
///   to `most` are 0
/// - factorise(slots, a, info): a <- L with a = L L' (lower triangle); info[slot] is 0 where there is one
/// - solve_lower(slots, l, b): b <- L^-1 b
/// - select(items, keep, selected): the items with keep[item] != 0, in order; returns how many
/// - read(from): one number, once all before it has been done
///
/// What a slot gets depends on its own matrices and on the shapes alone.
template <class Real>
struct Stack {
  Real* data = nullptr;
  int rows = 0, cols = 0, row_stride = 0;
  std::int64_t stride = 0;

  MDGPS_FUNCTION Real* at(int slot) const { return data + slot * stride; }
  MDGPS_FUNCTION Real& operator()(int slot, int i, int j) const { return at(slot)[std::int64_t{i} * row_stride + j]; }
  MDGPS_FUNCTION Stack slot(int slot) const { return {at(slot), rows, cols, row_stride, stride}; }
  MDGPS_FUNCTION Stack block(int i, int j, int block_rows, int block_cols) const {
    return {data + std::int64_t{i} * row_stride + j, block_rows, block_cols, row_stride, stride};
  }
};

/// Whether a matrix has a factor: libraries differ in what they say of NaN.
template <class Real>
MDGPS_FUNCTION bool has_factor(const Stack<Real>& l, const int* info, int slot) {
  bool ok = info[slot] == 0;
  for (int i = 0; i < l.rows; ++i) ok = ok && l(slot, i, i) > Real{};
  return ok;
}

/// Hands out pieces of a workspace, aligned to 256 bytes. Without memory it only counts.
struct Pieces {
  std::byte* data = nullptr;
  std::size_t used = 0;

  template <class T>
  T* take(std::size_t count) {
    T* const piece = data == nullptr ? nullptr : reinterpret_cast<T*>(data + used);
    used += (count * sizeof(T) + 255) / 256 * 256;
    return piece;
  }
  template <class Real>
  Stack<Real> take_stack(int slots, int rows, int cols) {
    const std::int64_t stride = (std::int64_t{rows} * cols * static_cast<std::int64_t>(sizeof(Real)) + 63) / 64 * 64 /
                                static_cast<std::int64_t>(sizeof(Real));
    return {take<Real>(static_cast<std::size_t>(stride * slots)), rows, cols, cols, stride};
  }
};

}  // namespace mdgps::wide
