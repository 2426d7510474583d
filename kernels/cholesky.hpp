#pragma once
/// Cholesky factors and triangular solves.
/// Source: Golub & Van Loan, Matrix Computations, 3.1 and 4.2.

#include "kernels/matrix.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// A = L L' in place (lower triangle; the upper one is left alone).   A [n,n] symmetric.
/// Where a pivot is not positive, ok becomes false and the pivot is read as 1: that lane stays finite and is not used.
template <class Group, class Scalar>
MDGPS_FUNCTION void cholesky(const Group& g, const Matrix<Scalar>& a, Mask<Scalar>& ok) {
  const int n = a.rows;
  for (int j = 0; j < n; ++j) {
    const auto positive = a(j, j) > Scalar{};
    ok = ok & positive;
    const Scalar pivot = root(select(positive, a(j, j), Scalar(1)));
    const Scalar inverse = Scalar(1) / pivot;
    g.sync();  // all threads have read a(j, j) before it is overwritten
    for_each(g, n - j, [&](int i) { a(j + i, j) = i == 0 ? pivot : a(j + i, j) * inverse; });
    const int m = n - j - 1;
    for_each(g, m, [&](int r) {
      const Scalar x = a(j + 1 + r, j);
      for (int c = 0; c <= r; ++c) a(j + 1 + r, j + 1 + c) -= x * a(j + 1 + c, j);
    });
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
  for_each(g, l.rows, [&](int c) {
    for (int i = 0; i < c; ++i) inverse(i, c) = Scalar{};
    inverse(c, c) = Scalar(1) / l(c, c);
    for (int i = c + 1; i < l.rows; ++i) {
      Scalar x{};
      for (int k = c; k < i; ++k) x -= l(i, k) * inverse(k, c);
      inverse(i, c) = x / l(i, i);
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
