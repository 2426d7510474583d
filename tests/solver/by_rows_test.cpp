// Few conditions run one by one, vectorised along the rows of their matrices: they have the bytes that they have in a
// pack, at every size and however a batch is cut into pieces.

#include <algorithm>

#include "mdgps/solver/backward_pass.hpp"
#include "mdgps/solver/c_step.hpp"
#include "mdgps/solver/forward_pass.hpp"
#include "mdgps/solver/threads.hpp"
#include "trajectory_checks.hpp"

namespace mdgps {
namespace {

using problems::expect_same;
using problems::random_trajectory;
using problems::Trajectory;

template <class Real>
CStepResultArrays<Real> solve(const Trajectory<Real>& p, int width = 1) {
  return problems::solved(p, {.speculation = width, .path = SolverPath::fused});
}

template <class Real>
class PropertyOfRows : public testing::Test {};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(PropertyOfRows, Reals);

template <class Values>
void expect_same_row(const Values& one, const Values& all, const BatchShape& shape) {
  EXPECT_TRUE(std::ranges::equal(one.row(0), all.row(0))) << shape.states << " states, " << shape.actions << " actions";
}

TYPED_TEST(PropertyOfRows, AConditionAloneHasTheBytesOfAPack) {
  const PassOptions fused{.path = SolverPath::fused};
  set_solver_threads(1);  // of 17 conditions 16 are in packs then
  for (const int n :
       {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 23, 24, 26, 28, 29, 33, 47, 70})
    for (const int m : {1 + n % 5, n % 7 == 0 ? 9 : 2}) {
      const BatchShape shape{17, 3, n, m};
      const auto many = random_trajectory<TypeParam>(shape, 5);
      const auto one = random_trajectory<TypeParam>(shape, 5, {0});

      LinearGaussianPolicyArrays<TypeParam> policies(shape), policy(one.shape);
      Array<Status, 1> statuses({17}), status({1});
      backward_pass<TypeParam>(many.dynamics.view(), many.cost.view(), policies.view(), statuses, fused);
      backward_pass<TypeParam>(one.dynamics.view(), one.cost.view(), policy.view(), status, fused);
      expect_same_row(policy.gain, policies.gain, shape);
      expect_same_row(policy.offset, policies.offset, shape);
      expect_same_row(policy.covariance, policies.covariance, shape);
      EXPECT_EQ(status(0), statuses(0));

      TrajectoryDistributionArrays<TypeParam> distributions(shape), distribution(one.shape);
      forward_pass<TypeParam>(many.initial.view(), many.dynamics.view(), many.reference.view(), distributions.view(),
                              statuses, fused);
      forward_pass<TypeParam>(one.initial.view(), one.dynamics.view(), one.reference.view(), distribution.view(),
                              status, fused);
      expect_same_row(distribution.mean, distributions.mean, shape);
      expect_same_row(distribution.covariance, distributions.covariance, shape);

      expect_same(solve(many), 0, solve(one), 0);
    }
}

TYPED_TEST(PropertyOfRows, EveryConditionIsSolvedHoweverABatchIsCut) {
  for (const int n : {3, 17}) {
    const BatchShape shape{19, 2, n, 2};
    for (const int width : {1, 2, 4, 8}) {
      std::vector<CStepResultArrays<TypeParam>> alone;
      for (std::int64_t i = 0; i < shape.conditions; ++i)
        alone.push_back(solve(random_trajectory<TypeParam>(shape, 6, {i}), width));
      for (const int threads : {1, 2, 7})
        for (const std::int64_t conditions : {1, 2, 3, 4, 5, 7, 9, 12, 13, 16, 19}) {
          set_solver_threads(threads);
          const auto all = solve(random_trajectory<TypeParam>({conditions, shape.steps, n, shape.actions}, 6), width);
          for (std::int64_t i = 0; i < conditions; ++i) expect_same(all, i, alone[i], 0);
        }
    }
  }
}

TYPED_TEST(PropertyOfRows, AFailingConditionAloneKeepsItsReference) {
  for (const int n : {4, 26}) {
    auto p = random_trajectory<TypeParam>({1, 4, n, 3}, 7);
    p.cost.hessian(0, 2, 1, 1) = std::numeric_limits<TypeParam>::quiet_NaN();
    const auto result = solve(p);
    EXPECT_EQ(result.status(0), Status::not_finite);
    expect_same_row(result.policy.gain, p.reference.gain, p.shape);
    expect_same_row(result.policy.covariance, p.reference.covariance, p.shape);
  }
}

}  // namespace
}  // namespace mdgps
