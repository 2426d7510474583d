#pragma once
/// Tasks that the solver simulates itself, where its memory is.

#include <string>

#include "mdgps/simulation/rollout.hpp"
#include "mdgps/simulation/task.hpp"
#include "mdgps/simulation/trajectories.hpp"
#include "mdgps/solver/export.hpp"
#include "mdgps/solver/point_mass.hpp"

namespace mdgps {

/// A task as a point mass: one body that slides along axes of the world without turning, driven by motors, and touches
/// fixed capsules and spheres without friction, one at a time. What its MuJoCo model says is read once.
class MDGPS_API PointMassTask {
 public:
  explicit PointMassTask(const Task& task);

  /// Why the task is none, in words that follow "the task is no point mass: "; empty where it is one. Beside the
  /// model's parts, single steps from random states, near every obstacle too, must be those of MuJoCo.
  const std::string& why_not() const { return why_not_; }

  /// Rollouts of the local policies or of a network in the task's own conditions, on the device of the policy, where
  /// the trajectories then are. The noise is that of MuJoCo's rollouts: draws by the same keys.
  /// Throws std::logic_error where the task is no point mass.
  Trajectories roll_out(const PointMassPolicy<double>& policy, const RolloutOptions& options) const;

 private:
  std::string why_not_;
  PointMass mass_;
  Array<double, 2> start_;    // [N,n]
  Array<double, 2> anchors_;  // [N,k]
  std::vector<int> observation_entries_;
  int horizon_, distance_point_;
};

}  // namespace mdgps
