#pragma once
/// The settings of mirror descent guided policy search: a task's [algorithm] table.

#include <cstdint>
#include <string_view>
#include <vector>

#include "mdgps/simulation/config_reader.hpp"

namespace mdgps {

enum class Sampling { local, global };              ///< whose rollouts the models are fitted to   [MDGPS 3.1]
enum class StepRule { classic, global, fixed };     ///< how epsilon is adjusted                   [MDGPS 4.2]
enum class Linearization { regression, jacobian };  ///< how pi-bar is found                       [MDGPS 3.1]
std::string_view to_string(Sampling sampling);
std::string_view to_string(StepRule rule);
std::string_view to_string(Linearization linearization);

/// The Gaussian-mixture prior of a regression.
struct PriorSettings {
  int max_components = 20;
  int points_per_component = 40;  ///< fewer points make fewer components
  int trajectories = 20;          ///< of each condition that are kept, the newest included
  double strength = 1.0;          ///< of the prior against the samples of a step, in samples
  int window = 0;                 ///< steps before and after whose samples a step's regression counts in as well
  double regularization = 1e-6;   ///< added to the diagonal of the regression inputs' covariance
};

struct Settings {
  int iterations = 12;
  int samples = 5;  ///< per condition and iteration
  int rounds = 1;   ///< of C- and S-step on an iteration's samples
  Sampling sampling = Sampling::local;
  StepRule step_rule = StepRule::global;
  Linearization linearization = Linearization::regression;
  double noise_smoothing = 2.0;  ///< of the exploration noise, in steps

  double kl_step = 1.0;  ///< nats per timestep: epsilon = kl_step x multiplier x T
  double min_multiplier = 0.1, max_multiplier = 3.0, initial_multiplier = 1.0;

  PriorSettings dynamics_prior;
  PriorSettings policy_prior;

  int drawn_states = 0;  ///< that the S-step adds to each sampled one
  int drawn_window = 2;
  std::vector<int> hidden{40, 40};
  int minibatches = 4000;
  int batch_size = 25;
  double learning_rate = 1e-3, final_learning_rate = 1e-3;
  double weight_decay = 0.005;
};

/// Reads an [algorithm] table. Throws ConfigError where a key is unknown or a value out of its range.
Settings read_settings(const ConfigReader& reader);

}  // namespace mdgps
