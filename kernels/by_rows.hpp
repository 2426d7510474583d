#pragma once
/// One problem on one thread, vectorised along the rows of its matrices: for conditions too few to fill a pack. Host
/// only. Sums run in the order of the packs' products, so that a condition has the same bytes either way.

#include "kernels/cholesky.hpp"
#include "kernels/lanes.hpp"
#include "kernels/pack.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// W entries of a row that lie side by side.
template <class T, int W>
struct RowPieceOf {
  using Type = Pack<T, W>;
};
template <class T>
struct RowPieceOf<T, 1> {
  using Type = T;
};
template <class T, int W>
using RowPiece = typename RowPieceOf<T, W>::Type;

template <class T, int W>
MDGPS_INLINE inline RowPiece<T, W> load_piece(const T* from) {
  if constexpr (W == 1) {
    return *from;
  } else {
    return Pack<T, W>(Unaligned<T, W>::at(from));
  }
}
template <class T, int W>
MDGPS_INLINE inline void store_piece(const RowPiece<T, W>& piece, T* to) {
  if constexpr (W == 1) {
    *to = piece;
  } else {
    Unaligned<T, W>::at(to) = piece.v;
  }
}
/// The first `count` entries alone.
template <class T, int W>
MDGPS_INLINE inline void store_piece(const RowPiece<T, W>& piece, int count, T* to) {
  if constexpr (W == 1) {
    if (count > 0) *to = piece;
  } else {
    Pack<T, W> numbers;
    unrolled<W>([&](auto j) MDGPS_INLINE { numbers.v[static_cast<int>(j)] = static_cast<T>(j); });
    store_piece<T, W>(select(numbers < Pack<T, W>(count), piece, load_piece<T, W>(to)), to);
  }
}

/// Half of a piece whose entries are all the same.
template <class T, int W>
MDGPS_INLINE inline RowPiece<T, W / 2> half_of(const RowPiece<T, W>& x) {
  if constexpr (W == 2) {
    return x.v[0];
  } else {
    return [&]<int... e>(std::integer_sequence<int, e...>) MDGPS_INLINE {
      return Pack<T, W / 2>(__builtin_shufflevector(x.v, x.v, e...));
    }
    (std::make_integer_sequence<int, W / 2>{});
  }
}

/// A tile of a product; the columns of b and out lie side by side.
template <class T>
struct RowTile {
  const T *a, *b;
  T* out;
  std::int64_t a_row, a_col, b_row, out_row;  ///< strides
  int depth, columns;
  int diagonal;  ///< row r ends at column r + diagonal; what is behind is left alone
  Update update;
};

