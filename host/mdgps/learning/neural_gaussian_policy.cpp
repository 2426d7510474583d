#include "mdgps/learning/neural_gaussian_policy.hpp"

#include <ATen/ops/addmm.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/std.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "kernels/random.hpp"
#include "mdgps/learning/policy_parameters.hpp"
#include "mdgps/learning/tensor_view.hpp"
#include "mdgps/learning/torch_device.hpp"
#include "mdgps/solver/memory.hpp"

namespace mdgps {
namespace {

std::vector<std::int64_t> layer_sizes(const NetworkOptions& options) {
  std::vector<std::int64_t> sizes{options.observations};
  sizes.insert(sizes.end(), options.hidden.begin(), options.hidden.end());
  sizes.push_back(options.actions);
  if (*std::min_element(sizes.begin(), sizes.end()) < 1) {
    throw std::invalid_argument("NetworkOptions: observations, actions and every hidden layer need at least one unit");
  }
  return sizes;
}

void draw_weights(NeuralGaussianPolicy::Parameters& p, std::uint64_t seed) {
  for (std::int64_t l = 0; l < p.layer_count(); ++l) {
    const bool last = l + 1 == p.layer_count();
    const double deviation = std::sqrt((last ? 1.0 : 2.0) / static_cast<double>(p.sizes[l]));
    const RandomSequence random(seed, RandomStream::network_initialization, 0, 0, static_cast<std::uint32_t>(l));
    at::Tensor matrix = p.layer(p.weights, l);
    auto element = matrix.accessor<double, 2>();
    std::uint32_t index = 0;
    for (std::int64_t r = 0; r < p.sizes[l + 1]; ++r) {
      for (std::int64_t c = 0; c < p.sizes[l]; ++c) element[r][c] = deviation * random.normals(index++)[0];
    }
  }
}

/// What the mean is computed from, on a device; on the CPU the parameters themselves.
struct MeanNetwork {
  at::Tensor scale, shift, weights;

