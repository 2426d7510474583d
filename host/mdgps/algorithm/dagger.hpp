#pragma once
/// DAgger, the supervised baseline: Ross, Gordon, Bagnell, "A reduction of imitation learning and structured prediction
/// to no-regret online learning", AISTATS 2011.

#include "mdgps/simulation/trajectories.hpp"

namespace mdgps {

/// DAgger's data set: the global policy is trained at the states of all iterations' rollouts, which after the first
/// iteration are its own, labelled with the teacher's actions. The teacher is the local policies; they are optimised
/// for the cost alone, from iteration to iteration [MDGPS Eq. (2)], and never adapt to what the global policy can do.
/// (Ross's teacher is finished from the start; this one is not, so that all states are labelled anew.)
///
/// Returns the rollouts of `before`, which may be empty, then those of `samples`, of every condition: states and
/// weights.
Trajectories aggregated(const Trajectories& before, const Trajectories& samples);

}  // namespace mdgps
