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
  MDGPS_FUNCTION bool contiguous() const { return col_stride == 1 && row_stride == cols; }
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

/// The lower triangle of a symmetric matrix, row after row.
template <class T>
struct Lower {
  T* data;
  int rows;

  MDGPS_FUNCTION static int size(int rows) { return rows * (rows + 1) / 2; }
  MDGPS_FUNCTION T* row(int i) const { return data + size(i); }
  MDGPS_FUNCTION T& operator()(int i, int j) const { return row(i)[j]; }
};

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

/// Shares f(i, j) for the entries of a matrix among the group's threads and waits until all are done.
template <class Group, class Function>
MDGPS_FUNCTION void for_each_entry(const Group& g, int rows, int cols, Function f) {
  if constexpr (is_alone<Group>) {  // spares a division an entry
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < cols; ++j) f(i, j);
  } else {
    for_each(g, rows * cols, [&](int e) { f(e / cols, e % cols); });
  }
}

template <class Group, class T>
MDGPS_FUNCTION void copy(const Group& g, const Matrix<T>& from, const Matrix<T>& to) {
  for_each_entry(g, from.rows, from.cols, [&](int i, int j) { to(i, j) = from(i, j); });
}
/// The lower triangle alone; `from` and `to` may have rows below the square.
template <class Group, class T>
MDGPS_FUNCTION void copy_lower(const Group& g, const Matrix<T>& from, const Matrix<T>& to) {
  for_each(g, from.rows, [&](int i) {
    for (int j = 0; j <= i && j < from.cols; ++j) to(i, j) = from(i, j);
  });
}
/// Writes the lower triangle above the diagonal.
template <class Group, class T>
MDGPS_FUNCTION void mirror(const Group& g, const Matrix<T>& a) {
  for_each(g, a.rows, [&](int i) {
    for (int j = 0; j < i; ++j) a(j, i) = a(i, j);
  });
}
template <class Group, class T>
MDGPS_FUNCTION void fill(const Group& g, const Matrix<T>& a, const T& value) {
  for_each_entry(g, a.rows, a.cols, [&](int i, int j) { a(i, j) = value; });
}

/// Register tile of a product: as many accumulators as the register file holds beside a column of the left factor and
/// an entry of the right.
template <class Scalar>
struct TileShape {
#if defined(__AVX512F__)
  static constexpr int rows = lane_count<Scalar> == 1 ? 2 : 4, cols = lane_count<Scalar> == 1 ? 2 : 6;
#else
  static constexpr int rows = lane_count<Scalar> == 1 ? 2 : 3, cols = lane_count<Scalar> == 1 ? 2 : 4;
#endif
  static constexpr int cols_on_diagonal = cols < rows ? cols : rows;         ///< of a tile that ends on the diagonal
  static constexpr int rows_of_vector = lane_count<Scalar> == 1 ? rows : 8;  ///< of a product's tile of one column
};

/// Whether products run on tiles of 2 x 2 plain scalars.
template <class Scalar>
inline constexpr bool uses_scalar_tile =
    lane_count<Scalar> == 1 && TileShape<Scalar>::rows == 2 && TileShape<Scalar>::cols == 2;

/// What a product does to its destination.
enum class Update { set, negate, add, subtract };
/// `lower` computes the lower triangle of a product known to be symmetric and leaves what is above it; `symmetric` also
/// mirrors it, to the bit.
enum class Part { full, lower, symmetric };
/// Where the left factor of a product is zero: those terms are passed over. The zeros must be there, as tiles reach
/// into them.
enum class Zeros { none, above_diagonal, below_diagonal };

/// The depths over which the rows [i0, i1) of a product are summed.
struct Depths {
  int first, last;

  MDGPS_FUNCTION Depths(Zeros zeros, int i0, int i1, int all)
      : first(zeros == Zeros::below_diagonal ? i0 : 0), last(zeros == Zeros::above_diagonal && i1 < all ? i1 : all) {}
};

/// Where a tile of a product finds its factors, and where it goes.
template <class Scalar>
struct ProductTile {
  std::int64_t a_row, a_col, b_row, b_col, out_row;  ///< strides
  Update update;
  const Scalar *a = nullptr, *b = nullptr;
  Scalar* out = nullptr;
  int depth = 0;

