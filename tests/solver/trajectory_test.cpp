// The passes over a trajectory and the C-step against references, in float and double.

#include <gmock/gmock.h>

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

TYPED_TEST(TrajectoryTest, DivergencesSayAtWhichStepTheyFail) {
  using Real = TypeParam;
  const BatchShape shape{6, 5, 3, 2};
  auto p = random_trajectory<Real>(shape, 4);
  auto q = p.reference;
  const auto distribution = this->marginals(p, p.reference);
  q.covariance(1, 2, 1, 1) = -1;
  q.covariance(1, 4, 1, 1) = -1;
  p.reference.covariance(2, 3, 0, 0) = -1;
  q.gain(4, 1, 0, 2) = NAN;
  q.offset(5, 4, 1) = INFINITY;
  q.gain(2, 4, 0, 2) = NAN;  // the covariance of a step before fails first
  Array<Real, 1> total({6});
  Array<Status, 1> status({6});
  Array<std::int32_t, 1> failed_step({6});
  kl_divergence<Real>(p.reference.view(), q.view(), distribution.view(), total, {}, {status, failed_step});
  EXPECT_THAT(failed_step.elements(), testing::ElementsAre(-1, 2, 3, -1, 1, 4));
  const Status bad = Status::not_positive_definite, nan = Status::not_finite, ok = Status::ok;
  EXPECT_THAT(status.elements(), testing::ElementsAre(ok, bad, bad, ok, nan, nan));
}

TEST(LargeProblems, AreSolvedUpTo256StatesAnd64Actions) {
  const BatchShape shape{1, 2, 256, 64};
  const auto p = random_trajectory<double>(shape, 1);
  CStepResultArrays<double> result(shape);
  c_step<double>(p.view(), result.view());
  EXPECT_EQ(result.status(0), Status::ok);
  LinearGaussianPolicyArrays<double> minimiser(shape);
  QuadraticCostArrays<double> surrogate(shape);
  const auto s =
      reference::surrogate(reference::cost(p.cost.view(), 0), reference::policy(p.reference.view(), 0), result.dual(0));
  for (std::int64_t t = 0; t < shape.steps; ++t) {
    std::ranges::copy(s.hessian[t].elements, surrogate.hessian.row(0, t).begin());
    std::ranges::copy(s.gradient[t].elements, surrogate.gradient.row(0, t).begin());
  }
  // Step by step and as a scan: two ways to the same policy.
  for (const bool parallel_in_time : {false, true}) {
    Array<Status, 1> status({1});
    backward_pass<double>(p.dynamics.view(), std::as_const(surrogate).view(), minimiser.view(), status,
                          PassOptions{.parallel_in_time = parallel_in_time});
    EXPECT_EQ(status(0), Status::ok);
    problems::expect_policy(result.policy, 0, reference::policy(std::as_const(minimiser).view(), 0),
                            problems::trajectory_tolerance<double>);
  }
  TrajectoryDistributionArrays<double> distribution(shape);
  Array<double, 1> total({1});
  Array<Status, 1> status({1});
  forward_pass<double>(p.initial.view(), p.dynamics.view(), std::as_const(result.policy).view(), distribution.view(),
                       status);
  kl_divergence<double>(std::as_const(result.policy).view(), p.reference.view(), distribution.view(), total, {},
                        status);
  EXPECT_EQ(status(0), Status::ok);
  EXPECT_NEAR(total(0), p.epsilon(0), 0.0101 * p.epsilon(0));
  EXPECT_NEAR(total(0), result.kl_divergence(0), problems::trajectory_tolerance<double> * total(0));
}

}  // namespace
}  // namespace mdgps
