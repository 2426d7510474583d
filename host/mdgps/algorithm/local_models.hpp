#pragma once
/// Between rollouts and the solver: the points that regressions take from trajectories, and small helpers on batches.

#include <span>
#include <vector>

#include "mdgps/algorithm/regression_prior.hpp"
#include "mdgps/learning/neural_gaussian_policy.hpp"
#include "mdgps/simulation/rollout.hpp"
#include "mdgps/solver/cost_expansion.hpp"
#include "mdgps/solver/imitation.hpp"
#include "mdgps/solver/sample_costs.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// @name Rollouts of all conditions
/// @{

/// Of the local policies: [N,T,m,n] [N,T,m] [N,T,m,m].
Trajectories rollout_local(const Task& task, const LinearGaussianPolicy<const double>& policy,
                           const RolloutOptions& options);

/// Of one policy, in every condition.
Trajectories rollout_global(const Task& task, const NeuralGaussianPolicy& policy, const RolloutOptions& options);
/// @}

/// [x_t; u_t; x_{t+1} - x_t] of every sample: [N,T-1,S,2n+m], made where the samples are.
Array<double, 4> transitions(const Trajectories& samples);

/// The regression of a prior's points [N,T',S,d] into the first T' steps of [N,T,..] arrays, and their status [N,T'].
Array<Status, 2> fit_steps(const RegressionPrior& prior, View<const double, 4> points, View<const double, 2> weights,
                           const RegressionPrior::FitOptions& options, View<double, 4> gain, View<double, 3> offset,
                           View<double, 4> covariance);

/// Dynamics from `transitions`, as a regression of the change of state: where the samples and the prior say little, the
/// regression's shrinkage then leaves a state as it is, instead of pulling it to the mean. The prior counts `strength`
/// times what its settings say.   weights [N,S]
Array<Status, 2> fit_transitions(const RegressionPrior& prior, View<const double, 4> transitions,
                                 View<const double, 2> weights, double strength,
                                 LinearGaussianDynamicsArrays<double>& dynamics);

/// p(x_1) of every condition: the samples' mean, and their variances, at least 1e-6, on the diagonal.
GaussianStateArrays<double> initial_state(const Trajectories& samples);

/// The states' means [N,T,n] in a distribution of z = [x; u], where it is; NaN in the conditions that are not believed.
Array<double, 3> state_means(const TrajectoryDistributionArrays<double>& distribution, std::int64_t states,
                             const std::vector<bool>& believed);

/// What the samples cost, and into `expansion` the cost's mean expansion around them, where they are.
SampleCostArrays<double> expand_cost_around(const Trajectories& samples, std::span<const CostTerm> terms,
                                            QuadraticCostArrays<double>& expansion);

/// Cost of every trajectory [N,S].
Array<double, 2> trajectory_costs(std::span<const CostTerm> terms, const Trajectories& trajectories);

/// Distance at the last step of a condition's first sample; NaN where its simulation diverged.
double final_distance(const Trajectories& trajectories, std::int64_t condition);

/// The path of the task's point in one rollout, relative to its target.
struct Path {
  Array<double, 2> points;     ///< [T,3] metres
  Array<double, 1> distances;  ///< [T]
};

/// Of a condition's first sample.
Path path_of(const Task& task, const Trajectories& trajectories, std::int64_t condition);

/// Whether a condition has a sample whose simulation did not diverge.
bool has_samples(const Trajectories& samples, std::int64_t condition);

/// Whether a condition's policy has neither NaN nor infinity.
bool all_finite(const LinearGaussianPolicyArrays<double>& policy, std::int64_t condition);

/// Copies one condition's part of a batch into the same place of another.
void copy_condition(const LinearGaussianPolicyArrays<double>& from, LinearGaussianPolicyArrays<double>& to,
                    std::int64_t condition);
/// Likewise.
void copy_condition(const LinearGaussianDynamicsArrays<double>& from, LinearGaussianDynamicsArrays<double>& to,
                    std::int64_t condition);

/// What the S-step imitates: states of every condition and step with the action distribution of the local policy there,
/// where the samples are.
struct ImitationPoints {
  Array<double, 2> observations;       ///< [P,o]
  Array<double, 2> target_means;       ///< [P,m]
  Array<double, 3> target_precisions;  ///< [P,m,m]
  Array<double, 1> weights;            ///< [P]
};

/// The sampled states, and states drawn around them: the S-step's objective is an expectation over p_i(x_t), and a
/// local policy tells its action at any state. A drawn state is the step's mean plus a random combination of the
/// samples' deviations from their means at this and the neighbouring steps. The samples come from another policy than
/// the one to imitate: of the states drawn for a sample, the first lies around `predicted` [N,T,n], the means of the
/// states that the policy itself is expected to visit (NaN: not known there; empty: nowhere).
ImitationPoints imitation_points(const LinearGaussianPolicyArrays<double>& policy, const Trajectories& samples,
                                 const Array<double, 3>& predicted, std::span<const int> observation_entries,
                                 const ImitationOptions& options);

}  // namespace mdgps
