#pragma once
/// Whether the cost's derivatives are those of the cost, before anybody trains on them.

#include <string>
#include <vector>

#include "mdgps/simulation/task.hpp"
#include "mdgps/simulation/trajectories.hpp"
#include "mdgps/solver/export.hpp"

namespace mdgps {

/// Of one term of the cost, over all states that were looked at. In the cost's units per unit of state or action.
struct DerivativeCheck {
  double largest_gradient = 0;  ///< largest entry of a gradient
  double largest_error = 0;     ///< largest difference of a gradient's entry from central differences

  bool passed() const { return largest_error <= 1e-4 * (1.0 + largest_gradient); }
};

/// Compares every term's gradient with central differences, at the first, middle and last state of each condition's
/// first trajectory. Differences in joint positions put the simulator there, so that sites and their Jacobians are
/// checked too. paths   rollouts of the task's conditions; those of weight 0 are left out Returns one check per term of
/// task.cost. Of a task that was loaded from a file.
MDGPS_API std::vector<DerivativeCheck> check_cost_derivatives(const Task& task, const Trajectories& paths);

/// Names of the joints that move a point and are not among the task's joints: the derivatives of a cost on points lack
/// their part. Of a task that was loaded from a file.
MDGPS_API std::vector<std::string> joints_left_out(const Task& task);

}  // namespace mdgps
