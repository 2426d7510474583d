#pragma once
/// KL divergence between trajectory distributions that share their dynamics:
/// D_KL(p || q) = sum_t E_{p(x_t)} [ D_KL(p(u_t|x_t) || q(u_t|x_t)) ].   [MDGPS App. A]

#include "kernels/cholesky.hpp"
#include "kernels/linear_gaussian.hpp"
#include "kernels/outcome.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// The policy q that another is compared with, as the whitened residual of an action: with U = chol(C_q)^-1,
/// e(z) = U (u - K_q x - k_q) = G z - h, so that -log q(u|x) = 1/2 |G z - h|^2 + 1/2 log|C_q| + const.
/// Both the surrogate cost (its Hessian is G'G) and the divergence are written with it.
template <class Scalar>
struct Reference {
  Matrix<Scalar> G;        ///< [-U K_q, U]  [m,n+m]
  Vector<Scalar> h;        ///< U k_q        [m]
  Scalar log_determinant;  ///< log|C_q|
};

/// Loads the lanes' q(u|x) = N(K_q x + k_q, C_q) at step t. Where C_q has no factor, ok becomes false.
/// K [m,n], k [m], C, U [m,m] are scratch.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void load_reference(const Group& g, const Lanes<Scalar>& lanes, const PolicyBatch<const T>& policy,
                                   std::int64_t t, const Matrix<Scalar>& K, const Vector<Scalar>& k,
                                   const Matrix<Scalar>& C, const Matrix<Scalar>& U, Reference<Scalar>& q,
                                   Mask<Scalar>& ok) {
  const int n = K.cols, m = K.rows;
  load(g, lanes, policy.gain, t, K);
  load(g, lanes, policy.offset, t, k);
  load(g, lanes, policy.covariance, t, C);
  cholesky(g, C, ok);
  q.log_determinant = log_determinant(g, C);
  invert_lower(g, C, U);
  fill(g, q.G.block(0, 0, m, n), Scalar{});
  product(g, U, K, q.G.block(0, 0, m, n), Update::subtract);
  copy(g, U, q.G.block(0, n, m, m));
  product(g, U, k, q.h);
}

/// The divergence of one step as a function of x: 1/2 |D x + d|^2 + c, D = G [I; K], d = U k - h; returns c.
/// K [m,n], k [m], root [m,m]   the policy p, root root' = C
/// log_determinant              log|C|
/// D [m,n], d [m]               out
/// U_root [m,m]                 scratch
template <class Group, class Scalar>
MDGPS_FUNCTION Scalar step_divergence(const Group& g, const Matrix<Scalar>& K, const Vector<Scalar>& k,
                                      const Matrix<Scalar>& root, const Scalar& log_determinant,
                                      const Reference<Scalar>& q, const Matrix<Scalar>& D, const Vector<Scalar>& d,
                                      const Matrix<Scalar>& U_root) {
  const int n = K.cols, m = K.rows;
  const auto U = q.G.block(0, n, m, m);
  copy(g, q.G.block(0, 0, m, n), D);
  product(g, U, K, D, Update::add);
  product(g, U, k, d);
  for_each(g, m, [&](int i) { d(i) -= q.h(i); });
  product(g, U, root, U_root);
  const Scalar trace = sum_of(g, m * m, [&](int e) { return U_root.data[e] * U_root.data[e]; });
  return Scalar(0.5) * (q.log_determinant - log_determinant - Scalar(m) + trace);
}

/// The divergence still to come, as a function of the state: R_t(x) = 1/2 x'P x + r'x + c. Carried backwards beside the
/// value function, it gives D_KL(p || q) = E[R_1(x_1)] without a forward pass, so that an evaluation of the dual reads
/// the dynamics once.
template <class Scalar>
struct DivergenceToGo {
  Matrix<Scalar> P;  ///< [n,n]
  Vector<Scalar> r;  ///< [n]
  Scalar c;
};
template <class Scalar>
struct DivergenceToGoScratch {
  Matrix<Scalar> D;           ///< [m,n]
  Vector<Scalar> d;           ///< [m]
  Matrix<Scalar> U_root;      ///< [m,m]
  Matrix<Scalar> response;    ///< what moves the next state: A = f_x + f_u K, f_u root(C), b = f_c + f_u k [n,n+m+1]
  Matrix<Scalar> P_response;  ///< P A, P f_u root(C), P b [n,n+m+1]

  /// response, P_response   memory of n (n+m+1) numbers each that nobody else needs meanwhile
  MDGPS_FUNCTION static DivergenceToGoScratch take(Scratch<Scalar>& s, const Shape& shape, Scalar* response,
                                                   Scalar* P_response) {
    const int n = shape.states, m = shape.actions;
    DivergenceToGoScratch scratch;
    scratch.D = s.take_matrix(m, n);
    scratch.d = s.take_vector(m);
    scratch.U_root = s.take_matrix(m, m);
    scratch.response = matrix(response, n, n + m + 1);
    scratch.P_response = matrix(P_response, n, n + m + 1);
    return scratch;
  }
};