/// R rows of C pieces of W columns, the last of which may overlap the one before, or of C pieces and half a piece
/// (`tail` columns, 0 where there is none). All entries are read before any is written, so that an overlap computes the
/// same numbers twice.
template <int R, int C, int W, int tail, class T>
void row_tile(const RowTile<T>& tile) {
  constexpr int pieces = C + (tail > 0 ? 1 : 0);
  const int last = tile.columns - (tail > 0 ? tail : W);  // where the last piece begins
  // f(piece, its width, its first column)
  const auto each_piece = [&](auto f) MDGPS_INLINE {
    unrolled<C>([&](auto c) MDGPS_INLINE { f(c, std::integral_constant<int, W>{}, c + 1 < pieces ? c * W : last); });
    if constexpr (tail > 0) f(std::integral_constant<int, C>{}, std::integral_constant<int, tail>{}, last);
  };
  RowPiece<T, W> sum[R][C];
  RowPiece<T, (tail > 0 ? tail : 1)> tail_sum[R];
  const auto sum_of_piece = [&](auto r, auto c) MDGPS_INLINE -> auto& {
    if constexpr (c < C) {
      return sum[r][c];
    } else {
      return tail_sum[r];
    }
  };

  each_piece([&](auto c, auto width, int first) MDGPS_INLINE {
    unrolled<R>([&](auto r) MDGPS_INLINE {
      auto& x = sum_of_piece(r, c);
      if (tile.update == Update::add) {
        x = load_piece<T, width>(tile.out + r * tile.out_row + first);
      } else if (tile.update == Update::subtract) {
        x = -load_piece<T, width>(tile.out + r * tile.out_row + first);
      } else {
        x = RowPiece<T, width>{};
      }
    });
  });
  const T *a = tile.a, *b = tile.b;
  const std::int64_t a_row = tile.a_row, a_col = tile.a_col, b_row = tile.b_row;
  for (int k = tile.depth; k > 0; --k, a += a_col, b += b_row) {
    RowPiece<T, W> column[R];
    unrolled<R>([&](auto r) MDGPS_INLINE { column[r] = RowPiece<T, W>(a[r * a_row]); });
    each_piece([&](auto c, auto width, int first) MDGPS_INLINE {
      const auto x = load_piece<T, width>(b + first);
      unrolled<R>([&](auto r) MDGPS_INLINE {
        if constexpr (width == W) {
          sum_of_piece(r, c) += column[r] * x;
        } else {
          sum_of_piece(r, c) += half_of<T, W>(column[r]) * x;
        }
      });
    });
  }
  const bool negative = tile.update == Update::negate || tile.update == Update::subtract;
  each_piece([&](auto c, auto width, int first) MDGPS_INLINE {
    unrolled<R>([&](auto r) MDGPS_INLINE {
      const auto x = negative ? -sum_of_piece(r, c) : sum_of_piece(r, c);
      T* const to = tile.out + r * tile.out_row + first;
      if (tile.diagonal >= tile.columns - 1) {
        store_piece<T, width>(x, to);
      } else {
        store_piece<T, width>(x, r + tile.diagonal + 1 - first, to);
      }
    });
  });
}

/// The registers hold the sums of four rows of three pieces and a half, or of eight rows of one piece.
inline constexpr int most_pieces = 3, rows_of_pieces = 4, rows_of_piece = 8;

/// The same by the code of its size, for up to `most` pieces of W columns and half a piece.
template <int R, int W, int most, int C = 1, class T>
void row_tile_of_columns(const RowTile<T>& tile) {
  if constexpr (W == 1) {
    row_tile<R, 1, 1, 0>(tile);
  } else {
    const int left = tile.columns - C * W;
    if (left < 0) {
      if constexpr (C == 1) row_tile_of_columns<R, W / 2, 2>(tile);
    } else if (left == 0) {
      row_tile<R, C, W, 0>(tile);
    } else if constexpr (most > 1) {
      if (left <= W / 2) {
        row_tile<R, C, W, W / 2>(tile);
      } else if constexpr (C < most) {
        if (left <= W) {
          row_tile<R, C + 1, W, 0>(tile);
        } else {
          row_tile_of_columns<R, W, most, C + 1>(tile);
        }
      }
    }
  }
}
template <int R, int W, class T>
void row_tile_of(int rows, const RowTile<T>& tile) {
  if constexpr (R > 1) {
    if (rows < R) return row_tile_of<R - 1, W>(rows, tile);
  }
  row_tile_of_columns<R, W, most_pieces>(tile);
}

/// Rows of a product, from the top, in tiles.   tile_at(i0, i1) gives the tile of the rows [i0, i1)
template <class T, class TileAt>
void product_of_rows(int rows, int columns, const TileAt& tile_at) {
  constexpr int W = native_lanes<T>;
  int i = 0;
  if (columns <= W)
    for (; i + rows_of_piece <= rows; i += rows_of_piece)
      row_tile_of_columns<rows_of_piece, W, 1>(tile_at(i, i + rows_of_piece));
  for (; i < rows; i += rows_of_pieces) {
    const int end = i + rows_of_pieces < rows ? i + rows_of_pieces : rows;
    row_tile_of<rows_of_pieces, W>(end - i, tile_at(i, end));
  }
}

