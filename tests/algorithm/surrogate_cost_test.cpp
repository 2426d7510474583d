// The methods' surrogate costs against what they are made of, and the multipliers' steps.

#include "mdgps/algorithm/surrogate_cost.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "mdgps/algorithm/bregman_admm.hpp"
#include "mdgps/algorithm/gaussians.hpp"
#include "mdgps/solver/expected_cost.hpp"
#include "mdgps/solver/forward_pass.hpp"
#include "mdgps/solver/kl_divergence.hpp"
#include "problems.hpp"

namespace mdgps {
namespace {

const BatchShape shape{.conditions = 3, .steps = 5, .states = 4, .actions = 2};

/// A random trajectory problem with two policies: its reference stands for the global one.
struct Case {
  problems::Trajectory<double> p = problems::random_trajectory<double>(shape, 1);
  LinearGaussianPolicyArrays<double> local = problems::random_trajectory<double>(shape, 2).reference;
  TrajectoryDistributionArrays<double> distribution{shape};
  Array<double, 2> kl{{shape.conditions, shape.steps}};

  Case() {
    Array<Status, 1> status({shape.conditions});
    Array<double, 1> total({shape.conditions});
    forward_pass<double>(p.initial.view(), p.dynamics.view(), local.view(), distribution.view(), status);
    kl_divergence<double>(local.view(), p.reference.view(), distribution.view(), total, kl, status);
  }
  double expected(const QuadraticCostArrays<double>& cost, std::int64_t i) const {
    Array<double, 1> total({shape.conditions});
    expected_cost<double>(distribution.view(), cost.view(), total, {});
    return total(i);
  }
  /// E[mu_p - mu-bar] at a step.
  double mean_difference(std::int64_t i, std::int64_t t, std::int64_t a) const {
    double sum = distribution.mean(i, t, shape.states + a) - p.reference.offset(i, t, a);
    for (std::int64_t j = 0; j < shape.states; ++j) sum -= p.reference.gain(i, t, a, j) * distribution.mean(i, t, j);
    return sum;
  }
};

Settings settings_of(Method method) {
  Settings settings;
  settings.method = method;
  settings.coupling.initial_weight = 0.3;
  settings.coupling.dual_rate = 0.2;
  settings.coupling.weight_growth = 2.0;
  return settings;
}

/// A method whose multipliers are random.
std::unique_ptr<SurrogateCost> random_method(Method method) {
  auto cost = make_surrogate_cost(settings_of(method), shape);
  Multipliers multipliers = cost->multipliers();
  problems::Draws draws(3);
  for (double& x : multipliers.action.elements()) x = draws.normal();
  for (double& x : multipliers.weight.elements()) x = std::exp(draws.uniform(-2, 1));
  cost->restore(multipliers);
  return cost;
}

PolicyDifference random_difference() {
  PolicyDifference d{Array<double, 3>({shape.conditions, shape.steps, shape.actions}),
                     Array<double, 2>({shape.conditions, shape.steps}),
                     Array<double, 2>({shape.conditions, shape.steps})};
  problems::Draws draws(5);
  for (double& x : d.action.elements()) x = draws.normal();
  for (double& x : d.mean_kl.elements()) x = std::exp(draws.normal());
  return d;
}

TEST(SurrogateCost, MirrorDescentAndDaggerLeaveTheCostAsItIs) {
  const Case c;
  for (const Method method : {Method::mdgps, Method::dagger}) {
    const auto cost = make_surrogate_cost(settings_of(method), shape);
    const auto surrogate = cost->surrogate(c.p.cost, c.p.reference);
    EXPECT_EQ(surrogate.cost.hessian, c.p.cost.hessian);
    EXPECT_TRUE(surrogate.entropy_weight.empty());
    EXPECT_EQ(cost->imitated(c.local).offset, c.local.offset);
  }
}

TEST(SurrogateCost, WeightedDivergencesAreExact) {
  const Case c;
  for (const Method method : {Method::badmm, Method::dual_gradient}) {
    const auto cost = random_method(method);
    const auto& [lambda, weight] = cost->multipliers();
    const auto surrogate = cost->surrogate(c.p.cost, c.p.reference);
    const auto entropy = entropies(c.local.covariance.view());
    for (std::int64_t i = 0; i < shape.conditions; ++i) {
      double expected = c.expected(c.p.cost, i), value = c.expected(surrogate.cost, i);
      for (std::int64_t t = 0; t < shape.steps; ++t) {
        expected += weight(i, t) * c.kl(i, t);
        value -= surrogate.entropy_weight(i, t) * entropy(i, t);
        for (std::int64_t a = 0; a < shape.actions && method == Method::badmm; ++a)
          expected -= lambda(i, t, a) * c.distribution.mean(i, t, shape.states + a);
      }
      EXPECT_NEAR(value, expected, 1e-10 * std::abs(expected)) << to_string(method);
    }
  }
}

TEST(SurrogateCost, SquaredDifferencesAreExact) {
  const Case c;
  const std::int64_t n = shape.states, p = n + shape.actions;
  for (const Method method : {Method::penalty, Method::admm}) {
    const auto cost = random_method(method);
    const auto& [lambda, weight] = cost->multipliers();
    const auto surrogate = cost->surrogate(c.p.cost, c.p.reference);
    EXPECT_TRUE(surrogate.entropy_weight.empty());
    for (std::int64_t i = 0; i < shape.conditions; ++i) {
      double expected = c.expected(c.p.cost, i);
      for (std::int64_t t = 0; t < shape.steps; ++t)
        for (std::int64_t a = 0; a < shape.actions; ++a) {
          // u - mu-bar = r'z - k with r = [-K, e_a]: its second moment is r' S r + mean^2
          std::vector<double> r(p, 0.0);
          for (std::int64_t j = 0; j < n; ++j) r[j] = -c.p.reference.gain(i, t, a, j);
          r[n + a] = 1;
          const double mean = c.mean_difference(i, t, a);
          double square = mean * mean;
          for (std::int64_t j = 0; j < p; ++j)
            for (std::int64_t k = 0; k < p; ++k) square += r[j] * c.distribution.covariance(i, t, j, k) * r[k];
          expected += 0.5 * weight(i, t) * square;
          if (method == Method::admm) expected += lambda(i, t, a) * mean;
        }
      EXPECT_NEAR(c.expected(surrogate.cost, i), expected, 1e-10 * std::abs(expected)) << to_string(method);
    }
  }
}

/// What the S-step imitates minimises the Lagrangian in the global policy's mean.
TEST(SurrogateCost, ImitatedMeansAreStationary) {
  const Case c;
  const auto inverse = inverse_covariances(c.local.covariance.view());
  for (const Method method : {Method::badmm, Method::admm}) {
    const auto cost = random_method(method);
    const auto& [lambda, weight] = cost->multipliers();
    const auto imitated = cost->imitated(c.local);
    EXPECT_EQ(imitated.gain, c.local.gain);
    EXPECT_EQ(imitated.covariance, c.local.covariance);
    for (std::int64_t i = 0; i < shape.conditions; ++i)
      for (std::int64_t t = 0; t < shape.steps; ++t)
        for (std::int64_t a = 0; a < shape.actions; ++a) {
          double slope = method == Method::badmm ? lambda(i, t, a) : -lambda(i, t, a);
          for (std::int64_t b = 0; b < shape.actions; ++b)
            slope += weight(i, t) * (method == Method::badmm ? inverse(i, t, a, b) : a == b) *
                     (imitated.offset(i, t, b) - c.local.offset(i, t, b));
          EXPECT_NEAR(slope, 0.0, 1e-12) << to_string(method);
        }
  }
}

TEST(SurrogateCost, MultipliersFollowTheDifference) {
  const Case c;
  const PolicyDifference d = random_difference();
  const auto inverse = inverse_covariances(c.local.covariance.view());
  for (const Method method : {Method::badmm, Method::dual_gradient, Method::penalty, Method::admm}) {
    const auto cost = random_method(method);
    const Multipliers before = cost->multipliers();
    cost->modify(c.local, d, {.iteration = 2, .iterations = 12, .last_round = false});
    const auto& after = cost->multipliers();
    for (std::int64_t t = 0; t < shape.steps; ++t) {
      const double w = before.weight(1, t);
      EXPECT_DOUBLE_EQ(after.weight(1, t), method == Method::dual_gradient ? w + 0.2 * d.mean_kl(1, t) : w);
      for (std::int64_t a = 0; a < shape.actions && !after.action.empty(); ++a) {
        double step = method == Method::admm ? 0.2 * w * d.action(1, t, a) : 0.0;
        for (std::int64_t b = 0; b < shape.actions && method == Method::badmm; ++b)
          step -= 0.2 * w * inverse(1, t, a, b) * d.action(1, t, b);
        EXPECT_NEAR(after.action(1, t, a), before.action(1, t, a) + step, 1e-12) << to_string(method);
      }
    }
    if (method != Method::penalty && method != Method::admm) continue;
    cost->modify(c.local, d, {.iteration = 2, .iterations = 12, .last_round = true});
    EXPECT_DOUBLE_EQ(cost->multipliers().weight(0, 0), 2 * before.weight(0, 0));
  }
}

TEST(SurrogateCost, DifferencesThatAreNotFiniteMoveNothing) {
  const Case c;
  PolicyDifference d = random_difference();
  for (double& x : d.mean_kl.elements()) x = std::nan("");
  for (double& x : d.action.elements()) x = std::nan("");
  for (const Method method : {Method::badmm, Method::dual_gradient, Method::admm}) {
    const auto cost = random_method(method);
    const Multipliers before = cost->multipliers();
    cost->modify(c.local, d, {.iteration = 2, .iterations = 12, .last_round = false});
    EXPECT_EQ(cost->multipliers().action, before.action);
    EXPECT_EQ(cost->multipliers().weight, before.weight);
  }
}

TEST(BregmanAdmm, WeightRules) {
  const Case c;
  PolicyDifference d = random_difference();
  const std::vector<double> kl{1, 1, 1, 1, 6};  // mean 2, deviation 2: nothing below 0, only the last above 3
  std::ranges::copy(kl, d.mean_kl.row(0).begin());
  CouplingSettings settings;
  settings.initial_weight = 0.5;
  settings.weight_steps = {0.01, 1.0};
  const auto weights_after = [&](WeightRule rule) {
    settings.weight_rule = rule;
    BregmanAdmm method(settings, shape);
    method.modify(c.local, d, {.iteration = 1, .iterations = 3, .last_round = true});
    const auto row = method.multipliers().weight.row(0);
    return std::vector<double>(row.begin(), row.end());
  };
  EXPECT_EQ(weights_after(WeightRule::spread), (std::vector<double>{0.5, 0.5, 0.5, 0.5, 1.0}));
  // halfway from 0.01 to 1 on a logarithmic scale: 0.1
  const auto scheduled = weights_after(WeightRule::schedule), by_divergence = weights_after(WeightRule::divergence);
  for (int t = 0; t < 5; ++t) {
    EXPECT_NEAR(scheduled[t], 0.6, 1e-12);
    EXPECT_NEAR(by_divergence[t], 0.5 + 0.1 * kl[t], 1e-12);
  }
}

TEST(BregmanAdmm, ScheduleEndsBeforeTheLastIteration) {
  const std::vector<double> knots{1e-4, 1e-3, 1e-2, 1e-2};
  EXPECT_NEAR(scheduled_step(knots, 11, 12), 1e-2, 1e-15);
  EXPECT_NEAR(scheduled_step(knots, 12, 12), 1e-2, 1e-15);
  EXPECT_NEAR(scheduled_step(knots, 1, 4), 1e-3, 1e-15);
  EXPECT_NEAR(scheduled_step({knots.data(), 1}, 3, 12), 1e-4, 1e-18);
}

}  // namespace
}  // namespace mdgps
