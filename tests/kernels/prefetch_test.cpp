// What the kernels ask for ahead: all that the sweep's next step reads in runs of memory, and nothing else. A thread
// alone asks for small symmetric matrices whole, and for what it will write.

#include <set>

#include "kernels/backward_pass.hpp"
#include "kernels/expected_cost.hpp"
#include "kernels/forward_pass.hpp"
#include "kernels/kl_divergence.hpp"
#include "mdgps/solver/c_step_batch.hpp"
#include "tests/kernels/backends.hpp"
#include "trajectory_checks.hpp"

namespace mdgps::kernels::testing {
namespace {

/// Writes down what a thread asks for.
struct Notes {
  std::vector<const double*>* asked;

  void prefetch(const void* from, int bytes) const {
    for (int i = 0; i < bytes / static_cast<int>(sizeof(double)); ++i)
      asked->push_back(static_cast<const double*>(from) + i);
  }
};
/// A thread of a larger group, here the only one.
struct Asking : Notes {
  int thread_rank() const { return 0; }
  int num_threads() const { return 1; }
  void sync() const {}
  template <class Scalar>
  Scalar sum(const Scalar& x) const {
    return x;
  }
};
struct AskingAlone : Solo, Notes {};
struct NotAsking : AskingAlone {
  static constexpr bool asks_ahead = false;
};

class Prefetch : public ::testing::Test {
 protected:
  const problems::Trajectory<double> p = problems::random_trajectory<double>({3, 5, 4, 2}, 1);
  const Shape shape = shape_of(p.shape);
  const int T = shape.steps, n = shape.states, m = shape.actions;
  static constexpr std::int64_t condition = 1;
  std::vector<const double*> asked;
  std::set<const double*> expected;

