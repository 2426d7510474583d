#pragma once
/// How far the global policy is from the local ones, at the states that were sampled.

#include "mdgps/learning/neural_gaussian_policy.hpp"
#include "mdgps/simulation/trajectories.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// By step, so that it can be weighed by step.
struct PolicyDifference {
  Array<double, 3> action;      ///< [N,T,m] mean over the samples of mu_p - mu_pi
  Array<double, 2> mean_kl;     ///< [N,T] mean over the samples of D_KL(p_i(u|x) || pi(u|o)), nats
  Array<double, 2> largest_kl;  ///< [N,T] greatest over the samples: epsilon_t of Lemma 4.1 for the sampled states
};

/// Samples of weight 0 do not count; a condition without others gets zeros. Made where samples and local policies are.
PolicyDifference policy_difference(const LinearGaussianPolicyArrays<double>& local, const NeuralGaussianPolicy& global,
                                   const Trajectories& samples);

}  // namespace mdgps
