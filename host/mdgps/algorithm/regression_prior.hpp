#pragma once
/// Regression with a Gaussian-mixture prior that learns from the points of recent iterations.   [MDGPS 3.1, B.1]

#include <cstdint>

#include "mdgps/algorithm/settings.hpp"
#include "mdgps/solver/gaussian_mixture.hpp"
#include "mdgps/solver/regression.hpp"

namespace mdgps {

/// Points of the newest trajectories of every condition and the mixture fitted to them.
class RegressionPrior {
 public:
  RegressionPrior() = default;
  /// The fits run on `device`, and the points given to them are to be for it.
  explicit RegressionPrior(const PriorSettings& settings, Device device = {}) : settings_(settings), device_(device) {}

  Device device() const { return device_; }

  /// What an update's points are of: trajectories that are new, or those of the last update.
  enum class Adds { new_trajectories, in_place_of_newest };

  /// Adds an iteration's points [N,T,S,d] with the samples' weights [N,S], both on its device, forgets the oldest
  /// trajectories beyond those kept, and fits the mixture: from its last state, or, where the number of components
  /// changes or a condition's last state cannot be gone on from, from a random assignment drawn from (seed, iteration,
  /// condition).
  void update(View<const double, 4> points, View<const double, 2> weights, std::uint64_t seed, std::uint32_t iteration,
              Adds adds = Adds::new_trajectories);

  /// The regression of the points' [N,T,S,d] last entries (the fit's outputs) on the others, with the mixture's prior
  /// for the points of each step.
  struct FitOptions {
    double strength = 1.0;             ///< of the prior, in multiples of what the settings say
    bool outputs_are_changes = false;  ///< as RegressionProblem has it
  };
  void fit(View<const double, 4> points, View<const double, 2> weights, const FitOptions& options,
           const LinearGaussianFit<double>& fit) const;

  /// What has to be kept to go on later.
  struct State {
    Array<double, 3> points;   ///< [N,P,d] trajectory by trajectory, oldest first
    Array<double, 2> weights;  ///< [N,P]
    GaussianMixtureArrays<double> mixture;
  };
  const State& state() const { return state_; }
  void restore(State state) { state_ = std::move(state); }

 private:
  PriorSettings settings_;
  Device device_;
  State state_;
};

}  // namespace mdgps
