// The average of a policy's expansions, on every pack width and group.

#include "kernels/average_expansion.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/random.hpp"
#include "mdgps/solver/array.hpp"
#include "tests/kernels/backends.hpp"

namespace mdgps::kernels::testing {
namespace {

template <class B>
class AverageExpansionKernel : public ::testing::Test {};
TYPED_TEST_SUITE(AverageExpansionKernel, Backends, BackendNames);

/// Fewer observations than states, two of them of one entry, and more actions than a small group has threads. A sample
/// without weight holds NaN; the last condition has no others.
TYPED_TEST(AverageExpansionKernel, IsTheMeanOfTheExpansionsAtAnyState) {
  using Real = typename TypeParam::Real;
  constexpr int N = 3, S = 3, T = 5, n = 4, m = 5, o = 3;
  const std::vector<int> entries{3, 1, 3};
  Array<Real, 4> states({N, S, T, n}), actions({N, S, T, m}), gain({N, T, m, n}, Real(-1));
  Array<Real, 5> jacobians({N, S, T, m, o});
  Array<Real, 3> offset({N, T, m}, Real(-1));
  Array<Real, 2> weights({N, S}, Real(1));
  const RandomSequence random(1, RandomStream::user);
  std::uint32_t draw = 0;
  for (auto numbers : {states.elements(), actions.elements(), jacobians.elements()})
    for (Real& x : numbers) x = static_cast<Real>(random.normals(draw++)[0]);
  weights(0, 1) = 0;
  weights(1, 2) = Real(0.25);
  std::ranges::fill(weights.row(2), Real(0));
  for (auto numbers : {states.row(0, 1), actions.row(0, 1), jacobians.row(0, 1)})
    std::ranges::fill(numbers, std::numeric_limits<Real>::quiet_NaN());

  const ExpansionBatch<Real> batch{S,
                                   T,
                                   n,
                                   m,
                                   o,
                                   states.data(),
                                   actions.data(),
                                   jacobians.data(),
                                   weights.data(),
                                   entries.data(),
                                   gain.data(),
                                   offset.data()};
  run_steps<TypeParam>(N, T, [&](const auto& g, const auto& lanes, auto& scratch) {
    scratch.take(1);
    if (!scratch.counting()) average_expansion(g, lanes, batch);
  });

  const double at[n] = {0.3, -0.7, 1.1, 2.0};
  for (int i = 0; i < N; ++i)
    for (int t = 0; t < T; ++t)
      for (int a = 0; a < m; ++a) {
        double expected = 0, total = 0, result = offset(i, t, a);
        for (int s = 0; s < S; ++s) {
          if (weights(i, s) == 0) continue;
          double u = actions(i, s, t, a);
          for (int j = 0; j < o; ++j)
            u += jacobians(i, s, t, a, j) * (at[entries[j]] - static_cast<double>(states(i, s, t, entries[j])));
          expected += weights(i, s) * u;
          total += weights(i, s);
        }
        for (int j = 0; j < n; ++j) result += gain(i, t, a, j) * at[j];
        if (total == 0) {
          EXPECT_TRUE(std::isnan(offset(i, t, a)) && std::isnan(gain(i, t, a, entries[0])));
          continue;
        }
        EXPECT_NEAR(result, expected / total, 100 * std::numeric_limits<Real>::epsilon());
        for (const int unseen : {0, 2}) EXPECT_EQ(gain(i, t, a, unseen), Real(0));
      }
}

}  // namespace
}  // namespace mdgps::kernels::testing
