// The C-step on a GPU: one launch, in any batch, on any stream, in a graph, with the statuses of the CPU.

#include <gmock/gmock.h>

#include "gpu/mirror.hpp"
#include "trajectory_checks.hpp"

namespace mdgps {
namespace {

using gpu::solve;
using problems::expect_same;
using problems::random_trajectory;

template <class Real>
void expect_same(const CStepResultArrays<Real>& a, const CStepResultArrays<Real>& b) {
  for (std::int64_t i = 0; i < a.dual.extent(0); ++i) expect_same(a, i, b, i);
}

const BatchShape kShape{.conditions = 21, .steps = 12, .states = 6, .actions = 3};

template <class Real>
class GpuCStep : public testing::Test {
 protected:
  void SetUp() override { MDGPS_SKIP_WITHOUT_GPU(); }
};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(GpuCStep, Reals);

TYPED_TEST(GpuCStep, MeetsItsOptimalityConditions) {
  for (const BatchShape& shape : problems::trajectory_shapes) {
    const auto p = random_trajectory<TypeParam>(shape, 1);
    expect_c_step(p, solve(p, problems::precise_c_step<TypeParam>()));
  }
}

TYPED_TEST(GpuCStep, AgreesWithTheCpuForOneConditionAndAThousand) {
  for (const BatchShape& shape : {BatchShape{1, 12, 6, 3}, {1000, 12, 6, 3}, {1, 10, 26, 7}, {200, 10, 26, 7}}) {
    const auto p = random_trajectory<TypeParam>(shape, 2);
    CStepResultArrays<TypeParam> on_cpu(shape);
    c_step<TypeParam>(p.view(), on_cpu.view());
    const auto on_gpu = solve(p);
    EXPECT_EQ(on_gpu.status, on_cpu.status);
    for (std::int64_t i = 0; i < shape.conditions; ++i) {
      // The searches may part at a rounding: both end within 1% of the bound.
      EXPECT_NEAR(on_gpu.kl_divergence(i), p.epsilon(i), 0.0101 * p.epsilon(i));
      EXPECT_NEAR(on_gpu.dual(i), on_cpu.dual(i), 0.05 * on_cpu.dual(i));
    }
  }
}

TYPED_TEST(GpuCStep, AConditionHasTheSameBytesInAnyBatchAndOrder) {
  const CStepOptions one{.speculation = 1};  // its width is otherwise chosen by the number of conditions
  const auto all = solve(random_trajectory<TypeParam>(kShape, 3), one);
  std::vector<std::int64_t> reversed;
  for (std::int64_t i = kShape.conditions - 1; i >= 0; --i) reversed.push_back(i);
  const auto backwards = solve(random_trajectory<TypeParam>(kShape, 3, reversed), one);
  for (std::int64_t i = 0; i < kShape.conditions; ++i) expect_same(all, i, backwards, kShape.conditions - 1 - i);
  for (const std::int64_t i : {0, 7, 20})
    expect_same(all, i, solve(random_trajectory<TypeParam>(kShape, 3, {i}), one), 0);
}

TYPED_TEST(GpuCStep, CandidatesInAClusterLeadToTheSameAnswer) {
  for (const BatchShape& shape : {BatchShape{3, 12, 6, 3}, {2, 5, 26, 7}, {21, 4, 3, 2}}) {
    const auto p = random_trajectory<TypeParam>(shape, 10);
    const auto one = solve(p, {.speculation = 1});
    for (const int width : {2, 4, 8}) {
      const auto result = solve(p, {.speculation = width});
      for (std::int64_t i = 0; i < shape.conditions; ++i) {
        EXPECT_EQ(result.status(i), Status::ok);
        EXPECT_NEAR(result.kl_divergence(i), p.epsilon(i), 0.0101 * p.epsilon(i));
        EXPECT_NEAR(result.dual(i), one.dual(i), 0.05 * one.dual(i));
      }
      expect_same(result, solve(p, {.speculation = width}));
    }
  }
}

TYPED_TEST(GpuCStep, FailingConditionsHaveTheCpusStatusAndLeaveTheirNeighboursAlone) {
  const auto good = random_trajectory<TypeParam>(kShape, 5);
  auto bad = good;
  bad.cost.gradient(2, 3, 1) = NAN;
  bad.dynamics.transition(5, 5, 2, 7) = INFINITY;
  bad.reference.covariance(9, 6, 1, 1) = -1;
  for (int j = 6; j < 9; ++j) bad.cost.hessian(11, 11, j, j) = TypeParam(-1e20);
  bad.epsilon(20) = 0;
  CStepResultArrays<TypeParam> on_cpu(kShape);
  c_step<TypeParam>(bad.view(), on_cpu.view());
  const auto clean = solve(good), result = solve(bad);
  EXPECT_EQ(result.status, on_cpu.status);
  EXPECT_EQ(result.failed_step, on_cpu.failed_step);
  for (const std::int64_t i : {2, 5, 9, 11, 20}) {
    EXPECT_NE(result.status(i), Status::ok);
    EXPECT_TRUE(std::ranges::equal(result.policy.gain.row(i), bad.reference.gain.row(i)));
  }
  for (const std::int64_t i : {0, 1, 3, 4, 6, 7, 8, 10, 12, 19}) expect_same(result, i, clean, i);
}

TYPED_TEST(GpuCStep, IsCapturedInAGraphAndReplayed) {
  auto p = random_trajectory<TypeParam>(kShape, 4);
  const auto expected = solve(p);
  CStepResultArrays<TypeParam> result(kShape);
  gpu::Mirror mirror;
  const auto problem = mirror(p.view());
  const auto out = mirror(result.view());
  const gpu::Memory workspace(c_step_workspace_size<TypeParam>(kShape, {}, gpu::device));
  cudaStream_t stream;
  gpu::check(cudaStreamCreate(&stream));
  gpu::check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  c_step<TypeParam>(problem, out, {}, workspace, {stream});
  cudaGraph_t graph;
  gpu::check(cudaStreamEndCapture(stream, &graph));
  std::size_t nodes = 0;
  gpu::check(cudaGraphGetNodes(graph, nullptr, &nodes));
  EXPECT_EQ(nodes, 1u);  // the whole search is one launch
  cudaGraphExec_t executable;
  gpu::check(cudaGraphInstantiate(&executable, graph, 0));
  for (int launch = 0; launch < 2; ++launch) {
    gpu::check(cudaGraphLaunch(executable, stream));
    mirror.bring_back();
    expect_same(result, expected);
  }
  cudaGraphExecDestroy(executable);
  cudaGraphDestroy(graph);
  cudaStreamDestroy(stream);
}

TYPED_TEST(GpuCStep, TwoStreamsWithAWorkspaceEachDoNotDisturbEachOther) {
  const auto p = random_trajectory<TypeParam>(kShape, 6), q = random_trajectory<TypeParam>(kShape, 7);
  CStepResultArrays<TypeParam> of_p(kShape), of_q(kShape);
  gpu::Mirror mirror;
  const auto problem_p = mirror(p.view()), problem_q = mirror(q.view());
  const auto out_p = mirror(of_p.view()), out_q = mirror(of_q.view());
  const std::size_t bytes = c_step_workspace_size<TypeParam>(kShape, {}, gpu::device);
  const gpu::Memory workspace_p(bytes), workspace_q(bytes);
  cudaStream_t streams[2];
  for (cudaStream_t& stream : streams) gpu::check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  for (int i = 0; i < 10; ++i) {
    c_step<TypeParam>(problem_p, out_p, {}, workspace_p, {streams[0]});
    c_step<TypeParam>(problem_q, out_q, {}, workspace_q, {streams[1]});
  }
  mirror.bring_back();
  expect_same(of_p, solve(p));
  expect_same(of_q, solve(q));
  for (cudaStream_t stream : streams) cudaStreamDestroy(stream);
}

TYPED_TEST(GpuCStep, ASmallWorkspaceTakesLongerAndGivesTheSameBytes) {
  const auto p = random_trajectory<TypeParam>(kShape, 8);
  const auto expected = solve(p);
  CStepResultArrays<TypeParam> result(kShape);
  BatchShape three = kShape;
  three.conditions = 3;
  gpu::Mirror mirror;
  const gpu::Memory workspace(c_step_workspace_size<TypeParam>(three, {}, gpu::device));
  c_step<TypeParam>(mirror(p.view()), mirror(result.view()), {}, workspace, {});
  mirror.bring_back();
  expect_same(result, expected);
}

TYPED_TEST(GpuCStep, ViewsOnTwoDevicesAreRefused) {
  const auto p = random_trajectory<TypeParam>(kShape, 9);
  CStepResultArrays<TypeParam> result(kShape);
  gpu::Mirror mirror;
  auto problem = mirror(p.view());
  problem.epsilon = p.epsilon.view();
  EXPECT_THAT([&] { c_step<TypeParam>(problem, mirror(result.view())); },
              testing::ThrowsMessage<std::invalid_argument>(
                  testing::HasSubstr("c_step: epsilon is on the CPU, but the workspace on CUDA device 0")));
}

}  // namespace
}  // namespace mdgps
