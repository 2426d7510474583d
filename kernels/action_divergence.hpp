#pragma once
/// How far a Gaussian policy is from a linear-Gaussian one, at samples.

#include "kernels/cholesky.hpp"
#include "kernels/lanes.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// Arrays without gaps, row-major. p = N(K x + k, C), q = N(mu, L L') with one L for all.
template <class T>
struct ActionDivergenceBatch {
  int samples, steps, state_size, action_size;
  const T *states, *weights;         ///< [N,S,T,n] [N,S]
  const T *gain, *offset;            ///< [N,T,m,n] [N,T,m] K, k
  const T* covariance;               ///< [N,T,m,m] C
  const T *means, *factor;           ///< [N,S,T,m] mu, [m,m] L
  T *action, *mean_kl, *largest_kl;  ///< [N,T,m] [N,T] [N,T]

  /// Numbers of scratch for one (condition, step): of every sample K x + k - mu, that times L^-1, and the divergence;
  /// L, L^-1 L_p with L_p L_p' = C, and what these make of the divergence.
  MDGPS_FUNCTION std::int64_t scratch_size() const {
    return std::int64_t{samples} * (2 * action_size + 1) + 2 * action_size * action_size + 2;
  }
};

/// What the covariances C = L_p L_p' and L L' [m,m] make of the divergence: log |L L'| / |C|, and |L^-1 L_p|^2. A pivot
/// of C that is not positive is read as 1.
/// whitened   scratch [m,m]
template <class Group, class T>
MDGPS_FUNCTION void covariance_divergence(const Group& g, const T* covariance, const Matrix<T>& factor,
                                          const Matrix<T>& whitened, T* log_ratio, T* squares) {
  const int m = factor.rows;
  for_each_entry(g, m, m, [&](int i, int j) { whitened(i, j) = j <= i ? covariance[i * m + j] : T{}; });
  bool ok = true;
  cholesky(g, whitened, ok);
  for_each(g, 1, [&](int) {
    T sum = 0;
    for (int a = 0; a < m; ++a) sum += 2 * logarithm(factor(a, a) / whitened(a, a));
    *log_ratio = sum;
  });
  solve_lower(g, factor, whitened);
  for_each(g, 1, [&](int) {
    T sum = 0;
    for (int e = 0; e < m * m; ++e) sum += whitened.data[e] * whitened.data[e];
    *squares = sum;
  });
}

/// The mean of K x + k - mu over the samples, and the mean and the greatest of D_KL(p || q), for the lanes' (condition,
/// step) pairs one after another. Samples of weight 0 do not count.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void action_divergence(const Group& g, const Lanes<Scalar>& lanes, const ActionDivergenceBatch<T>& b,
                                      T* scratch) {
  const int S = b.samples, n = b.state_size, m = b.action_size;
  T *const differences = scratch, *const whitened = differences + S * m, *const divergences = whitened + S * m;
  const auto factor = matrix(divergences + S, m, m), whitened_factor = matrix(factor.data + m * m, m, m);
  T *const log_ratio = whitened_factor.data + m * m, *const factor_squares = log_ratio + 1;
  for_each(g, m * m, [&](int e) { factor.data[e] = b.factor[e]; });
  for (int r = 0; r < lanes.count; ++r) {
    const std::int64_t i = lanes.condition[lanes.stored[r]], t = lanes.step[lanes.stored[r]], at = i * b.steps + t;
    const T* const weight = b.weights + i * S;
    T total = 0;
    for (int s = 0; s < S; ++s) total += weight[s];
    covariance_divergence(g, b.covariance + at * m * m, factor, whitened_factor, log_ratio, factor_squares);
    for_each(g, S, [&](int s) {
      const std::int64_t sample = (i * S + s) * b.steps + t;
      T *const difference = differences + s * m, *const x = whitened + s * m;
      T squares = *factor_squares;
      for (int a = 0; a < m; ++a) {
        T mean = b.offset[at * m + a];
        for (int j = 0; j < n; ++j) mean += b.gain[(at * m + a) * n + j] * b.states[sample * n + j];
        difference[a] = mean - b.means[sample * m + a];
        x[a] = difference[a];
        for (int k = 0; k < a; ++k) x[a] -= factor(a, k) * x[k];
        x[a] /= factor(a, a);
        squares += x[a] * x[a];
      }
      divergences[s] = T(0.5) * (*log_ratio + squares - static_cast<T>(m));
    });
    for_each(g, m + 1, [&](int a) {
      T mean = 0, largest = 0;
      for (int s = 0; s < S; ++s) {
        if (weight[s] == 0) continue;
        const T value = a < m ? differences[s * m + a] : divergences[s];
        mean += weight[s] / total * value;
        if (largest < value || value != value) largest = value;  // NaN as well, and then it stays
      }
      if (a < m) {
        b.action[at * m + a] = mean;
      } else {
        b.mean_kl[at] = mean;
        b.largest_kl[at] = largest;
      }
    });
  }
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
