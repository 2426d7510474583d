#pragma once
/// The backward and the forward pass as associative scans over the timesteps: for a few conditions with long horizons,
/// where one condition's steps, taken one after another, would leave a GPU idle.
/// Source: Sarkka & Garcia-Fernandez, Temporal Parallelization of Dynamic Programming and Linear Quadratic Control,
/// IEEE TAC 2023, and of linear-Gaussian propagation likewise.
///
/// A scan takes ceil(log2 T) rounds; in a round every step's element takes in the one that lies 2^round away.

#include "kernels/backward_pass.hpp"
#include "kernels/forward_pass.hpp"
#include "kernels/householder.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// What several steps make of the value function of the state after them, W(y) = 1/2 y'P y - p'y:
///   min_y  max_l  1/2 x'J x - eta'x - 1/2 l'C l - l'(y - A x - b) + W(y).
template <class Matrix, class Vector>
struct RiccatiElement {
  Matrix A, C, J;  ///< [n,n]
  Vector b, eta;   ///< [n]
};
/// What several steps make of a Gaussian state: N(A x + b, Q).
template <class Matrix, class Vector>
struct PropagationElement {
  Matrix A, Q;  ///< [n,n]
  Vector b;     ///< [n]
};
/// Numbers in one element.
MDGPS_FUNCTION std::int64_t riccati_element_size(std::int64_t n) { return 3 * n * n + 2 * n; }
MDGPS_FUNCTION std::int64_t propagation_element_size(std::int64_t n) { return 2 * n * n + n; }

template <class T>
using RiccatiElements = RiccatiElement<Batch<T>, Batch<T>>;
template <class T>
using PropagationElements = PropagationElement<Batch<T>, Batch<T>>;

/// Elements [N,T] in memory, one after another.
template <class T>
MDGPS_FUNCTION RiccatiElements<T> riccati_elements(T* data, const Shape& shape) {
  const std::int64_t n = shape.states, size = riccati_element_size(n);
  const auto part = [&](std::int64_t offset, std::int64_t row) {
    return Batch<T>{data + offset, shape.steps * size, size, static_cast<int>(row), 1};
  };
  return {part(0, n), part(n * n, n), part(2 * n * n, n), part(3 * n * n, 1), part(3 * n * n + n, 1)};
}
template <class T>
MDGPS_FUNCTION PropagationElements<T> propagation_elements(T* data, const Shape& shape) {
  const std::int64_t n = shape.states, size = propagation_element_size(n);
  const auto part = [&](std::int64_t offset, std::int64_t row) {
    return Batch<T>{data + offset, shape.steps * size, size, static_cast<int>(row), 1};
  };
  return {part(0, n), part(n * n, n), part(2 * n * n, 1)};
}

template <class Scalar>
MDGPS_FUNCTION RiccatiElement<Matrix<Scalar>, Vector<Scalar>> take_riccati_element(Scratch<Scalar>& s, int n) {
  return {s.take_matrix(n, n), s.take_matrix(n, n), s.take_matrix(n, n), s.take_vector(n), s.take_vector(n)};
}
template <class Scalar>
MDGPS_FUNCTION PropagationElement<Matrix<Scalar>, Vector<Scalar>> take_propagation_element(Scratch<Scalar>& s, int n) {
  return {s.take_matrix(n, n), s.take_matrix(n, n), s.take_vector(n)};
}

/// The lanes moved by a number of steps, but not beyond the first and the last one.
template <class Scalar>
MDGPS_FUNCTION Lanes<Scalar> moved(Lanes<Scalar> lanes, std::int64_t by, int steps) {
  for (int w = 0; w < lane_count<Scalar>; ++w) {
    const std::int64_t t = lanes.step[w] + by;
    lanes.step[w] = t < 0 ? 0 : t < steps ? t : steps - 1;
  }
  return lanes;
}
/// Which lanes are before step t.
template <class Scalar>
MDGPS_FUNCTION Mask<Scalar> before(const Lanes<Scalar>& lanes, std::int64_t t) {
  Mask<Scalar> mask = false;
  for (int w = 0; w < lane_count<Scalar>; ++w) set_lane(mask, w, lanes.step[w] < t);
  return mask;
}
/// a <- value in the lanes of the mask.
template <class Group, class Scalar>
MDGPS_FUNCTION void overwrite(const Group& g, const Mask<Scalar>& mask, const Matrix<Scalar>& a, Scalar diagonal) {
  for_each_entry(g, a.rows, a.cols,
                 [&](int i, int j) { a(i, j) = select(mask, i == j ? diagonal : Scalar{}, a(i, j)); });
}

