#pragma once
/// What mixtures and the points that choose their components are for kernels. Private to the solver.

#include <cstdint>

#include "kernels/gaussian_mixture.hpp"
#include "mdgps/solver/batches.hpp"
#include "mdgps/solver/gaussian_mixture.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
Mixture<Real> batch(const GaussianMixture<Real>& mixture) {
  return {mixture.mean.data, mixture.covariance.data, mixture.weight.data};
}
/// points [N,T,S,d], weights [N,S]
template <class Real>
QueryBatch<Real> batch(const View<const Real, 4>& points, const View<const Real, 2>& weights) {
  return {static_cast<int>(points.extents[1]), static_cast<int>(points.extents[2]), batch(points), batch(weights)};
}
/// Of the mixtures and all points that choose their components.
template <class Real>
MixtureShape shape_of(const GaussianMixture<const Real>& mixture, const View<const Real, 4>& points) {
  const auto& extents = points.extents;
  return {extents[1] * extents[2], static_cast<int>(extents[3]), static_cast<int>(mixture.weight.extents[1])};
}
/// n_0 of the prior.
inline double degrees_of(double strength, std::int64_t fitted_points, int dimensions) {
  const double P = static_cast<double>(fitted_points);
  return strength * (P - 2 - dimensions) / P;
}

}  // namespace mdgps::MDGPS_TARGET
