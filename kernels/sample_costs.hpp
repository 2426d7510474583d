#pragma once
/// What a condition's samples cost.

#include "kernels/lanes.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// Arrays without gaps, row-major.
template <class T>
struct SampleCostBatch {
  int samples, steps;
  const T *costs, *weights;  ///< [N,S,T] [N,S]
  T *mean, *size;            ///< [N] both
  T *largest, *total;        ///< [N,T] [N,S]
};

/// For the lanes' conditions one after another: the weighted mean of the trajectories' costs, and of their sums of
/// |l_t|; the greatest l_t among the samples with a weight, at least 0; and every trajectory's cost, NaN where it has
/// no weight.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void sample_costs(const Group& g, const Lanes<Scalar>& lanes, const SampleCostBatch<T>& b) {
  const int S = b.samples, steps = b.steps;
  for (int r = 0; r < lanes.count; ++r) {
    const std::int64_t i = lanes.condition[lanes.stored[r]];
    const T *const cost = b.costs + i * S * steps, *const weight = b.weights + i * S;
    T all = 0;
    for (int s = 0; s < S; ++s) all += weight[s];
    // A sample without weight must not bring its numbers in: NaN times 0 is NaN.
    const auto weighted = [&](int e, T x) { return weight[e / steps] > 0 ? weight[e / steps] * x : T{}; };
    const T sum = sum_of(g, S * steps, [&](int e) { return weighted(e, cost[e]); });
    const T size = sum_of(g, S * steps, [&](int e) { return weighted(e, cost[e] < 0 ? -cost[e] : cost[e]); });
    for_each(g, 1, [&](int) {
      b.mean[i] = sum / all;
      b.size[i] = size / all;
    });
    for_each(g, steps, [&](int t) {
      T largest = 0;
      for (int s = 0; s < S; ++s) {
        const T value = cost[s * steps + t];
        if (weight[s] > 0 && (largest < value || value != value)) largest = value;  // NaN as well, and then it stays
      }
      b.largest[i * steps + t] = largest;
    });
    for_each(g, S, [&](int s) {
      T total = 0;
      for (int t = 0; t < steps; ++t) total += cost[s * steps + t];
      b.total[i * S + s] = weight[s] == 0 ? static_cast<T>(NAN) : total;
    });
  }
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
