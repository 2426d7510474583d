#pragma once
/// Solution of a square system that is not symmetric, without pivoting: no step depends on the data, as packs need.
/// Source: Golub & Van Loan, Matrix Computations, 5.1 and 5.2 (Householder QR).

#include "kernels/matrix.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// B <- M^-1 B.   M [n,n] is overwritten, B [n,k]; a thread owns whole columns.
template <class Group, class Scalar>
MDGPS_FUNCTION void solve(const Group& g, const Matrix<Scalar>& m, const Matrix<Scalar>& b) {
  const int n = m.rows;
  for (int j = 0; j + 1 < n; ++j) {
    // The reflection I - v v' / beta that turns column j into alpha e_j; v keeps its place but for its first entry.
    const Scalar squares = sum_of(g, n - j, [&](int i) { return m(j + i, j) * m(j + i, j); });
    const Scalar first = m(j, j), norm = root(squares);
    const Scalar alpha = select(first > Scalar{}, -norm, norm), v = first - alpha;
    const Scalar inverse_beta = Scalar(1) / (squares - first * alpha);
    const auto reflect = [&](const Matrix<Scalar>& a, int column) {
      Scalar sum = v * a(j, column);
      for (int i = j + 1; i < n; ++i) sum += m(i, j) * a(i, column);
      sum *= inverse_beta;
      a(j, column) -= sum * v;
      for (int i = j + 1; i < n; ++i) a(i, column) -= sum * m(i, j);
    };
    const int rest = n - j - 1;
    for_each(g, rest + b.cols, [&](int c) { c < rest ? reflect(m, j + 1 + c) : reflect(b, c - rest); });
    for_each(g, 1, [&](int) { m(j, j) = alpha; });
  }
  for_each(g, b.cols, [&](int c) {
    for (int i = n - 1; i >= 0; --i) {
      Scalar x = b(i, c);
      for (int k = i + 1; k < n; ++k) x -= m(i, k) * b(k, c);
      b(i, c) = x / m(i, i);
    }
  });
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
