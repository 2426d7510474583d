#include "mdgps/learning/matrix_product.hpp"

#include <vector>

#include "mdgps/learning/matrix_product_pointers.hpp"
#include "mdgps/solver/targets.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(void matrix_product(const MatrixProductPointers&);)

void matrix_product(const View<const float, 2>& a, const View<const float, 2>& b, const View<float, 2>& to) {
  MatrixProductPointers p{.rows = static_cast<int>(to.extents[0]),
                          .inner = static_cast<int>(a.extents[1]),
                          .cols = static_cast<int>(to.extents[1]),
                          .a = a.data,
                          .a_row = a.strides[0],
                          .a_col = a.strides[1],
                          .b = b.data,
                          .b_row = b.strides[0],
                          .to = to.data,
                          .to_row = to.strides[0]};
  if (b.strides[1] != 1) {  // the weights, transposed: the kernel reads whole rows
    thread_local std::vector<float> rows;
    rows.resize(static_cast<std::size_t>(p.inner) * p.cols);
    for (int c = 0; c < p.cols; ++c) {
      for (int k = 0; k < p.inner; ++k) rows[static_cast<std::size_t>(k) * p.cols + c] = b.data[c * b.strides[1] + k];
    }
    p.b = rows.data();
    p.b_row = p.cols;
  }
  MDGPS_CALL_CPU(cpu_target(), matrix_product, p);
}

}  // namespace mdgps
