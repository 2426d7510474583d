#pragma once
/// Public views as the batches of kernels, in the namespace of the target that is compiled. Private to the solver.

#include <cstdint>

#include "kernels/linear_gaussian.hpp"
#include "kernels/outcome.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps::MDGPS_TARGET {

using namespace mdgps::kernels;

template <class T>
Batch<T> batch(const View<T, 4>& v) {
  return {v.data, v.strides[0], v.strides[1], static_cast<int>(v.strides[2]), static_cast<int>(v.strides[3])};
}
template <class T>
Batch<T> batch(const View<T, 3>& v) {
  return {v.data, v.strides[0], v.strides[1], static_cast<int>(v.strides[2]), 1};
}
template <class T>
Batch<T> batch(const View<T, 2>& v) {
  return {v.data, v.strides[0], v.strides[1], 0, 0};
}
/// Of one number or status per condition.
template <class T>
Batch<T> batch(const View<T, 1>& v) {
  return {v.data, v.strides[0], 0, 0, 0};
}
inline Batch<std::int32_t> batch(const View<Status, 1>& v) {
  return {reinterpret_cast<std::int32_t*>(v.data), v.strides[0], 0, 0, 0};
}
inline Batch<std::int32_t> batch(const View<Status, 2>& v) {
  return {reinterpret_cast<std::int32_t*>(v.data), v.strides[0], v.strides[1], 0, 0};
}
inline StatusBatch batch(const StatusView& v) { return {batch(v.status), batch(v.failed_step)}; }
/// Of vectors [N,k] and matrices [N,r,c] without timesteps.
template <class T>
Batch<T> stepless(const View<T, 2>& v) {
  return {v.data, v.strides[0], 0, static_cast<int>(v.strides[1]), 1};
}
template <class T>
Batch<T> stepless(const View<T, 3>& v) {
  return {v.data, v.strides[0], 0, static_cast<int>(v.strides[1]), static_cast<int>(v.strides[2])};
}
template <class T>
PolicyBatch<T> batch(const LinearGaussianPolicy<T>& p) {
  return {batch(p.gain), batch(p.offset), batch(p.covariance)};
}
template <class T>
DynamicsBatch<T> batch(const LinearGaussianDynamics<T>& d) {
  return {batch(d.transition), batch(d.offset), batch(d.covariance)};
}
template <class T>
CostBatch<T> batch(const QuadraticCost<T>& c) {
  return {batch(c.hessian), batch(c.gradient), batch(c.constant)};
}
template <class T>
GaussianBatch<T> batch(const TrajectoryDistribution<T>& d) {
  return {batch(d.mean), batch(d.covariance)};
}
template <class T>
GaussianBatch<T> batch(const GaussianState<T>& x) {
  return {stepless(x.mean), stepless(x.covariance)};
}
inline Shape shape_of(const BatchShape& s) {
  return {s.conditions, static_cast<int>(s.steps), static_cast<int>(s.states), static_cast<int>(s.actions)};
}

/// Tiles of a product of this many rows and columns.
inline std::int64_t tiles(int size) {
  const std::int64_t rows = (size + 1) / 2;
  return rows * rows;
}

}  // namespace mdgps::MDGPS_TARGET
