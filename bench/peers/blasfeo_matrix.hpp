#pragma once
/// BLASFEO's panel-major matrices and vectors with an owner.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>

extern "C" {
#include <blasfeo.h>
}

namespace mdgps::bench {

/// Memory aligned as BLASFEO and HPIPM want theirs, all zero, and no larger: what is made one after another lies so.
using PeerMemory = std::unique_ptr<void, decltype(&std::free)>;
inline PeerMemory peer_memory(std::size_t bytes) {
  const std::size_t whole = (bytes + 63) / 64 * 64;
  PeerMemory memory(std::aligned_alloc(64, whole), &std::free);
  std::fill_n(static_cast<char*>(memory.get()), whole, char{});
  return memory;
}

/// A matrix of zeros. BLASFEO's functions read their arguments through pointers that are not const.
class PanelMatrix {
 public:
  PanelMatrix(int rows, int cols) : memory_(peer_memory(blasfeo_memsize_dmat(rows, cols))) {
    blasfeo_create_dmat(rows, cols, &matrix_, memory_.get());
  }
  operator blasfeo_dmat*() const { return &matrix_; }
  double& operator()(int i, int j) const { return BLASFEO_DMATEL(&matrix_, i, j); }

 private:
  PeerMemory memory_;
  mutable blasfeo_dmat matrix_;
};

/// A vector of zeros.
class PanelVector {
 public:
  explicit PanelVector(int size) : memory_(peer_memory(blasfeo_memsize_dvec(size))) {
    blasfeo_create_dvec(size, &vector_, memory_.get());
  }
  operator blasfeo_dvec*() const { return &vector_; }
  double& operator()(int i) const { return BLASFEO_DVECEL(&vector_, i); }

 private:
  PeerMemory memory_;
  mutable blasfeo_dvec vector_;
};

/// to = from, a matrix that is indexed (row, col).
template <class From>
void assign(const From& from, int rows, int cols, const PanelMatrix& to) {
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < cols; ++j) to(i, j) = from(i, j);
}
template <class From>
void assign(const From& from, int size, const PanelVector& to) {
  for (int i = 0; i < size; ++i) to(i) = from(i);
}

/// Sum of the magnitudes of a matrix's entries.
inline double magnitude(const PanelMatrix& a, int rows, int cols) {
  double sum = 0;
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < cols; ++j) sum += std::abs(a(i, j));
  return sum;
}
inline double magnitude(const PanelVector& a, int size) {
  double sum = 0;
  for (int i = 0; i < size; ++i) sum += std::abs(a(i));
  return sum;
}

}  // namespace mdgps::bench
