// Expectation maximisation and the mixture's prior, on every pack width (lanes are components here) and group.

#include "kernels/gaussian_mixture.hpp"

#include <array>
#include <utility>

#include "mdgps/solver/regression_batch.hpp"
#include "mixture_problems.hpp"
#include "tests/kernels/backends.hpp"

namespace mdgps::kernels::testing {
namespace {

using problems::Clusters;

template <class B>
class MixtureKernel : public ::testing::Test {
 protected:
  using Real = typename B::Real;

  static MixtureShape shape_of(const Clusters<Real>& c) {
    return {c.points.extent(1), static_cast<int>(c.points.extent(2)), static_cast<int>(c.mixture.components())};
  }

  static void fit(Clusters<Real>& c, int iterations, bool from_assignment) {
    for (std::int64_t i = 0; i < c.points.extent(0); ++i) {
      const Mixture<Real> m{c.mixture.mean.row(i).data(), c.mixture.covariance.row(i).data(),
                            c.mixture.weight.row(i).data()};
      const std::int32_t* assignment = from_assignment ? c.assignment.row(i).data() : nullptr;
      run_on<B>([&](const auto& g, auto& scratch) {
        const EmResult result = expectation_maximisation(g, shape_of(c), std::as_const(c.points).row(i).data(),
                                                         std::as_const(c.weights).row(i).data(), assignment,
                                                         EmOptions{iterations, 0.0, 1e-6}, m, scratch);
        if (scratch.counting() || g.thread_rank() != 0) return;
        c.log_likelihood(i) = static_cast<Real>(result.log_likelihood);
        c.iterations(i) = result.iterations;
        c.status(i) = static_cast<Status>(result.outcome);
      });
    }
  }
};
TYPED_TEST_SUITE(MixtureKernel, Backends, BackendNames);

TYPED_TEST(MixtureKernel, EveryIterationIsOneOfBruteForce) {
  for (const auto& e : problems::mixture_extents) {
    Clusters<typename TypeParam::Real> c(e, 1);
    for (std::int64_t p = 0; p < e.points; ++p) c.weights(0, p) = static_cast<typename TypeParam::Real>(0.5 + p % 2);
    this->fit(c, 0, true);
    for (int iteration = 0; iteration < 2; ++iteration) {
      const auto before = c;
      this->fit(c, 1, false);
      problems::expect_em_step(before, c);
    }
  }
}

TYPED_TEST(MixtureKernel, AComponentThatLosesItsPointsStartsAnew) {
  using Real = typename TypeParam::Real;
  Clusters<Real> c({1, 90, 2, 3}, 2);
  this->fit(c, 0, true);
  c.mixture.mean(0, 1, 0) = 100;  // far from every point
  const auto before = c;
  this->fit(c, 1, false);
  problems::expect_em_step(before, c);
}

TYPED_TEST(MixtureKernel, ARegressionFindsThePriorThatMomentsInMemoryGive) {
  using Real = typename TypeParam::Real;
  for (const auto& e : problems::mixture_extents) {
    if (e.dimensions < 2) continue;
    const std::int64_t N = e.conditions, T = TypeParam::threads > 4 ? 2 : 11, S = e.points / T, d = e.dimensions,
                       q = d / 2, p = d - q;
    Clusters<Real> c(e, 4);
    fit_gaussian_mixture(c.problem(), {.max_iterations = 2}, c.mixture.view(), c.report());
    const std::array<std::int64_t, 4> strides{e.points * d, S * d, d, 1};
    const auto entries = [&](std::int64_t first, std::int64_t size) {
      return View<const Real, 4>(c.points.data() + first, {N, T, S, size}, strides, Device{});
    };
    const RegressionProblem<Real> problem{entries(0, p), entries(p, q), {}, {}, Real(1e-6)};
    const QueryBatch<Real> query{static_cast<int>(T), static_cast<int>(S), batch(entries(0, d)), {}};
    const Mixture<const Real> mixtures{c.mixture.mean.data(), c.mixture.covariance.data(), c.mixture.weight.data()};
    const MixtureShape shape{T * S, static_cast<int>(d), static_cast<int>(e.components)};
    Array<Real, 3> mean({N, T, d}), shares({N, T, e.components});
    Array<Real, 4> scatter({N, T, d, d});
    const Array<Real, 2> twos({N, T}, Real(2));
    for (std::int64_t i = 0; i < N; ++i)
      run_on<TypeParam>([&](const auto& g, auto& scratch) {
        const auto m = mixtures.of_condition(i, shape);
        mixture_shares(g, shape, query, i, m, shares.row(i).data(), scratch);
      });
    for (std::int64_t i = 0; i < N; ++i)
      run_on<TypeParam>([&](const auto& g, auto& scratch) {
        const auto m = mixtures.of_condition(i, shape);
        mixture_moments(g, shape, query, i, m, Real(2), mean.row(i).data(), scatter.row(i).data(), scratch);
      });

    const PriorBatch<const Real> from_memory{batch(std::as_const(mean).view()), batch(std::as_const(scatter).view()),
                                             batch(twos.view()), batch(twos.view())};
    const MomentsPrior<Real> found{shape, query.steps, shares.data(), mixtures, Real(2), Real(2)};
    const auto fitted = [&](const auto& prior) {
      LinearGaussianPolicyArrays<Real> fit({N, T, p, q});  // gain [N,T,q,p], offset [N,T,q], covariance [N,T,q,q]
      Array<Status, 2> status({N, T}, Status::not_converged);
      const auto b = batch(problem, prior, LinearGaussianFit<Real>{fit.gain, fit.offset, fit.covariance, status});
      run_steps<TypeParam>(N, T, [&](const auto& g, const auto& lanes, auto& scratch) {
        fit_linear_gaussian(g, lanes, shape_of(problem), b, scratch);
      });
      for (const Status s : status.elements()) EXPECT_EQ(s, Status::ok);
      return fit;
    };
    const auto expected = fitted(from_memory), actual = fitted(found);
    EXPECT_EQ(actual.gain, expected.gain);
    EXPECT_EQ(actual.offset, expected.offset);
    EXPECT_EQ(actual.covariance, expected.covariance);
  }
}

TYPED_TEST(MixtureKernel, ThePriorIsTheMixturesMomentsUnderTheMeanResponsibilities) {
  using Real = typename TypeParam::Real;
  for (const auto& e : problems::mixture_extents) {
    Clusters<Real> c(e, 3);
    this->fit(c, 2, true);
    const int T = 3, S = static_cast<int>(e.points / T);
    const std::int64_t d = e.dimensions;
    const View<const Real, 4> queries(c.points.data(), {1, T, S, d});
    const Array<Real, 2> weights({1, S}, Real(1));
    Array<Real, 2> mean({T, d});
    Array<Real, 3> scatter({T, d, d});
    const Mixture<const Real> m{c.mixture.mean.data(), c.mixture.covariance.data(), c.mixture.weight.data()};
    const MixtureShape shape{std::int64_t{T} * S, static_cast<int>(d), static_cast<int>(e.components)};
    run_on<TypeParam>([&](const auto& g, auto& scratch) {
      mixture_moments(g, shape, {T, S, batch(queries), batch(weights.view())}, 0, m, Real(1), mean.data(),
                      scatter.data(), scratch);
    });
    for (int t = 0; t < T; ++t) {
      const auto expected =
          reference::prior_moments(c.component_list(0), reference::dense(queries[0][t]), std::vector<double>(S, 1.0));
      const double tolerance = problems::mixture_tolerance<Real>;
      EXPECT_LT(reference::relative_error(reference::dense(mean.view()[t]), expected.mean), tolerance);
      EXPECT_LT(reference::relative_error(reference::dense(scatter.view()[t]), expected.covariance), tolerance);
    }
  }
}

}  // namespace
}  // namespace mdgps::kernels::testing
