#include "mdgps/algorithm/simulator.hpp"

#include <algorithm>
#include <span>

#include "mdgps/algorithm/gaussians.hpp"
#include "mdgps/algorithm/local_models.hpp"

namespace mdgps {

namespace {

/// The policy as the solver evaluates it, on a device.
NetworkPolicyArrays<double> network_policy(const NeuralGaussianPolicy& policy, std::span<const int> observation_entries,
                                           Device device) {
  const DenseNetwork network = policy.snapshot();
  std::vector<int> sizes{policy.observations()};
  for (const auto& layer : network.layers) sizes.push_back(static_cast<int>(layer.bias.extent(0)));
  NetworkPolicyArrays<double> arrays(std::move(sizes), device);
  std::ranges::copy(observation_entries, arrays.state_entries.data());
  std::ranges::copy(network.scale, arrays.scale.data());
  std::ranges::copy(network.bias, arrays.shift.data());
  double* next = arrays.weights.data();
  for (const auto& layer : network.layers)
    for (std::int64_t unit = 0; unit < layer.bias.extent(0); ++unit) {
      next = std::ranges::copy(layer.weight.row(unit), next).out;
      *next++ = layer.bias(unit);
    }
  cholesky_factor(policy.covariance().view(), arrays.factor);
  return arrays;
}

}  // namespace

Simulator::Simulator(const Task& task, const Resources& resources) : task_(task), device_(resources.device) {
  if (!resources.simulates_point_masses) return;
  point_mass_.emplace(task);
  if (!point_mass_->why_not().empty()) point_mass_.reset();  // MuJoCo simulates it
}

Trajectories Simulator::roll_out(const LinearGaussianPolicy<const double>& policy,
                                 const RolloutOptions& options) const {
  return point_mass_ ? point_mass_->roll_out(policy, options) : rollout_local(task_, policy, options);
}

Trajectories Simulator::roll_out(const NeuralGaussianPolicy& policy, const RolloutOptions& options) const {
  if (!point_mass_) return rollout_global(task_, policy, options);
  const auto network = network_policy(policy, task_.observation_entries, device_);
  return point_mass_->roll_out(network.view(), options);
}

}  // namespace mdgps
