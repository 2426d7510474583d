#pragma once
/// Small matrices in memory that a group shares, and their products.

#include "kernels/core.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// A view with both strides free, so that a transpose or a block costs nothing.
template <class T>
struct Matrix {
  T* data;
  int rows, cols;
  int row_stride, col_stride;

  MDGPS_FUNCTION T& operator()(int i, int j) const { return data[i * row_stride + j * col_stride]; }
  MDGPS_FUNCTION Matrix block(int i, int j, int block_rows, int block_cols) const {
    return {data + i * row_stride + j * col_stride, block_rows, block_cols, row_stride, col_stride};
  }
};

template <class T>
struct Vector {
  T* data;
  int size;

  MDGPS_FUNCTION T& operator()(int i) const { return data[i]; }
  MDGPS_FUNCTION Vector segment(int i, int n) const { return {data + i, n}; }
  /// The vector as a matrix of one column.
  MDGPS_FUNCTION Matrix<T> column() const { return {data, size, 1, 1, 1}; }
};

template <class T>
MDGPS_FUNCTION Matrix<T> matrix(T* data, int rows, int cols) {
  return {data, rows, cols, cols, 1};
}
template <class T>
MDGPS_FUNCTION Matrix<T> transpose(const Matrix<T>& a) {
  return {a.data, a.cols, a.rows, a.col_stride, a.row_stride};
}

/// Hands out pieces of a scratch buffer. Without a buffer it only counts: a kernel called so returns before it touches
/// any data, and total() is the size of the scratch it needs.
///
/// take() is for the matrices at work, which a GPU keeps in shared memory; take_stored() for what grows with the
/// horizon or the points, for which a GPU has a buffer of its own in global memory.
template <class Scalar>
struct Scratch {
  Scalar* data = nullptr;
  Scalar* stored_data = nullptr;
  std::int64_t used = 0, stored = 0;

  MDGPS_FUNCTION bool counting() const { return data == nullptr; }
  MDGPS_FUNCTION std::int64_t total() const { return used + stored; }

  MDGPS_FUNCTION Scalar* take(std::int64_t n) {
    Scalar* piece = data == nullptr ? nullptr : data + used;
    used += n;
    return piece;
  }
  MDGPS_FUNCTION Scalar* take_stored(std::int64_t n) {
    if (data != nullptr && stored_data == nullptr) return take(n);
    Scalar* piece = data == nullptr ? nullptr : stored_data + stored;
    stored += n;
    return piece;
  }
  MDGPS_FUNCTION Matrix<Scalar> take_matrix(int rows, int cols) {
    return matrix(take(std::int64_t{rows} * cols), rows, cols);
  }
  MDGPS_FUNCTION Vector<Scalar> take_vector(int n) { return {take(n), n}; }
};

template <class Group, class T>
MDGPS_FUNCTION void copy(const Group& g, const Matrix<T>& from, const Matrix<T>& to) {
  for_each(g, from.rows * from.cols,
           [&](int e) { to(e / from.cols, e % from.cols) = from(e / from.cols, e % from.cols); });
}
template <class Group, class T>
MDGPS_FUNCTION void fill(const Group& g, const Matrix<T>& a, const T& value) {
  for_each(g, a.rows * a.cols, [&](int e) { a(e / a.cols, e % a.cols) = value; });
}

/// Register tile of a product: as many accumulators as the register file holds beside the operands.
template <class Scalar>
struct TileShape {
#if defined(__AVX512F__)
  static constexpr int rows = lane_count<Scalar> == 1 ? 2 : 4, cols = lane_count<Scalar> == 1 ? 2 : 6;
#else
  static constexpr int rows = lane_count<Scalar> == 1 ? 2 : 3, cols = lane_count<Scalar> == 1 ? 2 : 4;
#endif
};

/// What a product does to its destination.
enum class Update { set, add, subtract };
/// `symmetric` computes the lower triangle of a product known to be symmetric and mirrors it, to the bit.
enum class Part { full, symmetric };

/// C[i0 + r, j0 + c] for one tile of R x C entries; the depth loop keeps all of them in registers.
template <int R, int C, class Scalar>
MDGPS_FUNCTION void product_tile(const Matrix<Scalar>& a, const Matrix<Scalar>& b, const Matrix<Scalar>& out, int i0,
                                 int j0, Update update, Part part) {
  Scalar sum[R][C] = {};
  const Scalar* pa = a.data + i0 * a.row_stride;
  const Scalar* pb = b.data + j0 * b.col_stride;
  for (int k = 0; k < a.cols; ++k, pa += a.col_stride, pb += b.row_stride) {
    Scalar row[C];
    for (int c = 0; c < C; ++c) row[c] = pb[c * b.col_stride];
    for (int r = 0; r < R; ++r) {
      const Scalar x = pa[r * a.row_stride];
      for (int c = 0; c < C; ++c) sum[r][c] += x * row[c];
    }
  }
  for (int r = 0; r < R; ++r)
    for (int c = 0; c < C; ++c) {
      const int i = i0 + r, j = j0 + c;
      if (part == Part::symmetric && j > i) continue;
      const Scalar value = update == Update::set   ? sum[r][c]
                           : update == Update::add ? out(i, j) + sum[r][c]
                                                   : out(i, j) - sum[r][c];
      out(i, j) = value;
      if (part == Part::symmetric) out(j, i) = value;
    }
}

