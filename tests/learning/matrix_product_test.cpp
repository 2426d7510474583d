#include "mdgps/learning/matrix_product.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/random.hpp"
#include "mdgps/solver/targets.hpp"

namespace mdgps {
namespace {

struct Numbers {
  std::vector<float> data;
  Numbers(std::uint32_t key, std::int64_t size) : data(size) {
    const RandomSequence random(key, RandomStream::evaluation, 0, 0, 0);
    for (std::int64_t i = 0; i < size; ++i)
      data[i] = static_cast<float>(random.normals(static_cast<std::uint32_t>(i))[0]);
  }
};

/// The sum over k in order, with the target's rounding.
float element(const View<const float, 2>& a, const View<const float, 2>& b, std::int64_t r, std::int64_t c) {
  float sum = 0.0F;
  for (std::int64_t k = 0; k < a.extents[1]; ++k) sum = std::fma(a(r, k), b(k, c), sum);
  return sum;
}

TEST(MatrixProduct, IsTheSumInOrderOnAnyShapeAndLayout) {
  const bool fused = cpu_target() != Target::portable;
  for (const std::int64_t M : {4, 5, 7, 8, 25}) {
    for (const std::int64_t K : {1, 2, 27, 41}) {
      for (const std::int64_t N : {16, 17, 31, 40, 48, 49, 100}) {
        const Numbers left(1, M * (K + 3)), right(2, N * (K + 3) * 2);
        for (const bool a_transposed : {false, true}) {
          for (const bool b_transposed : {false, true}) {
            const View<const float, 2> a(left.data.data(), {M, K}, {a_transposed ? 1 : K + 3, a_transposed ? M : 1},
                                         {});
            const View<const float, 2> b(right.data.data(), {K, N},
                                         {b_transposed ? 1 : N + 2, b_transposed ? K + 3 : 1}, {});
            constexpr float untouched = -7.5F;
            std::vector<float> result(M * (N + 1), untouched);
            const View<float, 2> to(result.data(), {M, N}, {N + 1, 1}, {});
            ASSERT_TRUE(fits_matrix_product(M, N));
            matrix_product(a, b, to);
            for (std::int64_t r = 0; r < M; ++r) {
              for (std::int64_t c = 0; c < N; ++c) {
                const float expected = element(a, b, r, c);
                ASSERT_NEAR(to(r, c), expected, fused ? 0.0 : 1e-4)
                    << M << "x" << K << "x" << N << " at " << r << "," << c;
              }
              ASSERT_EQ(result[r * (N + 1) + N], untouched) << "written beyond the row " << r;
            }
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace mdgps
