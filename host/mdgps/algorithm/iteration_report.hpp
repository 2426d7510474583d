#pragma once
/// What an iteration of any method came to.

#include <vector>

#include "mdgps/algorithm/local_models.hpp"
#include "mdgps/algorithm/policy_difference.hpp"
#include "mdgps/algorithm/step_size.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// What one iteration came to in one condition. Costs are sums over the trajectory, distances in the model's units;
/// both are measured at the end of the iteration by rolling out mean actions.
struct ConditionReport {
  double local_cost = 0, global_cost = 0;
  double local_distance = 0, global_distance = 0;
  bool global_success = false;
  double step_size = 0;  ///< epsilon, nats
  double dual = 0;       ///< eta
  double kl_divergence = 0;
  int dual_evaluations = 0;
  Status status = Status::ok;
  int failed_step = -1;             ///< the time step at which the C-step failed; -1 where at none
  bool sampled = true;              ///< not all of its rollouts diverged
  double predicted_cost = 0;        ///< of the new local policy under the fitted dynamics
  double tv_bound = 0;              ///< Lemma 4.1
  double cost_bound = 0;            ///< Lemma 4.2
  double total_variation = 0;       ///< estimate of what tv_bound bounds, under the fitted dynamics
  double expected_global_cost = 0;  ///< estimate of what cost_bound bounds, likewise; the measured one is global_cost
  ExpectedCosts expected{};         ///< by which epsilon was adjusted: of the surrogate where the method has one
  double multiplier = 0;            ///< of epsilon, after that
  bool guarded = false;             ///< the costs were not to be believed, and the multiplier kept
};

/// Wall time of an iteration's parts, seconds.
struct PhaseSeconds {
  double rollout = 0, fit = 0, c_step = 0, s_step = 0, evaluation = 0;
};

/// What one iteration came to, in all conditions.
struct IterationReport {
  int iteration = 0;  ///< 1, 2, ...
  std::vector<ConditionReport> conditions;
  std::vector<Path> local_paths, global_paths;  ///< one per condition
  PolicyDifference difference;                  ///< of the new local policies and the network, at the samples
  PhaseSeconds seconds;
  double s_step_loss = 0;            ///< mean over the points of 1/2 (mu - mu_p)' C^-1 (mu - mu_p), nats
  int dropped_samples = 0;           ///< diverged in the simulation
  bool step_sizes_adjusted = false;  ///< not in a run's first iteration
  int guarded_step_sizes = 0;        ///< conditions whose expected costs were not to be believed
  int refitted_dynamics = 0;         ///< conditions whose first fit could not tell what its own samples cost
  int failed_s_steps = 0;            ///< whose loss or covariance was not usable: the network was left as it was
  int kept_local_policies = 0;       ///< conditions without samples, or whose C-step gave numbers that are not finite

  double mean_distance() const;  ///< of the global policy
  double success_rate() const;   ///< of the global policy
};

}  // namespace mdgps