  MeanNetwork(const NeuralGaussianPolicy::Parameters& p, Device device)
      : scale(p.scale.to(torch_device(device))),
        shift(p.shift.to(torch_device(device))),
        weights(p.weights.to(torch_device(device))) {}
};

}  // namespace

NeuralGaussianPolicy::Parameters::Parameters(const std::vector<std::int64_t>& sizes) : sizes(sizes) {
  const auto options = at::TensorOptions().dtype(at::kDouble);
  std::int64_t count = 0;
  for (std::int64_t l = 0; l < layer_count(); ++l) count += sizes[l + 1] * (sizes[l] + 1);
  scale = at::ones({observations()}, options);
  shift = at::zeros({observations()}, options);
  weights = at::zeros({count}, options);
  covariance = at::eye(actions(), options);
  first_moment = at::zeros({count}, options);
  second_moment = at::zeros({count}, options);
  minibatches = at::zeros({1}, at::TensorOptions().dtype(at::kFloat));
}

at::Tensor NeuralGaussianPolicy::Parameters::layer(const at::Tensor& buffer, std::int64_t index) const {
  std::int64_t offset = 0;
  for (std::int64_t l = 0; l < index; ++l) offset += sizes[l + 1] * (sizes[l] + 1);
  return buffer.narrow(0, offset, sizes[index + 1] * (sizes[index] + 1)).view({sizes[index + 1], sizes[index] + 1});
}

NeuralGaussianPolicy::NeuralGaussianPolicy(const NetworkOptions& options) {
  const c10::InferenceMode guard;
  parameters_ = std::make_unique<Parameters>(layer_sizes(options));
  draw_weights(*parameters_, options.seed);
}

NeuralGaussianPolicy::NeuralGaussianPolicy(std::unique_ptr<Parameters> parameters)
    : parameters_(std::move(parameters)) {}
NeuralGaussianPolicy::~NeuralGaussianPolicy() = default;
NeuralGaussianPolicy::NeuralGaussianPolicy(NeuralGaussianPolicy&&) noexcept = default;
NeuralGaussianPolicy& NeuralGaussianPolicy::operator=(NeuralGaussianPolicy&&) noexcept = default;

int NeuralGaussianPolicy::observations() const { return static_cast<int>(parameters_->observations()); }
int NeuralGaussianPolicy::actions() const { return static_cast<int>(parameters_->actions()); }
bool NeuralGaussianPolicy::normalized() const { return parameters_->normalized; }

void NeuralGaussianPolicy::fit_normalization(View<const double, 2> observations, View<const double, 1> weights) {
  Parameters& p = *parameters_;
  require_shape(observations, {-1, p.observations()}, "observations", observations.device);
  if (!weights.empty()) require_shape(weights, {observations.extents[0]}, "weights", observations.device);
  if (p.normalized) return;
  const c10::InferenceMode guard;
  const SingleThread single;
  at::Tensor batch = to_tensor(observations);
  if (!weights.empty()) batch = batch.index_select(0, to_tensor(weights).gt(0).nonzero().squeeze(1));
  if (batch.size(0) == 0) return;
  // The population's deviation (no correction), so that a batch of one point is no special case.
  p.scale = at::std(batch, at::IntArrayRef{0}, std::optional<at::Scalar>(0)).clamp_min(1e-3).reciprocal().cpu();
  p.shift = -batch.mean(0).cpu() * p.scale;
  p.normalized = true;
}

void NeuralGaussianPolicy::mean(View<const double, 2> observations, View<double, 2> means) const {
  const Parameters& p = *parameters_;
  const Device device = observations.device;
  require_shape(observations, {-1, p.observations()}, "observations", device);
  require_shape(means, {observations.extents[0], p.actions()}, "means", device);
  const c10::InferenceMode guard;
  const SingleThread single;
  const MeanNetwork network(p, device);
  at::Tensor h = to_tensor(observations) * network.scale + network.shift;
  for (std::int64_t l = 0; l < p.layer_count(); ++l) {
    const at::Tensor matrix = p.layer(network.weights, l);
    h = at::addmm(matrix.select(1, p.sizes[l]), h, matrix.narrow(1, 0, p.sizes[l]).t());
    if (l + 1 < p.layer_count()) h.relu_();
  }
  to_tensor(means).copy_(h);
  wait_for(device);
}

void NeuralGaussianPolicy::jacobian(View<const double, 2> observations, View<double, 3> jacobians) const {
  const Parameters& p = *parameters_;
  const std::int64_t batch = observations.extents[0], actions = p.actions();
  const Device device = observations.device;
  require_shape(observations, {-1, p.observations()}, "observations", device);
  require_shape(jacobians, {batch, actions, p.observations()}, "jacobians", device);
  const c10::InferenceMode guard;
  const SingleThread single;
  const MeanNetwork network(p, device);

  std::vector<at::Tensor> active;  // which units of each hidden layer are on, [B,1,units] of 0 and 1
  at::Tensor h = to_tensor(observations) * network.scale + network.shift;
  for (std::int64_t l = 0; l + 1 < p.layer_count(); ++l) {
    const at::Tensor matrix = p.layer(network.weights, l);
    h = at::addmm(matrix.select(1, p.sizes[l]), h, matrix.narrow(1, 0, p.sizes[l]).t()).relu_();
    active.push_back((h > 0).to(at::kDouble).unsqueeze(1));
  }

  // W_L D_{L-1} W_{L-1} ... D_1 W_1 diag(scale), multiplied from the left: there are fewer actions than observations,
  // and every product is one matrix product over the whole batch.
  at::Tensor product = p.layer(network.weights, p.layer_count() - 1).narrow(1, 0, p.sizes[p.layer_count() - 1]);
  product = product.unsqueeze(0).expand({batch, -1, -1});
  for (std::int64_t l = p.layer_count() - 2; l >= 0; --l) {
    const at::Tensor left = (product * active[l]).view({batch * actions, p.sizes[l + 1]});
    product = at::mm(left, p.layer(network.weights, l).narrow(1, 0, p.sizes[l])).view({batch, actions, p.sizes[l]});
  }
  to_tensor(jacobians).copy_(product * network.scale);
  wait_for(device);
}

Array<double, 2> NeuralGaussianPolicy::covariance() const {
  const c10::InferenceMode guard;
  Array<double, 2> covariance({parameters_->actions(), parameters_->actions()});
  to_tensor(covariance.view()).copy_(parameters_->covariance);
  return covariance;
}

void NeuralGaussianPolicy::set_covariance(View<const double, 2> covariance) {
  const std::int64_t m = parameters_->actions();
  require_shape(covariance, {m, m}, "covariance");
  for (std::int64_t r = 0; r < m; ++r) {
    for (std::int64_t c = 0; c <= r; ++c) {
      if (covariance(r, c) != covariance(c, r) || (r == c && !(covariance(r, c) > 0.0))) {
        throw std::invalid_argument("covariance: entry (" + std::to_string(r) + "," + std::to_string(c) +
                                    ") makes it asymmetric or its diagonal not positive");
      }
    }
  }
  const c10::InferenceMode guard;
  parameters_->covariance.copy_(to_tensor(covariance));
}

DenseNetwork NeuralGaussianPolicy::snapshot() const {
  const Parameters& p = *parameters_;
  const c10::InferenceMode guard;
  const auto values = [](const at::Tensor& t) {
    return std::vector<double>(t.const_data_ptr<double>(), t.const_data_ptr<double>() + t.numel());
  };
  DenseNetwork network{values(p.scale), values(p.shift), {}};
  for (std::int64_t l = 0; l < p.layer_count(); ++l) {
    const at::Tensor matrix = p.layer(p.weights, l);
    DenseNetwork::Layer layer{Array<double, 2>({p.sizes[l + 1], p.sizes[l]}), Array<double, 1>({p.sizes[l + 1]})};
    to_tensor(layer.weight.view()).copy_(matrix.narrow(1, 0, p.sizes[l]));
    to_tensor(layer.bias.view()).copy_(matrix.select(1, p.sizes[l]));
    network.layers.push_back(std::move(layer));
  }
  return network;
}

}  // namespace mdgps
