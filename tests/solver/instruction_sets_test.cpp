// The copies of the kernels for each instruction set agree. A process runs one of them, so that this program runs
// itself again under MDGPS_TARGET, and compares what the runs printed.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "mdgps/solver/action_divergence.hpp"
#include "mdgps/solver/backward_pass.hpp"
#include "mdgps/solver/c_step.hpp"
#include "mdgps/solver/precisions.hpp"
#include "mdgps/solver/sample_costs.hpp"
#include "mdgps/solver/targets.hpp"
#include "mixture_problems.hpp"
#include "problems.hpp"
#include "regression_problems.hpp"

namespace mdgps {
namespace {

/// The results of a run of everything, as numbers; the first is the instruction set.
template <class Real>
std::vector<double> results() {
  std::vector<double> all = {static_cast<double>(cpu_target())};
  const auto add = [&](auto elements) { all.insert(all.end(), elements.begin(), elements.end()); };
  const BatchShape shape{9, 6, 5, 2};
  const auto p = problems::random_trajectory<Real>(shape, 1);
  CStepResultArrays<Real> result(shape);
  for (const int width : {1, 8}) {  // eight: in rounds, but for AVX-512
    c_step<Real>(p.view(), result.view(), {.tolerance = 1e-4, .speculation = width});
    add(result.policy.gain.elements());
    add(result.policy.covariance.elements());
  }
  const BatchShape one{1, 4, 26, 7};  // vectorised along rows
  const auto q = problems::random_trajectory<Real>(one, 1);
  LinearGaussianPolicyArrays<Real> policy(one);
  Array<Status, 1> status({1});
  backward_pass<Real>(q.dynamics.view(), q.cost.view(), policy.view(), status);
  add(policy.gain.elements());
  add(policy.covariance.elements());
  problems::Regression<Real> regression({3, 7, 20, 4, 3}, 1);
  fit_linear_gaussian(regression.problem(), regression.result());
  add(regression.fit.gain.elements());
  add(regression.fit.covariance.elements());
  problems::Clusters<Real> clusters({2, 260, 5, 11}, 1);
  fit_gaussian_mixture(clusters.problem(), {.max_iterations = 2}, clusters.mixture.view(), clusters.report());
  add(clusters.mixture.covariance.elements());
  return all;
}

/// What a network is trained on and what is said of it, likewise.
std::vector<double> results_without_fusing() {
  std::vector<double> all;
  const auto add = [&](auto elements) { all.insert(all.end(), elements.begin(), elements.end()); };
  constexpr std::int64_t N = 3, S = 4, T = 6, n = 5, m = 7;  // more actions than a column block of a factorisation
  const auto p = problems::random_trajectory<double>({N, T, n, m}, 1);
  Array<double, 4> inverses({N, T, m, m}), states({N, S, T, n}), means({N, S, T, m});
  Array<double, 3> action({N, T, m});
  Array<double, 2> weights({N, S}, 0.3), entropies({N, T}), mean({N, T}), largest({N, T}), factor({m, m});
  problems::Draws draws(2);
  for (auto numbers : {states.elements(), means.elements()})
    for (double& x : numbers) x = draws.normal();
  for (int r = 0; r < m; ++r)
    for (int c = 0; c <= r; ++c) factor(r, c) = r == c ? draws.uniform(1, 2) : draws.normal();
  const auto& policy = p.reference;
  precisions<double>(policy.covariance.view(), inverses, entropies);
  action_divergence<double>({states, weights, policy.gain, policy.offset, policy.covariance, means, factor},
                            {action, mean, largest});
  add(inverses.elements());
  add(entropies.elements());
  add(action.elements());
  add(mean.elements());
  add(largest.elements());
  SampleCostArrays<double> costs(N, S, T * n);
  sample_costs<double>(View<const double, 3>(states.data(), {N, S, T * n}), weights, costs.view());
  add(costs.mean.elements());
  add(costs.size.elements());
  add(costs.total.elements());
  return all;
}

// Run by the tests below.
TEST(InstructionSets, DISABLED_PrintResults) {
  for (const double x : results<double>()) std::printf("\nresult %.17g", x);
  for (const double x : results<float>()) std::printf("\nresult %.17g", x);
  for (const double x : results_without_fusing()) std::printf("\nexactly %.17g", x);
  std::printf("\n");
}

std::vector<double> results_under(const std::string& target, const char* format = "result %lg") {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string command = "MDGPS_TARGET=" + target + " '" + self +
                              "' --gtest_also_run_disabled_tests --gtest_filter=InstructionSets.DISABLED_PrintResults";
  std::vector<double> numbers;
  FILE* pipe = popen(command.c_str(), "r");
  char line[256];
  double x = 0;
  while (std::fgets(line, sizeof(line), pipe) != nullptr)
    if (std::sscanf(line, format, &x) == 1) numbers.push_back(x);
  EXPECT_EQ(pclose(pipe), 0);
  return numbers;
}

TEST(InstructionSets, Agree) {
  const auto portable = results_under("portable");
  ASSERT_GT(portable.size(), 2000u);
  EXPECT_EQ(portable[0], static_cast<double>(Target::portable));
  for (const std::string target : {"avx2", "avx512"}) {
    const auto other = results_under(target);
    ASSERT_EQ(other.size(), portable.size());
    const std::size_t half = portable.size() / 2;  // double, then float
    for (std::size_t e = 1; e < other.size(); ++e) {
      if (e == half) continue;  // the instruction set again
      // Sums are ordered alike, but multiply-adds are fused or not, and a search may end an ulp elsewhere.
      const double tolerance = e < half ? 1e-9 : 1e-2;
      EXPECT_NEAR(other[e], portable[e], tolerance * (0.1 + std::abs(portable[e]))) << target << " " << e;
    }
  }
}

TEST(InstructionSets, GiveTheSameBytesWhereMultiplyAddsMustNotFuse) {
  const auto portable = results_under("portable", "exactly %lg");
  ASSERT_GT(portable.size(), 1000u);
  for (const std::string target : {"avx2", "avx512"}) EXPECT_EQ(results_under(target, "exactly %lg"), portable);
}

}  // namespace
}  // namespace mdgps