template <int R, int C, class Scalar>
MDGPS_FUNCTION void product_tile_of(int rows, int cols, const Matrix<Scalar>& a, const Matrix<Scalar>& b,
                                    const Matrix<Scalar>& out, int i0, int j0, Update update, Part part) {
  if constexpr (R > 1) {
    if (rows < R) return product_tile_of<R - 1, C>(rows, cols, a, b, out, i0, j0, update, part);
  }
  if constexpr (C > 1) {
    if (cols < C) return product_tile_of<R, C - 1>(rows, cols, a, b, out, i0, j0, update, part);
  }
  product_tile<R, C>(a, b, out, i0, j0, update, part);
}

/// The same for up to 2 x 2 entries of plain scalars. Where there are fewer, rows and columns repeat and are not
/// stored: one text for all shapes keeps a GPU's code short.
template <class Scalar>
MDGPS_FUNCTION void scalar_tile(int rows, int cols, const Matrix<Scalar>& a, const Matrix<Scalar>& b,
                                const Matrix<Scalar>& out, int i0, int j0, Update update, Part part) {
  const Scalar* a0 = a.data + i0 * a.row_stride;
  const Scalar* a1 = a0 + (rows - 1) * a.row_stride;
  const Scalar* b0 = b.data + j0 * b.col_stride;
  const Scalar* b1 = b0 + (cols - 1) * b.col_stride;
  Scalar sum[2][2] = {};
  for (int k = 0; k < a.cols; ++k) {
    const Scalar x0 = a0[k * a.col_stride], x1 = a1[k * a.col_stride];
    const Scalar y0 = b0[k * b.row_stride], y1 = b1[k * b.row_stride];
    sum[0][0] += x0 * y0;
    sum[0][1] += x0 * y1;
    sum[1][0] += x1 * y0;
    sum[1][1] += x1 * y1;
  }
  for (int r = 0; r < 2; ++r)
    for (int c = 0; c < 2; ++c) {
      const int i = i0 + r, j = j0 + c;
      if (r >= rows || c >= cols || (part == Part::symmetric && j > i)) continue;
      Scalar& entry = out(i, j);
      entry = update == Update::set ? sum[r][c] : update == Update::add ? entry + sum[r][c] : entry - sum[r][c];
      if (part == Part::symmetric) out(j, i) = entry;
    }
}

/// out (=, +=, -=) a b.   a [r,k], b [k,c], out [r,c], none of them overlapping.
/// Tiles of nearly equal size cover the destination, so that no shape leaves a ragged edge of single entries.
template <class Group, class Scalar>
MDGPS_FUNCTION void product(const Group& g, const Matrix<Scalar>& a, const Matrix<Scalar>& b, const Matrix<Scalar>& out,
                            Update update = Update::set, Part part = Part::full) {
  constexpr int R = TileShape<Scalar>::rows, C = TileShape<Scalar>::cols;
  const int tile_rows = (out.rows + R - 1) / R, tile_cols = (out.cols + C - 1) / C;
  for_each(g, tile_rows * tile_cols, [&](int tile) {
    const int r = tile / tile_cols, c = tile % tile_cols;
    const int i0 = r * out.rows / tile_rows, i1 = (r + 1) * out.rows / tile_rows;
    const int j0 = c * out.cols / tile_cols, j1 = (c + 1) * out.cols / tile_cols;
    if (part == Part::symmetric && j0 >= i1) return;  // wholly above the diagonal
    if constexpr (lane_count<Scalar> == 1 && R == 2 && C == 2) {
      scalar_tile(i1 - i0, j1 - j0, a, b, out, i0, j0, update, part);
    } else {
      product_tile_of<R, C>(i1 - i0, j1 - j0, a, b, out, i0, j0, update, part);
    }
  });
}

/// out (=, +=, -=) a x for a vector.
template <class Group, class Scalar>
MDGPS_FUNCTION void product(const Group& g, const Matrix<Scalar>& a, const Vector<Scalar>& x, const Vector<Scalar>& out,
                            Update update = Update::set) {
  product(g, a, x.column(), out.column(), update);
}

/// Sum of x_i y_i.
template <class Group, class Scalar>
MDGPS_FUNCTION Scalar dot(const Group& g, const Vector<Scalar>& x, const Vector<Scalar>& y) {
  return sum_of(g, x.size, [&](int i) { return x(i) * y(i); });
}

/// Sum of the lower triangle: not finite where one of its entries is not.
template <class Group, class Scalar>
MDGPS_FUNCTION Scalar sum_of_lower(const Group& g, const Matrix<Scalar>& a) {
  return sum_of(g, a.rows, [&](int i) {
    Scalar row{};
    for (int j = 0; j <= i; ++j) row += a(i, j);
    return row;
  });
}
/// Sum of the entries.
template <class Group, class Scalar>
MDGPS_FUNCTION Scalar sum(const Group& g, const Vector<Scalar>& x) {
  return sum_of(g, x.size, [&](int i) { return x(i); });
}

/// trace(A B) for symmetric A and B, from their lower triangles.
template <class Group, class Scalar>
MDGPS_FUNCTION Scalar trace_of_product(const Group& g, const Matrix<Scalar>& a, const Matrix<Scalar>& b) {
  return sum_of(g, a.rows, [&](int i) {
    Scalar below{};
    for (int j = 0; j < i; ++j) below += a(i, j) * b(i, j);
    return a(i, i) * b(i, i) + below + below;
  });
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
