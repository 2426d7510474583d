// The passes over a trajectory, on every pack width and group.

#include <algorithm>
#include <limits>

#include "kernels/backward_pass.hpp"
#include "kernels/expected_cost.hpp"
#include "kernels/forward_pass.hpp"
#include "kernels/kl_divergence.hpp"
#include "tests/kernels/backends.hpp"
#include "trajectory_checks.hpp"

namespace mdgps::kernels::testing {
namespace {

using problems::random_trajectory;

template <class B>
class PassesKernel : public ::testing::Test {
 protected:
  using Real = typename B::Real;

  static TrajectoryDistributionArrays<Real> marginals(const problems::Trajectory<Real>& p) {
    TrajectoryDistributionArrays<Real> distribution(p.shape);
    Array<Status, 1> status({p.shape.conditions});
    run_conditions<B>(p.shape.conditions, [&](const auto& g, const auto& lanes, auto& scratch) {
      forward_pass(g, lanes, shape_of(p.shape), batch(p.initial.view()), batch(p.dynamics.view()),
                   batch(p.reference.view()), batch(distribution.view()), batch(status.view()), scratch);
    });
    for (const Status s : status.elements()) EXPECT_EQ(s, Status::ok);
    return distribution;
  }
};
TYPED_TEST_SUITE(PassesKernel, Backends, BackendNames);

TYPED_TEST(PassesKernel, Backward) {
  using Real = typename TypeParam::Real;
  for (const BatchShape& shape : shapes_for<TypeParam>(problems::trajectory_shapes)) {
    const auto p = random_trajectory<Real>(shape, 1);
    LinearGaussianPolicyArrays<Real> policy(shape);
    Array<Status, 1> status({shape.conditions});
    run_conditions<TypeParam>(shape.conditions, [&](const auto& g, const auto& lanes, auto& scratch) {
      backward_pass(g, lanes, shape_of(shape), batch(p.dynamics.view()), batch(p.cost.view()), batch(policy.view()),
                    batch(status.view()), scratch);
    });
    for (const Status s : status.elements()) EXPECT_EQ(s, Status::ok);
    expect_maximum_entropy_lqr(p, policy);
  }
}

TYPED_TEST(PassesKernel, AValueFunctionWithoutAFactorIsCarriedByItself) {
  using Real = typename TypeParam::Real;
  const auto solve = [](const problems::Trajectory<Real>& p) {
    LinearGaussianPolicyArrays<Real> policy(p.shape);
    Array<Status, 1> status({p.shape.conditions});
    run_conditions<TypeParam>(p.shape.conditions, [&](const auto& g, const auto& lanes, auto& scratch) {
      backward_pass(g, lanes, shape_of(p.shape), batch(p.dynamics.view()), batch(p.cost.view()), batch(policy.view()),
                    batch(status.view()), scratch);
    });
    for (const Status s : status.elements()) EXPECT_EQ(s, Status::ok);
    return policy;
  };
  const BatchShape shape{3, 4, least_states_in_root_form + 1, 2};
  const auto convex = random_trajectory<Real>(shape, 4);
  const auto without_factors = [&](int every) {
    auto p = convex;
    for (int t = 1; t < shape.steps; t += every) {
      for (int j = 0; j < shape.states; ++j) p.cost.hessian(1, t, j, j) -= Real(2);
      for (int j = shape.states; j < shape.states + shape.actions; ++j) p.cost.hessian(1, t, j, j) += Real(30);
    }
    return p;
  };
  const auto p = without_factors(1);
  const auto policy = solve(p);
  expect_maximum_entropy_lqr(p, policy);
  const auto others = solve(convex);
  for (const int i : {0, 2}) EXPECT_TRUE(std::ranges::equal(policy.gain.row(i), others.gain.row(i)));

  // A factor that is missing now and then: what was kept of an earlier step without one is not used again.
  const auto now_and_then = without_factors(2);
  expect_maximum_entropy_lqr(now_and_then, solve(now_and_then));
}

TYPED_TEST(PassesKernel, Forward) {
  for (const BatchShape& shape : shapes_for<TypeParam>(problems::trajectory_shapes)) {
    const auto p = random_trajectory<typename TypeParam::Real>(shape, 1);
    expect_marginals(p, this->marginals(p));
  }
}

TYPED_TEST(PassesKernel, ForwardReadsTheNoiseBelowItsDiagonal) {
  using Real = typename TypeParam::Real;
  const BatchShape shape{3, 4, 17, 2};
  auto p = random_trajectory<Real>(shape, 1);
  const auto expected = this->marginals(p);
  for (int i = 0; i < shape.conditions; ++i)
    for (int t = 0; t < shape.steps; ++t)
      for (int j = 0; j < shape.states; ++j)
        for (int k = j + 1; k < shape.states; ++k)
          p.dynamics.covariance(i, t, j, k) = std::numeric_limits<Real>::quiet_NaN();
  EXPECT_TRUE(std::ranges::equal(this->marginals(p).covariance.elements(), expected.covariance.elements()));
}

TYPED_TEST(PassesKernel, KlDivergence) {
  using Real = typename TypeParam::Real;
  for (const BatchShape& shape : shapes_for<TypeParam>(problems::trajectory_shapes)) {
    const auto p = random_trajectory<Real>(shape, 1);
    const auto q = random_trajectory<Real>(shape, 2).reference;
    const auto distribution = this->marginals(p);
    Array<Real, 1> total({shape.conditions});
    Array<Real, 2> per_step({shape.conditions, shape.steps});
    Array<Status, 1> status({shape.conditions});
    run_conditions<TypeParam>(shape.conditions, [&](const auto& g, const auto& lanes, auto& scratch) {
      kl_divergence(g, lanes, shape_of(shape), batch(p.reference.view()), batch(q.view()), batch(distribution.view()),
                    batch(total.view()), batch(per_step.view()), batch(status.view()), scratch);
    });
    for (const Status s : status.elements()) EXPECT_EQ(s, Status::ok);
    expect_divergence(p, q, total, per_step);
  }
}

TYPED_TEST(PassesKernel, ExpectedCost) {
  using Real = typename TypeParam::Real;
  for (const BatchShape& shape : shapes_for<TypeParam>(problems::trajectory_shapes)) {
    const auto p = random_trajectory<Real>(shape, 1);
    const auto distribution = this->marginals(p);
    Array<Real, 1> total({shape.conditions});
    Array<Real, 2> per_step({shape.conditions, shape.steps});
    run_conditions<TypeParam>(shape.conditions, [&](const auto& g, const auto& lanes, auto& scratch) {
      expected_cost(g, lanes, shape_of(shape), batch(std::as_const(distribution).view()), batch(p.cost.view()),
                    batch(total.view()), batch(per_step.view()), scratch);
    });
    expect_cost(p, total, per_step);
    Array<Real, 1> alone({shape.conditions});  // storing steps syncs as well; the total must not need that
    run_conditions<TypeParam>(shape.conditions, [&](const auto& g, const auto& lanes, auto& scratch) {
      expected_cost(g, lanes, shape_of(shape), batch(std::as_const(distribution).view()), batch(p.cost.view()),
                    batch(alone.view()), Batch<Real>{}, scratch);
    });
    EXPECT_EQ(alone, total);
  }
}

}  // namespace
}  // namespace mdgps::kernels::testing
