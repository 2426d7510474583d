#pragma once
/// A Riccati step of all conditions at work at once: products, a factorisation and a solve. Private to the solver.
///
/// Vectors are last rows or columns of the matrices. What a step's cost is written in is an affine map of (z, 1), whose
/// last n rows are the next state; the C-step has others above them, and with weighted = [above; V f, V f_c + v]
///
///   [Q; q'] = [H; g'] + weighted' map,   map = [above; f f_c].
///
/// The first step backwards has no next state: there the lower rows are left out.

#include "kernels/linear_gaussian.hpp"
#include "kernels/outcome.hpp"
#include "mdgps/solver/wide/stack.hpp"

namespace mdgps::wide {

using namespace mdgps::kernels;

/// An entry of a batch's matrix.
template <class T>
MDGPS_FUNCTION T& entry(const Batch<T>& batch, std::int64_t condition, std::int64_t t, int i, int j) {
  return batch.at(condition, t)[std::int64_t{i} * batch.row_stride + std::int64_t{j} * batch.col_stride];
}

/// Writes the lower triangle of the square above the diagonal.
template <class BackEnd, class Real>
void mirror(BackEnd& on, int slots, const Stack<Real>& a) {
  on.for_each(slots, a.cols, a.cols, [=] MDGPS_LAMBDA(int s, int i, int j) {
    if (j > i) a(s, i, j) = a(s, j, i);
  });
}

template <class Real>
struct RiccatiMemory {
  int above;                  ///< rows of the map above the next state
  std::int64_t* condition;    ///< [slots] the one at work
  int* info;                  ///< [slots] of the factorisations
  Found<Real>* found;         ///< [slots] in a sweep
  Real* sum;                  ///< [slots]
  Stack<Real> map, weighted;  ///< [above+n,n+m+1]
  Stack<Real> Q;              ///< [Q; q'] [n+m+1,n+m]
  Stack<Real> V;              ///< [V; v'] of the next step [n+1,n]
  Stack<Real> L;              ///< chol(Quu) [m,m]
  Stack<Real> half;           ///< L^-1 [Qux, qu, I] [m,n+1+m]
  Stack<Real> policy;         ///< [K, k], and room for a root of C [m,n+1+m]
  Stack<Real> C;              ///< Quu^-1, lower triangle [m,m]

  static RiccatiMemory take(Pieces& pieces, const Shape& shape, int slots, int above) {
    const int n = shape.states, m = shape.actions, p = shape.joint();
    const std::size_t count = static_cast<std::size_t>(slots);
    RiccatiMemory memory;
    memory.above = above;
    memory.condition = pieces.take<std::int64_t>(count);
    memory.info = pieces.take<int>(count);
    memory.found = pieces.take<Found<Real>>(count);
    memory.sum = pieces.take<Real>(count);
    memory.map = pieces.take_stack<Real>(slots, above + n, p + 1);
    memory.weighted = pieces.take_stack<Real>(slots, above + n, p + 1);
    memory.Q = pieces.take_stack<Real>(slots, p + 1, p);
    memory.V = pieces.take_stack<Real>(slots, n + 1, n);
    memory.L = pieces.take_stack<Real>(slots, m, m);
    memory.half = pieces.take_stack<Real>(slots, m, p + 1);
    memory.policy = pieces.take_stack<Real>(slots, m, p + 1);
    memory.C = pieces.take_stack<Real>(slots, m, m);
    return memory;
  }
};

template <class Real, class BackEnd>
struct Riccati {
  BackEnd& on;
  Shape shape;
  RiccatiMemory<Real> memory;

  /// The last rows of the map <- [f, f_c].
  void load_dynamics(int slots, const DynamicsBatch<const Real>& dynamics, int t) const {
    const auto memory = this->memory;
    const int p = shape.joint();
    on.for_each(slots, shape.states, p + 1, [=] MDGPS_LAMBDA(int s, int i, int j) {
      const std::int64_t condition = memory.condition[s];
      memory.map(s, memory.above + i, j) =
          j == p ? entry(dynamics.offset, condition, t, i, 0) : entry(dynamics.transition, condition, t, i, j);
    });
  }

