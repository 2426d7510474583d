#pragma once
/// The global policy pi_theta(u|o) = N(mu(o), Sigma): a network for the mean, one covariance for all observations.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "mdgps/learning/dense_network.hpp"
#include "mdgps/solver/array.hpp"
#include "mdgps/solver/export.hpp"
#include "mdgps/solver/view.hpp"

namespace mdgps {

/// Of a fresh network.
struct NetworkOptions {
  int observations = 0;             ///< o
  int actions = 0;                  ///< m
  std::vector<int> hidden{40, 40};  ///< units of each hidden layer
  std::uint64_t seed = 0;           ///< of the initial weights
};

/// mu is a ReLU network of affine layers on scaled observations; Sigma does not depend on the observation.
/// The s_step trains it. All numbers are double; the views must be in host memory.
///
/// Every function that takes views throws std::invalid_argument when a shape or device does not fit, naming the
/// argument, what came and what was expected. Const functions may run at the same time on several threads.
/// Source: [MDGPS 3.1, B.2].
class MDGPS_API NeuralGaussianPolicy {
 public:
  /// Weights are drawn from N(0, 2/inputs) for hidden layers and N(0, 1/inputs) for the last one, biases are zero,
  /// Sigma is the identity, and observations are not scaled.
  /// He's variance keeps the signal's size from layer to layer under ReLU; with the authors' fixed deviation of 0.01
  /// the output and its gradient start near zero and the first thousand minibatches are spent growing them.
  /// Throws std::invalid_argument when a size is not positive.
  explicit NeuralGaussianPolicy(const NetworkOptions& options);
  ~NeuralGaussianPolicy();
  NeuralGaussianPolicy(NeuralGaussianPolicy&&) noexcept;
  NeuralGaussianPolicy& operator=(NeuralGaussianPolicy&&) noexcept;

  int observations() const;
  int actions() const;

  bool normalized() const;

  /// Scales every component of the observation to zero mean and unit deviation over this batch [B,o]; a deviation
  /// below 1e-3 counts as 1e-3. The first batch decides: later calls change nothing, since the network's weights have
  /// been trained for the scaling they saw.
  /// weights   [B] on the same device; 0 leaves an observation out; empty: all count
  void fit_normalization(View<const double, 2> observations, View<const double, 1> weights = {});

  /// means [B,m] = mu of each of observations [B,o], on the device that both are on.
  void mean(View<const double, 2> observations, View<double, 2> means) const;

  /// jacobians [B,m,o] = d mu / d o at each of observations [B,o], exact, likewise; a unit at its kink counts as off.
  void jacobian(View<const double, 2> observations, View<double, 3> jacobians) const;

  /// Sigma [m,m].
  Array<double, 2> covariance() const;

  /// Throws std::invalid_argument unless covariance [m,m] is symmetric with a positive diagonal.
  void set_covariance(View<const double, 2> covariance);

  /// The mean as a plain network, equal to mean() up to rounding.
  DenseNetwork snapshot() const;

  /// Writes a TorchScript archive; in Python `torch.jit.load(path)` is a module that maps observations [B,o] to
  /// means [B,m] and has `covariance`, `scale`, `shift` and the weights as attributes.
  /// Throws std::runtime_error when the file cannot be written.
  void save(const std::filesystem::path& path) const;

  /// The policy of an archive written by save, with a fresh optimiser.
  /// Throws std::runtime_error naming the file when it is missing or is no such archive.
  static NeuralGaussianPolicy load(const std::filesystem::path& path);

  /// What the next s_step takes over from the last one (Adam's moments and its count of minibatches): with it and
  /// the saved policy, training goes on to the same bytes as if it had never stopped.
  /// Throws std::runtime_error as save and load do, and when the state is of a network of another size.
  void save_training_state(const std::filesystem::path& path) const;
  void load_training_state(const std::filesystem::path& path);

  /// The tensors, for the other sources of this layer.
  struct Parameters;
  Parameters& parameters() { return *parameters_; }
  const Parameters& parameters() const { return *parameters_; }

 private:
  explicit NeuralGaussianPolicy(std::unique_ptr<Parameters> parameters);

  std::unique_ptr<Parameters> parameters_;
};

}  // namespace mdgps
