// The C-step's wide path: the references' answers, the fused path's statuses, and a condition that stands alone while
// others finish, fail and take its neighbours' places.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <set>

#include "mdgps/solver/c_step.hpp"
#include "mdgps/solver/threads.hpp"
#include "mdgps/solver/wide/blas_library.hpp"
#include "trajectory_checks.hpp"

namespace mdgps {
namespace {

using problems::expect_same;
using problems::random_trajectory;
using problems::Trajectory;

template <class Real>
CStepResultArrays<Real> solve(const Trajectory<Real>& p, CStepOptions options = {},
                              SolverPath path = SolverPath::wide) {
  options.path = path;
  return problems::solved(p, options);
}

/// Largest difference over largest entry.
template <class Real>
double relative_difference(std::span<const Real> a, std::span<const Real> b) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = std::max(difference, std::abs(double(a[i]) - double(b[i])));
    size = std::max(size, std::abs(double(b[i])));
  }
  return difference / size;
}

/// More conditions than a thread works on at once.
const BatchShape kShape{.conditions = 21, .steps = 12, .states = 6, .actions = 3};

template <class Real>
class PropertyOfWideCStep : public testing::Test {
 protected:
  ~PropertyOfWideCStep() override { set_solver_threads(2); }
};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(PropertyOfWideCStep, Reals);

TYPED_TEST(PropertyOfWideCStep, MeetsItsOptimalityConditions) {
  for (const BatchShape& shape : problems::trajectory_shapes) {
    SCOPED_TRACE(testing::Message() << shape.conditions << " " << shape.steps << " " << shape.states << " "
                                    << shape.actions);
    const auto p = random_trajectory<TypeParam>(shape, 1);
    problems::expect_c_step(p, solve(p, problems::precise_c_step<TypeParam>()));
  }
}

TYPED_TEST(PropertyOfWideCStep, EntropyInTheCostWidensTheCovariances) {
  auto p = random_trajectory<TypeParam>({5, 6, 7, 3}, 2);
  p.entropy_weight = Array<TypeParam, 2>({5, 6});
  problems::Draws draws(3);
  for (TypeParam& w : p.entropy_weight.elements()) w = static_cast<TypeParam>(draws.uniform(0.0, 2.0));
  problems::expect_c_step(p, solve(p, problems::precise_c_step<TypeParam>()));
}

TYPED_TEST(PropertyOfWideCStep, AgreesWithTheFusedPathAtEverySize) {
  // A search that ends at a relative distance of `tolerance` from epsilon leaves the dual as uncertain.
  const CStepOptions options{.tolerance = problems::precise_c_step<TypeParam>().tolerance};
  const double tolerance = 100 * (options.tolerance + problems::trajectory_tolerance<TypeParam>);
  for (const BatchShape& shape :
       {BatchShape{1, 9, 26, 7}, {6, 4, 26, 7}, {2, 3, 49, 50}, {1, 3, 101, 5}, {3, 2, 128, 32}, {2, 2, 256, 64}}) {
    SCOPED_TRACE(testing::Message() << shape.conditions << " " << shape.steps << " " << shape.states << " "
                                    << shape.actions);
    const auto p = random_trajectory<TypeParam>(shape, 4);
    const auto wide = solve(p, options), fused = solve(p, options, SolverPath::fused);
    EXPECT_EQ(wide.status, fused.status);
    for (std::int64_t i = 0; i < shape.conditions; ++i) {
      EXPECT_NEAR(wide.dual(i), fused.dual(i), tolerance * fused.dual(i));
      EXPECT_NEAR(wide.kl_divergence(i), p.epsilon(i), 1.01 * options.tolerance * p.epsilon(i));
      const auto close = [&](const auto& a, const auto& b) {
        EXPECT_LT(relative_difference<TypeParam>(a.row(i), b.row(i)), tolerance);
      };
      close(std::as_const(wide.policy.gain), std::as_const(fused.policy.gain));
      close(std::as_const(wide.policy.offset), std::as_const(fused.policy.offset));
      close(std::as_const(wide.policy.covariance), std::as_const(fused.policy.covariance));
    }
  }
}

