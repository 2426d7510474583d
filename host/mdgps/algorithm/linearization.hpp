#pragma once
/// pi-bar, the time-varying linear-Gaussian approximation of the global policy around each condition's samples.
/// [MDGPS 3.1]

#include "mdgps/algorithm/regression_prior.hpp"
#include "mdgps/learning/neural_gaussian_policy.hpp"
#include "mdgps/simulation/trajectories.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// mu(o) of every sample, where the samples are: [N,S,T,m].
Array<double, 4> mean_actions(const NeuralGaussianPolicy& policy, const Trajectories& samples);

/// The network's mean actions regressed on the states, with the mixture prior over [x; mu(o)]; what the regression
/// leaves unexplained is added to the policy's covariance. The paper's choice. The samples are on the prior's device.
/// adds   in_place_of_newest where the prior has seen these samples already, under the network that was
LinearGaussianPolicyArrays<double> linearize_by_regression(
    const NeuralGaussianPolicy& policy, const Trajectories& samples, RegressionPrior& prior, std::uint64_t seed,
    std::uint32_t iteration, RegressionPrior::Adds adds = RegressionPrior::Adds::new_trajectories);

/// The network's Jacobian, averaged over the samples of a step, through the samples' mean. Made where the samples are.
/// observation_entries [o]   the state entry of each observation entry
LinearGaussianPolicyArrays<double> linearize_by_jacobian(const NeuralGaussianPolicy& policy,
                                                         const Trajectories& samples,
                                                         std::span<const int> observation_entries);

}  // namespace mdgps
