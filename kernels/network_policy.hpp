#pragma once
/// Actions of a policy that is a dense network.

#include "kernels/lanes.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// A network and the memory that one thread evaluates it in.
template <class Scalar, class Network>
struct ThreadNetwork {
  const Network& network;
  Scalar *input, *output;  ///< units of two layers; those of the group's threads lie side by side
  int stride;
};

/// The network for each thread of a group, of which the first `threads` work.
template <class Scalar, class Group, class Network>
MDGPS_FUNCTION ThreadNetwork<Scalar, Network> thread_network(const Group& g, const Network& network, int threads,
                                                             Scratch<Scalar>& scratch) {
  int widest = 0;
  for (int l = 0; l <= network.layers; ++l)
    if (network.sizes[l] > widest) widest = network.sizes[l];
  Scalar* const units = scratch.take(std::int64_t{2} * widest * threads) + g.thread_rank();
  const int stride = static_cast<int>(g.num_threads()) < threads ? static_cast<int>(g.num_threads()) : threads;
  return {network, units, units + std::int64_t{widest} * stride, stride};
}

/// Rows of a layer that read an input together.
inline constexpr int units_at_once = 4;

/// output <- W [input; 1], its negative entries 0 where it is rectified.   W [outputs,inputs+1]
template <class Scalar, class T>
MDGPS_FUNCTION void affine_layer(const T* W, int inputs, int outputs, bool rectified, const Scalar* input,
                                 Scalar* output, int stride) {
  for (int first = 0; first < outputs; first += units_at_once) {
    const T* row[units_at_once];
    Scalar sum[units_at_once];
    unrolled<units_at_once>([&](auto i) MDGPS_INLINE {
      row[i] = W + (first + i < outputs ? first + i : outputs - 1) * (inputs + 1);
      sum[i] = Scalar(row[i][inputs]);
    });
    for (int c = 0; c < inputs; ++c) {
      const Scalar x = input[c * stride];
      unrolled<units_at_once>([&](auto i) MDGPS_INLINE { sum[i] += Scalar(row[i][c]) * x; });
    }
    unrolled<units_at_once>([&](auto i) MDGPS_INLINE {
      if (first + i >= outputs) return;
      const Scalar zero{};  // NaN stays what it is
      output[(first + i) * stride] = rectified ? select(sum[i] < zero, zero, sum[i]) : sum[i];
    });
  }
}

/// u = mu(o) + L noise.
template <class Scalar, class Network>
MDGPS_FUNCTION void draw_action(const Lanes<Scalar>&, const ThreadNetwork<Scalar, Network>& policy, int /*t*/, int axes,
                                const Scalar (&position)[3], const Scalar (&velocity)[3], const Scalar (&noise)[3],
                                Scalar (&action)[3]) {
  const Network& network = policy.network;
  const int stride = policy.stride;
  Scalar *input = policy.input, *output = policy.output;
  for (int j = 0; j < network.sizes[0]; ++j) {
    const int entry = network.state_entries.data[j];
    Scalar x{};
    unrolled<3>([&](auto i) MDGPS_INLINE {
      if (i < axes && entry == i) x = position[i];
      if (i < axes && entry == axes + i) x = velocity[i];
    });
    input[j * stride] = x * Scalar(network.scale.data[j]) + Scalar(network.shift.data[j]);
  }
  const auto* W = network.weights.data;
  for (int l = 0; l < network.layers; ++l) {
    const int inputs = network.sizes[l], outputs = network.sizes[l + 1];
    affine_layer(W, inputs, outputs, l + 1 < network.layers, input, output, stride);
    W += std::int64_t{outputs} * (inputs + 1);
    Scalar* const units = input;
    input = output;
    output = units;
  }
  unrolled<3>([&](auto i) MDGPS_INLINE {
    action[i] = Scalar{};
    if (i >= axes) return;
    action[i] = input[i * stride];
    unrolled<i + 1>([&](auto j) MDGPS_INLINE { action[i] += Scalar(network.factor.data[i * axes + j]) * noise[j]; });
  });
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
