// The quadratic expansion of the cost, on every pack width and group.

#include "kernels/cost_expansion.hpp"

#include "cost_problems.hpp"
#include "mdgps/solver/cost_term_pointers.hpp"
#include "tests/kernels/backends.hpp"

namespace mdgps::kernels::testing {
namespace {

template <class B>
class CostExpansionKernel : public ::testing::Test {};
TYPED_TEST_SUITE(CostExpansionKernel, Backends, BackendNames);

TYPED_TEST(CostExpansionKernel, MatchesFiniteDifferences) {
  using Real = typename TypeParam::Real;
  problems::Samples<Real> samples(3, 2, 2, 4, 2, 3, 1);
  const std::vector<CostTerm> terms = {problems::action_term(), problems::state_term(), problems::point_term(),
                                       problems::final_term()};
  std::vector<CostTermPointers> pointers;
  for (const CostTerm& term : terms)
    pointers.push_back({term.form == CostTerm::Form::log, term.l1, term.l2, term.alpha,
                        static_cast<int>(term.entries.size()), term.entries.data(), term.weights.data(),
                        term.targets.data(), term.ramp.data()});
  const auto rows = [](const View<const Real, 4>& v) {  // [N,S,T,k] as S x k matrices
    return Batch<const Real>{v.data, v.strides[0], v.strides[2], static_cast<int>(v.strides[1]), 1};
  };
  const auto view = samples.view();
  CostExpansionBatch<Real> b;
  b.states = rows(view.states);
  b.actions = rows(view.actions);
  b.points = rows(view.points);
  b.point_jacobians = {view.point_jacobians.data, view.point_jacobians.strides[0], view.point_jacobians.strides[2],
                       static_cast<int>(samples.n), 1};
  b.jacobian_sample_stride = view.point_jacobians.strides[1];
  b.weights = {view.weights.data, samples.S, 0, 1, 1};
  b.cost = batch(samples.cost.view());
  b.sample_cost = {samples.sample_cost.data(), samples.S * samples.T, 1, static_cast<int>(samples.T), 1};
  const CostShape shape{static_cast<int>(samples.S), static_cast<int>(samples.n),    static_cast<int>(samples.m),
                        static_cast<int>(samples.k), static_cast<int>(terms.size()), 3};
  run_steps<TypeParam>(samples.N, samples.T, [&](const auto& g, const auto& lanes, auto& scratch) {
    expand_cost(g, lanes, shape, pointers.data(), b, scratch);
  });
  problems::expect_expansion(terms, samples);
}

}  // namespace
}  // namespace mdgps::kernels::testing
