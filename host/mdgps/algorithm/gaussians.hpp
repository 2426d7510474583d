#pragma once
/// Small Gaussian algebra on one matrix, on the solver's kernels. Private to the algorithm layer.

#include <cstdint>

#include "mdgps/solver/array.hpp"

namespace mdgps {

/// Lower Cholesky factor [m,m] of a covariance; false where it has none (the factor is then of no use).
bool cholesky_factor(View<const double, 2> covariance, View<double, 2> factor);

/// (F F')^-1 [m,m] of a factor F.
void inverse_from_factor(View<const double, 2> factor, View<double, 2> inverse);

/// C^-1 for every matrix of a batch [N,T,m,m]; a matrix without a factor gets zeros.
Array<double, 4> inverse_covariances(View<const double, 4> covariances);

/// H(N(., C)) in nats for every matrix of a batch [N,T,m,m]; NaN where a matrix has no factor.
Array<double, 2> entropies(View<const double, 4> covariances);

/// What the covariances P = L_p L_p' and Q = L L' make of D_KL(N(., P) || N(., Q)): it is in nats
/// 1/2 (log_ratio + squares + |L^-1 (mean_p - mean_q)|^2 - m).
struct CovarianceDivergence {
  double log_ratio = 0;  ///< log |Q| / |P|
  double squares = 0;    ///< |L^-1 L_p|^2
};
CovarianceDivergence covariance_divergence(View<const double, 2> factor_p, View<const double, 2> factor_q);

}  // namespace mdgps
