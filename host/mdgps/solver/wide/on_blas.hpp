#pragma once
/// The wide path's operations on the CPU, by one thread over BLAS and LAPACK. Private to the solver.

#include "mdgps/solver/wide/blas_library.hpp"
#include "mdgps/solver/wide/stack.hpp"

namespace mdgps::wide {

using kernels::Part;
using kernels::Update;

/// Row-major matrices are, to BLAS, the transposes of matrices by columns: out = a b is given as out' = b' a'.
template <class Real>
class OnBlas {
 public:
  explicit OnBlas(const BlasRoutines<Real>& blas) : blas_(blas) {}

  template <class Function>
  void for_each(int slots, int rows, int cols, Function f) const {
    for (int s = 0; s < slots; ++s)
      for (int i = 0; i < rows; ++i)
        for (int j = 0; j < cols; ++j) f(s, i, j);
  }

  template <class Function, class Sum>
  void sums(int slots, int rows, int cols, Function f, Sum* to) const {
    for (int s = 0; s < slots; ++s) {
      Sum sum{};
      for (int i = 0; i < rows; ++i) {
        Sum row{};
        for (int j = 0; j < cols; ++j) row += f(s, i, j);
        sum += row;
      }
      to[s] = sum;
    }
  }

  void product(int slots, const Stack<Real>& a, const Stack<Real>& b, const Stack<Real>& out, Update update) const {
    for (int s = 0; s < slots; ++s) multiply(s, 'N', a.cols, a, b, out, update);
  }
  void product_transposed(int slots, const Stack<Real>& a, const Stack<Real>& b, const Stack<Real>& out, Update update,
                          Part part) const {
    for (int s = 0; s < slots; ++s) {
      if (part == Part::lower) {
        multiply_lower(s, a, b, out, update);
      } else {
        multiply(s, 'T', a.rows, a, b, out, update);
      }
    }
  }

  /// Takes each slot's own rows alone.
  void product_transposed(int slots, const int* used, int /*most*/, const Stack<Real>& a, const Stack<Real>& b,
                          const Stack<Real>& out, Part part) const {
    for (int s = 0; s < slots; ++s)
      product_transposed(1, a.slot(s).block(0, 0, used[s], a.cols), b.slot(s).block(0, 0, used[s], b.cols), out.slot(s),
                         Update::set, part);
  }

  void factorise(int slots, const Stack<Real>& a, int* info) const {
    for (int s = 0; s < slots; ++s) blas_.potrf("U", &a.cols, a.at(s), &a.row_stride, &info[s]);
  }
  void solve_lower(int slots, const Stack<Real>& l, const Stack<Real>& b) const {
    const Real one = 1;
    for (int s = 0; s < slots; ++s)
      blas_.trsm("R", "U", "N", "N", &b.cols, &b.rows, &one, l.at(s), &l.row_stride, b.at(s), &b.row_stride);
  }

  int select(int items, const int* keep, int* selected) const {
    int count = 0;
    for (int i = 0; i < items; ++i)
      if (keep[i] != 0) selected[count++] = i;
    return count;
  }

  template <class T>
  T read(const T* from) const {
    return *from;
  }

 private:
  void multiply(int slot, char a_form, int depth, const Stack<Real>& a, const Stack<Real>& b, const Stack<Real>& out,
                Update update) const {
    const Real alpha = update == Update::negate || update == Update::subtract ? Real(-1) : Real(1);
    const Real beta = update == Update::add || update == Update::subtract ? Real(1) : Real(0);
    blas_.gemm("N", &a_form, &out.cols, &out.rows, &depth, &alpha, b.at(slot), &b.row_stride, a.at(slot), &a.row_stride,
               &beta, out.at(slot), &out.row_stride);
  }

  /// Halves the triangle until it is small, and leaves out the square above it.
  void multiply_lower(int slot, const Stack<Real>& a, const Stack<Real>& b, const Stack<Real>& out,
                      Update update) const {
    constexpr int small = 48;
    if (out.cols <= small) return multiply(slot, 'T', a.rows, a, b, out, update);
    const int half = out.cols / 2, depth = a.rows, below = out.rows - half;
    multiply_lower(slot, a.block(0, 0, depth, half), b.block(0, 0, depth, half), out.block(0, 0, half, half), update);
    multiply(slot, 'T', depth, a.block(0, half, depth, below), b.block(0, 0, depth, half),
             out.block(half, 0, below, half), update);
    multiply_lower(slot, a.block(0, half, depth, below), b.block(0, half, depth, out.cols - half),
                   out.block(half, half, below, out.cols - half), update);
  }

  const BlasRoutines<Real>& blas_;
};

}  // namespace mdgps::wide
