// The wide paths on a GPU: the references' answers, the fused path's statuses, and slots that change hands.

#include <gmock/gmock.h>

#include "gpu/mirror.hpp"
#include "mixture_problems.hpp"
#include "passes.hpp"
#include "trajectory_checks.hpp"

namespace mdgps {
namespace {

using problems::random_trajectory;
using problems::Trajectory;

template <class Real>
CStepResultArrays<Real> solve(const Trajectory<Real>& p, CStepOptions options = {}) {
  options.path = SolverPath::wide;
  return gpu::solve(p, options);
}

const BatchShape kShape{.conditions = 21, .steps = 12, .states = 6, .actions = 3};

template <class Real>
class GpuWideCStep : public testing::Test {
 protected:
  void SetUp() override { MDGPS_SKIP_WITHOUT_GPU(); }
};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(GpuWideCStep, Reals);

TYPED_TEST(GpuWideCStep, MeetsItsOptimalityConditions) {
  for (const BatchShape& shape : problems::trajectory_shapes) {
    const auto p = random_trajectory<TypeParam>(shape, 1);
    problems::expect_c_step(p, solve(p, problems::precise_c_step<TypeParam>()));
  }
  auto p = random_trajectory<TypeParam>({5, 6, 7, 3}, 2);
  p.entropy_weight = Array<TypeParam, 2>({5, 6}, TypeParam(0.5));
  problems::expect_c_step(p, solve(p, problems::precise_c_step<TypeParam>()));
}

TYPED_TEST(GpuWideCStep, AgreesWithTheCpuUpTo256StatesAnd64Actions) {
  // The last has more conditions than are at work at once.
  for (const BatchShape& shape : {BatchShape{1, 9, 26, 7}, {3, 2, 128, 32}, {2, 2, 256, 64}, {700, 4, 6, 3}}) {
    const auto p = random_trajectory<TypeParam>(shape, 4);
    CStepResultArrays<TypeParam> on_cpu(shape);
    const CStepOptions precise = problems::precise_c_step<TypeParam>();
    c_step<TypeParam>(p.view(), on_cpu.view(), precise);
    const auto on_gpu = solve(p, precise);
    EXPECT_EQ(on_gpu.status, on_cpu.status);
    const double tolerance = 100 * (precise.tolerance + problems::trajectory_tolerance<TypeParam>);
    for (std::int64_t i = 0; i < shape.conditions; ++i) {
      EXPECT_NEAR(on_gpu.dual(i), on_cpu.dual(i), tolerance * on_cpu.dual(i));
      problems::expect_policy(on_gpu.policy, i, reference::policy(std::as_const(on_cpu.policy).view(), i), tolerance);
    }
  }
}

TYPED_TEST(GpuWideCStep, FailingConditionsHaveTheCpusStatusAndLeaveTheirNeighboursAlone) {
  const auto good = random_trajectory<TypeParam>(kShape, 5);
  auto bad = good;
  bad.cost.gradient(2, 3, 1) = NAN;
  bad.dynamics.transition(5, 5, 2, 7) = INFINITY;
  bad.reference.covariance(9, 6, 1, 1) = -1;
  bad.reference.covariance(10, 6, 1, 1) = NAN;
  for (int j = 6; j < 9; ++j) bad.cost.hessian(11, 11, j, j) = TypeParam(-1e20);
  bad.epsilon(20) = 0;
  CStepResultArrays<TypeParam> on_cpu(kShape);
  c_step<TypeParam>(bad.view(), on_cpu.view());
  const auto clean = solve(good), result = solve(bad);
  EXPECT_EQ(result.status, on_cpu.status);
  EXPECT_EQ(result.failed_step, on_cpu.failed_step);
  for (const std::int64_t i : {2, 5, 9, 10, 11, 20}) {
    EXPECT_NE(result.status(i), Status::ok);
    EXPECT_TRUE(std::ranges::equal(result.policy.gain.row(i), bad.reference.gain.row(i)));
  }
  // cuBLAS chooses its kernels by the number of matrices: the same bytes are not promised.
  for (const std::int64_t i : {0, 1, 3, 4, 6, 7, 8, 12, 19})
    EXPECT_NEAR(result.dual(i), clean.dual(i), 1e-3 * clean.dual(i));
}

TYPED_TEST(GpuWideCStep, ASmallWorkspaceTakesLongerAndGivesTheSameAnswer) {
  const auto p = random_trajectory<TypeParam>(kShape, 8);
  const CStepOptions options{.path = SolverPath::wide};
  const auto expected = solve(p);
  CStepResultArrays<TypeParam> result(kShape);
  BatchShape three = kShape;
  three.conditions = 3;
  gpu::Mirror mirror;
  const gpu::Memory workspace(c_step_workspace_size<TypeParam>(three, options, gpu::device));
  c_step<TypeParam>(mirror(p.view()), mirror(result.view()), options, workspace, {});
  mirror.bring_back();
  EXPECT_EQ(result.status, expected.status);
  for (std::int64_t i = 0; i < kShape.conditions; ++i)
    EXPECT_NEAR(result.dual(i), expected.dual(i), 1e-3 * expected.dual(i));
}

TYPED_TEST(GpuWideCStep, IsChosenWhereABlocksMemoryIsTooSmall) {
  EXPECT_EQ(c_step_path<TypeParam>({100, 10, 26, 7}, {}, gpu::device), SolverPath::fused);
  EXPECT_EQ(c_step_path<TypeParam>({100, 10, 256, 64}, {}, gpu::device), SolverPath::wide);
  EXPECT_EQ(c_step_path<TypeParam>({100, 10, 256, 64}, {.path = SolverPath::fused}, gpu::device), SolverPath::fused);
}

template <class Real>
class GpuWidePasses : public GpuWideCStep<Real> {
 protected:
  using Passes = problems::Passes<Real>;
  static Passes on_gpu(const Trajectory<Real>& p) {
    Passes to(p.shape);
    gpu::Mirror mirror;
    const auto dynamics = mirror(p.dynamics.view());
    const PassOptions wide{.path = SolverPath::wide};
    backward_pass<Real>(dynamics, mirror(p.cost.view()), mirror(to.policy.view()),
                        {mirror(to.backward), mirror(to.backward_step)}, wide);
    forward_pass<Real>(mirror(p.initial.view()), dynamics, mirror(p.reference.view()), mirror(to.distribution.view()),
                       {mirror(to.forward), mirror(to.forward_step)}, wide);
    mirror.bring_back();
    return to;
  }
  static Passes on_cpu(const Trajectory<Real>& p) { return Passes(p, {}); }
};
TYPED_TEST_SUITE(GpuWidePasses, Reals);

TYPED_TEST(GpuWidePasses, GiveWhatTheReferencesGive) {
  for (const BatchShape& shape : problems::trajectory_shapes) {
    const auto p = random_trajectory<TypeParam>(shape, 1);
    const auto result = this->on_gpu(p);
    expect_maximum_entropy_lqr(p, result.policy);
    expect_marginals(p, result.distribution);
  }
}

TYPED_TEST(GpuWidePasses, AgreeWithTheCpuUpTo256StatesAnd64Actions) {
  // The last has more conditions than are at work at once.
  for (const BatchShape& shape : {BatchShape{1, 9, 26, 7}, {3, 2, 128, 32}, {2, 2, 256, 64}, {700, 4, 6, 3}}) {
    const auto p = random_trajectory<TypeParam>(shape, 4);
    const auto on_gpu = this->on_gpu(p), on_cpu = this->on_cpu(p);
    EXPECT_EQ(on_gpu.backward, on_cpu.backward);
    EXPECT_EQ(on_gpu.forward, on_cpu.forward);
    const double tolerance = problems::trajectory_tolerance<TypeParam>;
    for (std::int64_t i = 0; i < shape.conditions; ++i) {
      problems::expect_policy(on_gpu.policy, i, reference::policy(on_cpu.policy.view(), i), tolerance);
      for (std::int64_t t = 0; t < shape.steps; ++t)
        EXPECT_LT(reference::relative_error(reference::dense(on_gpu.distribution.covariance.view()[i][t]),
                                            reference::dense(on_cpu.distribution.covariance.view()[i][t])),
                  tolerance);
    }
  }
}

TYPED_TEST(GpuWidePasses, FailingConditionsHaveTheCpusStatus) {
  auto bad = random_trajectory<TypeParam>(kShape, 5);
  bad.cost.gradient(2, 3, 1) = NAN;
  bad.dynamics.transition(5, 5, 2, 7) = INFINITY;
  for (int j = 6; j < 9; ++j) bad.cost.hessian(11, 11, j, j) = TypeParam(-1);
  bad.reference.gain(12, 3, 1, 1) = NAN;
  const auto on_gpu = this->on_gpu(bad), on_cpu = this->on_cpu(bad);
  EXPECT_EQ(on_gpu.backward, on_cpu.backward);
  EXPECT_EQ(on_gpu.forward, on_cpu.forward);
  EXPECT_EQ(on_gpu.backward(11), Status::not_positive_definite);
  EXPECT_EQ(on_gpu.backward_step, on_cpu.backward_step);
  EXPECT_EQ(on_gpu.forward_step, on_cpu.forward_step);
}

TYPED_TEST(GpuWidePasses, AreChosenWhereABlocksMemoryIsTooSmall) {
  // The wide path's workspace holds cuBLAS's.
  const BatchShape small{100, 10, 26, 7}, large{100, 10, 256, 64};
  const PassOptions wide{.path = SolverPath::wide}, fused{.path = SolverPath::fused};
  EXPECT_EQ(backward_pass_workspace_size<TypeParam>(small, gpu::device),
            backward_pass_workspace_size<TypeParam>(small, gpu::device, fused));
  EXPECT_EQ(backward_pass_workspace_size<TypeParam>(large, gpu::device),
            backward_pass_workspace_size<TypeParam>(large, gpu::device, wide));
  EXPECT_EQ(forward_pass_workspace_size<TypeParam>(small, gpu::device),
            forward_pass_workspace_size<TypeParam>(small, gpu::device, fused));
  EXPECT_EQ(forward_pass_workspace_size<TypeParam>(large, gpu::device),
            forward_pass_workspace_size<TypeParam>(large, gpu::device, wide));
}

/// `iterations` of the wide path on the GPU, from the mixture or from an assignment.
template <class Real>
problems::Clusters<Real> fitted(const problems::Clusters<Real>& from, bool from_assignment, int iterations) {
  problems::Clusters<Real> after = from;
  auto problem = from.problem();
  if (!from_assignment) problem.assignment = {};
  gpu::Mirror mirror;
  fit_gaussian_mixture(mirror(problem), {.max_iterations = iterations, .tolerance = 0, .path = SolverPath::wide},
                       mirror(after.mixture.view()), mirror(after.report()));
  mirror.bring_back();
  return after;
}

template <class Real>
class GpuWideMixture : public GpuWideCStep<Real> {};
TYPED_TEST_SUITE(GpuWideMixture, Reals);

TYPED_TEST(GpuWideMixture, EveryIterationIsOneOfBruteForce) {
  for (const auto& extents : problems::mixture_extents) {
    const auto before = fitted(problems::Clusters<TypeParam>(extents, 2), true, 3);
    problems::expect_em_step(before, fitted(before, false, 1));
  }
}

TYPED_TEST(GpuWideMixture, AFailingConditionIsReportedAndLeavesTheOthersAlone) {
  const problems::Clusters<TypeParam> good({3, 60, 3, 2}, 6);
  auto bad = good;
  bad.points(1, 5, 0) = NAN;
  const auto clean = fitted(good, true, 4), result = fitted(bad, true, 4);
  EXPECT_EQ(result.status(1), Status::not_finite);
  for (const int i : {0, 2})
    EXPECT_TRUE(std::ranges::equal(result.mixture.covariance.row(i), clean.mixture.covariance.row(i)));
}

TYPED_TEST(GpuWideCStep, AGraphIsRefused) {
  const auto p = random_trajectory<TypeParam>(kShape, 4);
  CStepResultArrays<TypeParam> result(kShape);
  gpu::Mirror mirror;
  const auto problem = mirror(p.view());
  const auto out = mirror(result.view());
  const CStepOptions options{.path = SolverPath::wide};
  const gpu::Memory workspace(c_step_workspace_size<TypeParam>(kShape, options, gpu::device));
  cudaStream_t stream;
  gpu::check(cudaStreamCreate(&stream));
  gpu::check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  EXPECT_THAT([&] { c_step<TypeParam>(problem, out, options, workspace, {stream}); },
              testing::ThrowsMessage<std::invalid_argument>(testing::HasSubstr("set options.path to fused")));
  cudaGraph_t graph;
  gpu::check(cudaStreamEndCapture(stream, &graph));
  cudaGraphDestroy(graph);
  cudaStreamDestroy(stream);
}

}  // namespace
}  // namespace mdgps
