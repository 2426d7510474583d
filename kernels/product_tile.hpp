#pragma once
/// The tiles that products of packs are made of. Host only. Their many shapes are most of a kernel's code, so that they
/// are compiled once per instruction set: kernels/matrix.hpp declares what products call.

#include "kernels/matrix.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// A tile of R x C entries; it stays in registers.
/// below   its first entry is on the diagonal, and what is above the diagonal is left alone
template <int R, int C, bool below, class Scalar>
void product_tile(const ProductTile<Scalar>& tile) noexcept {
  // f(row of out, r, c). An entry's address is its row's and a constant: all of them would not fit the registers.
  const auto each = [&](auto f) MDGPS_INLINE {
    Scalar* row = tile.out;
    unrolled<R>([&](auto r) MDGPS_INLINE {
      unrolled<(below && r < C ? r + 1 : C)>([&](auto c) MDGPS_INLINE { f(row, r, c); });
      row += tile.out_row;
    });
  };
  Scalar sum[R][C];
  if (tile.update == Update::add) {
    each([&](const Scalar* row, auto r, auto c) MDGPS_INLINE { sum[r][c] = value(row[c]); });
  } else if (tile.update == Update::subtract) {
    each([&](const Scalar* row, auto r, auto c) MDGPS_INLINE { sum[r][c] = -row[c]; });
  } else {
    each([&](const Scalar*, auto r, auto c) MDGPS_INLINE { sum[r][c] = Scalar{}; });
  }

  const Scalar *a = tile.a, *b = tile.b;
  const std::int64_t a_row = tile.a_row, a_col = tile.a_col, b_row = tile.b_row, b_col = tile.b_col;
  for (int k = tile.depth; k > 0; --k, a += a_col, b += b_row) {
    Scalar column[R];
    unrolled<R>([&](auto r) MDGPS_INLINE { column[r] = value(a[r * a_row]); });
    unrolled<C>([&](auto c) MDGPS_INLINE {
      const Scalar x = value(b[c * b_col]);
      unrolled<(below ? R - c : R)>([&](auto i) MDGPS_INLINE {
        constexpr int r = below ? i + c : i;
        sum[r][c] += column[r] * x;
      });
    });
  }

  if (tile.update == Update::negate || tile.update == Update::subtract) {
    each([&](Scalar* row, auto r, auto c) MDGPS_INLINE { row[c] = -sum[r][c]; });
  } else {
    each([&](Scalar* row, auto r, auto c) MDGPS_INLINE { row[c] = value(sum[r][c]); });
  }
}

template <int R, int C, bool below, class Scalar>
void product_tile_of(int rows, int cols, const ProductTile<Scalar>& tile) noexcept {
  if constexpr (R > 1) {
    if (rows < R) return product_tile_of<R - 1, (below && C == R ? C - 1 : C), below>(rows, cols, tile);
  }
  if constexpr (C > 1) {
    if (cols < C) return product_tile_of<R, C - 1, below>(rows, cols, tile);
  }
  product_tile<R, C, below>(tile);
}

/// The tiles of every product of these packs.
#define MDGPS_INSTANTIATE_TILES(...)                                                                           \
  template void product_tile_of<TileShape<__VA_ARGS__>::rows, TileShape<__VA_ARGS__>::cols>(                   \
      int, int, const ProductTile<__VA_ARGS__>&) noexcept;                                                     \
  template void product_tile_of<TileShape<__VA_ARGS__>::rows, TileShape<__VA_ARGS__>::cols_on_diagonal, true>( \
      int, int, const ProductTile<__VA_ARGS__>&) noexcept;                                                     \
  template void product_tile_of<TileShape<__VA_ARGS__>::rows_of_vector, 1>(int, int,                           \
                                                                           const ProductTile<__VA_ARGS__>&) noexcept;

}  // namespace mdgps::kernels::inline MDGPS_TARGET
