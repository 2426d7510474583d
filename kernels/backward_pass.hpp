#pragma once
/// Maximum-entropy LQR: the Riccati recursion whose policy minimises E[cost] - H(u|x).   [MDGPS B.1]

#include "kernels/cholesky.hpp"
#include "kernels/linear_gaussian.hpp"
#include "kernels/outcome.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// From this many states on the value function is carried by a factor: its product with the dynamics then does half the
/// work, which pays for the factorisation.
inline constexpr int least_states_in_root_form = 16;
/// Whether a group is given problems of so many states; one that is not has shorter code.
template <class Group>
constexpr bool takes_states(int n) {
  if constexpr (requires { Group::most_states; })
    return n <= Group::most_states;
  else
    return true;
}

/// Whether a group carries the value function of n states by a factor.
template <class Group>
MDGPS_FUNCTION bool in_root_form(int n) {
  constexpr bool may_be_large = takes_states<Group>(least_states_in_root_form);
  return may_be_large && n >= least_states_in_root_form;
}

/// V(x) = 1/2 x'V x + v'x + ..., with the vector as a row below the matrix.
template <class Scalar>
struct ValueFunction {
  Matrix<Scalar> V;         ///< [n+1,n] lower triangle; the last row is v'. Not kept where every lane has a factor
  Matrix<Scalar> factor;    ///< [n+1,n] L with V = L L', zero above its diagonal; the last row is (L^-1 v)'
  Mask<Scalar> definite{};  ///< V has the factor

  MDGPS_FUNCTION static ValueFunction take(Scratch<Scalar>& s, int n) {
    return {s.take_matrix(n + 1, n), s.take_matrix(n >= least_states_in_root_form ? n + 1 : 0, n)};
  }
  /// V -> L in the factor's place. The zeros must be there: see RiccatiScratch::start().
  template <class Group>
  MDGPS_FUNCTION void factorise(const Group& g) {
    if constexpr (takes_states<Group>(least_states_in_root_form)) {
      definite = true;
      cholesky(g, factor, definite);
    }
  }
};

/// Scratch of one Riccati step. The gradient is a row below the Hessian throughout: [Q; q'].
template <class Scalar>
struct RiccatiScratch {
  ValueFunction<Scalar> value;  ///< of the step before, in the order of work
  Matrix<Scalar> W;             ///< L'f or V f, and a column for the vector [n,n+m+1]
  Matrix<Scalar> classical;     ///< [Q; q'] again, where V has no factor [n+m+1,n+m]
  Matrix<Scalar> L, inverse;    ///< chol(Quu) and its inverse [m,m]
  Matrix<Scalar> half_gain;     ///< L^-1 [Qux, qu] [m,n+1]

  MDGPS_FUNCTION static RiccatiScratch take(Scratch<Scalar>& s, const Shape& shape) {
    const int n = shape.states, m = shape.actions, p = shape.joint();
    return {ValueFunction<Scalar>::take(s, n),
            s.take_matrix(n, p + 1),
            s.take_matrix(n >= least_states_in_root_form ? p + 1 : 0, p),
            s.take_matrix(m, m),
            s.take_matrix(m, m),
            s.take_matrix(m, n + 1)};
  }
  /// Before the first step.
  template <class Group>
  MDGPS_FUNCTION void start(const Group& g) const {
    fill(g, value.factor, Scalar{});
  }
};

/// [Q; q'] += f'V f and f'(v + V f_c), with the factor of V: W = L'f, w = L'f_c + L^-1 v, then W'W and W'w.
template <class Group, class Scalar>
MDGPS_FUNCTION void add_value_by_root(const Group& g, const Matrix<Scalar>& f, const Vector<Scalar>& f_c,
                                      const Matrix<Scalar>& Q, const RiccatiScratch<Scalar>& s) {
  const int n = f.rows, p = f.cols;
  const auto L = s.value.factor.block(0, 0, n, n);
  const auto W = s.W.block(0, 0, n, p), w = s.W.block(0, p, n, 1);
  copy(g, transpose(s.value.factor.block(n, 0, 1, n)), w);
  product(g, transpose(L), f_c.column(), w, Update::add, Part::full, Zeros::below_diagonal);
  product(g, transpose(L), f, W, Update::set, Part::full, Zeros::below_diagonal);
  product(g, transpose(s.W), W, Q, Update::add, Part::lower);
}

/// The same with V itself: W = V f, w = V f_c + v, then f'W and f'w.
template <class Group, class Scalar>
MDGPS_FUNCTION void add_value(const Group& g, const Matrix<Scalar>& f, const Vector<Scalar>& f_c,
                              const Matrix<Scalar>& Q, const RiccatiScratch<Scalar>& s) {
  const int n = f.rows, p = f.cols;
  const auto V = s.value.V.block(0, 0, n, n);
  const auto W = s.W.block(0, 0, n, p), w = s.W.block(0, p, n, 1);
  mirror(g, V);
  copy(g, transpose(s.value.V.block(n, 0, 1, n)), w);
  product(g, V, f_c.column(), w, Update::add);
  product(g, V, f, W);
  product(g, transpose(f), W, Q.block(0, 0, p, p), Update::add, Part::lower);
  product(g, transpose(w), f, Q.block(p, 0, 1, p), Update::add);
}

