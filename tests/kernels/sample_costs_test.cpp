// What samples cost, on every pack width and group.

#include "kernels/sample_costs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/random.hpp"
#include "mdgps/solver/array.hpp"
#include "tests/kernels/backends.hpp"

namespace mdgps::kernels::testing {
namespace {

template <class B>
class SampleCostsKernel : public ::testing::Test {};
TYPED_TEST_SUITE(SampleCostsKernel, Backends, BackendNames);

/// Costs of both signs. In the second condition a sample without weight has the largest ones and NaN, in the third one
/// with weight has NaN; the last has none with weight.
TYPED_TEST(SampleCostsKernel, AreThoseOfPlainLoops) {
  using Real = typename TypeParam::Real;
  constexpr int N = 5, S = 4, T = 9;
  Array<Real, 3> costs({N, S, T});
  Array<Real, 2> weights({N, S}, Real(1)), largest({N, T}, Real(-1)), total({N, S}, Real(-1));
  Array<Real, 1> mean({N}, Real(-1)), size({N}, Real(-1));
  const RandomSequence random(1, RandomStream::user);
  std::uint32_t draw = 0;
  for (Real& x : costs.elements()) x = static_cast<Real>(random.normals(draw++)[0] - 0.5);
  weights(0, 1) = Real(0.25);
  weights(1, 2) = 0;
  std::ranges::fill(costs.row(1, 2), Real(100));
  costs(1, 2, 3) = costs(2, 1, 4) = std::numeric_limits<Real>::quiet_NaN();
  std::ranges::fill(weights.row(N - 1), Real(0));

  const SampleCostBatch<Real> batch{S,           T,           costs.data(),   weights.data(),
                                    mean.data(), size.data(), largest.data(), total.data()};
  run_conditions<TypeParam>(N, [&](const auto& g, const auto& lanes, auto& scratch) {
    scratch.take(1);
    if (!scratch.counting()) sample_costs(g, lanes, batch);
  });

  const double tolerance = 100 * std::numeric_limits<Real>::epsilon();
  for (int i = 0; i < N; ++i) {
    double all = 0, sum = 0, absolute = 0;
    for (int s = 0; s < S; ++s) {
      if (weights(i, s) == 0) {
        EXPECT_TRUE(std::isnan(total(i, s)));
        continue;
      }
      double trajectory = 0;
      for (const Real cost : costs.row(i, s)) {
        trajectory += cost;
        absolute += weights(i, s) * std::abs(cost);
      }
      all += weights(i, s);
      sum += weights(i, s) * trajectory;
      if (i == 2 && s == 1) {
        EXPECT_TRUE(std::isnan(total(i, s)));
      } else {
        EXPECT_NEAR(total(i, s), trajectory, tolerance);
      }
    }
    if (i != 2 && i + 1 < N) {
      EXPECT_NEAR(mean(i), sum / all, tolerance);
      EXPECT_NEAR(size(i), absolute / all, tolerance);
    } else {
      EXPECT_TRUE(std::isnan(mean(i)) && std::isnan(size(i)));
    }
    for (int t = 0; t < T; ++t) {
      Real most = 0;
      for (int s = 0; s < S; ++s)
        if (weights(i, s) > 0) most = std::max(most, costs(i, s, t));
      if (i == 2 && t == 4) {
        EXPECT_TRUE(std::isnan(largest(i, t)));
      } else {
        EXPECT_EQ(largest(i, t), most);
      }
    }
  }
}

}  // namespace
}  // namespace mdgps::kernels::testing