/// The product of matrix.hpp for one thread. Where b's rows have gaps its columns are copied first; a result whose
/// columns have gaps is a vector. (What might throw would bring a symbol of C++'s runtime into every instruction set.)
template <class T>
__attribute__((noinline)) void product_by_rows(const Matrix<T>& a, const Matrix<T>& b, const Matrix<T>& out,
                                               Update update, Part part, Zeros zeros) noexcept {
  constexpr int W = native_lanes<T>, most_columns = most_pieces * W + W / 2, most_depth = 64;
  if (out.cols == 1 && a.row_stride == 1 && a.col_stride != 1) {  // a vector times rows of a'
    T x[most_columns];
    for (int first = 0; first < out.rows; first += most_columns) {
      const int count = out.rows - first < most_columns ? out.rows - first : most_columns;
      const Depths depths(zeros, first, first + count, a.cols);
      for (int i = 0; i < count; ++i) x[i] = out(first + i, 0);
      row_tile_of_columns<1, W, most_pieces>(RowTile<T>{&b(depths.first, 0), &a(first, depths.first), x, 0,
                                                        b.row_stride, a.col_stride, 0, depths.last - depths.first,
                                                        count, count, update});
      for (int i = 0; i < count; ++i) out(first + i, 0) = x[i];
    }
    return;
  }
  T copied[most_depth * most_columns];
  const Tiling tiling(out.cols, most_columns);
  for (int tile = 0; tile < tiling.tiles; ++tile) {
    const int j0 = tiling.begin(tile), columns = tiling.begin(tile + 1) - j0;
    const bool side_by_side = b.col_stride == 1 || columns == 1;
    Update part_update = update;
    for (int k0 = 0; k0 == 0 || k0 < b.rows; k0 += side_by_side ? b.rows + 1 : most_depth) {
      const int k1 = side_by_side || k0 + most_depth > b.rows ? b.rows : k0 + most_depth;
      if (!side_by_side)
        for (int k = k0; k < k1; ++k)
          for (int j = 0; j < columns; ++j) copied[(k - k0) * columns + j] = b(k, j0 + j);
      const int above = part == Part::full ? 0 : j0;  // rows wholly above the diagonal
      product_of_rows<T>(out.rows - above, columns, [&](int row, int end) {
        const int i0 = above + row, i1 = above + end, diagonal = part == Part::full ? columns : i0 - j0;
        const int shown = i1 - i0 + diagonal < columns ? i1 - i0 + diagonal : columns;
        const Depths all(zeros, i0, i1, k1);
        const int first = all.first > k0 ? all.first : k0, depth = all.last > first ? all.last - first : 0;
        return RowTile<T>{&a(i0, first),  side_by_side ? &b(first, j0) : copied + (first - k0) * columns,
                          &out(i0, j0),   a.row_stride,
                          a.col_stride,   side_by_side ? b.row_stride : columns,
                          out.row_stride, depth,
                          shown,          diagonal,
                          part_update};
      });
      part_update = update == Update::set || update == Update::add ? Update::add : Update::subtract;
    }
  }
  if (part == Part::symmetric) mirror(Solo{}, out);
}

/// A group of one thread whose scalars are plain. What follows takes the place of the functions of the same names.
struct ByRows : Solo {
  /// Asks for memory that will be read soon.
  void prefetch(const void* from, int bytes) const {
    for (int i = 0; i < bytes; i += 64) __builtin_prefetch(static_cast<const char*>(from) + i);
  }
};

template <class T>
MDGPS_INLINE inline void product(const ByRows&, const Matrix<T>& a, const Matrix<T>& b, const Matrix<T>& out,
                                 Update update = Update::set, Part part = Part::full, Zeros zeros = Zeros::none) {
  product_by_rows(a, b, out, update, part, zeros);
}
template <class T>
MDGPS_INLINE inline void product(const ByRows&, const Matrix<T>& a, const Vector<T>& x, const Vector<T>& out,
                                 Update update = Update::set, Zeros zeros = Zeros::none) {
  product_by_rows(a, x.column(), out.column(), update, Part::full, zeros);
}

