// The benchmarks' formulas against the operations that the kernels do.

#include "bench/flops.hpp"

#include "bench/gpu/counted.hpp"
#include "kernels/c_step.hpp"
#include "kernels/forward_pass.hpp"
#include "kernels/product_tile.hpp"
#include "kernels/regression.hpp"
#include "trajectory_checks.hpp"

namespace mdgps::kernels {

/// One entry at a time: nothing is computed that is not stored.
template <>
struct TileShape<bench::Counted> {
  static constexpr int rows = 1, cols = 1, cols_on_diagonal = 1, rows_of_vector = 1;
};

namespace {

using bench::Counted;

/// A batch of matrices with ones on their diagonals.
struct Data {
  std::vector<double> memory;
  Batch<double> batch;

  Data(std::int64_t steps, int rows, int cols) : memory(static_cast<std::size_t>(steps * rows * cols)) {
    for (std::int64_t t = 0; t < steps; ++t)
      for (int i = 0; i < rows && i < cols; ++i) memory[(t * rows + i) * cols + i] = 1;
    batch = {memory.data(), steps * rows * cols, std::int64_t{rows} * cols, cols, 1};
  }
  operator Batch<const double>() const {
    return {memory.data(), batch.condition_stride, batch.step_stride, batch.row_stride, 1};
  }
};

/// Operations of op(scratch).
template <class Op>
double operations(const Op& op) {
  Scratch<Counted> counter;
  op(counter);
  std::vector<Counted> memory(static_cast<std::size_t>(counter.total()));
  Scratch<Counted> scratch{memory.data(), 0};
  Counted::operations = 0;
  op(scratch);
  return Counted::operations;
}

/// Tiles also compute some of what lies above a diagonal; sums of vectors and the like are not in the formulas.
void expect_counted(double counted, double formula) {
  EXPECT_GT(counted, 0.97 * formula);
  EXPECT_LT(counted, 1.15 * formula);
}

class Flops : public ::testing::TestWithParam<std::array<int, 2>> {
 protected:
  int n = GetParam()[0], m = GetParam()[1], p = n + m, T = 20;
  Shape shape{1, T, n, m};
  BatchShape public_shape{1, T, n, m};
  Lanes<Counted> lanes = condition_lanes<Counted>(0, 1);
  Data f{T, n, p}, f_c{T, n, 1}, F{T, n, n}, H{T, p, p}, g{T, p, 1}, K{T, m, n}, k{T, m, 1}, C{T, m, m};
  Data mean{1, n, 1}, covariance{1, n, n}, z_mean{T, p, 1}, z_covariance{T, p, p};
  Data reference_K{T, m, n}, reference_k{T, m, 1}, reference_C{T, m, m};
  std::int32_t status = 0, evaluations = 0;
  Batch<std::int32_t> status_batch{&status, 1, 0, 0, 0};
  DynamicsBatch<const double> dynamics{f, f_c, F};
  CostBatch<const double> cost{H, g, {}};
  PolicyBatch<const double> reference{reference_K, reference_k, reference_C};
  PolicyBatch<double> policy{K.batch, k.batch, C.batch};
};

TEST_P(Flops, BackwardPass) {
  expect_counted(operations([&](auto& scratch) {
                   backward_pass(Solo{}, lanes, shape, dynamics, cost, policy, status_batch, scratch);
                 }),
                 bench::backward_pass_flops(public_shape));
}

TEST_P(Flops, ForwardPass) {
  const PolicyBatch<const double> given{K, k, C};
  const GaussianBatch<double> marginals{z_mean.batch, z_covariance.batch};
  expect_counted(
      operations([&](auto& scratch) {
        forward_pass(Solo{}, lanes, shape, {mean, covariance}, dynamics, given, marginals, status_batch, scratch);
      }),
      bench::forward_pass_flops(public_shape));
}

TEST_P(Flops, EvaluationOfTheDual) {
  // The difference between a C-step of two evaluations and one of three, at a bound that none of them meets.
  double epsilon = 1e-3, initial_dual = 1, dual, kl;
  const auto scalar = [](auto& x) { return Batch<std::remove_reference_t<decltype(x)>>{&x, 1, 0, 0, 0}; };
  const CStepBatch<double> b{{mean, covariance},
                             dynamics,
                             cost,
                             reference,
                             scalar(std::as_const(epsilon)),
                             scalar(std::as_const(initial_dual)),
                             policy,
                             scalar(dual),
                             scalar(kl),
                             scalar(evaluations),
                             status_batch};
  const auto counted = [&](int most) {
    return operations([&](auto& scratch) {
      c_step(Solo{}, lanes, shape, b,
             {.tolerance = 1e-300, .max_evaluations = most, .min_dual = 1e-8, .max_dual = 1e16}, scratch);
    });
  };
  const double three = counted(3);
  ASSERT_EQ(evaluations, 3);
  const double four = counted(4);
  ASSERT_EQ(evaluations, 4);
  expect_counted(four - three, bench::dual_evaluation_flops(public_shape));
}

TEST_P(Flops, Regression) {
  const int S = 5, problems = 20;
  Data inputs{T, S, p}, outputs{T, S, n}, gain{T, n, p}, offset{T, n, 1}, prior_mean{T, p + n, 1};
  Data prior_scatter{T, p + n, p + n};
  Data strength{T, 1, 1};
  for (const bool with_prior : {false, true}) {
    RegressionBatch<double> b{inputs, outputs, {}, {}, 1e-6, gain.batch, offset.batch, F.batch, status_batch};
    if (with_prior) b.prior = {prior_mean, prior_scatter, strength, strength};
    double counted = 0;
    for (int t = 0; t < problems; ++t)
      counted += operations([&](auto& scratch) {
        fit_linear_gaussian(Solo{}, step_lanes<Counted>(t, 1, T), {S, p, n}, b, scratch);
      });
    expect_counted(counted, bench::regression_flops(problems, S, p, n, with_prior));
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, Flops,
                         ::testing::Values(std::array{6, 2}, std::array{10, 2}, std::array{26, 7}, std::array{60, 20}));

}  // namespace
}  // namespace mdgps::kernels
