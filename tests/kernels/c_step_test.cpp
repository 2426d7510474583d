// The C-step, on every pack width and group.

#include "kernels/c_step.hpp"

#include <algorithm>

#include "tests/kernels/backends.hpp"
#include "trajectory_checks.hpp"

namespace mdgps::kernels::testing {
namespace {

using problems::random_trajectory;

template <class B, class Real>
CStepResultArrays<Real> solve(const problems::Trajectory<Real>& p, const CStepOptions& options) {
  CStepResultArrays<Real> result(p.shape);
  const auto problem = p.view();
  const auto out = result.view();
  const CStepBatch<Real> b{batch(problem.initial),      batch(problem.dynamics), batch(problem.cost),
                           batch(problem.reference),    batch(problem.epsilon),  batch(problem.initial_dual),
                           batch(out.policy),           batch(out.dual),         batch(out.kl_divergence),
                           batch(out.dual_evaluations), batch(out.status),       batch(problem.entropy_weight)};
  const DualSearchOptions search{options.tolerance, options.max_evaluations, options.min_dual, options.max_dual,
                                 std::max(1, options.speculation)};
  run_conditions<B>(p.shape.conditions, search.width, [&](const auto& g, const auto& lanes, auto& scratch) {
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

TYPED_TEST(CStepKernel, CandidateDualsInLanesLeadToTheSameAnswer) {
  using Real = typename TypeParam::Real;
  const BatchShape shape{5, 4, 3, 2};
  const auto p = random_trajectory<Real>(shape, 3);
  const auto one = solve<TypeParam>(p, {});
  for (const int width : {2, 4, 8}) {
    if (width > lane_count<typename TypeParam::Scalar>) continue;
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
  for (const int i : {0, 2, 4}) {
    EXPECT_EQ(result.status(i), Status::ok);
    EXPECT_EQ(result.dual(i), clean.dual(i));
    EXPECT_TRUE(std::ranges::equal(result.policy.gain.row(i), clean.policy.gain.row(i)));
    EXPECT_TRUE(std::ranges::equal(result.policy.covariance.row(i), clean.policy.covariance.row(i)));
  }
  for (const int i : {1, 3}) EXPECT_TRUE(std::ranges::equal(result.policy.gain.row(i), bad.reference.gain.row(i)));
}

}  // namespace
}  // namespace mdgps::kernels::testing
