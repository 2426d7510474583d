#pragma once
/// Products of plain scalars in tiles that are vectorised along rows. Host only, and compiled once per instruction set:
/// kernels/by_rows.hpp declares what others call.

#include "kernels/by_rows.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

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
void row_tile(const RowTile<T>& tile) noexcept {
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
    RowPiece<T, W> row[C];
    RowPiece<T, (tail > 0 ? tail : 1)> tail_of_row{};
    unrolled<C>([&](auto c) MDGPS_INLINE { row[c] = load_piece_once<T, W>(b + (c + 1 < pieces ? c * W : last)); });
    if constexpr (tail > 0) tail_of_row = load_piece_once<T, tail>(b + last);
    unrolled<R>([&](auto r) MDGPS_INLINE {
      const RowPiece<T, W> x(a[r * a_row]);
      unrolled<C>([&](auto c) MDGPS_INLINE { sum[r][c] += x * row[c]; });
      if constexpr (tail > 0) tail_sum[r] += half_of<T, W>(x) * tail_of_row;
    });
  }
  const bool negative = tile.update == Update::negate || tile.update == Update::subtract;
  each_piece([&](auto c, auto width, int first) MDGPS_INLINE {
    const bool below = first + width <= tile.diagonal + 1;  // the diagonal, in every row
    const auto numbers = numbered<T, width>(tile.diagonal + 1 - first);
    unrolled<R>([&](auto r) MDGPS_INLINE {
      const auto x = negative ? -sum_of_piece(r, c) : sum_of_piece(r, c);
      T* const to = tile.out + r * tile.out_row + first;
      if (below) {
        store_piece<T, width>(x, to);
      } else {
        store_piece<T, width>(x, numbers, r, to);
      }
    });
  });
}

/// The shape of the tiles that cover so many columns: pieces, their width, and the width of the half piece behind them.
struct RowTileShape {
  int pieces, width, tail;

  /// The registers hold a tile's sums, a row of b and an entry of a.
  constexpr int rows() const {
#if defined(__AVX512F__)
    constexpr int registers = 32;
#else
    constexpr int registers = 16;
#endif
    const int most = (registers - 1) / (pieces + (tail > 0 ? 1 : 0)) - 1;
    return most < 8 ? most : 8;
  }
};
constexpr RowTileShape row_tile_shape(int columns, int widest) {
  int width = widest;
  while (width > columns) width /= 2;
  const int pieces = columns / width, left = columns - pieces * width;
  if (left == 0) return {pieces, width, 0};
  return left > width / 2 ? RowTileShape{pieces + 1, width, 0} : RowTileShape{pieces, width, width / 2};
}

/// The widest tiles have four pieces and a half where there are registers for them, and else three.
template <class T>
inline constexpr int most_columns_of_tile =
    row_tile_shape(4 * native_lanes<T> + native_lanes<T> / 2, native_lanes<T>).rows() >= 4
        ? 4 * native_lanes<T> + native_lanes<T> / 2
        : 3 * native_lanes<T>;

/// The code of every tile: code[columns - 1][rows - 1].
template <class T>
struct RowTileCode {
  using Function = void (*)(const RowTile<T>&) noexcept;
  static constexpr int most_rows = 8, most_columns = most_columns_of_tile<T>;
  Function code[most_columns][most_rows];
  int rows[most_columns];

  template <int columns, int R>
  static constexpr Function function() {
    constexpr RowTileShape shape = row_tile_shape(columns, native_lanes<T>);
    if constexpr (R <= shape.rows()) {
      return row_tile<R, shape.pieces, shape.width, shape.tail, T>;
    } else {
      return nullptr;
    }
  }
  template <int columns, int... r>
  constexpr void fill(std::integer_sequence<int, r...>) {
    rows[columns - 1] = row_tile_shape(columns, native_lanes<T>).rows();
    ((code[columns - 1][r] = function<columns, r + 1>()), ...);
  }
  template <int... c>
  constexpr explicit RowTileCode(std::integer_sequence<int, c...>) : code(), rows() {
    (fill<c + 1>(std::make_integer_sequence<int, most_rows>{}), ...);
  }
};
template <class T>
inline constexpr RowTileCode<T> row_tile_code{std::make_integer_sequence<int, most_columns_of_tile<T>>{}};

