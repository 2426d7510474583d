#pragma once
/// A run's folder as the commands that use its policy read it.

#include <filesystem>
#include <memory>

#include "mdgps/learning/neural_gaussian_policy.hpp"
#include "mdgps/simulation/rollout.hpp"
#include "mdgps/simulation/task.hpp"

namespace mdgps {

/// The task of the run, from its config.toml. Throws UsageError where the folder is none of a run.
Task load_run_task(const std::filesystem::path& folder);

/// The policy that the run trained for `task`. Throws UsageError where it is missing, damaged or of another task.
NeuralGaussianPolicy load_run_policy(const std::filesystem::path& folder, const Task& task);

/// Likewise, as rollouts take it: the network, or the linear policy of Algorithm 2.
std::shared_ptr<const Controller> load_run_controller(const std::filesystem::path& folder, const Task& task);

}  // namespace mdgps
