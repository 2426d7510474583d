#pragma once
/// Cholesky factors and triangular solves.
/// Source: Golub & Van Loan, Matrix Computations, 3.1 and 4.2.

#include "kernels/matrix.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// A panel's first N rows <- its factor l, and the rows below <- x l^-T for a row x; from row `first` on.
template <int N, class Group, class Scalar>
MDGPS_FUNCTION void finish_panel(const Group& g, const Matrix<Scalar>& panel, const Scalar (&l)[N][N],
                                 const Scalar (&inverse)[N], int first = 0) {
  for_each(g, panel.rows - first, [&](int row) {
    const int i = first + row;
    Scalar x[N];
    unrolled<N>([&](auto j) MDGPS_INLINE {
      if (i >= N) {
        x[j] = panel(i, j);
        unrolled<j>([&](auto k) MDGPS_INLINE { x[j] -= x[k] * l[j][k]; });
        x[j] *= inverse[j];
        panel(i, j) = x[j];
      } else if (j <= i) {
        panel(i, j) = l[i][j];
      }
    });
  });
}

/// The factor of the first N columns of a matrix that has no others; every thread finds that of the square on its own.
template <int N, class Group, class Scalar>
MDGPS_FUNCTION void cholesky_panel(const Group& g, const Matrix<Scalar>& panel, Mask<Scalar>& ok) {
  Scalar l[N][N], inverse[N];
  unrolled<N>([&](auto j) MDGPS_INLINE {
    unrolled<N - j>([&](auto below) MDGPS_INLINE {
      constexpr int i = j + below;
      Scalar x = panel(i, j);
      unrolled<j>([&](auto k) MDGPS_INLINE { x -= l[i][k] * l[j][k]; });
      if constexpr (i == j) {
        const auto positive = x > Scalar{};
        ok = ok & positive;
        l[j][j] = root(select(positive, x, Scalar(1)));
        inverse[j] = Scalar(1) / l[j][j];
      } else {
        l[i][j] = x * inverse[j];
      }
    });
  });
  g.sync();  // all threads have read the square before it is overwritten
  finish_panel(g, panel, l, inverse);
}

/// The same for at most N columns, by the code of their number.
template <int N, class Group, class Scalar>
MDGPS_FUNCTION void cholesky_panel_of(const Group& g, const Matrix<Scalar>& panel, Mask<Scalar>& ok) {
  if constexpr (N > 1) {
    if (panel.cols < N) return cholesky_panel_of<N - 1>(g, panel, ok);
  }
  cholesky_panel<N>(g, panel, ok);
}

/// A = L L' in place (lower triangle; what is above it is left alone).   A [n,n] symmetric.
/// Rows below the n-th, where there are some, become B L^-T: a row q' becomes (L^-1 q)'.
/// Where a pivot is not positive, ok becomes false and the pivot is read as 1: that lane stays finite and is not used.
/// Blocks of four columns: each is brought up to date by a product, then factored in registers.
template <class Group, class Scalar>
MDGPS_FUNCTION void cholesky(const Group& g, const Matrix<Scalar>& a, Mask<Scalar>& ok) {
  constexpr int width = 4;
  const int n = a.cols;
  for (int first = 0; first < n; first += width) {
    const int columns = n - first < width ? n - first : width, below = a.rows - first;
    const auto panel = a.block(first, first, below, columns);
    if (first > 0)
      product(g, a.block(first, 0, below, first), transpose(a.block(first, 0, columns, first)), panel, Update::subtract,
              Part::lower);
    cholesky_panel_of<width>(g, panel, ok);
  }
}

/// Columns that a thread solves for at once: alone it has that many sums under way, where one would wait for itself.
template <class Group>
inline constexpr int columns_at_once = is_alone<Group> ? 6 : 1;

