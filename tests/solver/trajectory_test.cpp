// The passes over a trajectory and the C-step against references, in float and double.

#include <gtest/gtest.h>

#include <limits>

#include "mdgps/solver/backward_pass.hpp"
#include "mdgps/solver/c_step.hpp"
#include "mdgps/solver/expected_cost.hpp"
#include "mdgps/solver/forward_pass.hpp"
#include "mdgps/solver/kl_divergence.hpp"
#include "problems.hpp"
#include "reference.hpp"

namespace mdgps {
namespace {

using problems::random_trajectory;
using problems::Trajectory;

// The least of every extent, batches that fill no pack and several, and shapes that tiles do not divide.
const std::vector<BatchShape> kShapes = {{1, 1, 1, 1}, {3, 4, 2, 1}, {5, 3, 1, 3}, {17, 5, 5, 2}, {2, 3, 9, 4}};

template <class Real>
class TrajectoryTest : public testing::Test {
 protected:
  // Errors grow with the length of sums, the condition numbers of about ten, and the horizon.
  static constexpr double tolerance = 2e4 * std::numeric_limits<Real>::epsilon();

  template <class Check>
  static void for_each_condition(Check check) {
    for (const BatchShape& shape : kShapes) {
      const auto p = random_trajectory<Real>(shape, 1);
      SCOPED_TRACE(testing::Message() << "N " << shape.conditions << " T " << shape.steps << " n " << shape.states
                                      << " m " << shape.actions);
      check(p);
    }
  }

  static void expect_policy(const LinearGaussianPolicyArrays<Real>& actual, std::int64_t i,
                            const reference::Policy& expected, double bound) {
    const auto policy = reference::policy(actual.view(), i);
    EXPECT_LT(reference::relative_error(policy.gain, expected.gain), bound) << "condition " << i;
    EXPECT_LT(reference::relative_error(policy.offset, expected.offset), bound) << "condition " << i;
    EXPECT_LT(reference::relative_error(policy.covariance, expected.covariance), bound) << "condition " << i;
  }

