#pragma once
/// The tensors of a NeuralGaussianPolicy. Private to the learning layer: includes LibTorch.

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "mdgps/learning/neural_gaussian_policy.hpp"

namespace mdgps {

/// Weights, gradients and moments are each one buffer, so that the optimiser is one call. An affine layer is one matrix
/// [out, in+1] of it whose last column is the bias; the layer's input carries a 1 behind its `in` entries.
struct NeuralGaussianPolicy::Parameters {
  /// `sizes` are o, the hidden units of each layer, m. Weights and moments are zero, Sigma is the identity.
  explicit Parameters(const std::vector<std::int64_t>& sizes);

  std::int64_t observations() const { return sizes.front(); }
  std::int64_t actions() const { return sizes.back(); }
  std::int64_t layer_count() const { return static_cast<std::int64_t>(sizes.size()) - 1; }

  /// The matrix of layer `index` in a buffer laid out as `weights` is.
  at::Tensor layer(const at::Tensor& buffer, std::int64_t index) const;

  std::vector<std::int64_t> sizes;
  bool normalized = false;
  at::Tensor scale, shift;  ///< [o]
  at::Tensor weights;       ///< of all layers
  at::Tensor covariance;    ///< [m,m]

  // Adam's state, as long as `weights`, and the count of minibatches [1] in the type that the fused Adam takes.
  at::Tensor first_moment, second_moment, minibatches;
};

}  // namespace mdgps