TYPED_TEST(PropertyOfWideCStep, CovariancesAreSymmetricToTheBit) {
  const auto result = solve(random_trajectory<TypeParam>({3, 4, 70, 55}, 5));
  for (std::int64_t i = 0; i < 3; ++i)
    for (std::int64_t t = 0; t < 4; ++t)
      for (int a = 0; a < 55; ++a)
        for (int b = 0; b < a; ++b)
          EXPECT_EQ(result.policy.covariance(i, t, a, b), result.policy.covariance(i, t, b, a));
}

TYPED_TEST(PropertyOfWideCStep, AConditionHasTheSameBytesInAnyBatchAndOrderAndOnAnyNumberOfThreads) {
  set_solver_threads(1);
  const auto all = solve(random_trajectory<TypeParam>(kShape, 6));
  // Slots are given back at different evaluations, or this test shows little.
  const std::span<const std::int32_t> evaluations = all.dual_evaluations.elements();
  EXPECT_GE(std::set<std::int32_t>(evaluations.begin(), evaluations.end()).size(), 3u);

  std::vector<std::int64_t> reversed;
  for (std::int64_t i = kShape.conditions - 1; i >= 0; --i) reversed.push_back(i);
  const auto backwards = solve(random_trajectory<TypeParam>(kShape, 6, reversed));
  for (std::int64_t i = 0; i < kShape.conditions; ++i) expect_same(all, i, backwards, kShape.conditions - 1 - i);
  for (std::int64_t i = 0; i < kShape.conditions; ++i)
    expect_same(all, i, solve(random_trajectory<TypeParam>(kShape, 6, {i})), 0);
  for (const int threads : {2, 5, 64}) {
    set_solver_threads(threads);
    const auto result = solve(random_trajectory<TypeParam>(kShape, 6));
    for (std::int64_t i = 0; i < kShape.conditions; ++i) expect_same(all, i, result, i);
  }
}

