// The C-step, on every pack width and group.

#include <algorithm>

#include "mdgps/solver/c_step_batch.hpp"
#include "tests/kernels/backends.hpp"
#include "trajectory_checks.hpp"

namespace mdgps::kernels::testing {
namespace {

using problems::random_trajectory;

template <class B, class Real>
CStepResultArrays<Real> solve(const problems::Trajectory<Real>& p, const CStepOptions& options) {
  CStepResultArrays<Real> result(p.shape);
  const auto b = batch(p.view(), result.view());
  const DualSearchOptions search{options.tolerance, options.max_evaluations, options.min_dual, options.max_dual,
                                 std::max(1, options.speculation)};
  const int at_once = std::min(search.width, lane_count<typename B::Scalar>);
  run_conditions<B>(p.shape.conditions, at_once, [&](const auto& g, const auto& lanes, auto& scratch) {
    c_step(g, lanes, shape_of(p.shape), b, search, scratch);
  });
  return result;
}

template <class B>
class CStepKernel : public ::testing::Test {};
TYPED_TEST_SUITE(CStepKernel, Backends, BackendNames);

TYPED_TEST(CStepKernel, MeetsItsOptimalityConditions) {
  using Real = typename TypeParam::Real;
  for (const BatchShape& shape : shapes_for<TypeParam>(problems::trajectory_shapes)) {
    const auto p = random_trajectory<Real>(shape, 1);
    expect_c_step(p, solve<TypeParam>(p, problems::precise_c_step<Real>()));
  }
}

TYPED_TEST(CStepKernel, CandidateDualsInLanesAndRoundsLeadToTheSameAnswer) {
  using Real = typename TypeParam::Real;
  const BatchShape shape{5, 4, 3, 2};
  const auto p = random_trajectory<Real>(shape, 3);
  const auto one = solve<TypeParam>(p, {});
  for (const int width : {2, 4, 8}) {
    if (TypeParam::threads > 1 && (width > 2 || TypeParam::threads > 4)) continue;  // would take long
    const auto result = solve<TypeParam>(p, {.speculation = width});
    for (int i = 0; i < shape.conditions; ++i) {
      EXPECT_EQ(result.status(i), Status::ok);
      EXPECT_NEAR(result.kl_divergence(i), p.epsilon(i), 0.0101 * p.epsilon(i));
      // The policy and the dual belong to one another: they come from the candidate that was chosen.
      auto at_dual = p;
      at_dual.initial_dual(i) = result.dual(i);
      const auto repeated = solve<TypeParam>(at_dual, {});
      EXPECT_EQ(repeated.dual_evaluations(i), 1);
      EXPECT_NEAR(result.policy.gain(i, 0, 1, 2), repeated.policy.gain(i, 0, 1, 2), 1e-3);
      EXPECT_NEAR(result.dual(i), one.dual(i), 0.1 * one.dual(i));
    }
  }
}

TYPED_TEST(CStepKernel, WeightedEntropiesMeetTheirOptimalityConditions) {
  using Real = typename TypeParam::Real;
  for (const BatchShape& shape : shapes_for<TypeParam>(problems::trajectory_shapes)) {
    auto p = random_trajectory<Real>(shape, 3);
    p.entropy_weight = Array<Real, 2>({shape.conditions, shape.steps});
    problems::Draws draws(4);
    for (Real& w : p.entropy_weight.elements()) w = static_cast<Real>(std::exp(draws.uniform(-3.0, 1.0)));
    for (Real& epsilon : p.epsilon.elements()) epsilon *= Real(0.1);  // weighted entropies keep the policy near already
    expect_c_step(p, solve<TypeParam>(p, problems::precise_c_step<Real>()));
  }
}

TYPED_TEST(CStepKernel, FailingLanesLeaveTheOthersAlone) {
  if (TypeParam::threads > 4) GTEST_SKIP() << "a failing search waits at a barrier a hundred thousand times";
  using Real = typename TypeParam::Real;
  const BatchShape shape{5, 4, 3, 2};
  const auto good = random_trajectory<Real>(shape, 2);
  auto bad = good;
  bad.cost.gradient(1, 2, 0) = NAN;
  bad.reference.covariance(3, 0, 1, 1) = -1;
  const auto clean = solve<TypeParam>(good, {}), result = solve<TypeParam>(bad, {});
  EXPECT_EQ(result.status(1), Status::not_finite);
  EXPECT_EQ(result.status(3), Status::not_positive_definite);
  EXPECT_EQ(result.failed_step(1), 2);
  EXPECT_EQ(result.failed_step(3), 0);
  for (const int i : {0, 2, 4}) {
    EXPECT_EQ(result.status(i), Status::ok);
    EXPECT_EQ(result.failed_step(i), -1);
    EXPECT_EQ(result.dual(i), clean.dual(i));
    EXPECT_TRUE(std::ranges::equal(result.policy.gain.row(i), clean.policy.gain.row(i)));
    EXPECT_TRUE(std::ranges::equal(result.policy.covariance.row(i), clean.policy.covariance.row(i)));
  }
  for (const int i : {1, 3}) EXPECT_TRUE(std::ranges::equal(result.policy.gain.row(i), bad.reference.gain.row(i)));
}

/// Groups that share out a condition's candidates, and what each has found.
struct Team {
  const Crew& group;
  int rank_, size_;
  std::barrier<>& all_threads;
  Evaluation* slots;

