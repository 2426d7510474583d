#pragma once
/// The local controllers that the first iteration's samples come from. Private to the algorithm layer.

#include "mdgps/simulation/task.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// For each condition, maximum-entropy LQR that holds the start state on guessed dynamics: per joint a double
/// integrator x' = x + dt v + dt^2 g u, v' = v + dt g u, other states left out.
/// Throws std::runtime_error when the settings make no stabilising controller (a gain or variance of 0, say).
LinearGaussianPolicyArrays<double> initial_policy(const Task& task);

}  // namespace mdgps
