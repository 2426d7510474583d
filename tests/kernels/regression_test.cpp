// Regression, on every pack width and group.

#include "kernels/regression.hpp"

#include "mdgps/solver/regression_batch.hpp"
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
    const auto shape = shape_of(problem);
    const auto b = batch(problem, batch(problem.prior), r.result());
    run_steps<TypeParam>(e.conditions, e.steps, [&](const auto& g, const auto& lanes, auto& scratch) {
      fit_linear_gaussian(g, lanes, shape, b, scratch);
    });
    problems::expect_posterior_fit(r);
  }
}

}  // namespace
}  // namespace mdgps::kernels::testing
