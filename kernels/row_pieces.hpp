#pragma once
/// Numbers that lie side by side, moved by vectors. Host only.

#include "kernels/matrix.hpp"
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
/// For a piece that several rows need: where they are few, GCC 12 would read it again for each of them.
template <class T, int W>
MDGPS_INLINE inline RowPiece<T, W> load_piece_once(const T* from) {
  if constexpr (W == 1) {
    return *from;
  } else {
    const volatile auto& piece = Unaligned<T, W>::at(from);
    return Pack<T, W>(piece);
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
/// 0, 1, ... in the entries of a piece, each `less` so much.
template <class T, int W>
MDGPS_INLINE inline RowPiece<T, W> numbered(int less) {
  if constexpr (W == 1) {
    return static_cast<T>(-less);
  } else {
    Pack<T, W> numbers;
    unrolled<W>([&](auto j) MDGPS_INLINE { numbers.v[static_cast<int>(j)] = static_cast<T>(j); });
    return numbers - Pack<T, W>(less);
  }
}
/// The entries whose number is below `end` alone.
template <class T, int W>
MDGPS_INLINE inline void store_piece(const RowPiece<T, W>& piece, const RowPiece<T, W>& numbers, int end, T* to) {
  store_piece<T, W>(select(numbers < RowPiece<T, W>(static_cast<T>(end)), piece, load_piece<T, W>(to)), to);
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

/// f(width, first) for pieces of W entries, then narrower ones, that cover n entries.
template <int W, class Function>
MDGPS_INLINE inline void for_each_piece(int n, Function f, int first = 0) {
  for (; first + W <= n; first += W) f(std::integral_constant<int, W>{}, first);
  if constexpr (W > 1) {
    if (first < n) for_each_piece<W / 2>(n, f, first);
  }
}
/// n entries of a row.
template <class T>
MDGPS_INLINE inline void copy_row(const T* from, int from_stride, T* to, int to_stride, int n) {
  if (from_stride == 1 && to_stride == 1) {
    for_each_piece<native_lanes<T>>(
        n, [&](auto width, int j) MDGPS_INLINE { store_piece<T, width>(load_piece<T, width>(from + j), to + j); });
    return;
  }
  for (int j = 0; j < n; ++j) to[j * to_stride] = from[j * from_stride];
}
/// to(j, i) = from(i, j) by blocks of four.   The rows of both have no gaps.
template <class T>
void copy_transposed(const Matrix<T>& from, const Matrix<T>& to) {
  constexpr int N = 4;
  int i = 0;
  for (; i + N <= from.rows; i += N) {
    const T* rows[N];
    int j = 0;
    for (; j + N <= from.cols; j += N) {
      T* columns[N];
      for (int r = 0; r < N; ++r) rows[r] = &from(i + r, j), columns[r] = &to(j + r, i);
      Pack<T, N> x[N];
      gather_lanes<T, N>(rows, x);
      for (int r = 0; r < N; ++r) store_piece<T, N>(x[r], columns[r]);
    }
    for (; j < from.cols; ++j)
      for (int r = 0; r < N; ++r) to(j, i + r) = from(i + r, j);
  }
  for (; i < from.rows; ++i)
    for (int j = 0; j < from.cols; ++j) to(j, i) = from(i, j);
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