  template <class Group = Asking, class Op>
  void run(const Op& op) {
    Scratch<double> counter;
    const auto lanes = condition_lanes<double>(condition, p.shape.conditions);
    op(Solo{}, lanes, counter);
    std::vector<double> memory(static_cast<std::size_t>(counter.total()));
    Scratch<double> scratch{memory.data()};
    Group g{};
    g.asked = &asked;
    op(g, lanes, scratch);
    std::erase_if(asked, [&](const double* e) { return e >= memory.data() && e < memory.data() + memory.size(); });
  }
  template <class Group = Asking>
  void run_backward_pass(LinearGaussianPolicyArrays<double>& policy) {
    Array<Status, 1> status({p.shape.conditions});
    run<Group>([&](const auto& g, const auto& lanes, auto& scratch) {
      backward_pass(g, lanes, shape, batch(p.dynamics.view()), batch(p.cost.view()), batch(policy.view()),
                    batch(status.view()), scratch);
    });
  }
  template <class Group = Asking>
  void run_forward_pass(TrajectoryDistributionArrays<double>& distribution) {
    Array<Status, 1> status({p.shape.conditions});
    run<Group>([&](const auto& g, const auto& lanes, auto& scratch) {
      forward_pass(g, lanes, shape, batch(p.initial.view()), batch(p.dynamics.view()), batch(p.reference.view()),
                   batch(distribution.view()), batch(status.view()), scratch);
    });
  }
  /// That every number of the steps [first, end) is asked for once: of matrices their first `cols` columns, or cols(i).
  template <class Cols>
  void expect(const View<const double, 4>& of, int first, int end, int rows, const Cols& cols) {
    for (int t = first; t < end; ++t)
      for (int i = 0; i < rows; ++i)
        for (int j = 0; j < cols(i); ++j) expected.insert(&of(condition, t, i, j));
  }
  void expect(const View<const double, 4>& of, int first, int end, int rows, int cols) {
    expect(of, first, end, rows, [=](int) { return cols; });
  }
  void expect(const View<const double, 3>& of, int first, int end, int rows) {
    for (int t = first; t < end; ++t)
      for (int i = 0; i < rows; ++i) expected.insert(&of(condition, t, i));
  }
  void expect(const LinearGaussianPolicy<const double>& policy) {
    expect(policy.gain, 1, T, m, n);
    expect(policy.offset, 1, T, m);
    expect(policy.covariance, 1, T, m, m);
  }
  void check() {
    EXPECT_EQ(asked.size(), expected.size());
    EXPECT_EQ(std::set<const double*>(asked.begin(), asked.end()), expected);
  }
};

TEST_F(Prefetch, BackwardPass) {
  LinearGaussianPolicyArrays<double> policy(p.shape);
  run_backward_pass(policy);
  expect(p.dynamics.view().transition, 0, T - 1, n, n + m);
  expect(p.dynamics.view().offset, 0, T - 1, n);
  expect(p.cost.view().hessian, 0, T - 1, n + m, [](int i) { return i + 1; });
  expect(p.cost.view().gradient, 0, T - 1, n + m);
  check();
  EXPECT_EQ(asked.front(), &p.dynamics.transition(condition, T - 2, 0, 0));  // the last step comes first
}

TEST_F(Prefetch, ForwardPass) {
  TrajectoryDistributionArrays<double> distribution(p.shape);
  run_forward_pass(distribution);
  expect(p.reference.view());
  expect(p.dynamics.view().transition, 1, T - 1, n, n + m);
  expect(p.dynamics.view().offset, 1, T - 1, n);
  expect(p.dynamics.view().covariance, 1, T - 1, n, [](int i) { return i + 1; });
  check();
}

TEST_F(Prefetch, BackwardPassAlone) {
  LinearGaussianPolicyArrays<double> policy(p.shape);
  run_backward_pass<AskingAlone>(policy);
  expect(p.dynamics.view().transition, 0, T - 1, n, n + m);
  expect(p.dynamics.view().offset, 0, T - 1, n);
  expect(p.cost.view().hessian, 0, T - 1, n + m, n + m);
  expect(p.cost.view().gradient, 0, T - 1, n + m);
  const LinearGaussianPolicy<const double> written = policy.view();
  expect(written.gain, 0, T - 1, m, n);
  expect(written.offset, 0, T - 1, m);
  expect(written.covariance, 0, T - 1, m, m);
  check();
}

TEST_F(Prefetch, ForwardPassAlone) {
  TrajectoryDistributionArrays<double> distribution(p.shape);
  run_forward_pass<AskingAlone>(distribution);
  expect(p.reference.view());
  expect(p.dynamics.view().transition, 1, T - 1, n, n + m);
  expect(p.dynamics.view().offset, 1, T - 1, n);
  expect(p.dynamics.view().covariance, 1, T - 1, n, n);
  const TrajectoryDistribution<const double> written = distribution.view();
  expect(written.mean, 1, T, n + m);
  expect(written.covariance, 1, T, n + m, n + m);
  check();
}

TEST_F(Prefetch, CStepAlone) {
  CStepResultArrays<double> result(p.shape);
  const auto out = result.view();
  const auto b = batch(p.view(), out);
  run<AskingAlone>([&](const auto& g, const auto& lanes, auto& scratch) {
    c_step(g, lanes, shape, b, DualSearchOptions{}, scratch);
  });
  expect(p.reference.view());
  expect(p.dynamics.view().transition, 1, T - 1, n, n + m);
  expect(p.dynamics.view().offset, 1, T - 1, n);
  expect(p.dynamics.view().covariance, 1, T - 1, n, n);
  expect(p.cost.view().hessian, 1, T, n + m, n + m);
  expect(p.cost.view().gradient, 1, T, n + m);
  expect(LinearGaussianPolicy<const double>(out.policy));
  check();
}

TEST_F(Prefetch, NothingWhereItIsNotWorthWhile) {
  LinearGaussianPolicyArrays<double> policy(p.shape);
  TrajectoryDistributionArrays<double> distribution(p.shape);
  run_backward_pass<NotAsking>(policy);
  run_forward_pass<NotAsking>(distribution);
  EXPECT_TRUE(asked.empty());
}

TEST_F(Prefetch, KlDivergence) {
  const auto q = problems::random_trajectory<double>(p.shape, 2).reference;
  const TrajectoryDistributionArrays<double> distribution(p.shape);
  Array<double, 1> total({p.shape.conditions});
  Array<Status, 1> status({p.shape.conditions});
  run([&](const auto& g, const auto& lanes, auto& scratch) {
    kl_divergence(g, lanes, shape, batch(p.reference.view()), batch(q.view()), batch(distribution.view()),
                  batch(total.view()), Batch<double>{}, batch(status.view()), scratch);
  });
  expect(p.reference.view());
  expect(q.view());
  expect(distribution.view().mean, 1, T, n);
  expect(distribution.view().covariance, 1, T, n, n);
  check();
}

TEST_F(Prefetch, ExpectedCost) {
  const TrajectoryDistributionArrays<double> distribution(p.shape);
  Array<double, 1> total({p.shape.conditions});
  run([&](const auto& g, const auto& lanes, auto& scratch) {
    expected_cost(g, lanes, shape, batch(distribution.view()), batch(p.cost.view()), batch(total.view()),
                  Batch<double>{}, scratch);
  });
  expect(p.cost.view().hessian, 1, T, n + m, n + m);
  expect(p.cost.view().gradient, 1, T, n + m);
  expect(distribution.view().mean, 1, T, n + m);
  expect(distribution.view().covariance, 1, T, n + m, n + m);
  check();
}

TEST_F(Prefetch, EvaluationOfTheDual) {
  Scratch<double> counter;
  CStepSteps<double>::take(counter, shape);
  CStepScratch<double>::take(counter, shape);
  std::vector<double> memory(static_cast<std::size_t>(counter.total()), 1.0);
  Scratch<double> scratch{memory.data()};
  auto steps = CStepSteps<double>::take(scratch, shape);
  auto s = CStepScratch<double>::take(scratch, shape);
  evaluate_dual(Asking{{&asked}}, steps, 1.0, Found<double>{}, s);
  for (const double* e = steps.read_at(0); e != steps.read_at(T - 1); ++e) expected.insert(e);
  check();
  EXPECT_EQ(asked.front(), steps.read_at(T - 2));
}

TEST_F(Prefetch, MatricesThatLieByColumnsAreNotAskedFor) {
  const auto lanes = condition_lanes<double>(condition, p.shape.conditions);
  Batch<const double> by_columns = batch(p.dynamics.view().transition);
  std::swap(by_columns.row_stride, by_columns.col_stride);
  prefetch(Asking{{&asked}}, lanes, by_columns, 0, n, n);
  Batch<const double> every_other = batch(p.dynamics.view().offset);
  every_other.row_stride = 2;
  prefetch(Asking{{&asked}}, lanes, every_other, 0, n / 2);
  EXPECT_TRUE(asked.empty());
}

}  // namespace
}  // namespace mdgps::kernels::testing