/// Writes the lower triangle above the diagonal.
template <class T>
void mirror_rows(const Matrix<T>& a) noexcept {
  constexpr int N = 4;
  for (int i = 0; i < a.rows; i += N) {
    const int rows = a.rows - i < N ? a.rows - i : N;
    copy_transposed(a.block(i, 0, rows, i), a.block(0, i, i, rows));
    for (int r = 1; r < rows; ++r)
      for (int c = 0; c < r; ++c) a(i + c, i + r) = a(i + r, i + c);
  }
}

/// The product of matrix.hpp for a result no wider than a tile and a b whose rows have no gaps, without the mirror.
/// shift   so many rows more than columns a begins from the corner of the matrix that has the zeros
template <class T>
void product_of_columns(const Matrix<T>& a, const Matrix<T>& b, const Matrix<T>& out, Update update, Part part,
                        Zeros zeros, int shift = 0) noexcept {
  using Codes = RowTileCode<T>;
  const auto& codes = row_tile_code<T>;
  RowTile<T> tile{a.data,         b.data, out.data, a.row_stride, a.col_stride, b.row_stride,
                  out.row_stride, a.cols, out.cols, out.cols,     update};
  for (int i = 0; i < out.rows;) {
    const int left = out.rows - i;
    int rows = codes.rows[out.cols - 1];
    if (part == Part::full) {
      rows = left <= rows ? left : left < 2 * rows ? (left + 1) / 2 : rows;
    } else {  // as wide as the last row
      rows = left < Codes::most_rows ? left : Codes::most_rows;
      const auto columns = [&] { return i + rows < out.cols ? i + rows : out.cols; };
      while (rows > codes.rows[columns() - 1]) --rows;
      tile.columns = columns();
      tile.diagonal = part == Part::lower ? i : out.cols;
    }
    tile.a = &a(i, 0);
    tile.out = &out(i, 0);
    if (zeros != Zeros::none) {
      const Depths depths(zeros, i + shift, i + rows + shift, a.cols);
      const int first = depths.first < 0 ? 0 : depths.first < a.cols ? depths.first : a.cols;
      tile.a += first * tile.a_col;
      tile.b = b.data + first * tile.b_row;
      tile.depth = depths.last - first;
    }
    codes.code[tile.columns - 1][rows - 1](tile);
    i += rows;
  }
}

/// A product with a vector, as the vector's row times a'.
template <class T>
void product_with_vector(const Matrix<T>& a, const Matrix<T>& x, const Matrix<T>& out, Update update,
                         Zeros zeros) noexcept {
  constexpr int most = RowTileCode<T>::most_columns;
  T copied[most];
  for (int first = 0; first < out.rows; first += most) {
    const int count = out.rows - first < most ? out.rows - first : most;
    const Depths depths(zeros, first, first + count, a.cols);
    T* const y = out.row_stride == 1 ? &out(first, 0) : copied;
    if (y == copied)
      for (int i = 0; i < count; ++i) y[i] = out(first + i, 0);
    row_tile_code<T>.code[count - 1][0](RowTile<T>{&x(depths.first, 0), &a(first, depths.first), y, 0, x.row_stride,
                                                   a.col_stride, 0, depths.last - depths.first, count, count, update});
    if (y == copied)
      for (int i = 0; i < count; ++i) out(first + i, 0) = y[i];
  }
}

