#pragma once
/// The C-step time step by time step, over all conditions still searching at once. Private to the solver.
///
/// The mathematics is that of kernels/c_step.hpp, arranged for few and large products. The reference and the dynamics
/// together are one affine map of (z, 1), to the whitened difference from the reference and the next state:
///
///   map = [ G  -h  ]
///         [ f  f_c ]
///
/// wide/riccati.hpp takes the cost in it. Under the policy it is a map of (x, 1, noise),
///
///   closed = map [I; K k root(C); 1],
///
/// and the divergence to go follows from P as the value function does from V. The first step backwards has no next
/// state: there the lower rows are left out.

#include <utility>

#include "kernels/c_step.hpp"
#include "mdgps/solver/wide/riccati.hpp"

namespace mdgps::wide {

using namespace mdgps::kernels;

/// One condition's search.
struct Searching {
  std::int64_t condition;
  DualSearch search;
};

/// Memory of the conditions at work: `slots` of them.
template <class Real>
struct CStepMemory : RiccatiMemory<Real> {
  int slots;
  Searching *searching, *kept;          ///< [slots]
  int *keep, *selected;                 ///< [slots]
  int* reference_info;                  ///< [slots] of the reference's factorisations
  Found<Real>* reference_found;         ///< [slots]
  Real *inverse_eta, *widening, *kl;    ///< [slots]
  Stack<Real> reference_factor;         ///< chol(C_q) [m,m]
  Stack<Real> closed, weighted_closed;  ///< [m+n,n+1+m]
  Stack<Real> P;                        ///< [P; r'] of the next step [n+1,n]

  static CStepMemory take(Pieces& pieces, const Shape& shape, int slots) {
    const int n = shape.states, m = shape.actions, p = shape.joint();
    const std::size_t count = static_cast<std::size_t>(slots);
    CStepMemory memory;
    static_cast<RiccatiMemory<Real>&>(memory) = RiccatiMemory<Real>::take(pieces, shape, slots, m);
    memory.slots = slots;
    memory.searching = pieces.take<Searching>(count);
    memory.kept = pieces.take<Searching>(count);
    for (int** list : {&memory.keep, &memory.selected, &memory.reference_info}) *list = pieces.take<int>(count);
    memory.reference_found = pieces.take<Found<Real>>(count);
    for (Real** list : {&memory.inverse_eta, &memory.widening, &memory.kl}) *list = pieces.take<Real>(count);
    memory.reference_factor = pieces.take_stack<Real>(slots, m, m);
    memory.closed = pieces.take_stack<Real>(slots, m + n, p + 1);
    memory.weighted_closed = pieces.take_stack<Real>(slots, m + n, p + 1);
    memory.P = pieces.take_stack<Real>(slots, n + 1, n);
    return memory;
  }
};

/// The C-steps of the conditions [first, end): an evaluation of the dual takes one candidate of up to memory.slots
/// conditions. When a search ends, its slot goes to the next condition.
template <class Real, class BackEnd>
struct CStep {
  BackEnd& on;
  Shape shape;
  CStepBatch<Real> b;
  DualSearchOptions options;
  CStepMemory<Real> memory;

  void run(std::int64_t first, std::int64_t end) {
    for (int active = 0; first < end || active > 0;) {
      const std::int64_t left = end - first;
      const int fresh = static_cast<int>(left < memory.slots - active ? left : memory.slots - active);
      start(active, fresh, first);
      first += fresh;
      active += fresh;
      evaluate(active);
      update(active);
      finish(active);
      active = compact(active);
    }
  }

  void start(int active, int fresh, std::int64_t first) const {
    const auto searching = memory.searching;
    const auto batches = b;
    const auto search_options = options;
    on.for_each(fresh, 1, 1, [=] MDGPS_LAMBDA(int i, int, int) {
      Searching& s = searching[active + i];
      s = {first + i, {}};
      s.search.start(static_cast<double>(*batches.initial_dual.at(s.condition, 0)),
                     static_cast<double>(*batches.epsilon.at(s.condition, 0)), search_options);
    });
  }

