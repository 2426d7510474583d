// The backward and the forward pass on the wide path: the references' answers, and the fused path's.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <utility>

#include "mdgps/solver/threads.hpp"
#include "passes.hpp"
#include "trajectory_checks.hpp"

namespace mdgps {
namespace {

using problems::random_trajectory;
using problems::Trajectory;

template <class Real>
struct Passes : problems::Passes<Real> {
  explicit Passes(const Trajectory<Real>& p, SolverPath path = SolverPath::wide)
      : problems::Passes<Real>(p, {.path = path}) {}
};

/// That condition i of one result and condition j of another have the same bytes.
template <class Real>
void expect_same(const Passes<Real>& a, std::int64_t i, const Passes<Real>& b, std::int64_t j) {
  EXPECT_TRUE(std::ranges::equal(a.policy.gain.row(i), b.policy.gain.row(j))) << i << " " << j;
  EXPECT_TRUE(std::ranges::equal(a.policy.offset.row(i), b.policy.offset.row(j))) << i << " " << j;
  EXPECT_TRUE(std::ranges::equal(a.policy.covariance.row(i), b.policy.covariance.row(j))) << i << " " << j;
  EXPECT_TRUE(std::ranges::equal(a.distribution.mean.row(i), b.distribution.mean.row(j))) << i << " " << j;
  EXPECT_TRUE(std::ranges::equal(a.distribution.covariance.row(i), b.distribution.covariance.row(j))) << i << " " << j;
  EXPECT_EQ(a.backward(i), b.backward(j));
  EXPECT_EQ(a.forward(i), b.forward(j));
}

template <class Real, int Rank>
void expect_close(const Array<Real, Rank>& a, const Array<Real, Rank>& b) {
  double difference = 0, size = 0;
  for (std::size_t e = 0; e < a.elements().size(); ++e) {
    difference = std::max(difference, std::abs(double(a.elements()[e]) - double(b.elements()[e])));
    size = std::max(size, std::abs(double(b.elements()[e])));
  }
  EXPECT_LT(difference, problems::trajectory_tolerance<Real> * size);
}

template <class Real, int Rank>
void expect_symmetric(const Array<Real, Rank>& a) {
  const auto [N, T, k, same] = a.extents();
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t t = 0; t < T; ++t)
      for (std::int64_t r = 0; r < k; ++r)
        for (std::int64_t c = 0; c < r; ++c) ASSERT_EQ(a(i, t, r, c), a(i, t, c, r));
}

/// More conditions than a thread works on at once.
const BatchShape kShape{.conditions = 21, .steps = 12, .states = 6, .actions = 3};

template <class Real>
class PropertyOfWidePasses : public testing::Test {
 protected:
  ~PropertyOfWidePasses() override { set_solver_threads(2); }
};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(PropertyOfWidePasses, Reals);

TYPED_TEST(PropertyOfWidePasses, GiveWhatTheReferencesGive) {
  for (const BatchShape& shape : problems::trajectory_shapes) {
    const auto p = random_trajectory<TypeParam>(shape, 1);
    const Passes<TypeParam> result(p);
    for (const Status s : result.backward.elements()) EXPECT_EQ(s, Status::ok);
    for (const Status s : result.forward.elements()) EXPECT_EQ(s, Status::ok);
    expect_maximum_entropy_lqr(p, result.policy);
    expect_marginals(p, result.distribution);
    expect_symmetric(result.policy.covariance);
    expect_symmetric(result.distribution.covariance);
  }
}

TYPED_TEST(PropertyOfWidePasses, AgreeWithTheFusedPathAtEverySize) {
  for (const BatchShape& shape :
       {BatchShape{1, 9, 26, 7}, {6, 4, 26, 7}, {2, 3, 49, 50}, {1, 3, 101, 5}, {3, 2, 128, 32}, {2, 2, 256, 64}}) {
    SCOPED_TRACE(testing::Message() << shape.conditions << " " << shape.steps << " " << shape.states << " "
                                    << shape.actions);
    const auto p = random_trajectory<TypeParam>(shape, 4);
    const Passes<TypeParam> wide(p), fused(p, SolverPath::fused);
    EXPECT_EQ(wide.backward, fused.backward);
    EXPECT_EQ(wide.forward, fused.forward);
    expect_close(wide.policy.gain, fused.policy.gain);
    expect_close(wide.policy.offset, fused.policy.offset);
    expect_close(wide.policy.covariance, fused.policy.covariance);
    expect_close(wide.distribution.mean, fused.distribution.mean);
    expect_close(wide.distribution.covariance, fused.distribution.covariance);
  }
}

TYPED_TEST(PropertyOfWidePasses, AConditionHasTheSameBytesInAnyBatchAndOrderAndOnAnyNumberOfThreads) {
  set_solver_threads(1);
  const Passes<TypeParam> all(random_trajectory<TypeParam>(kShape, 6));
  std::vector<std::int64_t> reversed;
  for (std::int64_t i = kShape.conditions - 1; i >= 0; --i) reversed.push_back(i);
  const Passes<TypeParam> backwards(random_trajectory<TypeParam>(kShape, 6, reversed));
  for (std::int64_t i = 0; i < kShape.conditions; ++i) expect_same(all, i, backwards, kShape.conditions - 1 - i);
  for (std::int64_t i = 0; i < kShape.conditions; ++i)
    expect_same(all, i, Passes<TypeParam>(random_trajectory<TypeParam>(kShape, 6, {i})), 0);
  for (const int threads : {2, 5, 64}) {
    set_solver_threads(threads);
    const Passes<TypeParam> result(random_trajectory<TypeParam>(kShape, 6));
    for (std::int64_t i = 0; i < kShape.conditions; ++i) expect_same(all, i, result, i);
  }
}

TYPED_TEST(PropertyOfWidePasses, FailuresHaveTheFusedPathsStatusAndLeaveTheirNeighboursAlone) {
  using Real = TypeParam;
  const auto good = random_trajectory<Real>(kShape, 7);
  auto bad = good;
  bad.cost.gradient(0, 3, 1) = NAN;
  bad.cost.hessian(1, 3, 8, 7) = bad.cost.hessian(1, 3, 7, 8) = NAN;
  for (int j = 6; j < 9; ++j) bad.cost.hessian(4, 11, j, j) = -1;
  for (int j = 6; j < 9; ++j) bad.cost.hessian(5, 5, j, j) = Real(-1e6);
  bad.cost.gradient(5, 3, 1) = NAN;  // of two reasons the later step's comes first
  bad.dynamics.transition(6, 5, 2, 7) = NAN;
  bad.dynamics.offset(7, 5, 2) = INFINITY;
  bad.dynamics.covariance(9, 5, 2, 2) = NAN;
  bad.initial.mean(10, 2) = NAN;
  bad.reference.gain(11, 11, 2, 3) = NAN;
  bad.reference.covariance(20, 6, 1, 1) = INFINITY;
  const Passes<Real> clean(good), result(bad), fused(bad, SolverPath::fused);
  EXPECT_EQ(result.backward, fused.backward);
  EXPECT_EQ(result.forward, fused.forward);
  EXPECT_EQ(result.backward_step, fused.backward_step);
  EXPECT_EQ(result.forward_step, fused.forward_step);
  const auto expect_steps = [](const Array<std::int32_t, 1>& found, std::map<std::int64_t, int> expected) {
    for (std::int64_t i = 0; i < kShape.conditions; ++i)
      EXPECT_EQ(found(i), expected.contains(i) ? expected[i] : -1) << i;
  };
  expect_steps(result.backward_step, {{0, 3}, {1, 3}, {4, 11}, {5, 5}, {6, 5}, {7, 5}});
  // What moves to step 6 is wrong at 5.
  expect_steps(result.forward_step, {{6, 6}, {7, 6}, {9, 6}, {10, 0}, {11, 11}, {20, 6}});
  for (const std::int64_t i : {0, 1, 6, 7}) EXPECT_EQ(result.backward(i), Status::not_finite) << i;
  for (const std::int64_t i : {4, 5}) EXPECT_EQ(result.backward(i), Status::not_positive_definite) << i;
  for (const std::int64_t i : {6, 7, 9, 10, 11, 20}) EXPECT_EQ(result.forward(i), Status::not_finite) << i;
  for (const std::int64_t i : {2, 3, 8, 12, 19}) expect_same(result, i, clean, i);
}

TYPED_TEST(PropertyOfWidePasses, TakeStridedViews) {
  const BatchShape shape{5, 3, 4, 2};
  const auto p = random_trajectory<TypeParam>(shape, 9);
  const Passes<TypeParam> expected(p);
  // The transitions, the gains that are written and the covariances that are written by columns.
  Array<TypeParam, 4> transition({5, 3, 6, 4}), gain({5, 3, 4, 2}), covariance({5, 3, 6, 6});
  for (int i = 0; i < 5; ++i)
    for (int t = 0; t < 3; ++t)
      for (int a = 0; a < 4; ++a)
        for (int b = 0; b < 6; ++b) transition(i, t, b, a) = p.dynamics.transition(i, t, a, b);
  LinearGaussianPolicyArrays<TypeParam> policy(shape);
  TrajectoryDistributionArrays<TypeParam> distribution(shape);
  Array<Status, 1> status({5});
  LinearGaussianDynamics<const TypeParam> dynamics = p.dynamics.view();
  dynamics.transition = {transition.data(), {5, 3, 4, 6}, {72, 24, 1, 4}, {}};
  auto to_policy = policy.view();
  to_policy.gain = {gain.data(), {5, 3, 2, 4}, {24, 8, 1, 2}, {}};
  auto to_distribution = distribution.view();
  to_distribution.covariance = {covariance.data(), {5, 3, 6, 6}, {108, 36, 1, 6}, {}};
  const PassOptions wide{.path = SolverPath::wide};
  backward_pass<TypeParam>(dynamics, p.cost.view(), to_policy, status, wide);
  forward_pass<TypeParam>(p.initial.view(), dynamics, p.reference.view(), to_distribution, status, wide);
  for (int i = 0; i < 5; ++i)
    for (int t = 0; t < 3; ++t) {
      for (int a = 0; a < 2; ++a)
        for (int b = 0; b < 4; ++b) EXPECT_EQ(gain(i, t, b, a), expected.policy.gain(i, t, a, b));
      for (int a = 0; a < 6; ++a)
        for (int b = 0; b < 6; ++b) EXPECT_EQ(covariance(i, t, b, a), expected.distribution.covariance(i, t, a, b));
    }
}

TYPED_TEST(PropertyOfWidePasses, ASmallWorkspaceGivesTheSameBytesAndATooSmallOneIsRefused) {
  const auto p = random_trajectory<TypeParam>(kShape, 10);
  const Passes<TypeParam> expected(p);
  const PassOptions wide{.path = SolverPath::wide};
  set_solver_threads(1);
  std::vector<std::byte> memory(std::max(backward_pass_workspace_size<TypeParam>(kShape, {}, wide),
                                         forward_pass_workspace_size<TypeParam>(kShape, {}, wide)));
  set_solver_threads(5);
  Passes<TypeParam> result(p);
  const Workspace small{memory.data(), memory.size(), {}}, none{memory.data(), 300, {}};
  const auto backward = [&](const Workspace& w) {
    backward_pass<TypeParam>(p.dynamics.view(), p.cost.view(), result.policy.view(), result.backward, w, {}, wide);
  };
  const auto forward = [&](const Workspace& w) {
    forward_pass<TypeParam>(p.initial.view(), p.dynamics.view(), p.reference.view(), result.distribution.view(),
                            result.forward, w, {}, wide);
  };
  backward(small);
  forward(small);
  for (std::int64_t i = 0; i < kShape.conditions; ++i) expect_same(result, i, expected, i);
  EXPECT_THROW(backward(none), std::invalid_argument);
  EXPECT_THROW(forward(none), std::invalid_argument);
}

TYPED_TEST(PropertyOfWidePasses, OnTheCpuRunWhereAskedFor) {
  const BatchShape shape{1, 2, 64, 4};
  const auto p = random_trajectory<TypeParam>(shape, 11);
  const Passes<TypeParam> chosen(p, SolverPath::automatic), fused(p, SolverPath::fused), wide(p, SolverPath::wide);
  expect_same(chosen, 0, fused, 0);
  EXPECT_FALSE(chosen.policy.gain == wide.policy.gain);  // sums in another order
  EXPECT_FALSE(chosen.distribution.covariance == wide.distribution.covariance);
}

TEST(WidePasses, WithoutALibraryAreRefused) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a process that has not asked for the library yet
  const auto without_library = [] {
    setenv("MDGPS_BLAS", "", 1);
    const auto p = random_trajectory<double>({1, 2, 64, 2}, 1);
    try {
      const Passes<double> wide(p);
    } catch (const std::invalid_argument& error) {
      std::fputs(error.what(), stderr);
      std::exit(0);
    }
    std::exit(2);
  };
  EXPECT_EXIT(without_library(), testing::ExitedWithCode(0), "backward_pass: the wide path needs BLAS and LAPACK");
}

TEST(WidePasses, AreNotForAScanOverTheSteps) {
  const auto p = random_trajectory<double>({1, 3, 2, 1}, 1);
  Passes<double> result(p);
  const PassOptions both{.parallel_in_time = true, .path = SolverPath::wide};
  const auto refused = testing::ThrowsMessage<std::invalid_argument>(testing::HasSubstr("scan over the steps"));
  EXPECT_THAT(
      [&] { backward_pass<double>(p.dynamics.view(), p.cost.view(), result.policy.view(), result.backward, both); },
      refused);
  EXPECT_THAT(
      [&] {
        forward_pass<double>(p.initial.view(), p.dynamics.view(), p.reference.view(), result.distribution.view(),
                             result.forward, both);
      },
      refused);
}

}  // namespace
}  // namespace mdgps