/// Q(z) = cost + V(f z + f_c), then the policy that minimises E[Q] - H(u|x) and its value.
/// f [n,n+m], f_c [n]   dynamics; not read at the last step (`last`), whose value function is 0
/// Q [n+m+1,n+m]        in: the step's cost; out: the Q-function. Lower triangle, and the gradient as the last row
/// K [m,n], k [m]       out: policy mean
/// L [m,m]              out: factor of Quu = C^-1, lower triangle
/// s                    in: value function of the next step; out: of this one, and L^-1
template <class Group, class Scalar>
MDGPS_FUNCTION void riccati_step(const Group& g, const Matrix<Scalar>& f, const Vector<Scalar>& f_c, bool last,
                                 const Matrix<Scalar>& Q, const Matrix<Scalar>& K, const Vector<Scalar>& k,
                                 const Matrix<Scalar>& L, Mask<Scalar>& ok, RiccatiScratch<Scalar>& s) {
  const int n = K.cols, m = K.rows, p = n + m;
  const bool root_form = in_root_form<Group>(n);
  if (!last) {
    if (!root_form) {
      add_value(g, f, f_c, Q, s);
    } else if (none(!s.value.definite)) {
      add_value_by_root(g, f, f_c, Q, s);
    } else {
      copy_lower(g, Q, s.classical);
      add_value_by_root(g, f, f_c, Q, s);
      add_value(g, f, f_c, s.classical, s);
      for_each(g, p + 1, [&](int i) {
        for (int j = 0; j <= i && j < p; ++j) Q(i, j) = select(s.value.definite, Q(i, j), s.classical(i, j));
      });
    }
  }
  copy_lower(g, Q.block(n, n, m, m), L);
  cholesky(g, L, ok);
  invert_lower(g, L, s.inverse);
  product(g, s.inverse, Q.block(n, 0, m, n), s.half_gain.block(0, 0, m, n), Update::set, Part::full,
          Zeros::above_diagonal);
  product(g, s.inverse, transpose(Q.block(p, n, 1, m)), s.half_gain.block(0, n, m, 1), Update::set, Part::full,
          Zeros::above_diagonal);

  const auto find_value = [&](const Matrix<Scalar>& V) MDGPS_INLINE {
    copy_lower(g, Q.block(0, 0, n, n), V);
    copy(g, Q.block(p, 0, 1, n), V.block(n, 0, 1, n));
    product(g, transpose(s.half_gain), s.half_gain.block(0, 0, m, n), V, Update::subtract, Part::lower);
  };
  if (root_form) {
    find_value(s.value.factor);
    s.value.factorise(g);
    s.value.definite = s.value.definite | !ok;  // a lane that has failed must not slow the others
  }
  if (!root_form || any(!s.value.definite)) find_value(s.value.V);
  product(g, transpose(s.inverse), s.half_gain.block(0, 0, m, n), K, Update::negate, Part::full, Zeros::below_diagonal);
  product(g, transpose(s.inverse), s.half_gain.block(0, n, m, 1), k.column(), Update::negate, Part::full,
          Zeros::below_diagonal);
}

/// C = (L L')^-1 from L^-1, symmetric to the bit.
template <class Group, class Scalar>
MDGPS_FUNCTION void covariance_of(const Group& g, const Matrix<Scalar>& inverse, const Matrix<Scalar>& C) {
  product(g, transpose(inverse), inverse, C, Update::set, Part::symmetric, Zeros::below_diagonal);
}

/// The whole pass for the lanes' conditions, the cost in nats. `status` says where some Quu has no factor.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void backward_pass(const Group& g, const Lanes<Scalar>& lanes, const Shape& shape,
                                  const DynamicsBatch<const T>& dynamics, const CostBatch<const T>& cost,
                                  const PolicyBatch<T>& policy, const StatusBatch& status, Scratch<Scalar>& scratch) {
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

  step_scratch.start(g);
  Found<Scalar> found;
  for (int t = shape.steps - 1; t >= 0; --t) {
    found.begin_step(t);
    const bool last = t == shape.steps - 1;
    if (!last) {
      load(g, lanes, dynamics.transition, t, f);
      load(g, lanes, dynamics.offset, t, f_c);
    }
    load_lower(g, lanes, cost.hessian, t, Q.block(0, 0, p, p));
    load(g, lanes, cost.gradient, t, Vector<Scalar>{&Q(p, 0), p});
    if (t > 0 && asks_ahead(g)) {
      prefetch(g, lanes, dynamics.transition, t - 1, n, p);
      prefetch(g, lanes, dynamics.offset, t - 1, n);
      prefetch_lower(g, lanes, cost.hessian, t - 1, p);
      prefetch(g, lanes, cost.gradient, t - 1, p);
      if constexpr (fetches_before_writing<Group>) prefetch(g, lanes, policy, t - 1, m, n);
    }
    const Mask<Scalar> was_positive = found.positive;
    riccati_step(g, f, f_c, last, Q, K, k, L, found.positive, step_scratch);
    covariance_of(g, step_scratch.inverse, C);
    found.judge(finite(sum_of_lower(g, Q)), was_positive);
    store(g, lanes, K, policy.gain, t);
    store(g, lanes, k, policy.offset, t);
    store(g, lanes, C, policy.covariance, t);
  }
  store_outcome(g, lanes, found, status);
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
