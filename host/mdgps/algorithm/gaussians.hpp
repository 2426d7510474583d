#pragma once
/// Small Gaussian algebra on one matrix, on the solver's kernels. Private to the algorithm layer.

#include <cstdint>

#include "mdgps/solver/array.hpp"

namespace mdgps {

/// Lower Cholesky factor [m,m] of a covariance; false where it has none (the factor is then of no use).
bool cholesky_factor(View<const double, 2> covariance, View<double, 2> factor);

/// (F F')^-1 [m,m] of a factor F.
void inverse_from_factor(View<const double, 2> factor, View<double, 2> inverse);

/// C^-1 for every matrix of a batch [N,T,m,m], where the batch is; a matrix without a factor gets zeros.
Array<double, 4> inverse_covariances(View<const double, 4> covariances);

/// H(N(., C)) in nats for every matrix of a batch [N,T,m,m], likewise; NaN where a matrix has no factor.
Array<double, 2> entropies(View<const double, 4> covariances);

}  // namespace mdgps