  MDGPS_FUNCTION ProductTile(const Matrix<Scalar>& a, const Matrix<Scalar>& b, const Matrix<Scalar>& out, Update update)
      : a_row(a.row_stride),
        a_col(a.col_stride),
        b_row(b.row_stride),
        b_col(b.col_stride),
        out_row(out.row_stride),
        update(update) {}
  /// The tile whose first entry is (i0, j0).
  MDGPS_FUNCTION void move_to(const Matrix<Scalar>& left, const Matrix<Scalar>& right, const Matrix<Scalar>& to, int i0,
                              int j0, const Depths& depths) {
    a = &left(i0, depths.first);
    b = &right(depths.first, j0);
    out = &to(i0, j0);
    depth = depths.last - depths.first;
  }
};

/// A tile of at most R x C entries, by the code of its size; in product_tile.hpp.
/// below   its first entry is on the diagonal, and what is above the diagonal is left alone; no more columns than rows
template <int R, int C, bool below = false, class Scalar>
void product_tile_of(int rows, int cols, const ProductTile<Scalar>& tile) noexcept;

/// A tile of up to 2 x 2 entries of plain scalars. Where there are fewer, rows and columns repeat and are not
/// stored: one text for all shapes keeps a GPU's code short.
template <class Scalar>
MDGPS_FUNCTION void scalar_tile(int rows, int cols, const Matrix<Scalar>& a, const Matrix<Scalar>& b,
                                const Matrix<Scalar>& out, int i0, int j0, int first, int last, Update update,
                                Part part) {
  const Scalar* a0 = a.data + i0 * a.row_stride;
  const Scalar* a1 = a0 + (rows - 1) * a.row_stride;
  const Scalar* b0 = b.data + j0 * b.col_stride;
  const Scalar* b1 = b0 + (cols - 1) * b.col_stride;
  Scalar sum[2][2] = {};
  for (int k = first; k < last; ++k) {
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
      if (r >= rows || c >= cols || (part != Part::full && j > i)) continue;
      Scalar& entry = out(i, j);
      entry = update == Update::set      ? sum[r][c]
              : update == Update::negate ? -sum[r][c]
              : update == Update::add    ? entry + sum[r][c]
                                         : entry - sum[r][c];
      if (part == Part::symmetric) out(j, i) = entry;
    }
}

/// n entries in tiles of at most `most`, of nearly equal size, so that no shape leaves a ragged edge of single entries.
struct Tiling {
  int tiles, size, larger;  ///< the first `larger` tiles have one entry more

  MDGPS_FUNCTION Tiling(int n, int most)
      : tiles((n + most - 1) / most), size(n / (tiles > 0 ? tiles : 1)), larger(n - tiles * size) {}
  MDGPS_FUNCTION int begin(int tile) const { return tile * size + (tile < larger ? tile : larger); }
};

/// The lower triangle of a product by packs. A row of tiles ends on the diagonal with what is left of it, in tiles
/// whose entries above the diagonal are neither computed nor written.
template <class Group, class Scalar>
MDGPS_FUNCTION void lower_product(const Group& g, const Matrix<Scalar>& a, const Matrix<Scalar>& b,
                                  const Matrix<Scalar>& out, Update update, Zeros zeros) {
  constexpr int R = TileShape<Scalar>::rows, C = TileShape<Scalar>::cols;
  constexpr int on_diagonal = TileShape<Scalar>::cols_on_diagonal;
  const int row_tiles = (out.rows + R - 1) / R;
  const int most_tiles = (out.cols + C - 1) / C + (R + on_diagonal - 1) / on_diagonal;
  ProductTile<Scalar> tile(a, b, out, update);
  for_each_entry(g, row_tiles, most_tiles, [&](int r, int c) {
    const int i0 = r * R, i1 = i0 + R < out.rows ? i0 + R : out.rows;
    const Depths depths(zeros, i0, i1, a.cols);
    const Tiling left(i0 < out.cols ? i0 : out.cols, C);
    if (c < left.tiles) {
      const int j0 = left.begin(c), j1 = left.begin(c + 1);
      tile.move_to(a, b, out, i0, j0, depths);
      return product_tile_of<R, C>(i1 - i0, j1 - j0, tile);
    }
    const int j0 = i0 + (c - left.tiles) * on_diagonal, end = i1 < out.cols ? i1 : out.cols;
    if (j0 >= end) return;
    tile.move_to(a, b, out, j0, j0, depths);
    product_tile_of<R, on_diagonal, true>(i1 - j0, end - j0, tile);
  });
}

