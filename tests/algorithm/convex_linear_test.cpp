#include "mdgps/algorithm/convex_linear.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "problems.hpp"
#include "reference.hpp"

namespace mdgps {
namespace {

/// Conditions that differ in where they start; dynamics, cost and first policy are theirs together.
struct System {
  LinearQuadraticProblem problem;
  LinearGaussianPolicyArrays<double> policy;
};

template <class Arrays>
void share_first_condition(Arrays& array) {
  for (std::int64_t i = 1; i < array.extent(0); ++i) std::ranges::copy(array.row(0), array.row(i).begin());
}

System random_system(const BatchShape& shape, std::uint64_t seed) {
  auto p = problems::random_trajectory<double>(shape, seed);
  share_first_condition(p.dynamics.transition);
  share_first_condition(p.dynamics.offset);
  share_first_condition(p.dynamics.covariance);
  share_first_condition(p.cost.hessian);
  share_first_condition(p.cost.gradient);
  share_first_condition(p.cost.constant);
  LinearGaussianPolicyArrays<double> policy(BatchShape{1, shape.steps, shape.states, shape.actions});
  std::ranges::copy(p.reference.gain.row(0), policy.gain.elements().begin());
  std::ranges::copy(p.reference.offset.row(0), policy.offset.elements().begin());
  std::ranges::copy(p.reference.covariance.row(0), policy.covariance.elements().begin());
  return {{p.initial, p.dynamics, p.cost}, policy};
}

double sum(const Array<double, 1>& values) {
  double total = 0;
  for (const double x : values.elements()) total += x;
  return total;
}

TEST(PropertyOfConvexLinear, EveryIterationImprovesTheGlobalPolicysExactCost) {
  int binding = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    problems::Draws draws(seed, 1000);
    const BatchShape shape{1 + draws.below(4), 2 + draws.below(6), 1 + draws.below(4), 1 + draws.below(3)};
    const auto [problem, policy] = random_system(shape, seed);
    ConvexLinear descent(problem, policy);
    const double epsilon = std::exp(draws.uniform(-4.0, 2.0));
    double last = sum(descent.costs());
    for (int k = 0; k < 8; ++k) {
      const auto report = descent.iterate(epsilon);
      const double cost = sum(report.global_cost);
      EXPECT_LE(cost, last + 1e-9 * (1 + std::abs(last))) << "system " << seed << ", iteration " << k;
      last = cost;
      for (const Status status : report.status.elements()) binding += status == Status::ok ? 1 : 0;
    }
  }
  EXPECT_GT(binding, 8000);  // steps that were as long as their bound allowed
}

/// Minimises a smooth function by Newton's method on numerical derivatives, damped until it descends: what anyone would
/// write who knew nothing of LQR.
using Function = std::function<double(const std::vector<double>&)>;
std::vector<double> minimised(const Function& f, std::vector<double> x) {
  const auto n = static_cast<int>(x.size());
  constexpr double h = 1e-4;
  double damping = 1e-6;
  for (int iteration = 0; iteration < 200; ++iteration) {
    const auto at = [&](int i, double di, int j, double dj) {
      std::vector<double> y = x;
      y[i] += di;
      y[j] += dj;
      return f(y);
    };
    reference::Dense gradient(n, 1), hessian(n, n);
    const double here = f(x);
    for (int i = 0; i < n; ++i) {
      gradient(i, 0) = (at(i, h, i, 0) - at(i, -h, i, 0)) / (2 * h);
      for (int j = 0; j < n; ++j)
        hessian(i, j) = i == j ? (at(i, h, i, 0) - 2 * here + at(i, -h, i, 0)) / (h * h)
                               : (at(i, h, j, h) - at(i, h, j, -h) - at(i, -h, j, h) + at(i, -h, j, -h)) / (4 * h * h);
    }
    for (;; damping *= 10) {
      if (damping > 1e12) return x;  // nothing descends any more
      const reference::Dense step = reference::solve(hessian + damping * reference::identity(n), gradient);
      std::vector<double> y = x;
      for (int i = 0; i < n; ++i) y[i] -= step(i, 0);
      if (f(y) < here) {
        x = y;
        damping = std::max(1e-8, damping / 100);
        break;
      }
    }
  }
  return x;
}

/// theta = (K_t, k_t, log deviation) of each step, one state and one action.
reference::Policy policy_of(const std::vector<double>& theta) {
  reference::Policy policy;
  for (std::size_t t = 0; t < theta.size(); t += 3) {
    for (auto* list : {&policy.gain, &policy.offset, &policy.covariance}) list->emplace_back(1, 1);
    policy.gain.back()(0, 0) = theta[t];
    policy.offset.back()(0, 0) = theta[t + 1];
    policy.covariance.back()(0, 0) = std::exp(2 * theta[t + 2]);
  }
  return policy;
}
std::vector<double> parameters_of(const LinearGaussianPolicyArrays<double>& policy, std::int64_t i) {
  std::vector<double> theta;
  for (std::int64_t t = 0; t < policy.gain.extent(1); ++t)
    theta.insert(theta.end(),
                 {policy.gain(i, t, 0, 0), policy.offset(i, t, 0), 0.5 * std::log(policy.covariance(i, t, 0, 0))});
  return theta;
}

/// min f such that g <= bound, by an augmented Lagrangian.
std::vector<double> minimised_within(const Function& f, const Function& g, double bound, std::vector<double> x) {
  constexpr double weight = 100;
  double multiplier = 0;
  for (int round = 0; round < 15; ++round) {
    x = minimised(
        [&](const std::vector<double>& y) {
          const double pressed = std::max(0.0, multiplier + weight * (g(y) - bound));
          return f(y) + 0.5 * pressed * pressed / weight;
        },
        x);
    multiplier = std::max(0.0, multiplier + weight * (g(x) - bound));
  }
  return x;
}

TEST(ConvexLinear, IsMirrorDescentByDirectMinimisation) {
  const BatchShape shape{2, 2, 1, 1};
  for (const std::uint64_t seed : {11, 12, 13}) {
    const auto [problem, policy] = random_system(shape, seed);
    ConvexLinear descent(problem, policy);
    const double epsilon = 0.2;
    for (int k = 0; k < 2; ++k) {
      const auto before = parameters_of(descent.policy(), 0);
      descent.iterate(epsilon);
      std::vector<reference::Policy> local;
      for (int i = 0; i < shape.conditions; ++i) {
        const auto start = reference::initial(problem.initial.view(), i);
        const auto dynamics = reference::dynamics(problem.dynamics.view(), i);
        const auto cost = reference::cost(problem.cost.view(), i);
        const auto theta = minimised_within(
            [&](const auto& y) { return reference::expected_cost(start, dynamics, policy_of(y), cost); },
            [&](const auto& y) { return reference::kl_divergence(start, dynamics, policy_of(y), policy_of(before)); },
            epsilon, before);
        const auto ours = parameters_of(descent.local_policies(), i);
        for (std::size_t e = 0; e < theta.size(); ++e) EXPECT_NEAR(ours[e], theta[e], 1e-5) << "C-step, seed " << seed;
        local.push_back(policy_of(ours));
      }
      const auto theta = minimised(
          [&](const auto& y) {
            double total = 0;
            for (int i = 0; i < shape.conditions; ++i)
              total +=
                  reference::kl_divergence(reference::initial(problem.initial.view(), i),
                                           reference::dynamics(problem.dynamics.view(), i), local[i], policy_of(y));
            return total;
          },
          before);
      const auto ours = parameters_of(descent.policy(), 0);
      for (std::size_t e = 0; e < theta.size(); ++e) EXPECT_NEAR(ours[e], theta[e], 1e-5) << "S-step, seed " << seed;
    }
  }
}

TEST(ConvexLinear, OneConditionsProjectionIsItsLocalPolicy) {
  const auto [problem, policy] = random_system({1, 6, 3, 2}, 5);
  ConvexLinear descent(problem, policy);
  const auto report = descent.iterate(0.5);
  EXPECT_NEAR(report.global_cost(0), report.local_cost(0), 1e-9 * std::abs(report.local_cost(0)));
  for (std::size_t e = 0; e < descent.policy().gain.elements().size(); ++e)
    EXPECT_NEAR(descent.policy().gain.elements()[e], descent.local_policies().gain.elements()[e], 1e-8);
}

TEST(ConvexLinear, APolicyOfAnotherShapeIsRefused) {
  const auto [problem, policy] = random_system({2, 3, 2, 1}, 5);
  EXPECT_THROW(ConvexLinear(problem, LinearGaussianPolicyArrays<double>(BatchShape{2, 3, 2, 1})),
               std::invalid_argument);
}

}  // namespace
}  // namespace mdgps
