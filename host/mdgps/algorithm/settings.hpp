#pragma once
/// The settings of guided policy search: a task's [algorithm] table.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "mdgps/simulation/config_reader.hpp"

namespace mdgps {

/// Mirror descent, and the methods that it is compared with: Bregman ADMM, dual gradient descent, the penalty method,
/// ADMM and DAgger [MDGPS 2, 3.2, 5]; and Algorithm 2, for tasks that are linear and quadratic.
enum class Method { mdgps, badmm, dual_gradient, penalty, admm, dagger, convex_linear };

/// Whose rollouts the models are fitted to.   [MDGPS 3.1]
enum class Sampling { local, global };

/// What the C-step stays near.   [MDGPS Alg. 4, Eq. (2)]
enum class Reference { global, previous_local };

/// How epsilon is adjusted.   [MDGPS 4.2]
enum class StepRule { classic, global, local, fixed };

/// How pi-bar is found.   [MDGPS 3.1]
enum class Linearization { regression, jacobian };

/// How BADMM's weights move.
enum class WeightRule { spread, schedule, divergence };

/// In the order of Method.
inline constexpr std::array<std::string_view, 7> method_names{"mdgps", "badmm",  "dual_gradient", "penalty",
                                                              "admm",  "dagger", "convex_linear"};

/// Its name in `method_names`.
std::string_view to_string(Method method);

/// Throws std::invalid_argument where no method has that name.
Method method_named(std::string_view name);

/// @name The words of the settings' file
/// @{

/// The word that stands for a choice.
std::string_view to_string(Sampling sampling);
std::string_view to_string(Reference reference);
std::string_view to_string(StepRule rule);
std::string_view to_string(Linearization linearization);
/// @}

/// The Gaussian-mixture prior of a regression.
struct PriorSettings {
  int max_components = 20;
  int points_per_component = 40;  ///< fewer points make fewer components
  int trajectories = 20;          ///< of each condition that are kept, the newest included
  double strength = 1.0;          ///< of the prior against the samples of a step, in samples
  int window = 0;                 ///< steps before and after whose samples a step's regression counts in as well
  double regularization = 1e-6;   ///< added to the diagonal of the regression inputs' covariance
};

/// How a method couples local and global policies: a task's [algorithm.METHOD] table. Weights are in units of cost per
/// nat (badmm, dual_gradient) or per squared action (penalty, admm).
struct CouplingSettings {
  double initial_weight = 0.01;  ///< of every step
  double dual_rate = 0.1;        ///< step on the multipliers
  double weight_growth = 1.0;    ///< penalty, admm: factor of the weight per iteration
  WeightRule weight_rule = WeightRule::spread;
  std::vector<double> weight_steps{1e-4, 1e-3, 1e-2, 1e-2};  ///< badmm's schedule, at equally spaced iterations
};

/// The whole table; docs/algorithm.md says what each setting does.
struct Settings {
  Method method = Method::mdgps;
  int iterations = 12;
  int samples = 5;  ///< per condition and iteration
  int rounds = 1;   ///< of C- and S-step on an iteration's samples
  Sampling sampling = Sampling::local;
  Reference reference = Reference::global;
  StepRule step_rule = StepRule::global;
  bool average_step_sizes = false;  ///< one multiplier for all conditions, from the means of their costs
  Linearization linearization = Linearization::regression;
  double noise_smoothing = 2.0;  ///< of the exploration noise, in steps

  double kl_step = 1.0;  ///< nats per timestep: epsilon = kl_step x multiplier x T
  double min_multiplier = 0.1, max_multiplier = 3.0, initial_multiplier = 1.0;

  PriorSettings dynamics_prior;
  PriorSettings policy_prior;

  CouplingSettings coupling;

  int drawn_states = 0;  ///< that the S-step adds to each sampled one
  int drawn_window = 2;
  std::vector<int> hidden{40, 40};
  int minibatches = 4000;
  int batch_size = 25;
  double learning_rate = 1e-3, final_learning_rate = 1e-3;
  double weight_decay = 0.005;
};

/// Reads an [algorithm] table for one method. A table [algorithm.METHOD] in it has the method's own settings, and may
/// set kl_step, the multiplier's range, rounds and minibatches otherwise than [algorithm] does.
/// Throws ConfigError where a key is unknown or a value out of its range.
Settings read_settings(const ConfigReader& reader, Method method);

}  // namespace mdgps