/// Loads the lanes' own steps' f and f_c; 0 at the last step, whose dynamics are not read.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void load_dynamics(const Group& g, const Lanes<Scalar>& lanes, const Shape& shape,
                                  const DynamicsBatch<const T>& dynamics, const Matrix<Scalar>& f,
                                  const Vector<Scalar>& f_c) {
  const Mask<Scalar> last = !before(lanes, shape.steps - 1);
  load(g, lanes, dynamics.transition, 0, f);
  load(g, lanes, dynamics.offset, 0, f_c);
  overwrite(g, last, f, Scalar{});
  overwrite(g, last, f_c.column(), Scalar{});
}

template <class Group, class Scalar, class T>
MDGPS_FUNCTION void store_element(const Group& g, const Lanes<Scalar>& lanes,
                                  const RiccatiElement<Matrix<Scalar>, Vector<Scalar>>& e,
                                  const RiccatiElements<T>& to) {
  store(g, lanes, e.A, to.A, 0);
  store(g, lanes, e.C, to.C, 0);
  store(g, lanes, e.J, to.J, 0);
  store(g, lanes, e.b, to.b, 0);
  store(g, lanes, e.eta, to.eta, 0);
}

/// The element of each lane's step, its action minimised out. Needs the cost's Huu to have a factor, where the pass
/// step by step needs it of Quu alone; `outcome` [N,T] says where it has none.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void riccati_element(const Group& g, const Lanes<Scalar>& lanes, const Shape& shape,
                                    const DynamicsBatch<const T>& dynamics, const CostBatch<const T>& cost,
                                    const RiccatiElements<T>& elements, const Batch<std::int32_t>& outcome,
                                    Scratch<Scalar>& scratch) {
  const int n = shape.states, m = shape.actions, p = shape.joint();
  const auto f = scratch.take_matrix(n, p);
  const auto f_c = scratch.take_vector(n);
  const auto H = scratch.take_matrix(p, p);
  const auto gradient = scratch.take_vector(p);
  const auto L = scratch.take_matrix(m, m);
  const auto half_gain = scratch.take_matrix(m, n);    // L^-1 Hux
  const auto half_offset = scratch.take_vector(m);     // L^-1 gu
  const auto half_effect = scratch.take_matrix(m, n);  // L^-1 fu'
  const auto e = take_riccati_element(scratch, n);
  if (scratch.counting()) return;

  load_dynamics(g, lanes, shape, dynamics, f, f_c);
  load(g, lanes, cost.hessian, 0, H);
  load(g, lanes, cost.gradient, 0, gradient);
  const Mask<Scalar> finite_input = finite(sum_of_lower(g, H) + sum(g, gradient));
  copy(g, H.block(n, n, m, m), L);
  copy(g, H.block(n, 0, m, n), half_gain);
  copy(g, transpose(f.block(0, n, n, m)), half_effect);
  for_each(g, m, [&](int i) { half_offset(i) = gradient(n + i); });
  Mask<Scalar> ok = true;
  cholesky(g, L, ok);
  solve_lower(g, L, half_gain);
  solve_lower(g, L, half_effect);
  solve_lower(g, L, half_offset.column());

  copy(g, f.block(0, 0, n, n), e.A);
  product(g, transpose(half_effect), half_gain, e.A, Update::subtract);
  for_each(g, n, [&](int i) { e.b(i) = f_c(i); });
  product(g, transpose(half_effect), half_offset, e.b, Update::subtract);
  product(g, transpose(half_effect), half_effect, e.C, Update::set, Part::symmetric);
  copy(g, H.block(0, 0, n, n), e.J);
  product(g, transpose(half_gain), half_gain, e.J, Update::subtract, Part::symmetric);
  for_each(g, n, [&](int i) { e.eta(i) = -gradient(i); });
  product(g, transpose(half_gain), half_offset, e.eta, Update::add);
  store_element(g, lanes, e, elements);
  store_outcome(g, lanes, Found<Scalar>{ok, finite_input}, outcome);
}

