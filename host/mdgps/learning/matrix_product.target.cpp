#include "kernels/pack.hpp"
#include "mdgps/learning/matrix_product_pointers.hpp"

namespace mdgps::MDGPS_TARGET {
namespace {

using namespace mdgps::kernels;

constexpr int lanes = native_lanes<float>;
constexpr int tile_rows = 4;   // with three packs of columns twelve sums: enough to hide a multiply-add's latency,
constexpr int tile_packs = 3;  // and they fit AVX2's registers
using Row = Unaligned<float, lanes>;

/// Where run i of `length` begins in [0, end): the last overlaps the one before, and computes the same numbers again.
int run_start(int i, int length, int end) { return (i + 1) * length <= end ? i * length : end - length; }
int runs(int length, int end) { return (end + length - 1) / length; }

/// Columns of packs first, ..., first + packs - 1, all rows.
template <int packs>
void columns(const MatrixProductPointers& p, int first) {
  int col[packs];
  for (int j = 0; j < packs; ++j) col[j] = run_start(first + j, lanes, p.cols);
  for (int tile = 0; tile < runs(tile_rows, p.rows); ++tile) {
    const int row = run_start(tile, tile_rows, p.rows);
    const float* a = p.a + row * p.a_row;
    const float* b = p.b;
    Pack<float, lanes> sum[tile_rows][packs];
    unrolled<tile_rows>(
        [&](auto i) MDGPS_INLINE { unrolled<packs>([&](auto j) MDGPS_INLINE { sum[i][j] = Pack<float, lanes>(0); }); });
    for (int k = 0; k < p.inner; ++k, a += p.a_col, b += p.b_row) {
      Pack<float, lanes> right[packs];
      unrolled<packs>([&](auto j) MDGPS_INLINE { right[j].v = Row::at(b + col[j]); });
      unrolled<tile_rows>([&](auto i) MDGPS_INLINE {
        const Pack<float, lanes> left(a[i * p.a_row]);
        unrolled<packs>([&](auto j) MDGPS_INLINE { sum[i][j] += left * right[j]; });
      });
    }
    float* to = p.to + row * p.to_row;
    unrolled<tile_rows>([&](auto i) MDGPS_INLINE {
      unrolled<packs>([&](auto j) MDGPS_INLINE { Row::at(to + i * p.to_row + col[j]) = sum[i][j].v; });
    });
  }
}

}  // namespace

void matrix_product(const MatrixProductPointers& p) {
  int first = 0, left = runs(lanes, p.cols);
  for (; left >= tile_packs; first += tile_packs, left -= tile_packs) columns<tile_packs>(p, first);
  if (left == 2) columns<2>(p, first);
  if (left == 1) columns<1>(p, first);
}

}  // namespace mdgps::MDGPS_TARGET