  /// [Q; q'] <- the cost, times scale [slots] where that has memory.
  void load_cost(int slots, const CostBatch<const Real>& cost, int t, const Real* scale) const {
    const auto memory = this->memory;
    const int p = shape.joint();
    on.for_each(slots, p + 1, p, [=] MDGPS_LAMBDA(int s, int i, int j) {
      if (j > i) return;
      const std::int64_t condition = memory.condition[s];
      memory.Q(s, i, j) = (scale == nullptr ? Real(1) : scale[s]) *
                          (i == p ? entry(cost.gradient, condition, t, j, 0) : entry(cost.hessian, condition, t, i, j));
    });
  }

  /// [Q; q'] += weighted' map.
  void add_value(int slots, bool last) const {
    const auto memory = this->memory;
    const int n = shape.states, p = shape.joint(), above = memory.above, rows = last ? above : above + n;
    on.for_each(slots, above, p + 1,
                [=] MDGPS_LAMBDA(int s, int i, int j) { memory.weighted(s, i, j) = memory.map(s, i, j); });
    if (!last) {
      on.product(slots, memory.V.block(0, 0, n, n), memory.map.block(above, 0, n, p + 1),
                 memory.weighted.block(above, 0, n, p + 1), Update::set);
      on.for_each(slots, n, 1,
                  [=] MDGPS_LAMBDA(int s, int i, int) { memory.weighted(s, above + i, p) += memory.V(s, n, i); });
    }
    if (rows > 0)
      on.product_transposed(slots, memory.weighted.block(0, 0, rows, p + 1), memory.map.block(0, 0, rows, p), memory.Q,
                            Update::add, Part::lower);
    on.sums(
        slots, p + 1, p, [=] MDGPS_LAMBDA(int s, int i, int j) { return j <= i ? memory.Q(s, i, j) : Real{}; },
        memory.sum);
  }

  /// K, k and C of the policy that minimises E[Q] - H(u|x), and [V; v'], its value.
  void minimise(int slots, int t) const {
    const auto memory = this->memory;
    const int n = shape.states, m = shape.actions, p = shape.joint();
    on.for_each(slots, m, m, [=] MDGPS_LAMBDA(int s, int i, int j) { memory.L(s, i, j) = memory.Q(s, n + i, n + j); });
    on.factorise(slots, memory.L, memory.info);
    on.for_each(slots, 1, 1, [=] MDGPS_LAMBDA(int s, int, int) {
      Found<Real>& found = memory.found[s];
      found.begin_step(t);
      found.judge(finite(memory.sum[s]), found.positive);
      if (!has_factor(memory.L, memory.info, s)) found.positive = false;
    });
    on.for_each(slots, m, p + 1, [=] MDGPS_LAMBDA(int s, int i, int j) {
      memory.half(s, i, j) = j < n    ? memory.Q(s, n + i, j)
                             : j == n ? memory.Q(s, p, n + i)
                                      : Real(j - n - 1 == i ? 1 : 0);
    });
    on.solve_lower(slots, memory.L, memory.half);
    const auto half_x = memory.half.block(0, 0, m, n), half_gain = memory.half.block(0, 0, m, n + 1);
    const auto inverse = memory.half.block(0, n + 1, m, m);

    on.for_each(slots, n + 1, n, [=] MDGPS_LAMBDA(int s, int i, int j) {
      if (j <= i) memory.V(s, i, j) = memory.Q(s, i == n ? p : i, j);
    });
    on.product_transposed(slots, half_gain, half_x, memory.V, Update::subtract, Part::lower);
    mirror(on, slots, memory.V);
    on.product_transposed(slots, inverse, half_gain, memory.policy.block(0, 0, m, n + 1), Update::negate, Part::full);
    on.product_transposed(slots, inverse, inverse, memory.C, Update::set, Part::lower);
  }

  /// The policy into the result, C times widening [slots] where that has memory.
  void store_policy(int slots, const PolicyBatch<Real>& to, int t, const Real* widening) const {
    const auto memory = this->memory;
    const int n = shape.states, m = shape.actions;
    on.for_each(slots, m, n + 1 + m, [=] MDGPS_LAMBDA(int s, int i, int j) {
      const std::int64_t condition = memory.condition[s];
      if (j < n) {
        entry(to.gain, condition, t, i, j) = memory.policy(s, i, j);
      } else if (j == n) {
        entry(to.offset, condition, t, i, 0) = memory.policy(s, i, n);
      } else {
        const int c = j - n - 1;
        entry(to.covariance, condition, t, i, c) =
            (widening == nullptr ? Real(1) : widening[s]) * (i < c ? memory.C(s, c, i) : memory.C(s, i, c));
      }
    });
  }
};

}  // namespace mdgps::wide