/// One round of the scan: each lane's element takes in the one `distance` steps later. One that reaches the last step
/// has A = b = C = 0 and stays as it is, whatever it takes in.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void combine_riccati(const Group& g, const Lanes<Scalar>& lanes, const Shape& shape, int distance,
                                    const RiccatiElements<const T>& from, const RiccatiElements<T>& to,
                                    Scratch<Scalar>& scratch) {
  const int n = shape.states;
  const auto early = take_riccati_element(scratch, n), late = take_riccati_element(scratch, n);
  const auto M = scratch.take_matrix(n, n);               // I + C J
  const auto solved = scratch.take_matrix(n, 2 * n + 1);  // M^-1 [A, C, b + C eta]
  const auto product_of = scratch.take_matrix(n, n);
  const auto difference = scratch.take_vector(n);
  if (scratch.counting()) return;

  const auto load_element = [&](const Lanes<Scalar>& at, const RiccatiElement<Matrix<Scalar>, Vector<Scalar>>& e) {
    load(g, at, from.A, 0, e.A);
    load(g, at, from.C, 0, e.C);
    load(g, at, from.J, 0, e.J);
    load(g, at, from.b, 0, e.b);
    load(g, at, from.eta, 0, e.eta);
  };
  load_element(lanes, early);
  load_element(moved(lanes, distance, shape.steps), late);

  const auto X = solved.block(0, 0, n, n), Z = solved.block(0, n, n, n), y = solved.block(0, 2 * n, n, 1);
  product(g, early.C, late.J, M);
  for_each(g, n, [&](int i) { M(i, i) += Scalar(1); });
  copy(g, early.A, X);
  copy(g, early.C, Z);
  copy(g, early.b.column(), y);
  product(g, early.C, late.eta.column(), y, Update::add);
  solve(g, M, solved);

  // late.b and early.eta are the new element's but for these terms, early.J and late.C likewise.
  product(g, late.A, y, late.b.column(), Update::add);
  for_each(g, n, [&](int i) { difference(i) = late.eta(i); });
  product(g, late.J, early.b, difference, Update::subtract);
  product(g, transpose(X), difference, early.eta, Update::add);
  product(g, late.J, X, product_of);
  product(g, transpose(early.A), product_of, early.J, Update::add, Part::symmetric);
  product(g, late.A, Z, product_of);
  product(g, product_of, transpose(late.A), late.C, Update::add, Part::symmetric);
  product(g, late.A, X, product_of);
  store_element(g, lanes, {product_of, late.C, early.J, late.b, early.eta}, to);
}

