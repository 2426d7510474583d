// Every operation on a GPU: against the references, and against the CPU for batches of 1 to 1000 conditions.

#include "cost_problems.hpp"
#include "gpu/mirror.hpp"
#include "mdgps/solver/backward_pass.hpp"
#include "mdgps/solver/expected_cost.hpp"
#include "mdgps/solver/forward_pass.hpp"
#include "mdgps/solver/kl_divergence.hpp"
#include "mdgps/solver/precisions.hpp"
#include "mdgps/solver/rearrange.hpp"
#include "mdgps/solver/sample_costs.hpp"
#include "mixture_problems.hpp"
#include "point_mass_problems.hpp"
#include "regression_problems.hpp"
#include "trajectory_checks.hpp"

namespace mdgps {
namespace {

using problems::random_trajectory;
using problems::Trajectory;

/// Largest difference of two arrays, relative to the largest entry.
template <class T, int Rank>
double difference(const Array<T, Rank>& a, const Array<T, Rank>& b) {
  double error = 0, size = 0;
  for (std::size_t e = 0; e < a.elements().size(); ++e) {
    error = std::max(error, std::abs(double(a.elements()[e]) - double(b.elements()[e])));
    size = std::max(size, std::abs(double(b.elements()[e])));
  }
  return size > 0 ? error / size : error;
}

template <class Real>
class GpuOperations : public testing::Test {
 protected:
  void SetUp() override { MDGPS_SKIP_WITHOUT_GPU(); }

  /// Sizes of a warp's and of a block's problems, and one whose matrices do not fit shared memory.
  const std::vector<BatchShape> shapes = {{1, 20, 6, 2},  {2, 20, 6, 2},    {33, 20, 6, 2}, {1000, 20, 6, 2},
                                          {1, 10, 26, 7}, {1000, 3, 26, 7}, {2, 3, 96, 24}};
  // Both sides round sums of the same numbers in different orders.
  static constexpr double tolerance = problems::trajectory_tolerance<Real>;

  struct Passes {
    LinearGaussianPolicyArrays<Real> policy;
    TrajectoryDistributionArrays<Real> distribution;
    Array<Real, 1> cost, kl;
    Array<Real, 2> cost_steps, kl_steps;
    Array<Status, 1> status;