  static TrajectoryDistributionArrays<Real> marginals(const Trajectory<Real>& p,
                                                      const LinearGaussianPolicyArrays<Real>& policy) {
    TrajectoryDistributionArrays<Real> distribution(p.shape);
    Array<Status, 1> status({p.shape.conditions});
    forward_pass<Real>(p.initial.view(), p.dynamics.view(), policy.view(), distribution.view(), status);
    for (const Status s : status.elements()) EXPECT_EQ(s, Status::ok);
    return distribution;
  }
  static Array<Real, 1> divergence(const Trajectory<Real>& p, const LinearGaussianPolicyArrays<Real>& policy,
                                   const LinearGaussianPolicyArrays<Real>& other) {
    const auto distribution = marginals(p, policy);
    Array<Real, 1> total({p.shape.conditions});
    Array<Status, 1> status({p.shape.conditions});
    kl_divergence<Real>(policy.view(), other.view(), distribution.view(), total, {}, status);
    for (const Status s : status.elements()) EXPECT_EQ(s, Status::ok);
    return total;
  }
};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(TrajectoryTest, Reals);

TYPED_TEST(TrajectoryTest, BackwardPassSolvesTheDenseProblemOfEveryTail) {
  using Real = TypeParam;
  this->for_each_condition([&](const Trajectory<Real>& p) {
    LinearGaussianPolicyArrays<Real> policy(p.shape);
    Array<Status, 1> status({p.shape.conditions});
    backward_pass<Real>(p.dynamics.view(), p.cost.view(), policy.view(), status);
    for (std::int64_t i = 0; i < p.shape.conditions; ++i) {
      EXPECT_EQ(status(i), Status::ok);
      this->expect_policy(
          policy, i,
          reference::maximum_entropy_lqr(reference::dynamics(p.dynamics.view(), i), reference::cost(p.cost.view(), i)),
          this->tolerance);
    }
  });
}

TYPED_TEST(TrajectoryTest, ForwardPassGivesTheMarginalsOfTheJointTrajectory) {
  using Real = TypeParam;
  this->for_each_condition([&](const Trajectory<Real>& p) {
    const auto distribution = this->marginals(p, p.reference);
    const int T = static_cast<int>(p.shape.steps);
    for (std::int64_t i = 0; i < p.shape.conditions; ++i) {
      const auto joint =
          reference::joint_trajectory(reference::initial(p.initial.view(), i), reference::dynamics(p.dynamics.view(), i),
                                      reference::policy(p.reference.view(), i));
      std::vector<reference::Dense> mean, covariance;
      for (int t = 0; t < T; ++t) {
        mean.push_back(reference::marginal(joint, T, t).mean);
        covariance.push_back(reference::marginal(joint, T, t).covariance);
      }
      const auto view = distribution.view();
      EXPECT_LT(reference::relative_error(reference::dense_steps(view.mean[i]), mean), this->tolerance);
      EXPECT_LT(reference::relative_error(reference::dense_steps(view.covariance[i]), covariance), this->tolerance);
    }
  });
}

TYPED_TEST(TrajectoryTest, KlDivergenceIsThatOfTheJointTrajectories) {
  using Real = TypeParam;
  this->for_each_condition([&](const Trajectory<Real>& p) {
    const auto q = random_trajectory<Real>(p.shape, 2).reference;
    const auto distribution = this->marginals(p, p.reference);
    Array<Real, 1> total({p.shape.conditions});
    Array<Real, 2> per_step({p.shape.conditions, p.shape.steps});
    Array<Status, 1> status({p.shape.conditions});
    kl_divergence<Real>(p.reference.view(), q.view(), distribution.view(), total, per_step, status);
    for (std::int64_t i = 0; i < p.shape.conditions; ++i) {
      EXPECT_EQ(status(i), Status::ok);
      const auto start = reference::initial(p.initial.view(), i);
      const auto dynamics = reference::dynamics(p.dynamics.view(), i);
      auto policy = reference::policy(p.reference.view(), i), other = reference::policy(q.view(), i);
      EXPECT_LT(reference::relative_error(total(i), reference::kl_divergence(start, dynamics, policy, other)),
                this->tolerance);
      // The chain rule: what a trajectory that stops before the last step lacks.
      double sum = 0.0;
      for (const Real step : per_step.row(i)) sum += step;
      EXPECT_NEAR(sum, total(i), this->tolerance * total(i));
      if (p.shape.steps == 1) continue;
      policy.gain.pop_back();
      other.gain.pop_back();
      EXPECT_LT(reference::relative_error(sum - per_step(i, p.shape.steps - 1),
                                          reference::kl_divergence(start, dynamics, policy, other)),
                this->tolerance);
    }
  });
}

TYPED_TEST(TrajectoryTest, ExpectedCostIsTheMeanOverSigmaPoints) {
  using Real = TypeParam;
  this->for_each_condition([&](const Trajectory<Real>& p) {
    const auto distribution = this->marginals(p, p.reference);
    Array<Real, 1> total({p.shape.conditions});
    Array<Real, 2> per_step({p.shape.conditions, p.shape.steps});
    expected_cost<Real>(distribution.view(), p.cost.view(), total, per_step);
    for (std::int64_t i = 0; i < p.shape.conditions; ++i) {
      const auto cost = reference::cost(p.cost.view(), i);
      const auto joint =
          reference::joint_trajectory(reference::initial(p.initial.view(), i), reference::dynamics(p.dynamics.view(), i),
                                      reference::policy(p.reference.view(), i));
      double sum = 0.0, size = 0.0;
      for (int t = 0; t < static_cast<int>(p.shape.steps); ++t) {
        const double step = reference::expected_cost(reference::marginal(joint, static_cast<int>(p.shape.steps), t),
                                                     cost.hessian[t], cost.gradient[t], cost.constant[t]);
        sum += step;
        size += std::abs(step) + 1.0;
        EXPECT_NEAR(per_step(i, t), step, this->tolerance * (std::abs(step) + 1.0));
      }
      EXPECT_NEAR(total(i), sum, this->tolerance * size);
    }
  });
}

TYPED_TEST(TrajectoryTest, CStepFindsTheDualOfABisection) {
  using Real = TypeParam;
  this->for_each_condition([&](const Trajectory<Real>& p) {
    CStepResultArrays<Real> result(p.shape);
    const double precise = std::is_same_v<Real, float> ? 1e-4 : 1e-9;
    c_step<Real>(p.view(), result.view(), {.tolerance = precise});
    const auto kl = this->divergence(p, result.policy, p.reference);
    for (std::int64_t i = 0; i < std::min<std::int64_t>(p.shape.conditions, 6); ++i) {
      EXPECT_EQ(result.status(i), Status::ok);
      const auto expected =
          reference::c_step(reference::initial(p.initial.view(), i), reference::dynamics(p.dynamics.view(), i),
                            reference::cost(p.cost.view(), i), reference::policy(p.reference.view(), i), p.epsilon(i));
      const double bound = std::max(100 * precise, this->tolerance);  // of KL to that of the policy
      EXPECT_LT(reference::relative_error(result.dual(i), expected.dual), bound);
      EXPECT_LT(reference::relative_error(result.kl_divergence(i), p.epsilon(i)), 1.01 * precise);
      EXPECT_LT(reference::relative_error(kl(i), result.kl_divergence(i)), this->tolerance);
      this->expect_policy(result.policy, i, expected.policy, bound);
    }
  });
}

}  // namespace
}  // namespace mdgps
