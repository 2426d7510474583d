#pragma once
/// One problem on one thread, vectorised along the rows of its matrices: for conditions too few to fill a pack. Host
/// only. Sums run in the order of the packs' products, so that a condition has the same bytes either way.

#include "kernels/cholesky.hpp"
#include "kernels/lanes.hpp"
#include "kernels/row_pieces.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// The product of matrix.hpp for one thread; in product_by_rows.hpp. (What might throw would bring a symbol of C++'s
/// runtime into every instruction set.)
template <class T>
void product_by_rows(const Matrix<T>& a, const Matrix<T>& b, const Matrix<T>& out, Update update, Part part,
                     Zeros zeros) noexcept;

/// A group of one thread whose scalars are plain. What follows takes the place of the functions of the same names.
struct ByRows : Solo {};

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

template <class T>
void copy(const ByRows&, const Matrix<T>& from, const Matrix<T>& to) {
  if (from.row_stride == 1 && from.cols > 1 && to.col_stride == 1) return copy_transposed(transpose(from), to);
  for (int i = 0; i < from.rows; ++i) copy_row(&from(i, 0), from.col_stride, &to(i, 0), to.col_stride, from.cols);
}
template <class T>
void copy_lower(const ByRows&, const Matrix<T>& from, const Matrix<T>& to) {
  for (int i = 0; i < from.rows; ++i)
    copy_row(&from(i, 0), from.col_stride, &to(i, 0), to.col_stride, i < from.cols ? i + 1 : from.cols);
}

template <class T>
MDGPS_INLINE inline void scale_row(const ByRows&, const T& x, const T* from, T* to, int n) {
  for_each_piece<native_lanes<T>>(n, [&](auto width, int j) MDGPS_INLINE {
    store_piece<T, width>(RowPiece<T, width>(x) * load_piece<T, width>(from + j), to + j);
  });
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

/// The factor of cholesky.hpp; in product_by_rows.hpp.
template <class T>
void cholesky_by_rows(const Matrix<T>& a, bool& ok) noexcept;
template <class T>
void cholesky(const ByRows&, const Matrix<T>& a, bool& ok) {
  cholesky_by_rows(a, ok);
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