/// f(c0, count) for the columns [c0, c0 + count) of a matrix, at most C of them with a thread; count is a constant.
template <int C, class Group, class Function>
MDGPS_FUNCTION void for_each_run_of_columns(const Group& g, int columns, Function f) {
  if constexpr (C == 1) {
    for_each(g, columns, [&](int c) { f(c, std::integral_constant<int, 1>{}); });
  } else {
    const Tiling runs(columns, C);
    for_each(g, runs.tiles, [&](int run) {
      const int c0 = runs.begin(run), count = runs.begin(run + 1) - c0;
      unrolled<C>([&](auto c) MDGPS_INLINE {
        if (count == c + 1) f(c0, std::integral_constant<int, c + 1>{});
      });
    });
  }
}

/// x[c] -= sum of l(i, k) b(k, c0 + c) over the k from first to before last.
template <int C, class Scalar>
MDGPS_FUNCTION void eliminate(const Matrix<Scalar>& l, int i, const Matrix<Scalar>& b, int c0, int first, int last,
                              Scalar (&x)[C]) {
  for (int k = first; k < last; ++k) {
    const Scalar y = l(i, k);
    unrolled<C>([&](auto c) MDGPS_INLINE { x[c] -= y * b(k, c0 + c); });
  }
}

/// B <- L^-1 B.   L [n,n] lower, B [n,k]
template <class Group, class Scalar>
MDGPS_FUNCTION void solve_lower(const Group& g, const Matrix<Scalar>& l, const Matrix<Scalar>& b) {
  for_each_run_of_columns<columns_at_once<Group>>(g, b.cols, [&](int c0, auto count) {
    for (int i = 0; i < l.rows; ++i) {
      Scalar x[count];
      unrolled<count>([&](auto c) MDGPS_INLINE { x[c] = b(i, c0 + c); });
      eliminate(l, i, b, c0, 0, i, x);
      unrolled<count>([&](auto c) MDGPS_INLINE { b(i, c0 + c) = x[c] / l(i, i); });
    }
  });
}

/// B <- L^-T B.   L [n,n] lower, B [n,k]
template <class Group, class Scalar>
MDGPS_FUNCTION void solve_lower_transposed(const Group& g, const Matrix<Scalar>& l, const Matrix<Scalar>& b) {
  for_each_run_of_columns<columns_at_once<Group>>(g, b.cols, [&](int c0, auto count) {
    for (int i = l.rows - 1; i >= 0; --i) {
      Scalar x[count];
      unrolled<count>([&](auto c) MDGPS_INLINE { x[c] = b(i, c0 + c); });
      eliminate(transpose(l), i, b, c0, i + 1, l.rows, x);
      unrolled<count>([&](auto c) MDGPS_INLINE { b(i, c0 + c) = x[c] / l(i, i); });
    }
  });
}

/// inverse = L^-1 (lower; its upper triangle is zeroed).   L [n,n] lower
/// C   columns that a thread works on at once; more than one is for large matrices
template <int C = 1, class Group, class Scalar>
MDGPS_FUNCTION void invert_lower(const Group& g, const Matrix<Scalar>& l, const Matrix<Scalar>& inverse) {
  for_each(g, l.rows, [&](int i) {
    for (int c = i + 1; c < l.rows; ++c) inverse(i, c) = Scalar{};
    inverse(i, i) = Scalar(1) / l(i, i);
  });
  for_each_run_of_columns<C>(g, l.rows, [&](int c0, auto count) {
    for (int i = c0 + 1; i < l.rows; ++i) {
      Scalar x[count] = {};
      eliminate(l, i, inverse, c0, c0, i, x);
      unrolled<count>([&](auto c) MDGPS_INLINE {
        if (c0 + c < i) inverse(i, c0 + c) = x[c] * inverse(i, i);
      });
    }
  });
}

/// log |L L'|
template <class Group, class Scalar>
MDGPS_FUNCTION Scalar log_determinant(const Group& g, const Matrix<Scalar>& l) {
  const Scalar sum = sum_of(g, l.rows, [&](int i) { return logarithm(l(i, i)); });
  return sum + sum;
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
