#pragma once
/// Maximum-entropy LQR: the Riccati recursion whose policy minimises E[cost] - H(u|x).   [MDGPS B.1]

#include "kernels/cholesky.hpp"
#include "kernels/linear_gaussian.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// Scratch of one Riccati step.
template <class Scalar>
struct RiccatiScratch {
  Matrix<Scalar> value_times_transition;  ///< V f    [n,n+m]
  Vector<Scalar> value_gradient;          ///< v + V f_c [n]
  Matrix<Scalar> half_gain;               ///< L^-1 Qux [m,n]
  Vector<Scalar> half_offset;             ///< L^-1 qu  [m]

  MDGPS_FUNCTION static RiccatiScratch take(Scratch<Scalar>& s, const Shape& shape) {
    return {s.take_matrix(shape.states, shape.joint()), s.take_vector(shape.states),
            s.take_matrix(shape.actions, shape.states), s.take_vector(shape.actions)};
  }
};

/// Q(z) = cost + V(f z + f_c), then the policy that minimises E[Q] - H(u|x) and its value.
/// f [n,n+m], f_c [n]   dynamics; not read at the last step (`last`), whose value function is 0
/// Q [n+m,n+m], q [n+m] in: the step's cost; out: the Q-function
/// V [n,n], v [n]       in: value function of the next step; out: of this one
/// K [m,n], k [m]       out: policy mean
/// L [m,m]              out: factor of Quu = C^-1, lower triangle
template <class Group, class Scalar>
MDGPS_FUNCTION void riccati_step(const Group& g, const Matrix<Scalar>& f, const Vector<Scalar>& f_c, bool last,
                                 const Matrix<Scalar>& Q, const Vector<Scalar>& q, const Matrix<Scalar>& V,
                                 const Vector<Scalar>& v, const Matrix<Scalar>& K, const Vector<Scalar>& k,
                                 const Matrix<Scalar>& L, Mask<Scalar>& ok, const RiccatiScratch<Scalar>& s) {
  const int n = V.rows, m = L.rows;
  if (!last) {
    for_each(g, n, [&](int i) { s.value_gradient(i) = v(i); });
    product(g, V, f_c, s.value_gradient, Update::add);
    product(g, V, f, s.value_times_transition);
    product(g, transpose(f), s.value_times_transition, Q, Update::add, Part::symmetric);
    product(g, transpose(f), s.value_gradient, q, Update::add);
  }
  copy(g, Q.block(n, n, m, m), L);
  cholesky(g, L, ok);
  copy(g, Q.block(n, 0, m, n), s.half_gain);
  for_each(g, m, [&](int i) { s.half_offset(i) = q(n + i); });
  solve_lower(g, L, s.half_gain);
  solve_lower(g, L, s.half_offset.column());

  copy(g, Q.block(0, 0, n, n), V);
  product(g, transpose(s.half_gain), s.half_gain, V, Update::subtract, Part::symmetric);
  for_each(g, n, [&](int i) { v(i) = q(i); });
  product(g, transpose(s.half_gain), s.half_offset, v, Update::subtract);

  for_each(g, m * n, [&](int e) { K(e / n, e % n) = -s.half_gain(e / n, e % n); });
  for_each(g, m, [&](int i) { k(i) = -s.half_offset(i); });
  solve_lower_transposed(g, L, K);
  solve_lower_transposed(g, L, k.column());
}

/// C = (L L')^-1, symmetric to the bit.   inverse [m,m] receives L^-1.
template <class Group, class Scalar>
MDGPS_FUNCTION void inverse_from_factor(const Group& g, const Matrix<Scalar>& L, const Matrix<Scalar>& inverse,
                                        const Matrix<Scalar>& C) {
  invert_lower(g, L, inverse);
  product(g, transpose(inverse), inverse, C, Update::set, Part::symmetric);
}

/// The whole pass for the lanes' conditions, the cost in nats. `status` says where some Quu has no factor.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void backward_pass(const Group& g, const Lanes<Scalar>& lanes, const Shape& shape,
                                  const DynamicsBatch<const T>& dynamics, const CostBatch<const T>& cost,
                                  const PolicyBatch<T>& policy, const Batch<std::int32_t>& status,
                                  Scratch<Scalar>& scratch) {
  const int n = shape.states, m = shape.actions, p = shape.joint();
  const auto f = scratch.take_matrix(n, p);
  const auto f_c = scratch.take_vector(n);
  const auto Q = scratch.take_matrix(p, p);
  const auto q = scratch.take_vector(p);
  const auto V = scratch.take_matrix(n, n);
  const auto v = scratch.take_vector(n);
  const auto K = scratch.take_matrix(m, n);
  const auto k = scratch.take_vector(m);
  const auto L = scratch.take_matrix(m, m);
  const auto inverse = scratch.take_matrix(m, m);
  const auto C = scratch.take_matrix(m, m);
  const auto step_scratch = RiccatiScratch<Scalar>::take(scratch, shape);
  if (scratch.counting()) return;

  Mask<Scalar> positive = true, all_finite = true;  // the latter judged before the first failing factor
  for (int t = shape.steps - 1; t >= 0; --t) {
    const bool last = t == shape.steps - 1;
    if (!last) {
      load(g, lanes, dynamics.transition, t, f);
      load(g, lanes, dynamics.offset, t, f_c);
    }
    load(g, lanes, cost.hessian, t, Q);
    load(g, lanes, cost.gradient, t, q);
    const Mask<Scalar> positive_so_far = positive;
    riccati_step(g, f, f_c, last, Q, q, V, v, K, k, L, positive, step_scratch);
    inverse_from_factor(g, L, inverse, C);
    all_finite = all_finite & (finite(sum_of_lower(g, Q) + sum(g, q)) | !positive_so_far);
    store(g, lanes, K, policy.gain, t);
    store(g, lanes, k, policy.offset, t);
    store(g, lanes, C, policy.covariance, t);
  }
  store_outcome(g, lanes, !all_finite, Outcome::not_finite, !positive, Outcome::not_positive_definite, status);
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