/// Each lane's policy from the value function of the next step that the scan has left there.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void policy_from_value(const Group& g, const Lanes<Scalar>& lanes, const Shape& shape,
                                      const DynamicsBatch<const T>& dynamics, const CostBatch<const T>& cost,
                                      const RiccatiElements<const T>& scanned, const PolicyBatch<T>& policy,
                                      const Batch<std::int32_t>& outcome, Scratch<Scalar>& scratch) {
  const int n = shape.states, m = shape.actions, p = shape.joint();
  const auto f = scratch.take_matrix(n, p);
  const auto f_c = scratch.take_vector(n);
  const auto Q = scratch.take_matrix(p + 1, p);
  const auto K = scratch.take_matrix(m, n);
  const auto k = scratch.take_vector(m);
  const auto L = scratch.take_matrix(m, m);
  const auto C = scratch.take_matrix(m, m);
  auto step_scratch = RiccatiScratch<Scalar>::take(scratch, shape);
  if (scratch.counting()) return;

  load_dynamics(g, lanes, shape, dynamics, f, f_c);
  load_lower(g, lanes, cost.hessian, 0, Q.block(0, 0, p, p));
  load(g, lanes, cost.gradient, 0, Vector<Scalar>{&Q(p, 0), p});
  step_scratch.start(g);
  const auto V = step_scratch.value.V.block(0, 0, n, n);
  const Vector<Scalar> v{&step_scratch.value.V(n, 0), n};
  const auto next = moved(lanes, 1, shape.steps);
  const Mask<Scalar> last = !before(lanes, shape.steps - 1);
  load(g, next, scanned.J, 0, V);
  load(g, next, scanned.eta, 0, v);
  overwrite(g, last, V, Scalar{});
  for_each(g, n, [&](int i) { v(i) = select(last, Scalar{}, -v(i)); });
  if (in_root_form<Group>(n)) {
    copy_lower(g, step_scratch.value.V, step_scratch.value.factor);
    step_scratch.value.factorise(g);
  }

  Found<Scalar> found;
  riccati_step(g, f, f_c, false, Q, K, k, L, found.positive, step_scratch);
  covariance_of(g, step_scratch.inverse, C);
  found.all_finite = finite(sum_of_lower(g, Q));
  store(g, lanes, K, policy.gain, 0);
  store(g, lanes, k, policy.offset, 0);
  store(g, lanes, C, policy.covariance, 0);
  // What the step's element has met comes first, but for numbers that a pass step by step would have met before.
  for_each(g, lanes.count, [&](int w) {
    std::int32_t& known = *outcome.at(lanes.condition[w], lanes.step[w]);
    if (known == static_cast<std::int32_t>(Outcome::ok) || !get_lane(found.all_finite, w))
      known = static_cast<std::int32_t>(found.outcome(w));
  });
}

/// A condition's status is the outcome of the first step that failed, on the way forward or backward.
template <class Group, class Scalar>
MDGPS_FUNCTION void status_of_steps(const Group& g, const Lanes<Scalar>& lanes, const Shape& shape, bool backward,
                                    const Batch<const std::int32_t>& outcome, const StatusBatch& status) {
  for_each(g, lanes.count, [&](int w) {
    Outcome found = Outcome::ok;
    int t = 0;
    for (int i = 0; i < shape.steps && found == Outcome::ok; ++i) {
      t = backward ? shape.steps - 1 - i : i;
      found = static_cast<Outcome>(*outcome.at(lanes.condition[w], t));
    }
    status.store(lanes.condition[w], 0, found, t);
  });
}

/// The element of each lane's step: the closed loop's move from x_t to x_{t+1}. The last step has none that is used.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void propagation_element(const Group& g, const Lanes<Scalar>& lanes, const Shape& shape,
                                        const DynamicsBatch<const T>& dynamics, const PolicyBatch<const T>& policy,
                                        const PropagationElements<T>& elements, Scratch<Scalar>& scratch) {
  const int n = shape.states, m = shape.actions, p = shape.joint();
  const auto f = scratch.take_matrix(n, p);
  const auto K = scratch.take_matrix(m, n);
  const auto k = scratch.take_vector(m);
  const auto C = scratch.take_matrix(m, m);
  const auto f_C = scratch.take_matrix(n, m);
  const auto e = take_propagation_element(scratch, n);
  if (scratch.counting()) return;

  load_dynamics(g, lanes, shape, dynamics, f, e.b);
  load(g, lanes, policy.gain, 0, K);
  load(g, lanes, policy.offset, 0, k);
  load(g, lanes, policy.covariance, 0, C);
  load(g, lanes, dynamics.covariance, 0, e.Q);
  const auto f_u = f.block(0, n, n, m);
  copy(g, f.block(0, 0, n, n), e.A);
  product(g, f_u, K, e.A, Update::add);
  product(g, f_u, k, e.b, Update::add);
  product(g, f_u, C, f_C);
  product(g, f_C, transpose(f_u), e.Q, Update::add, Part::symmetric);
  store(g, lanes, e.A, elements.A, 0);
  store(g, lanes, e.Q, elements.Q, 0);
  store(g, lanes, e.b, elements.b, 0);
}