  int size() const { return size_; }
  int rank() const { return rank_; }
  void share(const Evaluation& own, Evaluation* all) const {
    if (group.thread_rank() == 0) slots[rank_] = own;
    all_threads.arrive_and_wait();
    for (int r = 0; r < size_; ++r) all[r] = slots[r];
    all_threads.arrive_and_wait();
  }
};

TEST(CStepTeam, CandidatesInGroupsLeadToTheAnswerOfCandidatesInLanes) {
  constexpr int width = 4, threads = 2;
  const BatchShape extents{3, 4, 3, 2};
  auto p = random_trajectory<double>(extents, 3);
  p.cost.gradient(2, 1, 0) = NAN;
  const CStepOptions options{.speculation = width};
  const auto in_lanes = solve<Backend<Pack<double, 8>>>(p, options);

  CStepResultArrays<double> result(extents);
  const auto b = batch(std::as_const(p).view(), result.view());
  const DualSearchOptions search{options.tolerance, options.max_evaluations, options.min_dual, options.max_dual, width};
  for (std::int64_t i = 0; i < extents.conditions; ++i) {
    const auto lanes = condition_lanes<double>(i, extents.conditions);
    Scratch<double> counter;
    c_step(Solo{}, lanes, shape_of(extents), b, search, counter);
    std::vector<double> memory(static_cast<std::size_t>(counter.total() * width), NAN);
    std::vector<Evaluation> slots(width);
    std::barrier<> all_threads(width * threads);
    on_threads(width, [&](int rank) {
      Crew::run(threads, [&](const Crew& g) {
        Scratch<double> scratch{memory.data() + rank * counter.total()};
        c_step(g, lanes, shape_of(extents), b, search, scratch, Team{g, rank, width, all_threads, slots.data()});
      });
    });
  }
  for (int i = 0; i < extents.conditions; ++i) {
    EXPECT_EQ(result.status(i), in_lanes.status(i));
    EXPECT_EQ(result.failed_step(i), in_lanes.failed_step(i));
    EXPECT_EQ(result.dual_evaluations(i), in_lanes.dual_evaluations(i));
    // Sums of two threads are rounded in another order.
    EXPECT_NEAR(result.dual(i), in_lanes.dual(i), 1e-9 * in_lanes.dual(i));
    for (std::size_t e = 0; e < result.policy.gain.row(i).size(); ++e)
      EXPECT_NEAR(result.policy.gain.row(i)[e], in_lanes.policy.gain.row(i)[e], 1e-9);
  }
  EXPECT_EQ(result.status(2), Status::not_finite);
}

}  // namespace
}  // namespace mdgps::kernels::testing