/// out (=, = -, +=, -=) a b.   a [r,k], b [k,c], out [r,c], whose rows have no gaps; out overlaps neither.
template <class Group, class Scalar>
MDGPS_FUNCTION void product(const Group& g, const Matrix<Scalar>& a, const Matrix<Scalar>& b, const Matrix<Scalar>& out,
                            Update update = Update::set, Part part = Part::full, Zeros zeros = Zeros::none) {
  constexpr int R = TileShape<Scalar>::rows, C = TileShape<Scalar>::cols;
  if constexpr (!uses_scalar_tile<Scalar>) {
    if (part != Part::full) {
      lower_product(g, a, b, out, update, zeros);
      if (part == Part::symmetric) mirror(g, out);
      return;
    }
  }
  const Tiling rows(out.rows, R);
  const Tiling cols(out.cols, C);
  ProductTile<Scalar> tile(a, b, out, update);
  for_each_entry(g, cols.tiles, rows.tiles, [&](int c, int r) {
    const int i0 = rows.begin(r), i1 = rows.begin(r + 1), j0 = cols.begin(c), j1 = cols.begin(c + 1);
    const Depths depths(zeros, i0, i1, a.cols);
    if constexpr (uses_scalar_tile<Scalar>) {
      if (part != Part::full && j0 >= i1) return;  // wholly above the diagonal
      scalar_tile(i1 - i0, j1 - j0, a, b, out, i0, j0, depths.first, depths.last, update, part);
    } else {
      tile.move_to(a, b, out, i0, j0, depths);
      product_tile_of<R, C>(i1 - i0, j1 - j0, tile);
    }
  });
}

/// The same for a vector x: out (=, = -, +=, -=) a x.
template <class Group, class Scalar>
MDGPS_FUNCTION void product(const Group& g, const Matrix<Scalar>& a, const Vector<Scalar>& x, const Vector<Scalar>& out,
                            Update update = Update::set, Zeros zeros = Zeros::none) {
  constexpr int R = TileShape<Scalar>::rows_of_vector;
  const Tiling rows(out.size, R);
  ProductTile<Scalar> tile(a, x.column(), out.column(), update);
  for_each(g, rows.tiles, [&](int r) {
    const int i0 = rows.begin(r), i1 = rows.begin(r + 1);
    const Depths depths(zeros, i0, i1, a.cols);
    if constexpr (uses_scalar_tile<Scalar>) {
      scalar_tile(i1 - i0, 1, a, x.column(), out.column(), i0, 0, depths.first, depths.last, update, Part::full);
    } else {
      tile.move_to(a, x.column(), out.column(), i0, 0, depths);
      product_tile_of<R, 1>(i1 - i0, 1, tile);
    }
  });
}

/// n entries of a row: to = x from. One thread does them.
template <class Group, class Scalar>
MDGPS_FUNCTION void scale_row(const Group& /*g*/, const Scalar& x, const Scalar* from, Scalar* to, int n) {
  for (int j = 0; j < n; ++j) to[j] = x * from[j];
}

/// Sum of x_i y_i.
template <class Group, class Scalar>
MDGPS_FUNCTION Scalar dot(const Group& g, const Vector<Scalar>& x, const Vector<Scalar>& y) {
  return sum_of(g, x.size, [&](int i) { return x(i) * y(i); });
}
/// Sum of a_ij b_ij.
template <class Group, class Scalar>
MDGPS_FUNCTION Scalar dot(const Group& g, const Matrix<Scalar>& a, const Matrix<Scalar>& b) {
  return sum_of(g, a.rows, [&](int i) {
    Scalar row{};
    for (int j = 0; j < a.cols; ++j) row += a(i, j) * b(i, j);
    return row;
  });
}

/// Sum of the lower triangle and of the rows below it: not finite where one of its entries is not.
template <class Group, class Scalar>
MDGPS_FUNCTION Scalar sum_of_lower(const Group& g, const Matrix<Scalar>& a) {
  return sum_of(g, a.rows, [&](int i) {
    const int n = i < a.cols ? i + 1 : a.cols;
    Scalar sums[4] = {};  // a single one would wait for itself
    int j = 0;
    for (; j + 4 <= n; j += 4) unrolled<4>([&](auto k) MDGPS_INLINE { sums[k] += a(i, j + k); });
    for (; j < n; ++j) sums[0] += a(i, j);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
  });
}
/// Sum of the entries.
template <class Group, class Scalar>
MDGPS_FUNCTION Scalar sum(const Group& g, const Vector<Scalar>& x) {
  return sum_of(g, x.size, [&](int i) { return x(i); });
}

/// trace(A B) for symmetric A and B, from their lower triangles.
template <class Group, class Scalar, class MatrixOrLower>
MDGPS_FUNCTION Scalar trace_of_product(const Group& g, const Matrix<Scalar>& a, const MatrixOrLower& b) {
  return sum_of(g, a.rows, [&](int i) {
    Scalar below{};
    for (int j = 0; j < i; ++j) below += a(i, j) * b(i, j);
    return a(i, i) * b(i, i) + below + below;
  });
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