TYPED_TEST(PropertyOfWideCStep, FailuresHaveTheFusedPathsStatusAndLeaveTheirNeighboursAlone) {
  using Real = TypeParam;
  const Real nan = std::numeric_limits<Real>::quiet_NaN(), infinity = std::numeric_limits<Real>::infinity();
  const auto good = random_trajectory<Real>(kShape, 7);
  auto bad = good;
  std::vector<std::int64_t> spoiled;
  const auto spoil = [&](std::int64_t i, auto change) {
    spoiled.push_back(i);
    change(i);
  };
  spoil(0, [&](auto i) { bad.cost.gradient(i, 3, 1) = nan; });
  spoil(1, [&](auto i) { bad.cost.hessian(i, 3, 1, 1) = nan; });
  spoil(3, [&](auto i) { bad.cost.hessian(i, 0, 8, 7) = bad.cost.hessian(i, 0, 7, 8) = nan; });
  spoil(4, [&](auto i) { bad.dynamics.transition(i, 5, 2, 7) = nan; });
  spoil(5, [&](auto i) { bad.dynamics.offset(i, 5, 2) = infinity; });
  spoil(6, [&](auto i) { bad.dynamics.covariance(i, 5, 2, 1) = bad.dynamics.covariance(i, 5, 1, 2) = nan; });
  spoil(7, [&](auto i) { bad.initial.mean(i, 2) = nan; });
  spoil(8, [&](auto i) { bad.initial.covariance(i, 2, 2) = nan; });
  spoil(9, [&](auto i) { bad.reference.gain(i, 11, 2, 3) = nan; });
  spoil(11, [&](auto i) { bad.reference.offset(i, 2, 0) = nan; });
  spoil(12, [&](auto i) { bad.reference.covariance(i, 6, 1, 1) = -1; });
  spoil(13, [&](auto i) { bad.reference.covariance(i, 6, 1, 1) = nan; });
  spoil(14, [&](auto i) {  // so negative that the largest dual's surrogate is indefinite too
    for (int j = 6; j < 9; ++j) bad.cost.hessian(i, 11, j, j) = Real(-1e20);
  });
  spoil(15, [&](auto i) {  // two reasons, of which the reference's comes first
    bad.reference.covariance(i, 2, 0, 0) = -1;
    bad.cost.gradient(i, 9, 1) = nan;
  });
  spoil(16, [&](auto i) { bad.epsilon(i) = 0; });
  spoil(18, [&](auto i) {  // of two references the first comes first
    bad.reference.covariance(i, 3, 1, 1) = bad.reference.covariance(i, 8, 1, 1) = -1;
  });
  spoil(17, [&](auto i) {  // and two of the problem's, of which the later step's comes first
    for (int j = 6; j < 9; ++j) bad.cost.hessian(i, 11, j, j) = Real(-1e20);
    bad.cost.gradient(i, 3, 1) = nan;
  });
  spoil(20, [&](auto i) { bad.epsilon(i) = nan; });

  const auto clean = solve(good), result = solve(bad), fused = solve(bad, {}, SolverPath::fused);
  EXPECT_EQ(result.status, fused.status);
  EXPECT_EQ(result.failed_step, fused.failed_step);
  EXPECT_EQ(result.failed_step(18), 3);
  const auto same_bytes = [](auto a, auto b) { return std::memcmp(a.data(), b.data(), a.size_bytes()) == 0; };
  for (std::int64_t i = 0; i < kShape.conditions; ++i) {
    if (std::ranges::find(spoiled, i) == spoiled.end()) {
      expect_same(result, i, clean, i);
      continue;
    }
    EXPECT_THAT(result.status(i), testing::AnyOf(Status::not_finite, Status::not_positive_definite)) << i;
    EXPECT_EQ(result.kl_divergence(i), Real(0));
    EXPECT_EQ(result.dual(i), bad.initial_dual(i));
    EXPECT_EQ(result.dual_evaluations(i), fused.dual_evaluations(i));
    EXPECT_TRUE(same_bytes(result.policy.gain.row(i), bad.reference.gain.row(i)));
    EXPECT_TRUE(same_bytes(result.policy.offset.row(i), bad.reference.offset.row(i)));
    EXPECT_TRUE(same_bytes(result.policy.covariance.row(i), bad.reference.covariance.row(i)));
  }
}

TYPED_TEST(PropertyOfWideCStep, ASearchMayEndInEveryWay) {
  auto p = random_trajectory<TypeParam>(kShape, 8);
  p.epsilon(2) = p.epsilon(9) = TypeParam(1e5);
  const CStepOptions few{.tolerance = 1e-6, .max_evaluations = 3, .min_dual = 1e-2};
  const auto result = solve(p, few), fused = solve(p, few, SolverPath::fused);
  EXPECT_EQ(result.status, fused.status);
  EXPECT_EQ(result.dual_evaluations, fused.dual_evaluations);
  EXPECT_EQ(result.status(2), Status::constraint_inactive);
  EXPECT_EQ(result.status(0), Status::not_converged);
  for (const std::int32_t step : result.failed_step.elements()) EXPECT_EQ(step, -1);
}

TYPED_TEST(PropertyOfWideCStep, TakesStridedViews) {
  auto p = random_trajectory<TypeParam>({5, 3, 4, 2}, 9);
  const auto expected = solve(p);
  // The Hessians and gains by columns.
  Array<TypeParam, 4> hessian({5, 3, 6, 6}), gain({5, 3, 4, 2});
  for (int i = 0; i < 5; ++i)
    for (int t = 0; t < 3; ++t)
      for (int a = 0; a < 6; ++a)
        for (int b = 0; b < 6; ++b) hessian(i, t, b, a) = p.cost.hessian(i, t, a, b);
  CStepResultArrays<TypeParam> result(p.shape);
  auto problem = p.view();
  auto out = result.view();
  problem.cost.hessian = {hessian.data(), {5, 3, 6, 6}, {108, 36, 1, 6}, {}};
  out.policy.gain = {gain.data(), {5, 3, 2, 4}, {24, 8, 1, 2}, {}};
  c_step<TypeParam>(problem, out, {.path = SolverPath::wide});
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(result.dual(i), expected.dual(i));
    for (int t = 0; t < 3; ++t)
      for (int a = 0; a < 2; ++a)
        for (int b = 0; b < 4; ++b) EXPECT_EQ(gain(i, t, b, a), expected.policy.gain(i, t, a, b));
  }
}

