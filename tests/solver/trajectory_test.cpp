// The passes over a trajectory and the C-step against references, in float and double.

#include <gtest/gtest.h>

#include "mdgps/solver/backward_pass.hpp"
#include "mdgps/solver/c_step.hpp"
#include "mdgps/solver/expected_cost.hpp"
#include "mdgps/solver/forward_pass.hpp"
#include "mdgps/solver/kl_divergence.hpp"
#include "trajectory_checks.hpp"

namespace mdgps {
namespace {

using problems::random_trajectory;
using problems::Trajectory;

template <class Real>
class TrajectoryTest : public testing::Test {
 protected:
  static TrajectoryDistributionArrays<Real> marginals(const Trajectory<Real>& p,
                                                      const LinearGaussianPolicyArrays<Real>& policy) {
    TrajectoryDistributionArrays<Real> distribution(p.shape);
    Array<Status, 1> status({p.shape.conditions});
    forward_pass<Real>(p.initial.view(), p.dynamics.view(), policy.view(), distribution.view(), status);
    for (const Status s : status.elements()) EXPECT_EQ(s, Status::ok);
    return distribution;
  }
};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(TrajectoryTest, Reals);

TYPED_TEST(TrajectoryTest, BackwardPassSolvesTheDenseProblemOfEveryTail) {
  using Real = TypeParam;
  for (const BatchShape& shape : problems::trajectory_shapes) {
    const auto p = random_trajectory<Real>(shape, 1);
    LinearGaussianPolicyArrays<Real> policy(shape);
    Array<Status, 1> status({shape.conditions});
    backward_pass<Real>(p.dynamics.view(), p.cost.view(), policy.view(), status);
    for (const Status s : status.elements()) EXPECT_EQ(s, Status::ok);
    expect_maximum_entropy_lqr(p, policy);
  }
}

TYPED_TEST(TrajectoryTest, ForwardPassGivesTheMarginalsOfTheJointTrajectory) {
  for (const BatchShape& shape : problems::trajectory_shapes) {
    const auto p = random_trajectory<TypeParam>(shape, 1);
    expect_marginals(p, this->marginals(p, p.reference));
  }
}

TYPED_TEST(TrajectoryTest, KlDivergenceIsThatOfTheJointTrajectories) {
  using Real = TypeParam;
  for (const BatchShape& shape : problems::trajectory_shapes) {
    const auto p = random_trajectory<Real>(shape, 1);
    const auto q = random_trajectory<Real>(shape, 2).reference;
    const auto distribution = this->marginals(p, p.reference);
    Array<Real, 1> total({shape.conditions});
    Array<Real, 2> per_step({shape.conditions, shape.steps});
    Array<Status, 1> status({shape.conditions});
    kl_divergence<Real>(p.reference.view(), q.view(), distribution.view(), total, per_step, status);
    for (const Status s : status.elements()) EXPECT_EQ(s, Status::ok);
    expect_divergence(p, q, total, per_step);
  }
}

TYPED_TEST(TrajectoryTest, ExpectedCostIsTheMeanOverSigmaPoints) {
  using Real = TypeParam;
  for (const BatchShape& shape : problems::trajectory_shapes) {
    const auto p = random_trajectory<Real>(shape, 1);
    const auto distribution = this->marginals(p, p.reference);
    Array<Real, 1> total({shape.conditions});
    Array<Real, 2> per_step({shape.conditions, shape.steps});
    expected_cost<Real>(distribution.view(), p.cost.view(), total, per_step);
    expect_cost(p, total, per_step);
  }
}

TYPED_TEST(TrajectoryTest, CStepMeetsItsOptimalityConditions) {
  using Real = TypeParam;
  for (const BatchShape& shape : problems::trajectory_shapes) {
    const auto p = random_trajectory<Real>(shape, 1);
    CStepResultArrays<Real> result(shape);
    c_step<Real>(p.view(), result.view(), problems::precise_c_step<Real>());
    expect_c_step(p, result);
    // The divergence to go, carried backwards, is the one that a forward pass finds.
    const auto distribution = this->marginals(p, result.policy);
    Array<Real, 1> total({shape.conditions});
    Array<Status, 1> status({shape.conditions});
    kl_divergence<Real>(result.policy.view(), p.reference.view(), distribution.view(), total, {}, status);
    for (std::int64_t i = 0; i < shape.conditions; ++i)
      EXPECT_NEAR(total(i), result.kl_divergence(i), problems::trajectory_tolerance<Real> * total(i));
  }
}

}  // namespace
}  // namespace mdgps
