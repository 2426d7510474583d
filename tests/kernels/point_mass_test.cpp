// Rollouts of a point mass and rearranged copies, on every pack width and group.

#include "kernels/point_mass.hpp"

#include <limits>

#include "kernels/network_policy.hpp"
#include "kernels/rearrange.hpp"
#include "point_mass_problems.hpp"
#include "tests/kernels/backends.hpp"

namespace mdgps::kernels::testing {
namespace {

template <class B>
class PointMassKernel : public ::testing::Test {
 protected:
  using Real = typename B::Real;

  template <class T>
  static SampleBatch<T> samples(const View<T, 4>& v) {
    return {{v.data, v.strides[0], v.strides[1], static_cast<int>(v.strides[3]), 1}, v.strides[2]};
  }

  /// By policy(group, scratch).
  template <class Policy>
  static void roll_out(problems::PointMassCase<Real>& c, const Policy& policy) {
    const auto r = c.view();
    const auto [N, S, T, n] = r.states.extents;
    PointMassBatch<Real> b{stepless(r.start),
                           stepless(r.anchors),
                           samples(r.noise),
                           samples(r.states),
                           samples(r.actions),
                           samples(r.points),
                           {{r.distances.data, r.distances.strides[0], r.distances.strides[1], 0, 0}, 1},
                           batch(r.weights)};
    const int steps = static_cast<int>(T);
    for (std::int64_t problem = 0; problem * rollouts_at_once < N * S; ++problem)
      run_on<B>([&, N = N, S = S](const auto& g, auto& scratch) {
        scratch.take(1);  // a kernel without scratch would never be run
        const auto drawn_from = policy(g, scratch);
        if (scratch.counting()) return;
        roll_out_point_masses<typename B::Scalar>(g, problem, N, S, steps, 6, 1, c.mass, drawn_from, b);
      });
  }
  static void roll_out(problems::PointMassCase<Real>& c) {
    roll_out(c, [&](const auto&, auto&) { return batch(std::as_const(c.policy).view()); });
  }
  static void roll_out_network(problems::PointMassCase<Real>& c) {
    const NetworkPolicy<Real> network = c.network.view();
    roll_out(c, [&](const auto& g, auto& scratch) {
      return thread_network(g, network, rollout_packs<typename B::Scalar>, scratch);
    });
  }
};
TYPED_TEST_SUITE(PointMassKernel, Backends, BackendNames);

TYPED_TEST(PointMassKernel, RollsOutAsPlainLoopsDo) {
  using Real = typename TypeParam::Real;
  for (const int axes : {1, 2, 3}) {
    problems::PointMassCase<Real> c(axes, 3, 13, 40);
    this->roll_out(c);
    EXPECT_GE(problems::expect_rollouts(c, problems::rollout_tolerance<Real>, problems::linear_gaussian_action<Real>),
              30)
        << axes << " axes, of 39";
  }
}

TYPED_TEST(PointMassKernel, RollsANetworkOutAsPlainLoopsDo) {
  using Real = typename TypeParam::Real;
  for (const int axes : {1, 2, 3}) {
    problems::PointMassCase<Real> c(axes, 3, 13, 40);
    this->roll_out_network(c);
    EXPECT_GE(problems::expect_rollouts(c, problems::rollout_tolerance<Real>, problems::network_action<Real>), 20)
        << axes << " axes, of 39";
  }
}

TYPED_TEST(PointMassKernel, ANetworkThatIsNotFiniteDropsItsRollouts) {
  using Real = typename TypeParam::Real;
  problems::PointMassCase<Real> c(2, 1, 3, 5);
  c.network.weights(4) = std::numeric_limits<Real>::quiet_NaN();  // of a hidden unit
  this->roll_out_network(c);
  for (const Real weight : c.weights.elements()) EXPECT_EQ(weight, Real(0));
}

TYPED_TEST(PointMassKernel, ARolloutThatDivergesLeavesTheOthersAlone) {
  using Real = typename TypeParam::Real;
  problems::PointMassCase<Real> c(2, 2, 5, 20), others(2, 2, 5, 20);
  this->roll_out(others);
  c.noise(0, 3, 7, 1) = std::numeric_limits<Real>::quiet_NaN();
  c.noise(1, 2, 19, 0) = std::numeric_limits<Real>::infinity();
  this->roll_out(c);
  for (int i = 0; i < 2; ++i)
    for (int s = 0; s < 5; ++s) {
      const bool dropped = (i == 0 && s == 3) || (i == 1 && s == 2);
      EXPECT_EQ(c.weights(i, s), Real(dropped ? 0 : 1));
      if (dropped) {
        for (const auto& row : {c.states.row(i, s), c.actions.row(i, s), c.points.row(i, s), c.distances.row(i, s)})
          for (const Real x : row) EXPECT_EQ(x, Real(0));
      } else {
        EXPECT_TRUE(std::ranges::equal(c.states.row(i, s), others.states.row(i, s)));
        EXPECT_TRUE(std::ranges::equal(c.points.row(i, s), others.points.row(i, s)));
      }
    }
}

TYPED_TEST(PointMassKernel, RearrangedCopiesAreThoseOfPlainLoops) {
  using Real = typename TypeParam::Real;
  Array<Real, 4> from({2, 3, 5, 4}), less({2, 3, 5, 4});
  Real next = 0;
  for (Real& x : from.elements()) x = next++;
  for (Real& x : less.elements()) x = Real(0.5) * next++;
  for (const bool subtracts : {false, true}) {
    Array<Real, 4> to({2, 5, 3, 6}, Real(-1));
    const Batch<const Real> source = batch(std::as_const(from).view()),
                            subtracted = subtracts ? batch(std::as_const(less).view()) : Batch<const Real>{};
    const Batch<Real> target{to.data() + 1, 5 * 3 * 6, 6, 3 * 6, 1};  // dimensions 1 and 2 in each other's place
    run_steps<TypeParam>(2, 3, [&](const auto& g, const auto& lanes, auto& scratch) {
      scratch.take(1);
      if (!scratch.counting()) rearrange(g, lanes, 5, 4, source, subtracted, target);
    });
    for (int i = 0; i < 2; ++i)
      for (int t = 0; t < 3; ++t)
        for (int s = 0; s < 5; ++s) {
          for (const int j : {0, 5}) EXPECT_EQ(to(i, s, t, j), Real(-1));
          for (int j = 0; j < 4; ++j)
            EXPECT_EQ(to(i, s, t, j + 1), from(i, t, s, j) - (subtracts ? less(i, t, s, j) : Real(0)));
        }
  }
}

}  // namespace
}  // namespace mdgps::kernels::testing
