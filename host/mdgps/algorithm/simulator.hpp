#pragma once
/// Who makes a run's rollouts.

#include <optional>

#include "mdgps/algorithm/training_run.hpp"
#include "mdgps/learning/neural_gaussian_policy.hpp"
#include "mdgps/simulation/point_mass_task.hpp"
#include "mdgps/simulation/rollout.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// Rolls policies out in a task's own conditions: in MuJoCo on the CPU, or by the solver on the resources' device where
/// they ask for that and the task is a point mass. The task must outlive it.
class Simulator {
 public:
  Simulator(const Task& task, const Resources& resources);

  /// Of the local policies: [N,T,m,n] [N,T,m] [N,T,m,m].
  Trajectories roll_out(const LinearGaussianPolicy<const double>& policy, const RolloutOptions& options) const;
  /// Of the global policy, in every condition.
  Trajectories roll_out(const NeuralGaussianPolicy& policy, const RolloutOptions& options) const;

 private:
  const Task& task_;
  Device device_;
  std::optional<PointMassTask> point_mass_;  ///< where the solver simulates the task
};

}  // namespace mdgps