  /// The minimiser of every slot's Lagrangian (into the result's policy) and its divergence.
  void evaluate(int slots) const {
    const auto memory = this->memory;
    on.for_each(slots, 1, 1, [=] MDGPS_LAMBDA(int s, int, int) {
      memory.inverse_eta[s] = static_cast<Real>(1.0 / memory.searching[s].search.eta(0));
      memory.reference_found[s] = memory.found[s] = {};
      memory.kl[s] = Real{};
      memory.condition[s] = memory.searching[s].condition;
    });
    const Riccati<Real, BackEnd> riccati{on, shape, memory};
    for (int t = shape.steps - 1; t >= 0; --t) {
      const bool last = t == shape.steps - 1;
      load_reference(slots, t);
      if (!last) riccati.load_dynamics(slots, b.dynamics, t);
      riccati.load_cost(slots, b.cost, t, memory.inverse_eta);
      riccati.add_value(slots, last);
      riccati.minimise(slots, t);
      widen(slots, t);
      riccati.store_policy(slots, b.policy, t, memory.widening);
      divergence_to_go(slots, t, last);
    }
    expected_divergence(slots);
  }

  /// The first rows of the map <- [G, -h].
  void load_reference(int slots, int t) const {
    const auto memory = this->memory;
    const auto b = this->b;
    const int n = shape.states, m = shape.actions, p = shape.joint();
    on.for_each(slots, m, m, [=] MDGPS_LAMBDA(int s, int i, int j) {
      memory.reference_factor(s, i, j) = entry(b.reference.covariance, memory.searching[s].condition, t, i, j);
    });
    on.factorise(slots, memory.reference_factor, memory.reference_info);
    on.for_each(slots, 1, 1, [=] MDGPS_LAMBDA(int s, int, int) {
      if (!has_factor(memory.reference_factor, memory.reference_info, s))  // the first of several comes last
        memory.reference_found[s] = {false, true, static_cast<Real>(t)};
    });
    on.for_each(slots, m, p + 1, [=] MDGPS_LAMBDA(int s, int i, int j) {
      const std::int64_t condition = memory.searching[s].condition;
      memory.map(s, i, j) = j < n    ? -entry(b.reference.gain, condition, t, i, j)
                            : j == p ? -entry(b.reference.offset, condition, t, i, 0)
                                     : Real(j - n == i ? 1 : 0);
    });
    on.solve_lower(slots, memory.reference_factor, memory.map.block(0, 0, m, p + 1));
  }

  /// root(C) of the policy, which a weighted entropy in the cost widens.
  void widen(int slots, int t) const {
    const auto memory = this->memory;
    const auto b = this->b;
    const int n = shape.states, m = shape.actions;
    on.for_each(slots, 1, 1, [=] MDGPS_LAMBDA(int s, int, int) {
      memory.widening[s] = Real(1);
      if (b.entropy_weight.data != nullptr)
        memory.widening[s] += memory.inverse_eta[s] * *b.entropy_weight.at(memory.searching[s].condition, t);
    });
    on.for_each(slots, m, m, [=] MDGPS_LAMBDA(int s, int i, int j) {  // root(C) = w L^-T, upper triangular
      memory.policy(s, i, n + 1 + j) = i > j ? Real{} : root(memory.widening[s]) * memory.half(s, j, n + 1 + i);
    });
  }

  /// kl and [P; r'] <- those of this step: R_t(x) = D_KL(p(.|x) || q(.|x)) + E[R_{t+1}(next state)].
  void divergence_to_go(int slots, int t, bool last) const {
    const auto memory = this->memory;
    const auto b = this->b;
    const int n = shape.states, m = shape.actions, p = shape.joint(), rows = last ? m : m + n;
    on.for_each(slots, rows, p + 1, [=] MDGPS_LAMBDA(int s, int i, int j) {
      memory.closed(s, i, j) = j > n ? Real{} : memory.map(s, i, j == n ? p : j);
    });
    on.product(slots, memory.map.block(0, n, rows, m), memory.policy, memory.closed.block(0, 0, rows, p + 1),
               Update::add);
    on.for_each(slots, m, p + 1,
                [=] MDGPS_LAMBDA(int s, int i, int j) { memory.weighted_closed(s, i, j) = memory.closed(s, i, j); });
    if (!last)
      on.product(slots, memory.P.block(0, 0, n, n), memory.closed.block(m, 0, n, p + 1),
                 memory.weighted_closed.block(m, 0, n, p + 1), Update::set);

    // The policies' entropies and the constant -m; the squares under the noise of the actions and of the dynamics.
    on.sums(
        slots, rows, p + 1,
        [=] MDGPS_LAMBDA(int s, int i, int j) {
          const int a = i - m;
          Real term = j < n ? Real{} : Real(0.5) * memory.closed(s, i, j) * memory.weighted_closed(s, i, j);
          if (a >= 0 && j < n)
            term = Real(0.5) * memory.P(s, a, j) *
                   entry(b.dynamics.covariance, memory.searching[s].condition, t, a < j ? j : a, a < j ? a : j);
          if (a >= 0 && j == n) term += memory.P(s, n, a) * memory.closed(s, i, n);
          if (a < 0 && j == n)
            term += logarithm(memory.reference_factor(s, i, i)) + logarithm(memory.L(s, i, i)) -
                    Real(0.5) * (logarithm(memory.widening[s]) + Real(1));
          return term;
        },
        memory.sum);
    add_to_divergence(slots);

    if (!last)
      on.for_each(slots, n, 1,
                  [=] MDGPS_LAMBDA(int s, int i, int) { memory.weighted_closed(s, m + i, n) += memory.P(s, n, i); });
    on.product_transposed(slots, memory.weighted_closed.block(0, 0, rows, n + 1), memory.closed.block(0, 0, rows, n),
                          memory.P, Update::set, Part::lower);
    mirror(on, slots, memory.P);
  }

