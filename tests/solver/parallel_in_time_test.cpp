// The passes as scans over the timesteps give what the passes step by step give.

#include <gmock/gmock.h>

#include <cmath>

#include "passes.hpp"
#include "reference.hpp"

namespace mdgps {
namespace {

using problems::random_trajectory;
using problems::Trajectory;

constexpr PassOptions kInParallel{.parallel_in_time = true};

using Passes = problems::Passes<double>;

template <int Rank>
double difference(const Array<double, Rank>& a, const Array<double, Rank>& b) {
  double error = 0, size = 0;
  for (std::size_t e = 0; e < a.elements().size(); ++e) {
    error = std::max(error, std::abs(a.elements()[e] - b.elements()[e]));
    size = std::max(size, std::abs(b.elements()[e]));
  }
  return std::isnan(error) ? error : error / size;
}

TEST(ParallelInTime, AgreesWithThePassesStepByStep) {
  // Horizons below, at and above powers of two; one condition, and more than lanes.
  for (const BatchShape& shape : {BatchShape{1, 1, 1, 1},
                                  {3, 2, 2, 1},
                                  {1, 3, 5, 2},
                                  {2, 8, 3, 4},
                                  {1, 100, 6, 2},
                                  {11, 17, 4, 2},
                                  {1, 20, 26, 7}}) {
    const auto p = random_trajectory<double>(shape, 1);
    const Passes in_parallel(p, kInParallel), step_by_step(p, {});
    EXPECT_EQ(in_parallel.backward, step_by_step.backward);
    EXPECT_EQ(in_parallel.forward, step_by_step.forward);
    EXPECT_LT(difference(in_parallel.policy.gain, step_by_step.policy.gain), 1e-9);
    EXPECT_LT(difference(in_parallel.policy.offset, step_by_step.policy.offset), 1e-9);
    EXPECT_LT(difference(in_parallel.policy.covariance, step_by_step.policy.covariance), 1e-9);
    EXPECT_LT(difference(in_parallel.distribution.mean, step_by_step.distribution.mean), 1e-9);
    EXPECT_LT(difference(in_parallel.distribution.covariance, step_by_step.distribution.covariance), 1e-9);
    for (std::int64_t i = 0; i < shape.conditions; ++i)
      for (std::int64_t t = 0; t < shape.steps; ++t)
        for (int a = 0; a < shape.states + shape.actions; ++a)
          for (int b = 0; b < a; ++b)
            EXPECT_EQ(in_parallel.distribution.covariance(i, t, a, b), in_parallel.distribution.covariance(i, t, b, a));
  }
}

TEST(ParallelInTime, AFailingConditionHasTheSameStatusAndLeavesTheOthersAlone) {
  const BatchShape shape{7, 9, 3, 2};
  const auto good = random_trajectory<double>(shape, 2);
  auto bad = good;
  bad.cost.gradient(1, 4, 2) = NAN;
  bad.dynamics.transition(2, 3, 0, 1) = INFINITY;
  bad.cost.hessian(4, 5, 3, 3) = -1e6;
  bad.cost.gradient(4, 2, 0) = NAN;  // the pass meets the indefinite step first
  bad.reference.offset(5, 8, 0) = NAN;
  bad.cost.hessian(6, 5, 3, 3) = -1e6;
  bad.dynamics.offset(6, 5, 1) = INFINITY;  // of two reasons at one step the numbers come first
  // Nothing is read of the last step's dynamics.
  bad.dynamics.transition(0, 8, 1, 1) = bad.dynamics.offset(0, 8, 1) = bad.dynamics.covariance(0, 8, 1, 1) = NAN;
  const Passes clean(good, kInParallel), result(bad, kInParallel), step_by_step(bad, {});
  EXPECT_EQ(result.backward, step_by_step.backward);
  EXPECT_EQ(result.forward, step_by_step.forward);
  EXPECT_THAT(result.backward_step.elements(), testing::ElementsAre(-1, 4, 3, -1, 5, -1, 5));
  EXPECT_THAT(result.forward_step.elements(), testing::ElementsAre(-1, -1, 4, -1, -1, 8, 6));
  EXPECT_EQ(result.backward_step, step_by_step.backward_step);
  EXPECT_EQ(result.forward_step, step_by_step.forward_step);
  EXPECT_EQ(result.backward(1), Status::not_finite);
  EXPECT_EQ(result.backward(4), Status::not_positive_definite);
  EXPECT_EQ(result.backward(6), Status::not_finite);
  EXPECT_EQ(result.forward(5), Status::not_finite);
  for (const int i : {0, 3}) {
    EXPECT_TRUE(std::ranges::equal(result.policy.gain.row(i), clean.policy.gain.row(i)));
    EXPECT_TRUE(std::ranges::equal(result.policy.covariance.row(i), clean.policy.covariance.row(i)));
    EXPECT_TRUE(std::ranges::equal(result.distribution.covariance.row(i), clean.distribution.covariance.row(i)));
  }
}

TEST(ParallelInTime, TheStatedWorkspaceSufficesAndNothingBesideItIsWritten) {
  const auto p = random_trajectory<double>({2, 5, 3, 2}, 3);
  const Passes expected(p, kInParallel);
  LinearGaussianPolicyArrays<double> policy(p.shape);
  TrajectoryDistributionArrays<double> distribution(p.shape);
  Array<Status, 1> status({2});
  const auto within = [](std::size_t bytes, const auto& call) {
    constexpr std::size_t margin = 64;
    std::vector<unsigned char> memory(bytes + 3 * margin, 0xa5);
    call(Workspace{memory.data() + margin + 9, bytes, {}});
    for (std::size_t i = 0; i < memory.size(); ++i)
      if (i < margin + 9 || i >= margin + 9 + bytes) {
        ASSERT_EQ(memory[i], 0xa5) << i;
      }
    EXPECT_THROW(call(Workspace{memory.data(), 100, {}}), std::invalid_argument);
  };
  within(backward_pass_workspace_size<double>(p.shape, {}, kInParallel), [&](const Workspace& w) {
    backward_pass<double>(p.dynamics.view(), p.cost.view(), policy.view(), status, w, {}, kInParallel);
  });
  within(forward_pass_workspace_size<double>(p.shape, {}, kInParallel), [&](const Workspace& w) {
    forward_pass<double>(p.initial.view(), p.dynamics.view(), p.reference.view(), distribution.view(), status, w, {},
                         kInParallel);
  });
  EXPECT_EQ(policy.gain, expected.policy.gain);
  EXPECT_EQ(distribution.covariance, expected.distribution.covariance);
}

}  // namespace
}  // namespace mdgps
