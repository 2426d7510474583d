// What the solver's functions refuse, and that they allocate nothing when given a workspace.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <new>

#include "cost_problems.hpp"
#include "mdgps/solver/backward_pass.hpp"
#include "mdgps/solver/c_step.hpp"
#include "mdgps/solver/expected_cost.hpp"
#include "mdgps/solver/forward_pass.hpp"
#include "mdgps/solver/kl_divergence.hpp"
#include "mdgps/solver/rearrange.hpp"
#include "mdgps/solver/threads.hpp"
#include "mixture_problems.hpp"
#include "point_mass_problems.hpp"
#include "regression_problems.hpp"
#include "trajectory_checks.hpp"

namespace {
std::atomic<long> allocations{0};
}  // namespace

// Counts every allocation of the program; the array forms end here too. Not inlined: GCC would take the pair of new and
// free() at a call for a mistake.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  ++allocations;
  const auto unit = static_cast<std::size_t>(alignment);
  if (void* memory = std::aligned_alloc(unit, size == 0 ? unit : (size + unit - 1) / unit * unit)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace mdgps {
namespace {

using problems::random_trajectory;
using testing::AllOf;
using testing::HasSubstr;

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "(accepted)";
}

const BatchShape kShape{.conditions = 3, .steps = 4, .states = 5, .actions = 2};

/// Every operation on small problems, with workspaces given.
struct AllOperations {
  problems::Trajectory<double> p = random_trajectory<double>(kShape, 1);
  LinearGaussianPolicyArrays<double> policy{kShape};
  TrajectoryDistributionArrays<double> distribution{kShape};
  CStepResultArrays<double> result{kShape};
  Array<Status, 1> status{{3}};
  Array<double, 1> total{{3}};
  problems::Regression<double> regression{{3, 4, 6, 5, 2}, 1};
  problems::Clusters<double> clusters{{3, 50, 4, 3}, 1};
  problems::Samples<double> samples{3, 2, 2, 4, 2, 3, 1};
  std::vector<CostTerm> terms{problems::action_term(), problems::point_term()};
  NormalInverseWishartArrays<double> prior{3, 5, 4};
  View<const double, 4> queries{clusters.points.data(), {3, 5, 10, 4}};
  problems::PointMassCase<double> rollouts{2, 3, 4, 5};
  Array<double, 4> copy{{3, 4, 5, 4}};
  problems::Regression<double> regression_of_clusters{{3, 5, 10, 3, 1}, 1};

  RegressionProblem<double> of_clusters() {
    regression_of_clusters.has_prior = false;
    return regression_of_clusters.problem();
  }
  PriorFromMixture<double> from_mixture() const { return {clusters.mixture.view(), queries, {}, 1.0, 50}; }

  struct Operation {
    std::string name;
    std::size_t workspace_size;
    std::function<void(Workspace)> call;
  };
  std::vector<Operation> operations() {
    return {
        {"c_step", c_step_workspace_size(kShape, {}),
         [&](Workspace w) { c_step<double>(p.view(), result.view(), {}, w, {}); }},
        {"backward_pass", backward_pass_workspace_size(kShape),
         [&](Workspace w) {
           backward_pass<double>(std::as_const(p.dynamics).view(), std::as_const(p.cost).view(), policy.view(), status,
                                 w, {});
         }},
        {"forward_pass", forward_pass_workspace_size(kShape),
         [&](Workspace w) {
           forward_pass<double>(p.initial.view(), p.dynamics.view(), p.reference.view(), distribution.view(), status, w,
                                {});
         }},
        {"kl_divergence", kl_divergence_workspace_size(kShape),
         [&](Workspace w) {
           kl_divergence<double>(p.reference.view(), p.reference.view(), distribution.view(), total, {}, status, w, {});
         }},
        {"expected_cost", expected_cost_workspace_size(kShape),
         [&](Workspace w) { expected_cost<double>(distribution.view(), p.cost.view(), total, {}, w, {}); }},
        {"fit_linear_gaussian", fit_linear_gaussian_workspace_size(regression.problem()),
         [&](Workspace w) { fit_linear_gaussian(regression.problem(), regression.result(), w, {}); }},
        {"fit_gaussian_mixture", fit_gaussian_mixture_workspace_size(clusters.problem(), clusters.mixture.view()),
         [&](Workspace w) {
           fit_gaussian_mixture(clusters.problem(), {}, clusters.mixture.view(), clusters.report(), w, {});
         }},
        {"fit_linear_gaussian", fit_linear_gaussian_workspace_size(of_clusters(), from_mixture()),
         [&](Workspace w) {
           fit_linear_gaussian(of_clusters(), from_mixture(), regression_of_clusters.result(), w, {});
         }},
        {"mixture_prior", mixture_prior_workspace_size<double>(std::as_const(clusters.mixture).view(), queries),
         [&](Workspace w) {
           mixture_prior<double>(std::as_const(clusters.mixture).view(), queries, {}, 1.0, 50, prior.view(), w, {});
         }},
        {"expand_cost", expand_cost_workspace_size<double>(terms, samples.view()),
         [&](Workspace w) {
           expand_cost<double>(terms, samples.view(), samples.cost.view(), samples.sample_cost, w, {});
         }},
        {"roll_out_point_mass",
         roll_out_point_mass_workspace_size<double>(rollouts.mass, rollouts.policy.view(), rollouts.view()),
         [&](Workspace w) {
           roll_out_point_mass<double>(rollouts.mass, rollouts.policy.view(), rollouts.view(), 1, w, {});
         }},
        {"roll_out_point_mass",
         roll_out_point_mass_workspace_size<double>(rollouts.mass, rollouts.network.view(), rollouts.view()),
         [&](Workspace w) {
           roll_out_point_mass<double>(rollouts.mass, rollouts.network.view(), rollouts.view(), 1, w, {});
         }},
        {"rearrange", rearrange_workspace_size<double>(copy),
         [&](Workspace w) { rearrange<double>(rollouts.states, {}, copy, w, {}); }},
    };
  }
};

TEST(SolverInterface, AWorkspaceThatIsTooSmallOrElsewhereIsRefused) {
  AllOperations all;
  std::vector<std::byte> memory(1 << 22);
  for (const auto& operation : all.operations()) {
    SCOPED_TRACE(operation.name);
    EXPECT_THAT(refusal([&] {
                  operation.call({memory.data(), 10, {}});
                }),
                AllOf(HasSubstr(operation.name + ": workspace has 10 bytes, expected at least ")));
    EXPECT_THAT(refusal([&] { operation.call({}); }), HasSubstr("workspace has 0 bytes"));
    EXPECT_THAT(refusal([&] {
                  operation.call({memory.data(), memory.size(), {Device::Kind::cuda, 0}});
                }),
                HasSubstr("on CUDA device 0"));
    EXPECT_NO_THROW(operation.call({memory.data(), memory.size(), {}}));
  }
}

TEST(SolverInterface, TheStatedWorkspaceSufficesAtAnyAddressAndNothingBesideItIsWritten) {
  AllOperations all;
  set_solver_threads(2);
  for (const auto& operation : all.operations()) {
    SCOPED_TRACE(operation.name);
    constexpr std::size_t margin = 64;
    std::vector<unsigned char> memory(operation.workspace_size + 3 * margin, 0xa5);
    const std::size_t shift = margin + 9;
    operation.call({memory.data() + shift, operation.workspace_size, {}});
    for (std::size_t i = 0; i < memory.size(); ++i) {
      if (i >= shift && i < shift + operation.workspace_size) continue;
      ASSERT_EQ(memory[i], 0xa5) << i;
    }
  }
}

TEST(SolverInterface, NothingIsAllocatedInACallWithAWorkspace) {
  AllOperations all;
  std::vector<std::byte> memory(1 << 22);
  for (const auto& operation : all.operations()) {
    operation.call({memory.data(), memory.size(), {}});
    const long before = allocations;
    operation.call({memory.data(), memory.size(), {}});
    EXPECT_EQ(allocations - before, 0) << operation.name;
  }
}

TEST(SolverInterface, AWrongShapeIsRefusedByName) {
  AllOperations all;
  problems::Trajectory<double> p = all.p;
  p.dynamics.transition = Array<double, 4>({3, 4, 5, 6});
  EXPECT_EQ(refusal([&] { c_step<double>(p.view(), all.result.view()); }),
            "c_step: dynamics.transition has shape [3,4,5,6], expected [3,4,5,7]");
  p = all.p;
  p.epsilon = Array<double, 1>({2});
  EXPECT_EQ(refusal([&] { c_step<double>(p.view(), all.result.view()); }),
            "c_step: epsilon has shape [2], expected [3]");
  EXPECT_EQ(refusal([&] {
              forward_pass<double>(all.p.initial.view(), all.p.dynamics.view(), all.p.reference.view(),
                                   all.distribution.view(), View<Status, 1>{});
            }),
            "forward_pass: status has shape [0], expected [3]");
  Array<std::int32_t, 1> two({2});
  EXPECT_EQ(refusal([&] {
              forward_pass<double>(all.p.initial.view(), all.p.dynamics.view(), all.p.reference.view(),
                                   all.distribution.view(), {all.status, two});
            }),
            "forward_pass: failed_step has shape [2], expected [3]");
  EXPECT_EQ(refusal([&] {
              auto result = all.result.view();
              result.failed_step = two;
              c_step<double>(all.p.view(), result);
            }),
            "c_step: failed_step has shape [2], expected [3]");
  EXPECT_EQ(refusal([&] {
              auto problem = all.regression.problem();
              problem.outputs = {};
              fit_linear_gaussian(problem, all.regression.result());
            }),
            "fit_linear_gaussian: outputs has shape [0,0,0,0], expected [3,4,6,0]");
  EXPECT_EQ(refusal([&] {
              auto problem = all.clusters.problem();
              problem.points.strides[1] += 1;
              fit_gaussian_mixture(problem, {}, all.clusters.mixture.view(), all.clusters.report());
            }),
            "fit_gaussian_mixture: points is not contiguous");
  EXPECT_EQ(refusal([&] {
              auto problem = all.clusters.problem();
              const Array<double, 2> weights({problem.points.extents[0], problem.points.extents[1]}, 1.0);
              problem.weights = weights;
              problem.weights.strides[1] = 2;
              fit_gaussian_mixture(problem, {}, all.clusters.mixture.view(), all.clusters.report());
            }),
            "fit_gaussian_mixture: weights is not contiguous");
  EXPECT_EQ(refusal([&] {
              auto problem = all.clusters.problem();
              problem.assignment.strides[1] = 2;
              fit_gaussian_mixture(problem, {}, all.clusters.mixture.view(), all.clusters.report());
            }),
            "fit_gaussian_mixture: assignment is not contiguous");
}

TEST(SolverInterface, AViewWithoutMemoryOrElsewhereIsRefusedByName) {
  AllOperations all;
  auto problem = all.p.view();
  problem.cost.gradient.data = nullptr;
  EXPECT_EQ(refusal([&] { c_step<double>(problem, all.result.view()); }), "c_step: cost.gradient has no memory");
  problem = all.p.view();
  problem.initial.mean.device.kind = Device::Kind::cuda;
  EXPECT_THAT(refusal([&] { c_step<double>(problem, all.result.view()); }),
              HasSubstr("c_step: initial.mean is on CUDA device 0, but the workspace on the CPU"));
}

TEST(SolverInterface, OptionsThatMakeNoSenseAreRefused) {
  AllOperations all;
  for (const CStepOptions& options :
       {CStepOptions{.tolerance = 0}, CStepOptions{.tolerance = NAN}, CStepOptions{.max_evaluations = 1},
        CStepOptions{.min_dual = 0}, CStepOptions{.min_dual = 2, .max_dual = 1}})
    EXPECT_THAT(refusal([&] { c_step<double>(all.p.view(), all.result.view(), options); }),
                HasSubstr("c_step: options need"));
  EXPECT_EQ(refusal([&] { c_step<double>(all.p.view(), all.result.view(), {.speculation = 3}); }),
            "c_step: options.speculation is 3, expected 0, 1, 2, 4 or 8");
}

TEST(SolverInterface, NoConditionsIsNoWork) {
  const BatchShape shape{0, 4, 5, 2};
  const auto p = random_trajectory<double>(shape, 1);
  CStepResultArrays<double> result(shape);
  EXPECT_NO_THROW(c_step<double>(p.view(), result.view()));
  problems::Regression<double> regression({0, 4, 6, 5, 2}, 1);
  EXPECT_NO_THROW(fit_linear_gaussian(regression.problem(), regression.result()));
  problems::Regression<double> no_steps({2, 0, 6, 5, 2}, 1);
  EXPECT_NO_THROW(fit_linear_gaussian(no_steps.problem(), no_steps.result()));
}

TEST(SolverInterface, ATrajectoryWithoutStepsIsRefused) {
  const BatchShape shape{2, 0, 5, 2};
  const auto p = random_trajectory<double>(shape, 1);
  CStepResultArrays<double> result(shape);
  EXPECT_EQ(refusal([&] { c_step<double>(p.view(), result.view()); }),
            "c_step: reference.gain has shape [2,0,2,5], expected at least one step, action and state");
}

TEST(SolverInterface, ReadsAndWritesThroughStrides) {
  const auto p = random_trajectory<double>(kShape, 2);
  CStepResultArrays<double> plain(kShape);
  c_step<double>(p.view(), plain.view());
  // The same problem and result inside larger arrays, every second entry.
  const auto spread = []<int Rank>(const Array<double, Rank>& a, std::vector<double>& memory) {
    memory.assign(a.elements().size() * 2, -7.0);
    for (std::size_t e = 0; e < a.elements().size(); ++e) memory[2 * e] = a.elements()[e];
    auto strides = a.view().strides;
    for (auto& s : strides) s *= 2;
    return View<double, Rank>(memory.data(), a.extents(), strides, {});
  };
  std::vector<double> memory[6];
  auto problem = p.view();
  problem.cost.hessian = spread(p.cost.hessian, memory[0]);
  problem.dynamics.offset = spread(p.dynamics.offset, memory[1]);
  problem.initial.covariance = spread(p.initial.covariance, memory[2]);
  problem.epsilon = spread(p.epsilon, memory[3]);
  CStepResultArrays<double> strided(kShape);
  auto out = strided.view();
  out.policy.gain = spread(strided.policy.gain, memory[4]);
  out.dual = spread(strided.dual, memory[5]);
  c_step<double>(problem, out);
  for (std::int64_t e = 0; e < 3 * 4 * 2 * 5; ++e) {
    EXPECT_EQ(memory[4][2 * e], plain.policy.gain.elements()[e]);
    EXPECT_EQ(memory[4][2 * e + 1], -7.0);
  }
  EXPECT_EQ(strided.policy.covariance, plain.policy.covariance);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(memory[5][2 * i], plain.dual(i));
}

}  // namespace
}  // namespace mdgps
