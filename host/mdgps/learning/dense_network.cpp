#include "mdgps/learning/dense_network.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace mdgps {

void DenseNetwork::mean(std::span<const double> observation, std::span<double> action) const {
  // A rollout evaluates the network at every step: its layers live in two buffers that each thread allocates once.
  thread_local std::vector<double> input, output;
  input.resize(scale.size());
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = observation[i] * scale[i] + bias[i];
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const Layer& layer = layers[l];
    const bool last = l + 1 == layers.size();
    output.resize(layer.bias.elements().size());
    for (std::size_t r = 0; r < output.size(); ++r) {
      double sum = layer.bias.data()[r];
      const double* row = layer.weight.data() + r * input.size();
      for (std::size_t c = 0; c < input.size(); ++c) sum += row[c] * input[c];
      output[r] = last ? sum : std::max(sum, 0.0);
    }
    std::swap(input, output);
  }
  std::copy_n(input.begin(), action.size(), action.begin());
}

}  // namespace mdgps
