#pragma once
/// What the passes over a trajectory and the C-step must give, by the references.

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "problems.hpp"
#include "reference.hpp"

namespace mdgps::problems {

/// The least of every extent, batches that fill no pack and several, shapes that tiles do not divide, and states enough
/// for a value function in root form.
inline const std::vector<BatchShape> trajectory_shapes = {{1, 1, 1, 1},  {3, 4, 2, 1}, {5, 3, 1, 3},
                                                          {17, 5, 5, 2}, {2, 3, 9, 4}, {2, 3, 17, 3}};

/// Errors grow with the length of sums, the condition numbers of about ten, and the horizon.
template <class Real>
inline constexpr double trajectory_tolerance = 2e4 * std::numeric_limits<Real>::epsilon();

template <class Real>
reference::Gaussian joint(const Trajectory<Real>& p, std::int64_t i) {
  return reference::joint_trajectory(reference::initial(p.initial.view(), i), reference::dynamics(p.dynamics.view(), i),
                                     reference::policy(p.reference.view(), i));
}

template <class Real>
void expect_policy(const LinearGaussianPolicyArrays<Real>& actual, std::int64_t i, const reference::Policy& expected,
                   double tolerance) {
  const auto policy = reference::policy(actual.view(), i);
  EXPECT_LT(reference::relative_error(policy.gain, expected.gain), tolerance) << "condition " << i;
  EXPECT_LT(reference::relative_error(policy.offset, expected.offset), tolerance) << "condition " << i;
  EXPECT_LT(reference::relative_error(policy.covariance, expected.covariance), tolerance) << "condition " << i;
}

template <class Real>
CStepResultArrays<Real> solved(const Trajectory<Real>& p, const CStepOptions& options = {}) {
  CStepResultArrays<Real> result(p.shape);
  c_step<Real>(p.view(), result.view(), options);
  return result;
}

/// That condition i of one result and condition j of another have the same bytes.
template <class Real>
void expect_same(const CStepResultArrays<Real>& a, std::int64_t i, const CStepResultArrays<Real>& b, std::int64_t j) {
  EXPECT_TRUE(std::ranges::equal(a.policy.gain.row(i), b.policy.gain.row(j))) << i << " " << j;
  EXPECT_TRUE(std::ranges::equal(a.policy.offset.row(i), b.policy.offset.row(j))) << i << " " << j;
  EXPECT_TRUE(std::ranges::equal(a.policy.covariance.row(i), b.policy.covariance.row(j))) << i << " " << j;
  EXPECT_EQ(a.dual(i), b.dual(j));
  EXPECT_EQ(a.kl_divergence(i), b.kl_divergence(j));
  EXPECT_EQ(a.dual_evaluations(i), b.dual_evaluations(j));
  EXPECT_EQ(a.status(i), b.status(j));
  EXPECT_EQ(a.failed_step(i), b.failed_step(j));
}

/// `policy` is that of the dense problem of every tail.
template <class Real>
void expect_maximum_entropy_lqr(const Trajectory<Real>& p, const LinearGaussianPolicyArrays<Real>& policy) {
  for (std::int64_t i = 0; i < p.shape.conditions; ++i)
    expect_policy(
        policy, i,
        reference::maximum_entropy_lqr(reference::dynamics(p.dynamics.view(), i), reference::cost(p.cost.view(), i)),
        trajectory_tolerance<Real>);
}

/// `distribution` has the marginals of the joint trajectory under the reference policy.
template <class Real>
void expect_marginals(const Trajectory<Real>& p, const TrajectoryDistributionArrays<Real>& distribution) {
  const int T = static_cast<int>(p.shape.steps);
  for (std::int64_t i = 0; i < p.shape.conditions; ++i) {
    std::vector<reference::Dense> mean, covariance;
    for (int t = 0; t < T; ++t) {
      mean.push_back(reference::marginal(joint(p, i), T, t).mean);
      covariance.push_back(reference::marginal(joint(p, i), T, t).covariance);
    }
    const auto view = distribution.view();
    EXPECT_LT(reference::relative_error(reference::dense_steps(view.mean[i]), mean), trajectory_tolerance<Real>);
    EXPECT_LT(reference::relative_error(reference::dense_steps(view.covariance[i]), covariance),
              trajectory_tolerance<Real>);
  }
}

/// The divergence of the reference policy from `q` is that of the joint trajectories.
template <class Real>
void expect_divergence(const Trajectory<Real>& p, const LinearGaussianPolicyArrays<Real>& q,
                       const Array<Real, 1>& total, const Array<Real, 2>& per_step) {
  const double tolerance = trajectory_tolerance<Real>;
  for (std::int64_t i = 0; i < p.shape.conditions; ++i) {
    const auto start = reference::initial(p.initial.view(), i);
    const auto dynamics = reference::dynamics(p.dynamics.view(), i);
    auto policy = reference::policy(p.reference.view(), i), other = reference::policy(q.view(), i);
    EXPECT_LT(reference::relative_error(total(i), reference::kl_divergence(start, dynamics, policy, other)), tolerance);
    double sum = 0.0;
    for (const Real step : per_step.row(i)) sum += step;
    EXPECT_NEAR(sum, total(i), tolerance * total(i));
    if (p.shape.steps == 1) continue;
    // The chain rule: the last step's part is what a trajectory without it lacks.
    policy.gain.pop_back();
    other.gain.pop_back();
    EXPECT_LT(reference::relative_error(sum - per_step(i, p.shape.steps - 1),
                                        reference::kl_divergence(start, dynamics, policy, other)),
              tolerance);
  }
}

/// The cost under the reference policy is the mean over sigma points.
template <class Real>
void expect_cost(const Trajectory<Real>& p, const Array<Real, 1>& total, const Array<Real, 2>& per_step) {
  const int T = static_cast<int>(p.shape.steps);
  for (std::int64_t i = 0; i < p.shape.conditions; ++i) {
    const auto cost = reference::cost(p.cost.view(), i);
    const auto whole = joint(p, i);
    double sum = 0.0, size = 0.0;
    for (int t = 0; t < T; ++t) {
      const double step = reference::expected_cost(reference::marginal(whole, T, t), cost.hessian[t], cost.gradient[t],
                                                   cost.constant[t]);
      sum += step;
      size += std::abs(step) + 1.0;
      EXPECT_NEAR(per_step(i, t), step, trajectory_tolerance<Real> * (std::abs(step) + 1.0));
    }
    EXPECT_NEAR(total(i), sum, trajectory_tolerance<Real> * size);
  }
}

/// A search whose tolerance leaves little to compare.
template <class Real>
CStepOptions precise_c_step() {
  return {.tolerance = std::is_same_v<Real, float> ? 1e-4 : 1e-9};
}

/// The optimality conditions, which have one solution: the policy minimises the Lagrangian at the dual, and its
/// divergence from the reference is epsilon. Run with precise_c_step().
template <class Real>
void expect_c_step(const Trajectory<Real>& p, const CStepResultArrays<Real>& result) {
  const double precise = precise_c_step<Real>().tolerance, tolerance = trajectory_tolerance<Real>;
  for (std::int64_t i = 0; i < p.shape.conditions; ++i) {
    EXPECT_EQ(result.status(i), Status::ok);
    const auto dynamics = reference::dynamics(p.dynamics.view(), i);
    const auto reference_policy = reference::policy(p.reference.view(), i);
    auto minimiser = reference::maximum_entropy_lqr(
        dynamics, reference::surrogate(reference::cost(p.cost.view(), i), reference_policy, result.dual(i)));
    for (std::int64_t t = 0; !p.entropy_weight.empty() && t < p.shape.steps; ++t)
      minimiser.covariance[t] = (1.0 + p.entropy_weight(i, t) / result.dual(i)) * minimiser.covariance[t];
    expect_policy(result.policy, i, minimiser, tolerance);
    const double divergence =
        reference::kl_divergence(reference::initial(p.initial.view(), i), dynamics, minimiser, reference_policy);
    EXPECT_NEAR(divergence, p.epsilon(i), (precise + tolerance) * p.epsilon(i));
    EXPECT_NEAR(result.kl_divergence(i), p.epsilon(i), 1.01 * precise * p.epsilon(i));
  }
}

}  // namespace mdgps::problems
