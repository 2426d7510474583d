/// Files of a NeuralGaussianPolicy: TorchScript archives, so that Python reads them with torch.jit.load alone.

#include <c10/core/InferenceMode.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <array>
#include <exception>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "mdgps/learning/neural_gaussian_policy.hpp"
#include "mdgps/learning/policy_export.hpp"
#include "mdgps/learning/policy_parameters.hpp"
#include "mdgps/learning/tensor_view.hpp"

namespace mdgps {
namespace {

using Parameters = NeuralGaussianPolicy::Parameters;

std::string numbered(const char* name, std::int64_t index) { return name + std::to_string(index); }

/// Tensors made in inference mode cannot enter a TorchScript module.
at::Tensor ordinary(const at::Tensor& tensor) {
  const c10::InferenceMode off(false);
  return tensor.clone().contiguous();
}

/// The text of mu(observation) for TorchScript, or of the action that `limits` leave of it.
std::string forward_source(std::int64_t layers, bool limits) {
  std::ostringstream source;
  source << "def forward(self, observation: Tensor) -> Tensor:\n    h = observation * self.scale + self.shift\n";
  for (std::int64_t l = 0; l < layers; ++l) {
    if (l > 0) source << "    h = torch.relu(h)\n";
    source << "    h = torch.linear(h, self.weight" << l << ", self.bias" << l << ")\n";
  }
  source << (limits ? "    return torch.minimum(torch.maximum(h, self.low), self.high)\n" : "    return h\n");
  return source.str();
}

/// Through a stream, since LibTorch would write the file's name into the archive: equal policies give equal bytes.
void write(const torch::jit::Module& module, const std::filesystem::path& path) {
  std::ofstream file(path, std::ios::binary);
  if (file) module.save(file);
  file.close();
  if (!file)
    throw std::runtime_error(path.string() + ": cannot be written; is the folder there, and the disk not full?");
}

/// Calls `read` with the archive's module; LibTorch's errors, of many lines, become one line that names the file.
template <class Read>
auto with_module(const std::filesystem::path& path, const char* what, const Read& read) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path.string() + ": cannot be opened; is it there and readable?");
  try {
    const torch::jit::Module module = torch::jit::load(file);
    return read(module);
  } catch (const std::exception&) {
    throw std::runtime_error(path.string() + ": is not " + what + " written by mdgps, or is damaged");
  }
}

}  // namespace

void NeuralGaussianPolicy::save(const std::filesystem::path& path) const {
  const Parameters& p = *parameters_;
  torch::jit::Module module("NeuralGaussianPolicy");
  module.register_attribute("sizes", c10::ListType::ofInts(), c10::IValue(p.sizes));
  module.register_attribute("normalized", c10::BoolType::get(), c10::IValue(p.normalized));
  module.register_buffer("scale", ordinary(p.scale));
  module.register_buffer("shift", ordinary(p.shift));
  for (std::int64_t l = 0; l < p.layer_count(); ++l) {
    const at::Tensor matrix = p.layer(p.weights, l);
    module.register_parameter(numbered("weight", l), ordinary(matrix.narrow(1, 0, p.sizes[l])), false);
    module.register_parameter(numbered("bias", l), ordinary(matrix.select(1, p.sizes[l])), false);
  }
  module.register_buffer("covariance", ordinary(p.covariance));
  module.define(forward_source(p.layer_count(), false));
  write(module, path);
}

void save_torchscript(const PolicyFunction& policy, const std::filesystem::path& path) {
  const auto tensor = [](const auto& values, at::IntArrayRef sizes) {
    return at::from_blob(const_cast<double*>(values.data()), sizes, at::kDouble).clone();
  };
  const auto o = static_cast<std::int64_t>(policy.observations()), m = static_cast<std::int64_t>(policy.actions());
  torch::jit::Module module("Policy");
  module.register_buffer("scale", tensor(policy.network.scale, {o}));
  module.register_buffer("shift", tensor(policy.network.bias, {o}));
  for (std::size_t l = 0; l < policy.network.layers.size(); ++l) {
    const auto& [weight, bias] = policy.network.layers[l];
    module.register_buffer(numbered("weight", l), tensor(weight, {weight.extent(0), weight.extent(1)}));
    module.register_buffer(numbered("bias", l), tensor(bias, {bias.extent(0)}));
  }
  module.register_buffer("low", tensor(policy.low, {m}));
  module.register_buffer("high", tensor(policy.high, {m}));
  module.define(forward_source(static_cast<std::int64_t>(policy.network.layers.size()), true));
  write(module, path);
}

NeuralGaussianPolicy NeuralGaussianPolicy::load(const std::filesystem::path& path) {
  return with_module(path, "a policy", [](const torch::jit::Module& module) {
    const c10::InferenceMode guard;
    auto p = std::make_unique<Parameters>(module.attr("sizes").toIntVector());
    p->normalized = module.attr("normalized").toBool();
    p->scale.copy_(module.attr("scale").toTensor());
    p->shift.copy_(module.attr("shift").toTensor());
    for (std::int64_t l = 0; l < p->layer_count(); ++l) {
      const at::Tensor matrix = p->layer(p->weights, l);
      matrix.narrow(1, 0, p->sizes[l]).copy_(module.attr(numbered("weight", l)).toTensor());
      matrix.select(1, p->sizes[l]).copy_(module.attr(numbered("bias", l)).toTensor());
    }
    p->covariance.copy_(module.attr("covariance").toTensor());
    return NeuralGaussianPolicy(std::move(p));
  });
}

void NeuralGaussianPolicy::save_training_state(const std::filesystem::path& path) const {
  torch::jit::Module module("AdamState");
  module.register_buffer("first_moment", ordinary(parameters_->first_moment));
  module.register_buffer("second_moment", ordinary(parameters_->second_moment));
  module.register_buffer("minibatches", ordinary(parameters_->minibatches));
  write(module, path);
}

void NeuralGaussianPolicy::load_training_state(const std::filesystem::path& path) {
  Parameters& p = *parameters_;
  const auto [first, second, minibatches] = with_module(path, "a training state", [](const torch::jit::Module& module) {
    return std::array{module.attr("first_moment").toTensor(), module.attr("second_moment").toTensor(),
                      module.attr("minibatches").toTensor()};
  });
  if (!first.sizes().equals(p.weights.sizes()) || !second.sizes().equals(p.weights.sizes())) {
    throw std::runtime_error(path.string() + ": is of a network with " + std::to_string(first.numel()) +
                             " weights, this one has " + std::to_string(p.weights.numel()));
  }
  const c10::InferenceMode guard;
  p.first_moment.copy_(first);
  p.second_moment.copy_(second);
  p.minibatches.copy_(minibatches);
}

}  // namespace mdgps