/// n entries of a row.
template <class T>
MDGPS_INLINE inline void copy_row(const T* from, int from_stride, T* to, int to_stride, int n) {
  constexpr int W = native_lanes<T>;
  int j = 0;
  if (from_stride == 1 && to_stride == 1)
    for (; j + W <= n; j += W) store_piece<T, W>(load_piece<T, W>(from + j), to + j);
  for (; j < n; ++j) to[j * to_stride] = from[j * from_stride];
}
template <class T>
void copy(const ByRows&, const Matrix<T>& from, const Matrix<T>& to) {
  for (int i = 0; i < from.rows; ++i) copy_row(&from(i, 0), from.col_stride, &to(i, 0), to.col_stride, from.cols);
}
template <class T>
void copy_lower(const ByRows&, const Matrix<T>& from, const Matrix<T>& to) {
  for (int i = 0; i < from.rows; ++i)
    copy_row(&from(i, 0), from.col_stride, &to(i, 0), to.col_stride, i < from.cols ? i + 1 : from.cols);
}

/// One condition's matrices, which a kernel finds in a batch of the same numbers.
template <class T>
void load(const ByRows&, const Lanes<T>& lanes, const Batch<const T>& from, std::int64_t t, const Matrix<T>& to) {
  const T* const at = from.at(lanes.condition[0], lanes.step[0] + t);
  if (from.contiguous(to.cols) && to.contiguous()) return copy_row(at, 1, to.data, 1, to.rows * to.cols);
  for (int i = 0; i < to.rows; ++i)
    copy_row(at + i * from.row_stride, from.col_stride, &to(i, 0), to.col_stride, to.cols);
}
template <class T, class RowAt>
void load_lower_rows(const ByRows&, const Lanes<T>& lanes, const Batch<const T>& from, std::int64_t t, int n,
                     const RowAt& row_at) {
  const T* const at = from.at(lanes.condition[0], lanes.step[0] + t);
  for (int i = 0; i < n; ++i) copy_row(at + i * from.row_stride, from.col_stride, row_at(i), 1, i + 1);
}
template <class T>
void store(const ByRows&, const Lanes<T>& lanes, const Matrix<T>& from, const Batch<T>& to, std::int64_t t) {
  T* const at = to.at(lanes.condition[0], lanes.step[0] + t);
  if (to.contiguous(from.cols) && from.contiguous()) return copy_row(from.data, 1, at, 1, from.rows * from.cols);
  for (int i = 0; i < from.rows; ++i)
    copy_row(&from(i, 0), from.col_stride, at + i * to.row_stride, to.col_stride, from.cols);
}

/// In an order of its own: the sum only tells whether all entries are finite.
template <class T>
T sum_of_lower(const ByRows&, const Matrix<T>& a) {
  constexpr int W = native_lanes<T>;
  Pack<T, W> sums{};
  T sum{};
  for (int i = 0; i < a.rows; ++i) {
    const int n = i < a.cols ? i + 1 : a.cols;
    int j = 0;
    for (; j + W <= n; j += W) sums += load_piece<T, W>(&a(i, j));
    for (; j < n; ++j) sum += a(i, j);
  }
  for (int w = 0; w < W; ++w) sum += lane(sums, w);
  return sum;
}

/// The rows below the square by four at once.
template <int N, class T>
void finish_panel(const ByRows&, const Matrix<T>& panel, const T (&l)[N][N], const T (&inverse)[N]) {
  for (int i = 0; i < N; ++i) copy_row(l[i], 1, &panel(i, 0), panel.col_stride, i + 1);
  int i = N;
  if constexpr (N == 4) {
    constexpr int stored[N] = {0, 1, 2, 3};
    for (; i + N <= panel.rows; i += N) {
      T* rows[N];
      for (int r = 0; r < N; ++r) rows[r] = &panel(i + r, 0);
      Pack<T, N> x[N];
      gather_lanes<T, N>(rows, x);
      unrolled<N>([&](auto j) MDGPS_INLINE {
        unrolled<j>([&](auto k) MDGPS_INLINE { x[j] -= x[k] * l[j][k]; });
        x[j] *= inverse[j];
      });
      scatter_lanes(x, stored, N, rows);
    }
  }
  finish_panel(Solo{}, panel, l, inverse, i);
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
