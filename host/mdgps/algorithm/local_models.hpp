#pragma once
/// Between rollouts and the solver: the points that regressions take from trajectories, and small helpers on batches.

#include <span>

#include "mdgps/algorithm/regression_prior.hpp"
#include "mdgps/learning/neural_gaussian_policy.hpp"
#include "mdgps/simulation/rollout.hpp"
#include "mdgps/solver/cost_expansion.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// @name Rollouts of all conditions
/// @{
Trajectories rollout_local(const Task& task, const LinearGaussianPolicy<const double>& policy,
                           const RolloutOptions& options);
Trajectories rollout_global(const Task& task, const NeuralGaussianPolicy& policy, const RolloutOptions& options);
/// @}

/// [x_t; u_t; x_{t+1}] of every sample: [N,T-1,S,2n+m].
Array<double, 4> transitions(const Trajectories& samples);

/// The regression of a prior's points [N,T',S,d] into the first T' steps of [N,T,..] arrays.
void fit_steps(const RegressionPrior& prior, View<const double, 4> points, View<const double, 2> weights,
               View<double, 4> gain, View<double, 3> offset, View<double, 4> covariance);

/// p(x_1) of every condition: the samples' mean, and their variances, at least 1e-6, on the diagonal.
GaussianStateArrays<double> initial_state(const Trajectories& samples);

/// Cost of every trajectory [N,S].
Array<double, 2> trajectory_costs(std::span<const CostTerm> terms, const Trajectories& trajectories);

/// Weighted mean over the samples of the costs summed over time: [N] from [N,S,T].
Array<double, 1> mean_cost(const Array<double, 3>& sample_cost, const Array<double, 2>& weights);

/// Distance at the last step of a condition's first sample; NaN where its simulation diverged.
double final_distance(const Trajectories& trajectories, std::int64_t condition);

/// The path of the task's point in one rollout, relative to its target.
struct Path {
  Array<double, 2> points;     ///< [T,3] metres
  Array<double, 1> distances;  ///< [T]
};

/// Of a condition's first sample.
Path path_of(const Task& task, const Trajectories& trajectories, std::int64_t condition);

bool has_samples(const Trajectories& samples, std::int64_t condition);
bool all_finite(const LinearGaussianPolicyArrays<double>& policy, std::int64_t condition);
void copy_condition(const LinearGaussianPolicyArrays<double>& from, LinearGaussianPolicyArrays<double>& to,
                    std::int64_t condition);

/// What the S-step imitates: every sampled state with the action distribution of its condition's local policy.
struct ImitationPoints {
  Array<double, 2> observations;       ///< [P,o], P = N S T
  Array<double, 2> target_means;       ///< [P,m]
  Array<double, 3> target_precisions;  ///< [P,m,m]
  Array<double, 1> weights;            ///< [P]
};
ImitationPoints imitation_points(const LinearGaussianPolicyArrays<double>& policy, const Trajectories& samples);

/// max over the samples of D_KL(p_i(u|x) || pi(u|o)), nats: [N,T]. The epsilon_t of Lemma 4.1 over the sampled states.
Array<double, 2> largest_policy_kl(const LinearGaussianPolicyArrays<double>& local, const NeuralGaussianPolicy& global,
                                   const Trajectories& samples);

}  // namespace mdgps
