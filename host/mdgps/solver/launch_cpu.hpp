#pragma once
/// Runs a kernel over packs of problems on the CPU. Only *.simd.cpp files include this: everything here is in the
/// namespace of its instruction set. Private to the solver.

#include <omp.h>

#include <cstdint>

#include "kernels/linear_gaussian.hpp"
#include "kernels/pack.hpp"
#include "kernels/regression.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps::MDGPS_TARGET {

using namespace mdgps::kernels;

template <class Real>
using NativePack = Pack<Real, native_lanes<Real>>;

/// @name Public views as the batches of kernels
/// @{
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
/// @}

/// Scratch is handed out in whole cache lines, so that packs are aligned and threads do not share lines.
template <class Scalar>
std::size_t scratch_bytes(std::int64_t scalars) {
  return (static_cast<std::size_t>(scalars) * sizeof(Scalar) + 63) / 64 * 64;
}

/// Runs `op(scratch, problem)` for every problem, on as many OpenMP threads as the workspace has scratch for.
/// Without a workspace nothing runs. Returns the bytes of scratch that one thread needs.
/// op   called once with a counting scratch and problem 0 to learn its needs
template <class Scalar, class Op>
std::size_t launch_each(std::int64_t problems, const Workspace& workspace, const Op& op) {
  Scratch<Scalar> counter;
  op(counter, std::int64_t{0});
  const std::size_t bytes = scratch_bytes<Scalar>(counter.used);
  if (workspace.data == nullptr) return bytes;

  const std::uintptr_t begin = (reinterpret_cast<std::uintptr_t>(workspace.data) + 63) / 64 * 64;
  const std::size_t room = workspace.bytes - (begin - reinterpret_cast<std::uintptr_t>(workspace.data));
  std::int64_t threads = bytes == 0 ? omp_get_max_threads() : static_cast<std::int64_t>(room / bytes);
  if (threads > omp_get_max_threads()) threads = omp_get_max_threads();
  if (threads > problems) threads = problems;
  if (threads < 1) threads = 1;
#pragma omp parallel for schedule(dynamic) num_threads(static_cast <int>(threads)) if (threads > 1)
  for (std::int64_t i = 0; i < problems; ++i) {
    Scratch<Scalar> scratch{reinterpret_cast<Scalar*>(begin + bytes * static_cast<std::size_t>(omp_get_thread_num())),
                            0};
    op(scratch, i);
  }
  return bytes;
}

/// Runs `op(lanes, scratch)` for every pack of conditions, each of which takes `width` lanes.
template <class Scalar, class Op>
std::size_t launch_conditions(std::int64_t conditions, int width, const Workspace& workspace, const Op& op) {
  const std::int64_t whole = lane_count<Scalar> / width, packs = (conditions + whole - 1) / whole;
  return launch_each<Scalar>(packs, workspace, [&](Scratch<Scalar>& scratch, std::int64_t pack) {
    op(condition_lanes<Scalar>(pack * whole, conditions, width), scratch);
  });
}
template <class Scalar, class Op>
std::size_t launch_conditions(std::int64_t conditions, const Workspace& workspace, const Op& op) {
  return launch_conditions<Scalar>(conditions, 1, workspace, op);
}

/// Runs `op(lanes, scratch)` for every pack of (condition, step) pairs.
template <class Scalar, class Op>
std::size_t launch_steps(std::int64_t conditions, std::int64_t steps, const Workspace& workspace, const Op& op) {
  constexpr int W = lane_count<Scalar>;
  const std::int64_t packs = (conditions * steps + W - 1) / W;
  return launch_each<Scalar>(packs, workspace, [&](Scratch<Scalar>& scratch, std::int64_t pack) {
    op(step_lanes<Scalar>(pack * W, conditions, steps), scratch);
  });
}

}  // namespace mdgps::MDGPS_TARGET