/// A result whose columns have gaps is a vector.
template <class T>
void product_by_rows(const Matrix<T>& a, const Matrix<T>& b, const Matrix<T>& out, Update update, Part part,
                     Zeros zeros) noexcept {
  constexpr int most_columns = RowTileCode<T>::most_columns, most_depth = 64;
  if (out.cols == 0) return;
  const bool side_by_side = b.col_stride == 1 || out.cols == 1;
  if (out.cols == 1 && a.row_stride == 1 && a.col_stride != 1) {
    product_with_vector(a, b, out, update, zeros);
  } else if (side_by_side && out.cols <= most_columns) {
    product_of_columns(a, b, out, update, part, zeros);
  } else {
    T copied[most_depth * most_columns];
    // Tiles end where pieces do: what is over is in the last tile alone.
    const int piece = out.cols <= most_columns ? most_columns : native_lanes<T>;
    const Tiling tiling((out.cols + piece - 1) / piece, most_columns / piece);
    for (int tile = 0; tile < tiling.tiles; ++tile) {
      const int j0 = tiling.begin(tile) * piece, end = tiling.begin(tile + 1) * piece;
      const int columns = (end < out.cols ? end : out.cols) - j0;
      const int above = part == Part::full ? 0 : j0;  // rows wholly above the diagonal
      const int rows = out.rows - above, depth = side_by_side ? a.cols + 1 : most_depth;
      Update update_of_part = update;
      for (int k0 = 0; k0 == 0 || k0 < a.cols; k0 += depth) {
        const int k = k0 + depth < a.cols ? depth : a.cols - k0;
        Matrix<T> factor = b.block(k0, j0, k, columns);
        if (!side_by_side) {  // copied, with its rows side by side
          const auto row_by_row = matrix(copied, k, columns);
          if (factor.row_stride == 1)
            copy_transposed(transpose(factor), row_by_row);
          else
            copy(Solo{}, factor, row_by_row);
          factor = row_by_row;
        }
        product_of_columns(a.block(above, k0, rows, k), factor, out.block(above, j0, rows, columns), update_of_part,
                           part, zeros, above - k0);
        update_of_part = update == Update::set || update == Update::add ? Update::add : Update::subtract;
      }
    }
  }
  if (part == Part::symmetric) mirror_rows(out);
}

/// Who factors a panel by rows. Later products need its columns as rows: they are kept while they are in registers.
template <class T>
struct PanelByRows : Solo {
  Matrix<T> columns;  ///< of the panel, as rows; none: not kept
};

/// The rows below the square by four at once.
template <int N, class T>
MDGPS_INLINE inline void finish_panel(const PanelByRows<T>& g, const Matrix<T>& panel, const T (&l)[N][N],
                                      const T (&inverse)[N]) {
  for (int i = 0; i < N; ++i) copy_row(l[i], 1, &panel(i, 0), panel.col_stride, i + 1);
  int i = N;
  if constexpr (N == 4) {
    for (; i + N <= panel.rows; i += N) {
      T* rows[N];
      for (int r = 0; r < N; ++r) rows[r] = &panel(i + r, 0);
      Pack<T, N> x[N];
      gather_lanes<T, N>(rows, x);
      unrolled<N>([&](auto j) MDGPS_INLINE {
        unrolled<j>([&](auto k) MDGPS_INLINE { x[j] -= x[k] * l[j][k]; });
        x[j] *= inverse[j];
        if (g.columns.rows > 0) store_piece<T, N>(x[j], &g.columns(j, i));
      });
      scatter_lanes(x, rows);
    }
  }
  finish_panel(Solo{}, panel, l, inverse, i);
  for (; i < panel.rows; ++i)
    for (int j = 0; j < g.columns.rows; ++j) g.columns(j, i) = panel(i, j);
}

/// Blocks of four columns, as in cholesky.hpp.
template <class T>
void cholesky_by_rows(const Matrix<T>& a, bool& ok) noexcept {
  constexpr int width = 4, most_kept = 64;
  T kept[most_kept * (most_kept + 1)];
  const int n = a.cols;
  const bool keeps = n <= most_kept && a.rows <= most_kept + 1;
  const auto columns = matrix(kept, n, a.rows);  // L'
  for (int first = 0; first < n; first += width) {
    const int count = n - first < width ? n - first : width, below = a.rows - first;
    const auto panel = a.block(first, first, below, count), left = a.block(first, 0, below, first);
    if (first > 0 && keeps)
      product_of_columns(left, columns.block(0, first, first, count), panel, Update::subtract, Part::lower,
                         Zeros::none);
    else if (first > 0)
      product_by_rows(left, transpose(a.block(first, 0, count, first)), panel, Update::subtract, Part::lower,
                      Zeros::none);
    const bool needed = keeps && count == width;
    const PanelByRows<T> g{{}, columns.block(first, first, needed ? width : 0, below)};
    cholesky_panel_of<width>(g, panel, ok);
  }
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