    explicit Passes(const BatchShape& s)
        : policy(s),
          distribution(s),
          cost({s.conditions}),
          kl({s.conditions}),
          cost_steps({s.conditions, s.steps}),
          kl_steps({s.conditions, s.steps}),
          status({s.conditions}) {}
  };
  /// All passes over a trajectory, `place` giving the views.
  template <class Place>
  static void run(const Trajectory<Real>& p, const LinearGaussianPolicyArrays<Real>& other, Passes& out, Place& place) {
    const auto dynamics = place(p.dynamics.view());
    const auto cost = place(p.cost.view());
    const auto policy = place(p.reference.view());
    const auto distribution = place(out.distribution.view());
    const auto status = place(out.status);
    backward_pass<Real>(dynamics, cost, place(out.policy.view()), status);
    forward_pass<Real>(place(p.initial.view()), dynamics, policy, distribution, status);
    expected_cost<Real>(distribution, cost, place(out.cost), place(out.cost_steps));
    kl_divergence<Real>(policy, place(other.view()), distribution, place(out.kl), place(out.kl_steps), status);
  }
};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(GpuOperations, Reals);

/// Host views as they are.
struct InPlace {
  template <class T>
  T operator()(const T& views) {
    return views;
  }
  template <class T, int Rank>
  View<T, Rank> operator()(Array<T, Rank>& a) {
    return a.view();
  }
};

TYPED_TEST(GpuOperations, PassesAgreeWithTheReferences) {
  for (const BatchShape& shape : problems::trajectory_shapes) {
    const auto p = random_trajectory<TypeParam>(shape, 1), q = random_trajectory<TypeParam>(shape, 2);
    typename TestFixture::Passes out(shape);
    gpu::Mirror mirror;
    this->run(p, q.reference, out, mirror);
    mirror.bring_back();
    for (const Status s : out.status.elements()) EXPECT_EQ(s, Status::ok);
    expect_maximum_entropy_lqr(p, out.policy);
    expect_marginals(p, out.distribution);
    expect_cost(p, out.cost, out.cost_steps);
    expect_divergence(p, q.reference, out.kl, out.kl_steps);
  }
}

TYPED_TEST(GpuOperations, PassesAgreeWithTheCpu) {
  for (const BatchShape& shape : this->shapes) {
    const auto p = random_trajectory<TypeParam>(shape, 1), q = random_trajectory<TypeParam>(shape, 2);
    typename TestFixture::Passes on_gpu(shape), on_cpu(shape);
    gpu::Mirror mirror;
    this->run(p, q.reference, on_gpu, mirror);
    mirror.bring_back();
    InPlace in_place;
    this->run(p, q.reference, on_cpu, in_place);
    EXPECT_EQ(on_gpu.status, on_cpu.status);
    EXPECT_LT(difference(on_gpu.policy.gain, on_cpu.policy.gain), this->tolerance);
    EXPECT_LT(difference(on_gpu.policy.offset, on_cpu.policy.offset), this->tolerance);
    EXPECT_LT(difference(on_gpu.policy.covariance, on_cpu.policy.covariance), this->tolerance);
    EXPECT_LT(difference(on_gpu.distribution.mean, on_cpu.distribution.mean), this->tolerance);
    EXPECT_LT(difference(on_gpu.distribution.covariance, on_cpu.distribution.covariance), this->tolerance);
    EXPECT_LT(difference(on_gpu.cost_steps, on_cpu.cost_steps), this->tolerance);
    EXPECT_LT(difference(on_gpu.kl_steps, on_cpu.kl_steps), this->tolerance);
  }
}

TYPED_TEST(GpuOperations, PassesInParallelOverTimeAgreeWithTheCpu) {
  using Real = TypeParam;
  const PassOptions in_parallel{.parallel_in_time = true};
  for (const BatchShape& shape : {BatchShape{1, 100, 6, 2}, {3, 7, 5, 2}, {1, 20, 26, 7}, {1, 1, 3, 1}}) {
    const auto p = random_trajectory<Real>(shape, 1);
    typename TestFixture::Passes on_gpu(shape), on_cpu(shape);
    gpu::Mirror mirror;
    const auto dynamics = mirror(p.dynamics.view());
    const auto status = mirror(on_gpu.status);
    backward_pass<Real>(dynamics, mirror(p.cost.view()), mirror(on_gpu.policy.view()), status, in_parallel);
    forward_pass<Real>(mirror(p.initial.view()), dynamics, mirror(p.reference.view()),
                       mirror(on_gpu.distribution.view()), status, in_parallel);
    mirror.bring_back();
    backward_pass<Real>(p.dynamics.view(), p.cost.view(), on_cpu.policy.view(), on_cpu.status);
    forward_pass<Real>(p.initial.view(), p.dynamics.view(), p.reference.view(), on_cpu.distribution.view(),
                       on_cpu.status);
    EXPECT_EQ(on_gpu.status, on_cpu.status);
    EXPECT_LT(difference(on_gpu.policy.gain, on_cpu.policy.gain), this->tolerance);
    EXPECT_LT(difference(on_gpu.policy.covariance, on_cpu.policy.covariance), this->tolerance);
    EXPECT_LT(difference(on_gpu.distribution.mean, on_cpu.distribution.mean), this->tolerance);
    EXPECT_LT(difference(on_gpu.distribution.covariance, on_cpu.distribution.covariance), this->tolerance);
  }
}

TYPED_TEST(GpuOperations, PassesSayTheCpusStepOfAFailure) {
  using Real = TypeParam;
  using Passes = typename TestFixture::Passes;
  using Steps = std::array<Array<std::int32_t, 1>, 3>;
  const BatchShape shape{5, 9, 6, 2};
  auto spoilt = random_trajectory<Real>(shape, 2);
  spoilt.reference.covariance(0, 7, 0, 0) = -1;
  spoilt.cost.gradient(1, 4, 2) = NAN;
  spoilt.cost.hessian(2, 5, 7, 7) = Real(-1e6);
  spoilt.dynamics.transition(4, 3, 0, 1) = INFINITY;
  const auto& p = std::as_const(spoilt);
  const auto run = [&](auto& place, const PassOptions& options, Passes& out, Steps& steps) {
    const auto dynamics = place(p.dynamics.view());
    const auto policy = place(p.reference.view());
    const auto distribution = place(out.distribution.view());
    const auto status = place(out.status);
    backward_pass<Real>(dynamics, place(p.cost.view()), place(out.policy.view()), {status, place(steps[0])}, options);
    forward_pass<Real>(place(p.initial.view()), dynamics, policy, distribution, {status, place(steps[1])}, options);
    kl_divergence<Real>(policy, policy, distribution, place(out.kl), place(out.kl_steps), {status, place(steps[2])});
  };
  const Array<std::int32_t, 1> unset({shape.conditions});
  for (const bool parallel_in_time : {false, true}) {
    Passes on_gpu(shape), on_cpu(shape);
    Steps steps_on_gpu{unset, unset, unset}, steps_on_cpu = steps_on_gpu;
    gpu::Mirror mirror;
    run(mirror, {.parallel_in_time = parallel_in_time}, on_gpu, steps_on_gpu);
    mirror.bring_back();
    InPlace in_place;
    run(in_place, {}, on_cpu, steps_on_cpu);
    EXPECT_EQ(steps_on_gpu, steps_on_cpu);
  }
}

TYPED_TEST(GpuOperations, RegressionConditionsThePosteriorCovariance) {
  for (const auto& extents : problems::regression_extents) {
    problems::Regression<TypeParam> r(extents, 1);
    gpu::Mirror mirror;
    auto problem = r.problem();
    // The weights' view repeats every step, which the mirror does not: without steps it is contiguous.
    const auto weights = mirror(r.weights);
    problem.inputs = mirror(problem.inputs);
    problem.outputs = mirror(problem.outputs);
    problem.weights.data = weights.data;
    problem.weights.device = gpu::device;
    problem.prior = mirror(problem.prior);
    fit_linear_gaussian(problem, mirror(r.result()));
    mirror.bring_back();
    problems::expect_posterior_fit(r);
  }
}

TYPED_TEST(GpuOperations, OneEmStepIsThatOfBruteForce) {
  for (const auto& extents : problems::mixture_extents) {
    problems::Clusters<TypeParam> before(extents, 1);
    fit_gaussian_mixture(before.problem(), {.max_iterations = 3}, before.mixture.view(), before.report());
    auto after = before;
    gpu::Mirror mirror;
    auto problem = after.problem();
    problem.assignment = {};
    fit_gaussian_mixture(mirror(problem), {.max_iterations = 1}, mirror(after.mixture.view()), mirror(after.report()));
    mirror.bring_back();
    problems::expect_em_step(before, after);
  }
}

TYPED_TEST(GpuOperations, MixturePriorAgreesWithTheCpu) {
  using Real = TypeParam;
  problems::Clusters<Real> clusters({3, 120, 4, 5}, 1);
  fit_gaussian_mixture(clusters.problem(), {.max_iterations = 5}, clusters.mixture.view(), clusters.report());
  const View<const Real, 4> queries(clusters.points.data(), {3, 6, 20, 4});
  NormalInverseWishartArrays<Real> on_gpu(3, 6, 4), on_cpu(3, 6, 4);
  const auto mixture = std::as_const(clusters.mixture).view();
  mixture_prior<Real>(mixture, queries, {}, 1.5, 120, on_cpu.view());
  gpu::Mirror mirror;
  View<const Real, 2> no_weights;
  mixture_prior<Real>(mirror(mixture), mirror(queries), mirror(no_weights), 1.5, 120, mirror(on_gpu.view()));
  mirror.bring_back();
  EXPECT_LT(difference(on_gpu.mean, on_cpu.mean), problems::mixture_tolerance<Real>);
  EXPECT_LT(difference(on_gpu.scatter, on_cpu.scatter), problems::mixture_tolerance<Real>);
  EXPECT_EQ(on_gpu.mean_strength, on_cpu.mean_strength);
  EXPECT_EQ(on_gpu.degrees, on_cpu.degrees);
}

TYPED_TEST(GpuOperations, RegressionWithAMixturesPriorAgreesWithTheCpu) {
  using Real = TypeParam;
  problems::Clusters<Real> clusters({3, 120, 4, 5}, 1);
  fit_gaussian_mixture(clusters.problem(), {.max_iterations = 5}, clusters.mixture.view(), clusters.report());
  problems::Regression<Real> on_gpu({3, 6, 20, 3, 1}, 1), on_cpu({3, 6, 20, 3, 1}, 1);
  const View<const Real, 4> points(clusters.points.data(), {3, 6, 20, 4});
  const View<const Real, 4> inputs(points.data, {3, 6, 20, 3}, points.strides, {});
  const View<const Real, 4> outputs(points.data + 3, {3, 6, 20, 1}, points.strides, {});
  const PriorFromMixture<Real> prior{std::as_const(clusters.mixture).view(), points, {}, 1.5, 120};
  fit_linear_gaussian<Real>({inputs, outputs, {}, {}, Real(1e-6)}, prior, on_cpu.result());

  gpu::Mirror mirror;
  const auto there = mirror(points);
  View<const Real, 4> inputs_there(there.data, inputs.extents, inputs.strides, gpu::device);
  View<const Real, 4> outputs_there(there.data + 3, outputs.extents, outputs.strides, gpu::device);
  View<const Real, 2> no_weights;
  const PriorFromMixture<Real> prior_there{mirror(prior.mixture), there, mirror(no_weights), 1.5, 120};
  fit_linear_gaussian<Real>({inputs_there, outputs_there, {}, {}, Real(1e-6)}, prior_there, mirror(on_gpu.result()));
  mirror.bring_back();
  EXPECT_LT(difference(on_gpu.fit.gain, on_cpu.fit.gain), problems::mixture_tolerance<Real>);
  EXPECT_LT(difference(on_gpu.fit.offset, on_cpu.fit.offset), problems::mixture_tolerance<Real>);
  EXPECT_LT(difference(on_gpu.fit.covariance, on_cpu.fit.covariance), problems::mixture_tolerance<Real>);
  EXPECT_EQ(on_gpu.status, on_cpu.status);
}

TYPED_TEST(GpuOperations, CostExpansionAgreesWithTheCpu) {
  using Real = TypeParam;
  problems::Samples<Real> on_gpu(3, 2, 2, 4, 2, 3, 1), on_cpu(3, 2, 2, 4, 2, 3, 1);
  const std::vector<CostTerm> terms{problems::action_term(), problems::point_term()};
  expand_cost<Real>(terms, on_cpu.view(), on_cpu.cost.view(), on_cpu.sample_cost);
  gpu::Mirror mirror;
  expand_cost<Real>(terms, mirror(on_gpu.view()), mirror(on_gpu.cost.view()), mirror(on_gpu.sample_cost));
  mirror.bring_back();
  EXPECT_LT(difference(on_gpu.cost.hessian, on_cpu.cost.hessian), this->tolerance);
  EXPECT_LT(difference(on_gpu.cost.gradient, on_cpu.cost.gradient), this->tolerance);
  EXPECT_LT(difference(on_gpu.cost.constant, on_cpu.cost.constant), this->tolerance);
  EXPECT_LT(difference(on_gpu.sample_cost, on_cpu.sample_cost), this->tolerance);
}

TYPED_TEST(GpuOperations, PointMassesRollOutAsPlainLoopsDo) {
  for (const std::int64_t samples : {1, 13, 1000}) {
    problems::PointMassCase<TypeParam> c(2, 3, samples, 40);
    const auto host = c.view();
    gpu::Mirror mirror;
    roll_out_point_mass<TypeParam>(
        c.mass, mirror(std::as_const(c.policy).view()),
        {mirror(host.start), mirror(host.anchors), mirror(host.noise), mirror(host.states), mirror(host.actions),
         mirror(host.points), mirror(host.distances), mirror(host.weights)},
        1);
    mirror.bring_back();
    EXPECT_GE(problems::expect_rollouts(c, problems::rollout_tolerance<TypeParam>,
                                        problems::linear_gaussian_action<TypeParam>),
              2 * samples);
  }
}

TYPED_TEST(GpuOperations, NetworksRollOutAsPlainLoopsDo) {
  for (const std::int64_t samples : {1, 13, 1000}) {
    problems::PointMassCase<TypeParam> c(2, 3, samples, 40);
    const auto host = c.view();
    gpu::Mirror mirror;
    roll_out_point_mass<TypeParam>(
        c.mass, mirror(c.network.view()),
        {mirror(host.start), mirror(host.anchors), mirror(host.noise), mirror(host.states), mirror(host.actions),
         mirror(host.points), mirror(host.distances), mirror(host.weights)},
        1);
    mirror.bring_back();
    EXPECT_GE(problems::expect_rollouts(c, problems::rollout_tolerance<TypeParam>, problems::network_action<TypeParam>),
              samples);
  }
}

/// Of a warp's and of a block's matrices; of the last condition none has a factor.
TYPED_TEST(GpuOperations, PrecisionsAndEntropiesAreTheCpus) {
  using Real = TypeParam;
  for (const BatchShape& shape : {BatchShape{3, 20, 4, 2}, BatchShape{40, 3, 8, 7}, BatchShape{2, 3, 8, 40}}) {
    const auto [N, T, n, m] = shape;
    auto covariance = random_trajectory<Real>(shape, 1).reference.covariance;
    for (int t = 0; t < T; ++t) covariance(N - 1, t, 0, 0) = Real(-1);
    Array<Real, 4> on_gpu({N, T, m, m}), on_cpu({N, T, m, m});
    Array<Real, 2> entropies_on_gpu({N, T}), entropies_on_cpu({N, T});
    gpu::Mirror mirror;
    precisions<Real>(mirror(std::as_const(covariance)), mirror(on_gpu), mirror(entropies_on_gpu));
    mirror.bring_back();
    precisions<Real>(covariance.view(), on_cpu, entropies_on_cpu);
    EXPECT_LT(difference(on_gpu, on_cpu), this->tolerance);
    for (int i = 0; i < N; ++i)
      for (int t = 0; t < T; ++t) {
        if (i + 1 < N) {
          EXPECT_NEAR(entropies_on_gpu(i, t), entropies_on_cpu(i, t), this->tolerance * m);
        } else {
          EXPECT_EQ(on_gpu(i, t, 0, 0), Real(0));
          EXPECT_TRUE(std::isnan(entropies_on_gpu(i, t)));
        }
      }
  }
}

TYPED_TEST(GpuOperations, SampleCostsAreTheCpus) {
  using Real = TypeParam;
  for (const std::int64_t N : {1, 40, 1000}) {
    constexpr std::int64_t S = 7, T = 30;
    Array<Real, 3> costs({N, S, T});
    Array<Real, 2> weights({N, S}, Real(1));
    problems::Draws draws(1);
    for (Real& x : costs.elements()) x = static_cast<Real>(draws.normal());
    for (Real& w : weights.elements()) w = draws.below(4) == 0 ? Real(0) : Real(1);
    weights(0, 0) = Real(1);
    SampleCostArrays<Real> on_gpu(N, S, T), on_cpu(N, S, T);
    gpu::Mirror mirror;
    sample_costs<Real>(mirror(std::as_const(costs)), mirror(std::as_const(weights)),
                       {mirror(on_gpu.mean), mirror(on_gpu.size), mirror(on_gpu.largest), mirror(on_gpu.total)});
    mirror.bring_back();
    sample_costs<Real>(costs.view(), weights.view(), on_cpu.view());
    EXPECT_EQ(on_gpu.largest, on_cpu.largest);
    for (std::int64_t i = 0; i < N; ++i) {
      if (std::isnan(on_cpu.mean(i))) continue;
      EXPECT_NEAR(on_gpu.mean(i), on_cpu.mean(i), this->tolerance * on_cpu.size(i));
      EXPECT_NEAR(on_gpu.size(i), on_cpu.size(i), this->tolerance * on_cpu.size(i));
      for (std::int64_t s = 0; s < S; ++s) {
        EXPECT_EQ(std::isnan(on_gpu.total(i, s)), weights(i, s) == 0);
        if (weights(i, s) == 0) continue;
        EXPECT_NEAR(on_gpu.total(i, s), on_cpu.total(i, s), this->tolerance * T);
      }
    }
  }
}

TYPED_TEST(GpuOperations, RearrangesAndSubtracts) {
  using Real = TypeParam;
  Array<Real, 4> from({40, 30, 7, 5}), to({40, 7, 30, 5});
  Real next = 0;
  for (Real& x : from.elements()) x = next++;
  gpu::Mirror mirror;
  const auto there = mirror(std::as_const(from));
  const auto target = mirror(to);
  rearrange<Real>(swapped(there, 1, 2), {}, target);
  mirror.bring_back();
  for (int i = 0; i < 40; ++i)
    for (int t = 0; t < 30; ++t)
      for (int s = 0; s < 7; ++s) EXPECT_TRUE(std::ranges::equal(to.row(i, s, t), from.row(i, t, s)));
  rearrange<Real>(swapped(there, 1, 2), swapped(there, 1, 2), target);
  mirror.bring_back();
  for (const Real x : to.elements()) EXPECT_EQ(x, Real(0));
}

}  // namespace
}  // namespace mdgps
