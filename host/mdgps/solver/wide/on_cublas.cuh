#pragma once
/// The wide path's operations on a GPU: products and triangular solves by cuBLAS, factorisations by cuSOLVER, sums and
/// compaction by CUB. Private to the solver.

#include <cublas_v2.h>
#include <cuda_runtime.h>
#include <cusolverDn.h>
#include <thrust/iterator/counting_iterator.h>

#include <algorithm>
#include <cub/block/block_reduce.cuh>
#include <cub/device/device_select.cuh>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "mdgps/solver/on_device.cuh"
#include "mdgps/solver/wide/stack.hpp"

namespace mdgps::wide {

using kernels::Part;
using kernels::Update;

inline void check(cudaError_t error) { mdgps::check(error); }
inline void check(cublasStatus_t status) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw std::runtime_error(std::string("cuBLAS: ") + cublasGetStatusString(status));
}
inline void check(cusolverStatus_t status) {
  if (status != CUSOLVER_STATUS_SUCCESS)
    throw std::runtime_error("cuSOLVER: status " + std::to_string(static_cast<int>(status)));
}

inline constexpr int threads_of_a_block = 256;

template <class Function>
__global__ void __launch_bounds__(threads_of_a_block) run_for_each(int items, int cols, Function f) {
  const int step = static_cast<int>(gridDim.x * blockDim.x);
  for (int e = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); e < items; e += step)
    f(static_cast<int>(blockIdx.y), e / cols, e % cols);
}

template <class Sum, class Function>
__global__ void __launch_bounds__(threads_of_a_block) run_sums(int items, int cols, Function f, Sum* to) {
  using Reduce = cub::BlockReduce<Sum, threads_of_a_block>;
  __shared__ typename Reduce::TempStorage storage;
  const int slot = static_cast<int>(blockIdx.x);
  Sum sum{};
  for (int e = static_cast<int>(threadIdx.x); e < items; e += threads_of_a_block) sum += f(slot, e / cols, e % cols);
  sum = Reduce(storage).Sum(sum);
  if (threadIdx.x == 0) to[slot] = sum;
}

/// Memory that the libraries work in.
template <class Real>
struct LibraryMemory {
  static constexpr std::size_t cublas_bytes = std::size_t{32} << 20;  ///< what cuBLAS asks for on an H100

  Real **left, **right;  ///< [slots] addresses of matrices
  int* count;
  std::byte *select, *cublas;
  std::size_t select_bytes = 0;

  /// For so many slots, and items to select from.
  static LibraryMemory take(Pieces& pieces, int slots, int items) {
    LibraryMemory memory;
    memory.left = pieces.take<Real*>(static_cast<std::size_t>(slots));
    memory.right = pieces.take<Real*>(static_cast<std::size_t>(slots));
    memory.count = pieces.take<int>(1);
    check(cub::DeviceSelect::Flagged(nullptr, memory.select_bytes, thrust::counting_iterator<int>(0),
                                     static_cast<const int*>(nullptr), static_cast<int*>(nullptr), memory.count,
                                     items));
    memory.select = pieces.take<std::byte>(memory.select_bytes);
    memory.cublas = pieces.take<std::byte>(cublas_bytes);
    return memory;
  }
};

/// Row-major matrices are, to cuBLAS, the transposes of matrices by columns: out = a b is given as out' = b' a'.
template <class Real>
class OnCublas {
 public:
  OnCublas(cublasHandle_t blas, cusolverDnHandle_t solver, cudaStream_t stream, const LibraryMemory<Real>& memory)
      : blas_(blas), solver_(solver), stream_(stream), memory_(memory) {
    check(cublasSetStream(blas, stream));  // which resets the workspace
    check(cublasSetWorkspace(blas, memory.cublas, memory.cublas_bytes));
    check(cusolverDnSetStream(solver, stream));
  }

  template <class Function>
  void for_each(int slots, int rows, int cols, Function f) const {
    const int items = rows * cols;
    if (slots == 0 || items == 0) return;
    const int blocks = (items + threads_of_a_block - 1) / threads_of_a_block;
    const dim3 grid(static_cast<unsigned>(blocks), static_cast<unsigned>(slots));
    const int threads = std::min(items, threads_of_a_block);
    run_for_each<<<grid, threads, 0, stream_>>>(items, cols, f);
    check(cudaGetLastError());
  }

