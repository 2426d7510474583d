// The points that the S-step imitates, on every pack width and group.

#include "kernels/imitation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "mdgps/solver/array.hpp"
#include "tests/kernels/backends.hpp"

namespace mdgps::kernels::testing {
namespace {

/// Samples of which one has no weight, predictions for the first condition alone, and entries that are not all in
/// order.
template <class Real>
struct ImitationCase {
  static constexpr int N = 2, S = 4, T = 7, n = 5, o = 3, m = 2, drawn = 2, window = 2, R = S * (drawn + 1);
  Array<Real, 4> states{{N, S, T, n}}, gain{{N, T, m, n}}, observations{{N, R, T, o}}, targets{{N, R, T, m}};
  Array<Real, 2> weights{{N, S}, Real(1)};
  Array<Real, 3> means{{N, T, n}}, predicted{{N, T, n}}, offset{{N, T, m}};
  std::vector<int> entries{4, 0, 2};

  ImitationCase() {
    const RandomSequence random(1, RandomStream::user);
    std::uint32_t draw = 0;
    for (auto numbers : {states.elements(), gain.elements(), predicted.elements(), offset.elements()})
      for (Real& x : numbers) x = static_cast<Real>(random.normals(draw++)[0]);
    weights(1, 2) = 0;
    std::ranges::fill(states.row(1, 2), std::numeric_limits<Real>::quiet_NaN());
    weights(0, 1) = Real(0.25);
    std::ranges::fill(predicted.row(1), std::numeric_limits<Real>::quiet_NaN());
  }

  ImitationBatch<Real> batch() {
    return {S,
            T,
            n,
            o,
            m,
            drawn,
            window,
            7,
            3,
            states.data(),
            weights.data(),
            means.data(),
            predicted.data(),
            gain.data(),
            offset.data(),
            entries.data(),
            observations.data(),
            targets.data()};
  }
};

template <class B>
class ImitationKernel : public ::testing::Test {};
TYPED_TEST_SUITE(ImitationKernel, Backends, BackendNames);

TYPED_TEST(ImitationKernel, MeansAndPointsAreThoseOfPlainLoops) {
  using Real = typename TypeParam::Real;
  ImitationCase<Real> c;
  run_steps<TypeParam>(c.N, c.T, [&](const auto& g, const auto& lanes, auto& scratch) {
    scratch.take(1);
    if (scratch.counting()) return;
    mean_states(g, lanes, c.S, c.T, c.n, c.states.data(), c.weights.data(), c.means.data());
  });
  const auto batch = c.batch();
  run_steps<TypeParam>(c.N, c.R, [&](const auto& g, const auto& lanes, auto& scratch) {
    auto* const states = scratch.take(c.T * c.n);
    if (!scratch.counting()) imitation_points(g, lanes, batch, reinterpret_cast<Real*>(states));
  });

  const double tolerance = 100 * std::numeric_limits<Real>::epsilon();
  for (int i = 0; i < c.N; ++i) {
    const auto mean = [&](int t, int j) {
      double sum = 0, total = 0;
      for (int s = 0; s < c.S; ++s) {
        if (c.weights(i, s) == 0) continue;
        sum += static_cast<double>(c.weights(i, s)) * c.states(i, s, t, j);
        total += c.weights(i, s);
      }
      return sum / total;
    };
    for (int r = 0; r < c.R; ++r) {
      const int sample = r / (c.drawn + 1), copy = r % (c.drawn + 1);
      const RandomSequence random(7, RandomStream::imitation, 3, i, r);
      std::uint32_t draw = 0;
      for (int t = 0; t < c.T; ++t) {
        double state[ImitationCase<Real>::n];
        const int first = std::max(0, t - c.window), last = std::min(c.T - 1, t + c.window);
        for (int j = 0; j < c.n; ++j) {
          EXPECT_NEAR(c.means(i, t, j), mean(t, j), tolerance);
          state[j] = copy == 0 ? c.states(i, sample, t, j) : copy == 1 && i == 0 ? c.predicted(i, t, j) : mean(t, j);
        }
        for (int near = first; copy > 0 && near <= last; ++near)
          for (int s = 0; s < c.S; ++s) {
            const double g = random.normals(draw++)[0] / std::sqrt((last - first + 1) * (c.S - 1.0));
            for (int j = 0; j < c.n && c.weights(i, s) > 0; ++j)
              state[j] += g * (c.states(i, s, near, j) - mean(near, j));
          }
        if (copy == 0 && c.weights(i, sample) == 0) continue;  // NaN, and its points have no weight
        for (int j = 0; j < c.o; ++j) EXPECT_NEAR(c.observations(i, r, t, j), state[c.entries[j]], tolerance);
        for (int a = 0; a < c.m; ++a) {
          double target = c.offset(i, t, a);
          for (int j = 0; j < c.n; ++j) target += c.gain(i, t, a, j) * state[j];
          EXPECT_NEAR(c.targets(i, r, t, a), target, 4 * tolerance);
        }
      }
    }
  }
}

}  // namespace
}  // namespace mdgps::kernels::testing