/// R_t from R_{t+1}: R_t(x) = D_KL(p(.|x) || q(.|x)) + E[R_{t+1}(A x + b + noise)].
/// f [n,n+m], f_c [n], F [n,n]  dynamics; not read at the last step
template <class Group, class Scalar>
MDGPS_FUNCTION void divergence_to_go_step(const Group& g, const Matrix<Scalar>& f, const Vector<Scalar>& f_c,
                                          const Lower<Scalar>& F, bool last, const Matrix<Scalar>& K,
                                          const Vector<Scalar>& k, const Matrix<Scalar>& root,
                                          const Scalar& log_determinant, const Reference<Scalar>& q,
                                          DivergenceToGo<Scalar>& R, const DivergenceToGoScratch<Scalar>& s) {
  const int n = K.cols, m = K.rows;
  const Scalar step = step_divergence(g, K, k, root, log_determinant, q, s.D, s.d, s.U_root);
  const Scalar half_d = Scalar(0.5) * dot(g, s.d, s.d);
  if (last) {
    product(g, transpose(s.D), s.D, R.P, Update::set, Part::symmetric);
    product(g, transpose(s.D), s.d, R.r);
    R.c = step + half_d;
    return;
  }
  const auto f_x = f.block(0, 0, n, n), f_u = f.block(0, n, n, m);
  const auto A = s.response.block(0, 0, n, n), P_A = s.P_response.block(0, 0, n, n);
  const auto noise = s.response.block(0, n, n, m), P_noise = s.P_response.block(0, n, n, m);
  const auto b = s.response.block(0, n + m, n, 1), P_b = s.P_response.block(0, n + m, n, 1);
  copy(g, f_x, A);
  copy(g, f_c.column(), b);
  product(g, f_u, K, A, Update::add);
  product(g, f_u, k.column(), b, Update::add);
  product(g, f_u, root, noise);
  product(g, R.P, s.response, s.P_response);

  R.c += step + half_d + dot(g, R.r.column(), b) +
         Scalar(0.5) * (dot(g, b, P_b) + dot(g, noise, P_noise) + trace_of_product(g, R.P, F));

  for_each(g, n, [&](int i) { P_b(i, 0) += R.r(i); });
  product(g, transpose(s.D), s.D, R.P, Update::set, Part::lower);
  product(g, transpose(A), P_A, R.P, Update::add, Part::symmetric);
  product(g, transpose(s.D), s.d, R.r);
  product(g, transpose(A), P_b, R.r.column(), Update::add);
}

/// E[R(x)] for x ~ N(mean, covariance).   P_mean [n] is scratch.
template <class Group, class Scalar>
MDGPS_FUNCTION Scalar expected_divergence(const Group& g, const DivergenceToGo<Scalar>& R, const Vector<Scalar>& mean,
                                          const Matrix<Scalar>& covariance, const Vector<Scalar>& P_mean) {
  product(g, R.P, mean, P_mean);
  return R.c + dot(g, R.r, mean) + Scalar(0.5) * (dot(g, mean, P_mean) + trace_of_product(g, R.P, covariance));
}

/// D_KL(p || q) for the lanes' conditions, in nats, with p's marginals given; per step as well where `per_step` has
/// memory. Steps are never negative: each is clamped at 0, its value for equal policies.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void kl_divergence(const Group& g, const Lanes<Scalar>& lanes, const Shape& shape,
                                  const PolicyBatch<const T>& p, const PolicyBatch<const T>& q,
                                  const GaussianBatch<const T>& distribution, const Batch<T>& total,
                                  const Batch<T>& per_step, const StatusBatch& status, Scratch<Scalar>& scratch) {
  const int n = shape.states, m = shape.actions;
  const auto K = scratch.take_matrix(m, n);
  const auto k = scratch.take_vector(m);
  const auto C = scratch.take_matrix(m, m);
  const auto S = scratch.take_matrix(n, n);
  const auto mean = scratch.take_vector(n);
  const auto U = scratch.take_matrix(m, m);
  const auto D = scratch.take_matrix(m, n);
  const auto D_S = scratch.take_matrix(m, n);
  const auto d = scratch.take_vector(m);
  Reference<Scalar> reference{scratch.take_matrix(m, n + m), scratch.take_vector(m), {}};
  if (scratch.counting()) return;

  Found<Scalar> found;
  Scalar sum{};
  for (int t = 0; t < shape.steps; ++t) {
    found.begin_step(t);
    const Mask<Scalar> was_positive = found.positive;
    load_reference(g, lanes, q, t, K, k, C, U, reference, found.positive);
    load(g, lanes, p.gain, t, K);
    load(g, lanes, p.offset, t, k);
    load(g, lanes, p.covariance, t, C);
    load(g, lanes, distribution.mean, t, mean);
    load(g, lanes, distribution.covariance, t, S);
    if (t + 1 < shape.steps && asks_ahead(g)) {
      prefetch(g, lanes, p, t + 1, m, n);
      prefetch(g, lanes, q, t + 1, m, n);
      prefetch(g, lanes, distribution.mean, t + 1, n);
      prefetch(g, lanes, distribution.covariance, t + 1, n, n);
    }
    cholesky(g, C, found.positive);
    for_each_entry(g, m, m, [&](int i, int j) {
      if (j > i) C(i, j) = Scalar{};
    });
    const Scalar constant = step_divergence(g, K, k, C, log_determinant(g, C), reference, D, d, U);
    product(g, D, mean, d, Update::add);
    product(g, D, S, D_S);
    const Scalar quadratic = dot(g, d, d) + dot(g, D_S, D);
    const Scalar step = maximum(Scalar{}, constant + Scalar(0.5) * quadratic);
    if (per_step.data != nullptr) store(g, lanes, step, per_step, t);
    sum += step;
    found.judge(finite(sum), was_positive);
  }
  store(g, lanes, sum, total, 0);
  store_outcome(g, lanes, found, status);
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