  /// kl <- E[R_1(x_1)].
  void expected_divergence(int slots) const {
    const auto memory = this->memory;
    const auto b = this->b;
    const int n = shape.states;
    on.sums(
        slots, n + 1, n,
        [=] MDGPS_LAMBDA(int s, int i, int j) {
          const std::int64_t condition = memory.searching[s].condition;
          const Real x_j = entry(b.initial.mean, condition, 0, j, 0);
          if (i == n) return memory.P(s, n, j) * x_j;
          const Real x_i = entry(b.initial.mean, condition, 0, i, 0);
          const Real S = entry(b.initial.covariance, condition, 0, i < j ? j : i, i < j ? i : j);
          return Real(0.5) * memory.P(s, i, j) * (x_i * x_j + S);
        },
        memory.sum);
    add_to_divergence(slots);
  }

  /// kl += sum.
  void add_to_divergence(int slots) const {
    const auto memory = this->memory;
    on.for_each(slots, 1, 1, [=] MDGPS_LAMBDA(int s, int, int) {
      Found<Real>& found = memory.found[s];
      memory.kl[s] += memory.sum[s];
      found.judge(finite(memory.kl[s]), found.positive);
    });
  }

  /// Every slot's search takes what was found.
  void update(int slots) const {
    const auto memory = this->memory;
    on.for_each(slots, 1, 1, [=] MDGPS_LAMBDA(int s, int, int) {
      const Found<Real>&found = memory.found[s], &reference_found = memory.reference_found[s];
      const DualValue<Real> value{memory.kl[s], reference_found.positive ? found : reference_found};
      const Evaluation evaluation = value.evaluation(0);
      memory.searching[s].search.update(&evaluation);
    });
  }

  /// The results of the searches that ended; where they failed, the reference policy.
  void finish(int slots) const {
    const auto memory = this->memory;
    const auto b = this->b;
    const int n = shape.states, m = shape.actions;
    on.for_each(slots, 1, 1, [=] MDGPS_LAMBDA(int s, int, int) {
      memory.keep[s] = memory.searching[s].search.active() ? 1 : 0;
      if (memory.keep[s] == 0) store_search(memory.searching[s].search, memory.searching[s].condition, b);
    });
    on.for_each(slots, shape.steps * m, n + 1 + m, [=] MDGPS_LAMBDA(int s, int row, int j) {
      if (memory.searching[s].search.state() != DualSearch::State::failed) return;
      const std::int64_t condition = memory.searching[s].condition;
      const int t = row / m, i = row % m;
      if (j < n) {
        entry(b.policy.gain, condition, t, i, j) = entry(b.reference.gain, condition, t, i, j);
      } else if (j == n) {
        entry(b.policy.offset, condition, t, i, 0) = entry(b.reference.offset, condition, t, i, 0);
      } else {
        entry(b.policy.covariance, condition, t, i, j - n - 1) =
            entry(b.reference.covariance, condition, t, i, j - n - 1);
      }
    });
  }

  /// The slots whose searches go on move to the front; returns how many.
  int compact(int slots) {
    const int active = on.select(slots, memory.keep, memory.selected);
    const auto memory = this->memory;
    on.for_each(active, 1, 1,
                [=] MDGPS_LAMBDA(int s, int, int) { memory.kept[s] = memory.searching[memory.selected[s]]; });
    std::swap(this->memory.searching, this->memory.kept);
    return active;
  }
};

}  // namespace mdgps::wide
