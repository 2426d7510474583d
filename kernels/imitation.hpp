#pragma once
/// What the S-step imitates: states around a condition's samples, and a local policy's mean actions there.

#include "kernels/linear_gaussian.hpp"
#include "kernels/random.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// Arrays without gaps, row-major. A condition has R = S (drawn + 1) trajectories of points: sample by sample the
/// sampled states and those drawn for it.
template <class T>
struct ImitationBatch {
  int samples, steps, state_size, observation_size, action_size;
  int drawn, window;
  std::uint64_t seed;
  std::uint32_t iteration;
  const T *states, *weights;   ///< [N,S,T,n] [N,S]
  const T *means, *predicted;  ///< [N,T,n] both; the second may be missing
  const T *gain, *offset;      ///< [N,T,m,n] [N,T,m]
  const int* entries;          ///< [o]
  T *observations, *targets;   ///< [N,R,T,o] [N,R,T,m]
};

/// means [N,T,n] <- the states' mean over the samples, for the lanes' (condition, step) pairs one after another.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void mean_states(const Group& g, const Lanes<Scalar>& lanes, int samples, int steps, int size,
                                const T* states, const T* weights, T* means) {
  for (int r = 0; r < lanes.count; ++r) {
    const std::int64_t i = lanes.condition[lanes.stored[r]], t = lanes.step[lanes.stored[r]];
    const T* const weight = weights + i * samples;
    T total = 0;
    for (int s = 0; s < samples; ++s) total += weight[s];
    for_each(g, size, [&](int j) {
      T mean = 0;
      for (int s = 0; s < samples; ++s)
        if (weight[s] != 0) mean += weight[s] / total * states[((i * samples + s) * steps + t) * size + j];
      means[(i * steps + t) * size + j] = mean;
    });
  }
}

/// state [n] <- the state at step t of a condition's trajectory r: the sampled one, or the step's mean plus a random
/// combination of the samples' deviations at this and the neighbouring steps.
template <class T>
MDGPS_FUNCTION void imitated_state(const ImitationBatch<T>& b, std::int64_t i, int r, int t, T* state) {
  const int S = b.samples, steps = b.steps, n = b.state_size, sample = r / (b.drawn + 1), copy = r % (b.drawn + 1);
  const auto sampled = [&](int s, int step) { return b.states + ((i * S + s) * steps + step) * n; };
  const auto place = [&](int step) { return (i * steps + step) * n; };
  if (copy == 0) {
    for (int j = 0; j < n; ++j) state[j] = sampled(sample, t)[j];
    return;
  }
  const bool ahead = copy == 1 && b.predicted != nullptr && finite(b.predicted[place(t)]);
  const T* const center = (ahead ? b.predicted : b.means) + place(t);
  for (int j = 0; j < n; ++j) state[j] = center[j];

  const auto before = [&](int step) { return step < b.window ? step : b.window; };
  const auto after = [&](int step) { return before(steps - 1 - step); };
  const auto near_count = [&](int step) { return before(step) + 1 + after(step); };
  std::uint32_t draw = 0;
  for (int earlier = 0; earlier < t; ++earlier) draw += static_cast<std::uint32_t>(near_count(earlier) * S);
  const RandomSequence random(b.seed, RandomStream::imitation, b.iteration, static_cast<std::uint32_t>(i),
                              static_cast<std::uint32_t>(r));
  const double scale = 1.0 / root(static_cast<double>(near_count(t) * (S > 2 ? S - 1 : 1)));
  for (int near = t - before(t); near <= t + after(t); ++near)
    for (int s = 0; s < S; ++s) {
      const T g = static_cast<T>(scale * random.normals(draw++)[0]);
      if (b.weights[i * S + s] == 0) continue;
      const T *const x = sampled(s, near), *const mean = b.means + place(near);
      for (int j = 0; j < n; ++j) state[j] += g * (x[j] - mean[j]);
    }
}

/// The points of the lanes' trajectories, in the place of steps, one after another: a thread draws a step's state.
/// states   scratch [T,n]
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void imitation_points(const Group& g, const Lanes<Scalar>& lanes, const ImitationBatch<T>& b,
                                     T* states) {
  const int n = b.state_size, o = b.observation_size, m = b.action_size;
  for (int lane = 0; lane < lanes.count; ++lane) {
    const std::int64_t i = lanes.condition[lanes.stored[lane]];
    const int r = static_cast<int>(lanes.step[lanes.stored[lane]]);
    const std::int64_t first = (i * b.samples * (b.drawn + 1) + r) * b.steps;
    for_each(g, b.steps, [&](int t) { imitated_state(b, i, r, t, states + t * n); });
    for_each(g, b.steps * o, [&](int e) { b.observations[first * o + e] = states[e / o * n + b.entries[e % o]]; });
    for_each(g, b.steps * m, [&](int e) {
      const std::int64_t row = i * b.steps * m + e;
      T sum = b.offset[row];
      for (int j = 0; j < n; ++j) sum += b.gain[row * n + j] * states[e / m * n + j];
      b.targets[first * m + e] = sum;
    });
  }
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