  template <class Function, class Sum>
  void sums(int slots, int rows, int cols, Function f, Sum* to) const {
    run_sums<<<static_cast<unsigned>(slots), threads_of_a_block, 0, stream_>>>(rows * cols, cols, f, to);
    check(cudaGetLastError());
  }

  void product(int slots, const Stack<Real>& a, const Stack<Real>& b, const Stack<Real>& out, Update update) const {
    multiply(slots, CUBLAS_OP_N, a.cols, a, b, out, update);
  }
  void product_transposed(int slots, const Stack<Real>& a, const Stack<Real>& b, const Stack<Real>& out, Update update,
                          Part) const {
    multiply(slots, CUBLAS_OP_T, a.rows, a, b, out, update);
  }

  /// Takes `most` rows of every slot.
  void product_transposed(int slots, const int* /*used*/, int most, const Stack<Real>& a, const Stack<Real>& b,
                          const Stack<Real>& out, Part part) const {
    product_transposed(slots, a.block(0, 0, most, a.cols), b.block(0, 0, most, b.cols), out, Update::set, part);
  }

  void factorise(int slots, const Stack<Real>& a, int* info) const {
    addresses(slots, a, memory_.left);
    if constexpr (std::is_same_v<Real, double>) {
      check(cusolverDnDpotrfBatched(solver_, CUBLAS_FILL_MODE_UPPER, a.cols, memory_.left, a.row_stride, info, slots));
    } else {
      check(cusolverDnSpotrfBatched(solver_, CUBLAS_FILL_MODE_UPPER, a.cols, memory_.left, a.row_stride, info, slots));
    }
  }

  void solve_lower(int slots, const Stack<Real>& l, const Stack<Real>& b) const {
    addresses(slots, l, memory_.left);
    addresses(slots, b, memory_.right);
    const Real one = 1;
    const auto solve = [&](auto trsm) {
      check(trsm(blas_, CUBLAS_SIDE_RIGHT, CUBLAS_FILL_MODE_UPPER, CUBLAS_OP_N, CUBLAS_DIAG_NON_UNIT, b.cols, b.rows,
                 &one, memory_.left, l.row_stride, memory_.right, b.row_stride, slots));
    };
    if constexpr (std::is_same_v<Real, double>) {
      solve(cublasDtrsmBatched);
    } else {
      solve(cublasStrsmBatched);
    }
  }

  /// Waits for the number.
  int select(int items, const int* keep, int* selected) const {
    std::size_t bytes = memory_.select_bytes;
    check(cub::DeviceSelect::Flagged(memory_.select, bytes, thrust::counting_iterator<int>(0), keep, selected,
                                     memory_.count, items, stream_));
    return read(memory_.count);
  }

  /// Waits for it.
  template <class T>
  T read(const T* from) const {
    T value;
    check(cudaMemcpyAsync(&value, from, sizeof(value), cudaMemcpyDeviceToHost, stream_));
    check(cudaStreamSynchronize(stream_));
    return value;
  }

  void addresses(int slots, const Stack<Real>& of, Real** to) const {
    for_each(slots, 1, 1, [=] MDGPS_LAMBDA(int s, int, int) { to[s] = of.at(s); });
  }

 private:
  void multiply(int slots, cublasOperation_t a_form, int depth, const Stack<Real>& a, const Stack<Real>& b,
                const Stack<Real>& out, Update update) const {
    const Real alpha = update == Update::negate || update == Update::subtract ? Real(-1) : Real(1);
    const Real beta = update == Update::add || update == Update::subtract ? Real(1) : Real(0);
    const auto gemm = [&](auto batched) {
      check(batched(blas_, CUBLAS_OP_N, a_form, out.cols, out.rows, depth, &alpha, b.data, b.row_stride, b.stride,
                    a.data, a.row_stride, a.stride, &beta, out.data, out.row_stride, out.stride, slots));
    };
    if constexpr (std::is_same_v<Real, double>) {
      gemm(cublasDgemmStridedBatched);
    } else {
      gemm(cublasSgemmStridedBatched);
    }
  }

  cublasHandle_t blas_;
  cusolverDnHandle_t solver_;
  cudaStream_t stream_;
  LibraryMemory<Real> memory_;
};

}  // namespace mdgps::wide