/// The lanes' elements; the identity where a lane lies before step `first`.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void load_element(const Group& g, const Lanes<Scalar>& lanes, const Mask<Scalar>& identity,
                                 const PropagationElements<const T>& from,
                                 const PropagationElement<Matrix<Scalar>, Vector<Scalar>>& e) {
  load(g, lanes, from.A, 0, e.A);
  load(g, lanes, from.Q, 0, e.Q);
  load(g, lanes, from.b, 0, e.b);
  overwrite(g, identity, e.A, Scalar(1));
  overwrite(g, identity, e.Q, Scalar{});
  overwrite(g, identity, e.b.column(), Scalar{});
}

/// One round of the scan: each lane's element takes in the one `distance` steps earlier, if there is one.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void combine_propagation(const Group& g, const Lanes<Scalar>& lanes, const Shape& shape, int distance,
                                        const PropagationElements<const T>& from, const PropagationElements<T>& to,
                                        Scratch<Scalar>& scratch) {
  const int n = shape.states;
  const auto early = take_propagation_element(scratch, n), late = take_propagation_element(scratch, n);
  const auto A = scratch.take_matrix(n, n);
  const auto A_Q = scratch.take_matrix(n, n);
  if (scratch.counting()) return;

  load_element(g, lanes, Mask<Scalar>(false), from, late);
  load_element(g, moved(lanes, -std::int64_t{distance}, shape.steps), before(lanes, distance), from, early);
  product(g, late.A, early.A, A);
  product(g, late.A, early.b, late.b, Update::add);
  product(g, late.A, early.Q, A_Q);
  product(g, A_Q, transpose(late.A), late.Q, Update::add, Part::symmetric);
  store(g, lanes, A, to.A, 0);
  store(g, lanes, late.Q, to.Q, 0);
  store(g, lanes, late.b, to.b, 0);
}

/// Each lane's marginal, from the initial state and the element that the scan has left one step before.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void marginal_from_scan(const Group& g, const Lanes<Scalar>& lanes, const Shape& shape,
                                       const GaussianBatch<const T>& initial, const PolicyBatch<const T>& policy,
                                       const PropagationElements<const T>& scanned,
                                       const GaussianBatch<T>& distribution, const Batch<std::int32_t>& outcome,
                                       Scratch<Scalar>& scratch) {
  const int n = shape.states, m = shape.actions, p = shape.joint();
  const auto e = take_propagation_element(scratch, n);
  const auto x = scratch.take_vector(n);
  const auto S_x = scratch.take_matrix(n, n);
  const auto A_S = scratch.take_matrix(n, n);
  const auto mean = scratch.take_vector(p);
  const auto S = scratch.take_matrix(p, p);
  const auto K = scratch.take_matrix(m, n);
  const auto k = scratch.take_vector(m);
  const auto C = scratch.take_matrix(m, m);
  if (scratch.counting()) return;

  auto start = lanes;
  for (int w = 0; w < lane_count<Scalar>; ++w) start.step[w] = 0;
  load(g, start, initial.mean, 0, x);
  load(g, start, initial.covariance, 0, S_x);
  load_element(g, moved(lanes, -1, shape.steps), before(lanes, 1), scanned, e);
  load(g, lanes, policy.gain, 0, K);
  load(g, lanes, policy.offset, 0, k);
  load(g, lanes, policy.covariance, 0, C);

  for_each(g, n, [&](int i) { mean(i) = e.b(i); });
  product(g, e.A, x, mean.segment(0, n), Update::add);
  product(g, e.A, S_x, A_S);
  copy(g, e.Q, S.block(0, 0, n, n));
  product(g, A_S, transpose(e.A), S.block(0, 0, n, n), Update::add, Part::symmetric);
  join_action(g, K, k, C, mean, S);
  store(g, lanes, mean, distribution.mean, 0);
  store(g, lanes, S, distribution.covariance, 0);
  Found<Scalar> found;
  found.all_finite = finite(sum_of(g, p, [&](int i) { return S(i, i) + mean(i); }));
  store_outcome(g, lanes, found, outcome);
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
