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
    if (columns == 4) {
      cholesky_panel<4>(g, panel, ok);
    } else if (columns == 3) {
      cholesky_panel<3>(g, panel, ok);
    } else if (columns == 2) {
      cholesky_panel<2>(g, panel, ok);
    } else {
      cholesky_panel<1>(g, panel, ok);
    }
  }
}

/// B <- L^-1 B.   L [n,n] lower, B [n,k]; a thread owns whole columns.
template <class Group, class Scalar>
MDGPS_FUNCTION void solve_lower(const Group& g, const Matrix<Scalar>& l, const Matrix<Scalar>& b) {
  for_each(g, b.cols, [&](int c) {
    for (int i = 0; i < l.rows; ++i) {
      Scalar x = b(i, c);
      for (int k = 0; k < i; ++k) x -= l(i, k) * b(k, c);
      b(i, c) = x / l(i, i);
    }
  });
}

/// B <- L^-T B.   L [n,n] lower, B [n,k]; a thread owns whole columns.
template <class Group, class Scalar>
MDGPS_FUNCTION void solve_lower_transposed(const Group& g, const Matrix<Scalar>& l, const Matrix<Scalar>& b) {
  for_each(g, b.cols, [&](int c) {
    for (int i = l.rows - 1; i >= 0; --i) {
      Scalar x = b(i, c);
      for (int k = i + 1; k < l.rows; ++k) x -= l(k, i) * b(k, c);
      b(i, c) = x / l(i, i);
    }
  });
}

/// inverse = L^-1 (lower; its upper triangle is zeroed).   L [n,n] lower.
template <class Group, class Scalar>
MDGPS_FUNCTION void invert_lower(const Group& g, const Matrix<Scalar>& l, const Matrix<Scalar>& inverse) {
  for_each(g, l.rows, [&](int i) {
    for (int c = i + 1; c < l.rows; ++c) inverse(i, c) = Scalar{};
    inverse(i, i) = Scalar(1) / l(i, i);
  });
  for_each(g, l.rows, [&](int c) {
    for (int i = c + 1; i < l.rows; ++i) {
      Scalar x{};
      for (int k = c; k < i; ++k) x -= l(i, k) * inverse(k, c);
      inverse(i, c) = x * inverse(i, i);
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
