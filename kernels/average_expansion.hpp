#pragma once
/// The average of a policy's linear expansions at samples.

#include "kernels/lanes.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// Arrays without gaps, row-major.
template <class T>
struct ExpansionBatch {
  int samples, steps, state_size, action_size, observation_size;
  const T *states, *actions, *jacobians, *weights;  ///< [N,S,T,n] [N,S,T,m] [N,S,T,m,o] [N,S]
  const int* entries;                               ///< [o] the state entry of each observation entry
  T *gain, *offset;                                 ///< [N,T,m,n] [N,T,m]
};

/// gain x + offset <- the weighted mean of u_s + J_s (x - x_s), for the lanes' (condition, step) pairs one after
/// another. A thread has an action.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void average_expansion(const Group& g, const Lanes<Scalar>& lanes, const ExpansionBatch<T>& b) {
  const int n = b.state_size, m = b.action_size, o = b.observation_size;
  for (int r = 0; r < lanes.count; ++r) {
    const std::int64_t i = lanes.condition[lanes.stored[r]], t = lanes.step[lanes.stored[r]];
    const T* const weight = b.weights + i * b.samples;
    T total = 0;
    for (int s = 0; s < b.samples; ++s) total += weight[s];
    for_each(g, m, [&](int a) {
      T* const gain = b.gain + ((i * b.steps + t) * m + a) * n;
      const T none = total == 0 ? static_cast<T>(NAN) : T{};  // where no sample has a weight, there is no mean
      for (int j = 0; j < n; ++j) gain[j] = none;
      T offset = none;
      for (int s = 0; s < b.samples; ++s) {
        if (weight[s] == 0) continue;  // nor may it bring its numbers in: NaN times 0 is NaN
        const std::int64_t sample = (i * b.samples + s) * b.steps + t;
        const T *const slopes = b.jacobians + (sample * m + a) * o, *const state = b.states + sample * n;
        const T share = weight[s] / total;
        T at_zero = b.actions[sample * m + a];
        for (int j = 0; j < o; ++j) {  // two observations may be of one state entry
          gain[b.entries[j]] += share * slopes[j];
          at_zero -= slopes[j] * state[b.entries[j]];
        }
        offset += share * at_zero;
      }
      b.offset[(i * b.steps + t) * m + a] = offset;
    });
  }
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
