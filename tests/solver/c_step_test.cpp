// Properties of the C-step: the bound holds, eta trades cost against divergence, and a condition stands alone.

#include "mdgps/solver/c_step.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "mdgps/solver/backward_pass.hpp"
#include "mdgps/solver/expected_cost.hpp"
#include "mdgps/solver/forward_pass.hpp"
#include "mdgps/solver/kl_divergence.hpp"
#include "mdgps/solver/threads.hpp"
#include "trajectory_checks.hpp"

namespace mdgps {
namespace {

using problems::expect_same;
using problems::random_trajectory;
using problems::solved;
using problems::Trajectory;

/// E[cost] under a policy, per condition.
template <class Real>
Array<Real, 1> cost_of(const Trajectory<Real>& p, const LinearGaussianPolicyArrays<Real>& policy) {
  TrajectoryDistributionArrays<Real> distribution(p.shape);
  Array<Status, 1> status({p.shape.conditions});
  Array<Real, 1> total({p.shape.conditions});
  forward_pass<Real>(p.initial.view(), p.dynamics.view(), policy.view(), distribution.view(), status);
  expected_cost<Real>(distribution.view(), p.cost.view(), total, {});
  return total;
}
template <class Real>
Array<Real, 1> divergence_of(const Trajectory<Real>& p, const LinearGaussianPolicyArrays<Real>& policy) {
  TrajectoryDistributionArrays<Real> distribution(p.shape);
  Array<Status, 1> status({p.shape.conditions});
  Array<Real, 1> total({p.shape.conditions});
  forward_pass<Real>(p.initial.view(), p.dynamics.view(), policy.view(), distribution.view(), status);
  kl_divergence<Real>(policy.view(), p.reference.view(), distribution.view(), total, {}, status);
  return total;
}

/// The minimiser of the Lagrangian at a dual, by a backward pass over a surrogate built here.
LinearGaussianPolicyArrays<double> policy_at(const Trajectory<double>& p, double eta) {
  QuadraticCostArrays<double> surrogate(p.shape);
  for (std::int64_t i = 0; i < p.shape.conditions; ++i) {
    const auto s =
        reference::surrogate(reference::cost(p.cost.view(), i), reference::policy(p.reference.view(), i), eta);
    for (std::int64_t t = 0; t < p.shape.steps; ++t) {
      std::ranges::copy(s.hessian[t].elements, surrogate.hessian.row(i, t).begin());
      std::ranges::copy(s.gradient[t].elements, surrogate.gradient.row(i, t).begin());
    }
  }
  LinearGaussianPolicyArrays<double> policy(p.shape);
  Array<Status, 1> status({p.shape.conditions});
  backward_pass<double>(p.dynamics.view(), surrogate.view(), policy.view(), status);
  for (const Status s : status.elements()) EXPECT_EQ(s, Status::ok);
  return policy;
}

const BatchShape kShape{.conditions = 21, .steps = 12, .states = 6, .actions = 3};

template <class Real>
class PropertyOfCStep : public testing::Test {};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(PropertyOfCStep, Reals);

TYPED_TEST(PropertyOfCStep, DivergenceAtTheSolutionIsTheBoundToOnePercent) {
  const auto p = random_trajectory<TypeParam>(kShape, 1);
  const auto result = solved(p);
  const auto kl = divergence_of(p, result.policy);
  double evaluations = 0;
  for (std::int64_t i = 0; i < kShape.conditions; ++i) {
    EXPECT_EQ(result.status(i), Status::ok);
    EXPECT_NEAR(kl(i), p.epsilon(i), 0.0101 * p.epsilon(i));
    EXPECT_NEAR(kl(i), result.kl_divergence(i), 1e-3 * p.epsilon(i));
    evaluations += result.dual_evaluations(i);
  }
  EXPECT_LT(evaluations / kShape.conditions, 7);  // bisection would take about 15
  const auto before = cost_of(p, p.reference), after = cost_of(p, result.policy);
  for (std::int64_t i = 0; i < kShape.conditions; ++i) EXPECT_LT(after(i), before(i));
}

TYPED_TEST(PropertyOfCStep, CovariancesAreSymmetricToTheBit) {
  const auto result = solved(random_trajectory<TypeParam>(kShape, 2));
  for (std::int64_t i = 0; i < kShape.conditions; ++i)
    for (std::int64_t t = 0; t < kShape.steps; ++t)
      for (int a = 0; a < 3; ++a)
        for (int b = 0; b < a; ++b)
          EXPECT_EQ(result.policy.covariance(i, t, a, b), result.policy.covariance(i, t, b, a));
}

TYPED_TEST(PropertyOfCStep, AConditionHasTheSameBytesInAnyBatchAndOrder) {
  std::vector<std::int64_t> reversed;
  for (std::int64_t i = kShape.conditions - 1; i >= 0; --i) reversed.push_back(i);
  for (const int width : {1, 2, 4, 8}) {
    const CStepOptions options{.speculation = width};
    const auto all = solved(random_trajectory<TypeParam>(kShape, 3), options);
    const auto backwards = solved(random_trajectory<TypeParam>(kShape, 3, reversed), options);
    for (std::int64_t i = 0; i < kShape.conditions; ++i) expect_same(all, i, backwards, kShape.conditions - 1 - i);
    for (const std::int64_t i : {0, 7, 20}) {
      const auto alone = solved(random_trajectory<TypeParam>(kShape, 3, {i}), options);
      expect_same(all, i, alone, 0);
    }
  }
}

TYPED_TEST(PropertyOfCStep, SearchesThatPacksLeaveToOneAnotherEndWithTheBytesOfConditionsAlone) {
  // Runs of packs, and three or seven conditions more; by V itself and by its factor; with and without entropies.
  for (const BatchShape shape : {BatchShape{303, 5, 3, 2}, BatchShape{303, 3, 17, 2}}) {
    std::vector<std::int64_t> order;
    for (std::int64_t i = 0; i < shape.conditions; ++i) order.push_back(i);
    const auto problem = [&](const std::vector<std::int64_t>& conditions) {
      auto p = random_trajectory<TypeParam>(shape, 18, conditions);
      if (shape.states > 3) p.entropy_weight = Array<TypeParam, 2>({p.shape.conditions, shape.steps}, TypeParam(0.3));
      for (std::size_t i = 0; i < conditions.size(); ++i) {
        if (conditions[i] == 7) p.cost.gradient(i, 1, 1) = std::numeric_limits<TypeParam>::quiet_NaN();
        if (conditions[i] == 100)
          p.cost.hessian(i, 2, shape.states, shape.states) = TypeParam(-1e20);  // searches in vain
        if (conditions[i] == 200) p.epsilon(i) = TypeParam(1e6);                // does not bind
      }
      return p;
    };
    const auto together = problem(order);
    set_solver_threads(2);
    const auto by_two = solved(together);
    set_solver_threads(1);
    const auto all = solved(together);
    std::vector<std::int32_t> evaluations(all.dual_evaluations.elements().begin(),
                                          all.dual_evaluations.elements().end());
    std::ranges::sort(evaluations);
    EXPECT_GE(evaluations[evaluations.size() - 10], evaluations[20] + 2);  // or nothing was left
    // In batches of few packs the last searches go on one by one: those of 4 and 7 outlast their pack's others.
    for (const std::int64_t i : {5, 6}) {
      EXPECT_GT(all.dual_evaluations(4), all.dual_evaluations(i));
      EXPECT_GT(all.dual_evaluations(7), all.dual_evaluations(i));
    }
    for (const std::size_t few : {3, 7, 9, 14}) {
      const auto some = solved(problem({order.begin(), order.begin() + few}));
      for (std::size_t i = 0; i < few; ++i) expect_same(all, i, some, i);
    }
    for (const std::int64_t i : order) {
      expect_same(all, i, by_two, i);
      expect_same(all, i, solved(problem({i}), {.speculation = 1}), 0);
    }
  }
}

TYPED_TEST(PropertyOfCStep, SpeculationFindsTheSameDualInFewerEvaluations) {
  const auto p = random_trajectory<TypeParam>(kShape, 16);
  const auto one = solved(p, {.speculation = 1});
  const auto mean = [](const auto& result) {
    double sum = 0;
    for (const int e : result.dual_evaluations.elements()) sum += e;
    return sum / kShape.conditions;
  };
  double last = mean(one);
  for (const int width : {2, 4, 8}) {
    const auto result = solved(p, {.speculation = width});
    const auto kl = divergence_of(p, result.policy);
    for (std::int64_t i = 0; i < kShape.conditions; ++i) {
      EXPECT_EQ(result.status(i), Status::ok);
      EXPECT_NEAR(kl(i), p.epsilon(i), 0.0101 * p.epsilon(i));
      EXPECT_NEAR(result.dual(i), one.dual(i), 0.1 * one.dual(i));
    }
    EXPECT_LE(mean(result), last);
    last = mean(result);
  }
  EXPECT_LT(last, mean(one) - 0.8);  // one dual at a time takes 3.1
  EXPECT_LT(last, 2.3);
}

TEST(CStepOptionsTest, TheWidthOfSpeculationComesFromDeviceAndConditionsUnlessSet) {
  struct Chosen {
    std::int64_t conditions, states;
    int on_cpu, on_gpu;
  };
  const Device gpu{Device::Kind::cuda, 0};
  for (const auto& [conditions, states, on_cpu, on_gpu] : {Chosen{1, 3, 4, 8},
                                                           {1, 7, 4, 8},
                                                           {1, 8, 1, 8},
                                                           {2, 3, 1, 4},
                                                           {3, 64, 1, 2},
                                                           {4, 3, 1, 2},
                                                           {5, 3, 1, 1},
                                                           {1000, 16, 1, 1}}) {
    const BatchShape shape{conditions, 5, states, 2};
    EXPECT_EQ(speculation_width({}, shape), on_cpu);
    EXPECT_EQ(speculation_width({}, shape, gpu), on_gpu);
    EXPECT_EQ(speculation_width({.speculation = 8}, shape), 8);
  }
  const auto p = random_trajectory<double>({1, 5, 3, 2}, 17);
  expect_same(solved(p), 0, solved(p, {.speculation = 4}), 0);
}

TYPED_TEST(PropertyOfCStep, TheNumberOfThreadsChangesNothing) {
  const auto p = random_trajectory<TypeParam>(kShape, 4);
  set_solver_threads(1);
  const auto one = solved(p);
  set_solver_threads(2);
  const auto two = solved(p);
  set_solver_threads(5);
  const auto five = solved(p);
  for (std::int64_t i = 0; i < kShape.conditions; ++i) {
    expect_same(one, i, two, i);
    expect_same(one, i, five, i);
  }
}

/// Spoils one condition and expects its status and step, its reference policy, and its neighbours' bytes.
template <class Real, class Spoil>
void expect_isolated(Status expected, int step, Spoil spoil, const char* what) {
  SCOPED_TRACE(what);
  const std::int64_t victim = 4;
  const auto good = random_trajectory<Real>(kShape, 5);
  auto bad = good;
  spoil(bad, victim);
  for (const int width : {1, 8}) {
    const auto clean = solved(good, {.speculation = width}), result = solved(bad, {.speculation = width});
    EXPECT_EQ(result.status(victim), expected);
    EXPECT_EQ(result.failed_step(victim), step);
    EXPECT_EQ(result.kl_divergence(victim), Real(0));
    EXPECT_EQ(result.dual(victim), bad.initial_dual(victim));
    const auto same_bytes = [](auto a, auto b) { return std::memcmp(a.data(), b.data(), a.size_bytes()) == 0; };
    EXPECT_TRUE(same_bytes(result.policy.gain.row(victim), bad.reference.gain.row(victim)));
    EXPECT_TRUE(same_bytes(result.policy.offset.row(victim), bad.reference.offset.row(victim)));
    EXPECT_TRUE(same_bytes(result.policy.covariance.row(victim), bad.reference.covariance.row(victim)));
    for (std::int64_t i = 0; i < kShape.conditions; ++i)
      if (i != victim) expect_same(result, i, clean, i);
  }
}

TYPED_TEST(PropertyOfCStep, AFailingConditionKeepsItsReferenceAndItsNeighboursTheirBytes) {
  using Real = TypeParam;
  const Real nan = std::numeric_limits<Real>::quiet_NaN(), infinity = std::numeric_limits<Real>::infinity();
  using Problem = Trajectory<Real>;
  const Status not_finite = Status::not_finite, not_positive_definite = Status::not_positive_definite;
  const auto isolated = [](Status expected, int step, const char* what, auto spoil) {
    expect_isolated<Real>(expected, step, spoil, what);
  };
  isolated(not_finite, 3, "cost gradient", [&](Problem& p, auto i) { p.cost.gradient(i, 3, 1) = nan; });
  isolated(not_finite, 3, "cost hessian, diagonal", [&](Problem& p, auto i) { p.cost.hessian(i, 3, 1, 1) = nan; });
  isolated(not_finite, 0, "cost hessian, actions",
           [&](Problem& p, auto i) { p.cost.hessian(i, 0, 8, 7) = p.cost.hessian(i, 0, 7, 8) = nan; });
  isolated(not_finite, 5, "dynamics", [&](Problem& p, auto i) { p.dynamics.transition(i, 5, 2, 7) = nan; });
  isolated(not_finite, 5, "dynamics offset", [&](Problem& p, auto i) { p.dynamics.offset(i, 5, 2) = infinity; });
  isolated(not_finite, 5, "dynamics covariance",
           [&](Problem& p, auto i) { p.dynamics.covariance(i, 5, 2, 1) = p.dynamics.covariance(i, 5, 1, 2) = nan; });
  isolated(not_finite, 0, "initial mean", [&](Problem& p, auto i) { p.initial.mean(i, 2) = nan; });
  isolated(not_finite, 0, "initial covariance", [&](Problem& p, auto i) { p.initial.covariance(i, 2, 2) = nan; });
  isolated(not_finite, 11, "reference gain", [&](Problem& p, auto i) { p.reference.gain(i, 11, 2, 3) = nan; });
  isolated(not_finite, 2, "reference offset", [&](Problem& p, auto i) { p.reference.offset(i, 2, 0) = nan; });
  isolated(not_finite, -1, "epsilon 0", [&](Problem& p, auto i) { p.epsilon(i) = 0; });
  isolated(not_finite, -1, "epsilon negative", [&](Problem& p, auto i) { p.epsilon(i) = -1; });
  isolated(not_finite, -1, "epsilon NaN", [&](Problem& p, auto i) { p.epsilon(i) = nan; });
  isolated(not_finite, -1, "epsilon infinite", [&](Problem& p, auto i) { p.epsilon(i) = infinity; });
  isolated(not_positive_definite, 6, "reference covariance",
           [&](Problem& p, auto i) { p.reference.covariance(i, 6, 1, 1) = -1; });
  // So negative that the largest dual's surrogate is indefinite too.
  isolated(not_positive_definite, 11, "cost hessian", [&](Problem& p, auto i) {
    for (int j = 6; j < 9; ++j) p.cost.hessian(i, 11, j, j) = Real(-1e20);
  });
}

TYPED_TEST(PropertyOfCStep, TheStepIsThatOfTheLastDualWithoutASolution) {
  auto p = random_trajectory<TypeParam>(kShape, 5);
  for (int j = 6; j < 9; ++j) {
    p.cost.hessian(4, 11, j, j) = TypeParam(-1e3);  // cured by a larger dual
    p.cost.hessian(4, 3, j, j) = TypeParam(-1e20);  // by none
  }
  for (const auto path : {SolverPath::fused, SolverPath::wide}) {
    for (const int width : {1, 8}) EXPECT_EQ(solved(p, {.speculation = width, .path = path}).failed_step(4), 3);
    EXPECT_EQ(solved(p, {.max_evaluations = 2, .speculation = 1, .path = path}).failed_step(4), 11);
  }
}

TYPED_TEST(PropertyOfCStep, TheStepMayBeLeftOut) {
  auto p = random_trajectory<TypeParam>(kShape, 5);
  p.cost.gradient(4, 3, 1) = std::numeric_limits<TypeParam>::quiet_NaN();
  const auto expected = solved(p);
  CStepResultArrays<TypeParam> result(kShape);
  auto view = result.view();
  view.failed_step = {};
  result.failed_step = Array<std::int32_t, 1>({kShape.conditions}, 7);
  c_step<TypeParam>(p.view(), view);
  EXPECT_EQ(result.status, expected.status);
  for (const std::int32_t step : result.failed_step.elements()) EXPECT_EQ(step, 7);
}

TYPED_TEST(PropertyOfCStep, AnIndefiniteCostIsSolvedAtALargerDual) {
  auto p = random_trajectory<TypeParam>(kShape, 6);
  for (std::int64_t i = 0; i < kShape.conditions; ++i) {
    p.initial_dual(i) = TypeParam(1e-3);
    for (int j = 0; j < 9; ++j) p.cost.hessian(i, 4, j, j) -= 4;
  }
  const auto result = solved(p);
  const auto kl = divergence_of(p, result.policy);
  for (std::int64_t i = 0; i < kShape.conditions; ++i) {
    // Where KL < epsilon just above the last dual without a factor, no dual has KL = epsilon.
    if (result.status(i) == Status::not_converged) {
      EXPECT_LE(kl(i), p.epsilon(i));
    } else {
      EXPECT_EQ(result.status(i), Status::ok);
      EXPECT_NEAR(kl(i), p.epsilon(i), 0.0101 * p.epsilon(i));
    }
  }
}

TYPED_TEST(PropertyOfCStep, ABoundThatDoesNotBindIsReported) {
  auto p = random_trajectory<TypeParam>(kShape, 7);
  for (TypeParam& e : p.epsilon.elements()) e = TypeParam(1e5);
  for (const int width : {1, 8}) {
    const auto result = solved(p, {.min_dual = 1e-2, .speculation = width});
    for (std::int64_t i = 0; i < kShape.conditions; ++i) {
      EXPECT_EQ(result.status(i), Status::constraint_inactive);
      EXPECT_EQ(result.failed_step(i), -1);
      EXPECT_NEAR(result.dual(i), 1e-2, 1e-8);
      EXPECT_GT(result.kl_divergence(i), 0);
      EXPECT_LT(result.kl_divergence(i), 1e5);
    }
  }
}

TYPED_TEST(PropertyOfCStep, WhenEvaluationsRunOutTheBoundStillHolds) {
  const auto p = random_trajectory<TypeParam>(kShape, 8);
  for (const int evaluations : {2, 3, 4})
    for (const int width : {1, 8}) {
      const auto result = solved(p, {.tolerance = 1e-6, .max_evaluations = evaluations, .speculation = width});
      const auto kl = divergence_of(p, result.policy);
      for (std::int64_t i = 0; i < kShape.conditions; ++i) {
        EXPECT_LE(result.dual_evaluations(i), evaluations);
        EXPECT_EQ(result.failed_step(i), -1);
        EXPECT_LE(kl(i), p.epsilon(i) * 1.001);
        EXPECT_NEAR(kl(i), result.kl_divergence(i), 1e-3 * p.epsilon(i));
      }
    }
}

TYPED_TEST(PropertyOfCStep, AnyStartLeadsToTheSameDual) {
  auto p = random_trajectory<TypeParam>(kShape, 9);
  const auto expected = solved(p, {.tolerance = 1e-3});
  for (const double start : {1e-8, 1e-3, 1e4, 1e16, 0.0, -1.0}) {
    for (TypeParam& dual : p.initial_dual.elements()) dual = static_cast<TypeParam>(start);
    const auto result = solved(p, {.tolerance = 1e-3});
    for (std::int64_t i = 0; i < kShape.conditions; ++i) {
      EXPECT_EQ(result.status(i), Status::ok) << start;
      EXPECT_NEAR(result.dual(i), expected.dual(i), 0.01 * expected.dual(i)) << start;
    }
  }
}

TEST(PropertyOfTheDual, DivergenceFallsAndTheDualFunctionIsConcaveInEta) {
  const auto p = random_trajectory<double>(kShape, 10);
  // g(eta) = min_p E[cost] + eta (KL - epsilon), its slope KL - epsilon
  const std::vector<double> etas = {0.05, 0.1, 0.3, 1.0, 2.0, 5.0, 20.0};
  std::vector<std::vector<double>> g(etas.size()), slope(etas.size());
  for (std::size_t e = 0; e < etas.size(); ++e) {
    const auto policy = policy_at(p, etas[e]);
    const auto cost = cost_of(p, policy), kl = divergence_of(p, policy);
    for (std::int64_t i = 0; i < kShape.conditions; ++i) {
      slope[e].push_back(kl(i) - p.epsilon(i));
      g[e].push_back(cost(i) + etas[e] * slope[e].back());
    }
  }
  for (std::int64_t i = 0; i < kShape.conditions; ++i)
    for (std::size_t e = 0; e + 1 < etas.size(); ++e) {
      EXPECT_GT(slope[e][i], slope[e + 1][i]);
      // A concave function lies below its tangents.
      const double step = etas[e + 1] - etas[e];
      EXPECT_LT(g[e + 1][i], g[e][i] + slope[e][i] * step);
      EXPECT_LT(g[e][i], g[e + 1][i] - slope[e + 1][i] * step);
    }
}

TEST(PropertyOfTheDual, NoPolicyWithinTheBoundIsCheaper) {
  const auto p = random_trajectory<double>(kShape, 11);
  const auto result = solved(p, {.tolerance = 1e-8});
  const auto best = cost_of(p, result.policy);
  problems::Draws draws(12);
  for (int trial = 0; trial < 10; ++trial) {
    auto other = result.policy;
    for (double& x : other.gain.elements()) x += 0.03 * draws.normal();
    for (double& x : other.offset.elements()) x += 0.03 * draws.normal();
    for (double& x : other.covariance.elements()) x *= 1.02;
    const auto cost = cost_of(p, other), kl = divergence_of(p, other);
    for (std::int64_t i = 0; i < kShape.conditions; ++i)
      // Optimal for the Lagrangian, hence for the bound.
      EXPECT_GT(cost(i) + result.dual(i) * (kl(i) - p.epsilon(i)),
                best(i) + result.dual(i) * (result.kl_divergence(i) - p.epsilon(i)));
  }
}

TYPED_TEST(PropertyOfCStep, TheReferenceItselfIsAtDivergenceZero) {
  using Real = TypeParam;
  const auto p = random_trajectory<Real>(kShape, 13);
  const auto kl = divergence_of(p, p.reference);
  // The square root and the solves of each step leave a few roundings.
  for (std::int64_t i = 0; i < kShape.conditions; ++i)
    EXPECT_LT(kl(i), 100 * kShape.steps * std::numeric_limits<Real>::epsilon());
}

TYPED_TEST(PropertyOfCStep, DivergenceIsNeverNegative) {
  using Real = TypeParam;
  const auto p = random_trajectory<Real>(kShape, 14);
  problems::Draws draws(15);
  TrajectoryDistributionArrays<Real> distribution(p.shape);
  Array<Status, 1> status({kShape.conditions});
  Array<Real, 1> total({kShape.conditions});
  Array<Real, 2> per_step({kShape.conditions, kShape.steps});
  for (const double change : {0.0, 1e-9, 1e-7, 1e-5, 1e-2}) {
    auto policy = p.reference;
    for (Real& x : policy.gain.elements()) x += static_cast<Real>(change * draws.normal());
    forward_pass<Real>(p.initial.view(), p.dynamics.view(), policy.view(), distribution.view(), status);
    kl_divergence<Real>(policy.view(), p.reference.view(), distribution.view(), total, per_step, status);
    for (const Real step : per_step.elements()) EXPECT_GE(step, 0);
  }
}

}  // namespace
}  // namespace mdgps
