#pragma once
/// Gaussian forward propagation: the marginals of z_t under linear-Gaussian dynamics and policy.   [MDGPS B.3]

#include "kernels/linear_gaussian.hpp"
#include "kernels/outcome.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// Joint marginal of z = [x; u] from that of x and the policy (K, k, C).
/// The x block of `covariance` holds S_x already; the others are filled in.
template <class Group, class Scalar>
MDGPS_FUNCTION void join_action(const Group& g, const Matrix<Scalar>& K, const Vector<Scalar>& k,
                                const Matrix<Scalar>& C, const Vector<Scalar>& mean, const Matrix<Scalar>& covariance) {
  const int m = K.rows, n = K.cols;
  const auto x = mean.segment(0, n), u = mean.segment(n, m);
  const auto S_x = covariance.block(0, 0, n, n), S_ux = covariance.block(n, 0, m, n);
  const auto S_xu = covariance.block(0, n, n, m), S_u = covariance.block(n, n, m, m);
  for_each(g, m, [&](int i) { u(i) = k(i); });
  product(g, K, x, u, Update::add);
  product(g, K, S_x, S_ux);
  copy(g, transpose(S_ux), S_xu);
  copy(g, C, S_u);
  product(g, K, S_xu, S_u, Update::add, Part::symmetric);
}

/// The whole pass for the lanes' conditions.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void forward_pass(const Group& g, const Lanes<Scalar>& lanes, const Shape& shape,
                                 const GaussianBatch<const T>& initial, const DynamicsBatch<const T>& dynamics,
                                 const PolicyBatch<const T>& policy, const GaussianBatch<T>& distribution,
                                 const StatusBatch& status, Scratch<Scalar>& scratch) {
  const int n = shape.states, m = shape.actions, p = shape.joint();
  const auto f = scratch.take_matrix(n, p);
  const auto f_S = scratch.take_matrix(n, p);
  const auto S = scratch.take_matrix(p, p);
  const auto mean = scratch.take_vector(p);
  const auto next_mean = scratch.take_vector(n);
  const auto K = scratch.take_matrix(m, n);
  const auto k = scratch.take_vector(m);
  const auto C = scratch.take_matrix(m, m);
  if (scratch.counting()) return;

  Found<Scalar> found;
  load(g, lanes, initial.mean, 0, mean.segment(0, n));
  const auto S_x = S.block(0, 0, n, n);
  load(g, lanes, initial.covariance, 0, S_x);
  for (int t = 0; t < shape.steps; ++t) {
    found.begin_step(t);
    load(g, lanes, policy.gain, t, K);
    load(g, lanes, policy.offset, t, k);
    load(g, lanes, policy.covariance, t, C);
    join_action(g, K, k, C, mean, S);
    store(g, lanes, mean, distribution.mean, t);
    store(g, lanes, S, distribution.covariance, t);
    found.judge(finite(sum_of(g, p, [&](int i) { return S(i, i) + mean(i); })), found.positive);
    if (t + 1 == shape.steps) break;
    load(g, lanes, dynamics.transition, t, f);
    load(g, lanes, dynamics.offset, t, next_mean);
    if (asks_ahead(g)) {
      prefetch(g, lanes, policy, t + 1, m, n);
      if (t + 2 < shape.steps) {
        prefetch(g, lanes, dynamics.transition, t + 1, n, p);
        prefetch(g, lanes, dynamics.offset, t + 1, n);
        prefetch_lower(g, lanes, dynamics.covariance, t + 1, n);
      }
      if constexpr (fetches_before_writing<Group>) {
        prefetch(g, lanes, distribution.mean, t + 1, p);
        prefetch(g, lanes, distribution.covariance, t + 1, p, p);
      }
    }
    product(g, f, mean, next_mean, Update::add);
    product(g, f, S, f_S);
    for_each(g, n, [&](int i) { mean(i) = next_mean(i); });
    load_lower(g, lanes, dynamics.covariance, t, S_x);
    product(g, f_S, transpose(f), S_x, Update::add, Part::symmetric);
  }
  store_outcome(g, lanes, found, status);
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
