#pragma once
/// A matrix_product as plain pointers: what crosses to the instruction sets' copies. Private to the learning layer.

#include <cstdint>

namespace mdgps {

struct MatrixProductPointers {
  int rows, inner, cols;  ///< M, K, N
  const float* a;
  std::int64_t a_row, a_col;  ///< strides
  const float* b;
  std::int64_t b_row;
  float* to;
  std::int64_t to_row;
};

}  // namespace mdgps
