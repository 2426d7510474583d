#pragma once
/// The quadratic cost integrated under Gaussian marginals, l_m^k of Section 4.2.   [MDGPS B.3]

#include "kernels/linear_gaussian.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// sum_t 1/2 tr(H S) + 1/2 mu'H mu + g'mu + c for the lanes' conditions; per step as well where `per_step` has memory.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void expected_cost(const Group& g, const Lanes<Scalar>& lanes, const Shape& shape,
                                  const GaussianBatch<const T>& distribution, const CostBatch<const T>& cost,
                                  const Batch<T>& total, const Batch<T>& per_step, Scratch<Scalar>& scratch) {
  const int p = shape.joint();
  const auto H = scratch.take_matrix(p, p);
  const auto S = scratch.take_matrix(p, p);
  const auto gradient = scratch.take_vector(p);
  const auto mean = scratch.take_vector(p);
  const auto H_mean = scratch.take_vector(p);
  if (scratch.counting()) return;

  Scalar sum{};
  for (int t = 0; t < shape.steps; ++t) {
    load(g, lanes, cost.hessian, t, H);
    load(g, lanes, cost.gradient, t, gradient);
    load(g, lanes, distribution.mean, t, mean);
    load(g, lanes, distribution.covariance, t, S);
    if (t + 1 < shape.steps && asks_ahead(g)) {
      prefetch(g, lanes, cost.hessian, t + 1, p, p);
      prefetch(g, lanes, cost.gradient, t + 1, p);
      prefetch(g, lanes, distribution.mean, t + 1, p);
      prefetch(g, lanes, distribution.covariance, t + 1, p, p);
    }
    product(g, H, mean, H_mean);
    const Scalar step = Scalar(0.5) * (trace_of_product(g, H, S) + dot(g, mean, H_mean)) + dot(g, gradient, mean) +
                        load(lanes, cost.constant, t);
    if (per_step.data != nullptr) store(g, lanes, step, per_step, t);
    sum += step;
  }
  store(g, lanes, sum, total, 0);
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