TYPED_TEST(PropertyOfWideCStep, ASmallWorkspaceGivesTheSameBytes) {
  const auto p = random_trajectory<TypeParam>(kShape, 10);
  const auto expected = solve(p);
  set_solver_threads(1);
  const CStepOptions options{.path = SolverPath::wide};
  std::vector<std::byte> memory(c_step_workspace_size<TypeParam>(kShape, options));
  set_solver_threads(2);
  CStepResultArrays<TypeParam> result(kShape);
  c_step<TypeParam>(p.view(), result.view(), options, {memory.data(), memory.size(), {}}, {});
  for (std::int64_t i = 0; i < kShape.conditions; ++i) expect_same(result, i, expected, i);
}

TEST(CStepPathTest, OnTheCpuIsFusedUnlessSet) {
  for (const BatchShape& shape : {BatchShape{4, 5, 6, 2}, {1, 5, 256, 64}, {64, 5, 256, 64}}) {
    EXPECT_EQ(c_step_path<double>(shape, {}), SolverPath::fused);
    EXPECT_EQ(c_step_path<double>(shape, {.path = SolverPath::wide}), SolverPath::wide);
    EXPECT_EQ(c_step_path<double>(shape, {.path = SolverPath::fused}), SolverPath::fused);
  }
}

TEST(CStepPathTest, NoConditionsAreNoWork) {
  const auto p = random_trajectory<double>({0, 3, 4, 2}, 1);
  EXPECT_EQ(solve(p).status.elements().size(), 0u);
}

TEST(BlasLibraryTest, SaysWhyAFileIsNone) {
  EXPECT_FALSE(wide::load_blas("/nowhere/libblas.so"));
  EXPECT_THAT(wide::load_blas("/nowhere/libblas.so").reason, testing::HasSubstr("/nowhere/libblas.so"));
  EXPECT_EQ(wide::load_blas("libm.so.6").reason, "libm.so.6 lacks BLAS's gemm and trsm or LAPACK's potrf");
}

TEST(BlasLibraryTest, AnOpenBlasThatTwoThreadsCannotCallIsRefused) {
  EXPECT_THAT(wide::load_blas(MDGPS_OPENBLAS_WITHOUT_THREADS).reason,
              testing::HasSubstr("is an OpenBLAS without threads, which two threads cannot call at once"));
}

TEST(BlasLibraryTest, WithoutOneTheWidePathIsRefused) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a process that has not asked for the library yet
  const auto without_library = [] {
    setenv("MDGPS_BLAS", "", 1);
    try {
      solve(random_trajectory<double>({1, 2, 2, 1}, 1));
    } catch (const std::invalid_argument& error) {
      std::fputs(error.what(), stderr);
      std::exit(0);
    }
    std::exit(2);
  };
  EXPECT_EXIT(without_library(), testing::ExitedWithCode(0),
              "c_step: the wide path needs BLAS and LAPACK on the CPU .no BLAS library is known.: set MDGPS_BLAS to");
}

TEST(BlasLibraryTest, IsLoadedOnlyForTheWidePath) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto mapped_files = [] {
    std::ifstream maps("/proc/self/maps");
    return std::string(std::istreambuf_iterator<char>(maps), {});
  };
  const auto small_then_wide = [&] {
    solve(random_trajectory<double>({1, 2, 6, 2}, 1), {}, SolverPath::automatic);
    const std::string before = mapped_files();
    solve(random_trajectory<double>({1, 2, 6, 2}, 1));
    const std::string library = std::filesystem::canonical(wide::blas_library().file);
    if (before.find(library) != std::string::npos) std::exit(1);
    std::exit(mapped_files().find(library) != std::string::npos ? 0 : 2);
  };
  EXPECT_EXIT(small_then_wide(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace mdgps
