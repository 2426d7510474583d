#pragma once
/// The mean of a policy network in plain memory: what rollouts evaluate, one observation at a time.

#include <span>
#include <vector>

#include "mdgps/solver/array.hpp"
#include "mdgps/solver/export.hpp"

namespace mdgps {

/// A feed-forward network: affine layers with ReLU between them, after a fixed scaling of the input.
/// It is a value without LibTorch, so that every rollout thread can hold or share one.
struct MDGPS_API DenseNetwork {
  /// An affine map.
  struct Layer {
    Array<double, 2> weight;  ///< [out, in]
    Array<double, 1> bias;    ///< [out]
  };

  std::vector<double> scale;  ///< [o] the input of the first layer is observation * scale + bias, by component
  std::vector<double> bias;   ///< [o]
  std::vector<Layer> layers;

  /// action = mu(observation), in the model's action units. Safe to call from many threads at once.
  /// observation [o], action [m]; their lengths are trusted.
  void mean(std::span<const double> observation, std::span<double> action) const;
};

}  // namespace mdgps
