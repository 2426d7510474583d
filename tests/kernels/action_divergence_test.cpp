// How far a Gaussian policy is from a linear-Gaussian one, on every pack width and group.

#include "kernels/action_divergence.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/random.hpp"
#include "mdgps/solver/array.hpp"
#include "tests/kernels/backends.hpp"

namespace mdgps::kernels::testing {
namespace {

template <class B>
class ActionDivergenceKernel : public ::testing::Test {};
TYPED_TEST_SUITE(ActionDivergenceKernel, Backends, BackendNames);

/// In the first condition a step of a sample with weight is NaN; in the second, a sample without.
TYPED_TEST(ActionDivergenceKernel, IsThatOfPlainLoopsAndSamplesWithoutWeightDoNotCount) {
  using Real = typename TypeParam::Real;
  constexpr int N = 2, S = 4, T = 5, n = 3, m = 2;
  Array<Real, 4> states({N, S, T, n}), gain({N, T, m, n}), covariance({N, T, m, m}), means({N, S, T, m});
  Array<Real, 3> offset({N, T, m}), action({N, T, m}, Real(-1));
  Array<Real, 2> weights({N, S}, Real(1)), factor({m, m});
  Array<Real, 2> mean_kl({N, T}, Real(-1)), largest_kl({N, T}, Real(-1));
  const RandomSequence random(1, RandomStream::user);
  std::uint32_t draw = 0;
  for (auto numbers : {states.elements(), gain.elements(), means.elements(), offset.elements()})
    for (Real& x : numbers) x = static_cast<Real>(random.normals(draw++)[0]);
  for (int i = 0; i < N; ++i)
    for (int t = 0; t < T; ++t) {
      covariance(i, t, 0, 0) = static_cast<Real>(1 + random.uniform(draw++));
      covariance(i, t, 1, 1) = static_cast<Real>(2 + random.uniform(draw++));
      covariance(i, t, 0, 1) = covariance(i, t, 1, 0) = static_cast<Real>(random.uniform(draw++) - 0.5);
    }
  factor(0, 0) = Real(1.5), factor(1, 0) = Real(-0.4), factor(1, 1) = Real(0.8);
  weights(0, 2) = Real(0.25);
  weights(1, 1) = 0;
  std::ranges::fill(means.row(1, 1), std::numeric_limits<Real>::quiet_NaN());
  means(0, 1, 4, 0) = std::numeric_limits<Real>::quiet_NaN();

  const ActionDivergenceBatch<Real> batch{S,
                                          T,
                                          n,
                                          m,
                                          states.data(),
                                          weights.data(),
                                          gain.data(),
                                          offset.data(),
                                          covariance.data(),
                                          means.data(),
                                          factor.data(),
                                          action.data(),
                                          mean_kl.data(),
                                          largest_kl.data()};
  run_steps<TypeParam>(N, T, [&](const auto& g, const auto& lanes, auto& scratch) {
    auto* const own = scratch.take(batch.scratch_size());
    if (!scratch.counting()) action_divergence(g, lanes, batch, reinterpret_cast<Real*>(own));
  });

  const double tolerance = 200 * std::numeric_limits<Real>::epsilon();
  const double determinant = static_cast<double>(factor(0, 0)) * factor(1, 1);
  for (int i = 0; i < N; ++i)
    for (int t = 0; t < T; ++t) {
      if (i == 0 && t == 4) {
        EXPECT_TRUE(std::isnan(mean_kl(i, t)) && std::isnan(largest_kl(i, t)) && std::isnan(action(i, t, 0)));
        continue;
      }
      double total = 0, mean = 0, largest = 0, difference[m] = {};
      // L L' = [xx xy; xy yy]: its inverse is [yy -xy; -xy xx] / determinant^2.
      const double xx = static_cast<double>(factor(0, 0)) * factor(0, 0),
                   xy = static_cast<double>(factor(0, 0)) * factor(1, 0),
                   yy = static_cast<double>(factor(1, 0)) * factor(1, 0) + factor(1, 1) * factor(1, 1);
      const auto C = [&](int r, int c) { return static_cast<double>(covariance(i, t, r, c)); };
      const double trace = (yy * C(0, 0) - 2 * xy * C(0, 1) + xx * C(1, 1)) / (determinant * determinant);
      const double log_ratio = std::log(determinant * determinant / (C(0, 0) * C(1, 1) - C(0, 1) * C(0, 1)));
      for (int s = 0; s < S; ++s) {
        if (weights(i, s) == 0) continue;
        double d[m];
        for (int a = 0; a < m; ++a) {
          d[a] = static_cast<double>(offset(i, t, a)) - means(i, s, t, a);
          for (int j = 0; j < n; ++j) d[a] += static_cast<double>(gain(i, t, a, j)) * states(i, s, t, j);
          difference[a] += weights(i, s) * d[a];
        }
        const double square =
            (yy * d[0] * d[0] - 2 * xy * d[0] * d[1] + xx * d[1] * d[1]) / (determinant * determinant);
        const double kl = 0.5 * (log_ratio + trace + square - m);
        total += weights(i, s);
        mean += weights(i, s) * kl;
        largest = std::max(largest, kl);
      }
      EXPECT_NEAR(mean_kl(i, t), mean / total, tolerance * (1 + largest));
      EXPECT_NEAR(largest_kl(i, t), largest, tolerance * (1 + largest));
      for (int a = 0; a < m; ++a) EXPECT_NEAR(action(i, t, a), difference[a] / total, tolerance);
    }
}

}  // namespace
}  // namespace mdgps::kernels::testing
