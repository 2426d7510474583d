// Regression, on every pack width and group.

#include "kernels/regression.hpp"

#include "regression_problems.hpp"
#include "tests/kernels/backends.hpp"

namespace mdgps::kernels::testing {
namespace {

template <class B>
class RegressionKernel : public ::testing::Test {};
TYPED_TEST_SUITE(RegressionKernel, Backends, BackendNames);

TYPED_TEST(RegressionKernel, ConditionsThePosteriorCovarianceOnTheInputs) {
  using Real = typename TypeParam::Real;
  for (const auto& e : problems::regression_extents) {
    problems::Regression<Real> r(e, 1);
    const auto problem = r.problem();
    const auto fit = r.result();
    RegressionBatch<Real> b;
    b.inputs = batch(problem.inputs);
    b.outputs = batch(problem.outputs);
    b.weights = {problem.weights.data, e.samples, 0, 1, 1};
    b.prior = {batch(problem.prior.mean), batch(problem.prior.scatter), batch(problem.prior.mean_strength),
               batch(problem.prior.degrees)};
    b.regularization = problem.regularization;
    b.gain = batch(fit.gain);
    b.offset = batch(fit.offset);
    b.covariance = batch(fit.covariance);
    b.status = batch(fit.status);
    const RegressionShape shape{static_cast<int>(e.samples), static_cast<int>(e.inputs), static_cast<int>(e.outputs)};
    run_steps<TypeParam>(e.conditions, e.steps, [&](const auto& g, const auto& lanes, auto& scratch) {
      fit_linear_gaussian(g, lanes, shape, b, scratch);
    });
    problems::expect_posterior_fit(r);
  }
}

}  // namespace
}  // namespace mdgps::kernels::testing
