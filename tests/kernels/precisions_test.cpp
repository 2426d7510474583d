// Precisions and entropies, on every pack width and group.

#include "kernels/precisions.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include "kernels/random.hpp"
#include "mdgps/solver/array.hpp"
#include "tests/kernels/backends.hpp"

namespace mdgps::kernels::testing {
namespace {

template <class B>
class PrecisionsKernel : public ::testing::Test {};
TYPED_TEST_SUITE(PrecisionsKernel, Backends, BackendNames);

/// C = B B' with B lower and known, and so is its determinant. One matrix in the middle of a pack has no factor: what
/// keeps it from one is its last pivot, or a number that is none.
TYPED_TEST(PrecisionsKernel, InverseTimesCovarianceIsTheIdentity) {
  using Real = typename TypeParam::Real;
  constexpr int N = 2, T = 5;
  for (const int m : {1, 2, 7}) {
    Array<Real, 4> covariances({N, T, m, m}), inverses({N, T, m, m}, Real(-1));
    Array<Real, 2> entropies({N, T}, Real(-1));
    Array<double, 2> log_root({N, T});  // log |B|
    const RandomSequence random(1, RandomStream::user);
    std::uint32_t draw = 0;
    for (int i = 0; i < N; ++i)
      for (int t = 0; t < T; ++t) {
        Array<double, 2> B({m, m});
        for (int r = 0; r < m; ++r)
          for (int c = 0; c <= r; ++c) B(r, c) = r == c ? 1 + random.uniform(draw++) : random.uniform(draw++) - 0.5;
        for (int r = 0; r < m; ++r) {
          log_root(i, t) += std::log(B(r, r));
          for (int c = 0; c < m; ++c) {
            double sum = 0;
            for (int k = 0; k < m; ++k) sum += B(r, k) * B(c, k);
            covariances(i, t, r, c) = static_cast<Real>(sum);
          }
        }
      }
    covariances(0, 2, m - 1, m - 1) = Real(-1);
    covariances(1, 3, 0, 0) = std::numeric_limits<Real>::quiet_NaN();

    const PrecisionBatch<Real> batch{T, m, covariances.data(), inverses.data(), entropies.data()};
    run_steps<TypeParam>(N, T, [&](const auto& g, const auto& lanes, auto& scratch) {
      auto* const own = scratch.take(batch.scratch_size());
      if (!scratch.counting()) precisions(g, lanes, batch, reinterpret_cast<Real*>(own));
    });

    const double tolerance = 1000 * std::numeric_limits<Real>::epsilon();
    for (int i = 0; i < N; ++i)
      for (int t = 0; t < T; ++t) {
        const bool has_factor = !(i == 0 && t == 2) && !(i == 1 && t == 3);
        const double entropy = 0.5 * m * std::log(2 * std::numbers::pi * std::numbers::e) + log_root(i, t);
        if (has_factor) {
          EXPECT_NEAR(entropies(i, t), entropy, tolerance);
        } else {
          EXPECT_TRUE(std::isnan(entropies(i, t)));
        }
        for (int r = 0; r < m; ++r)
          for (int c = 0; c < m; ++c) {
            double sum = 0;
            for (int k = 0; k < m; ++k)
              sum += static_cast<double>(inverses(i, t, r, k)) * static_cast<double>(covariances(i, t, k, c));
            if (has_factor) {
              EXPECT_NEAR(sum, r == c, tolerance);
            } else {
              EXPECT_EQ(inverses(i, t, r, c), Real(0));
            }
          }
      }
  }
}

}  // namespace
}  // namespace mdgps::kernels::testing
