#if !defined(__CUDACC__)
#include "kernels/product_by_rows.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

template void product_by_rows(const Matrix<float>&, const Matrix<float>&, const Matrix<float>&, Update, Part,
                              Zeros) noexcept;
template void product_by_rows(const Matrix<double>&, const Matrix<double>&, const Matrix<double>&, Update, Part,
                              Zeros) noexcept;
template void cholesky_by_rows(const Matrix<float>&, bool&) noexcept;
template void cholesky_by_rows(const Matrix<double>&, bool&) noexcept;

}  // namespace mdgps::kernels::inline MDGPS_TARGET
#endif
