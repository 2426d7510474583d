#pragma once
/// Rollouts as movements that can be drawn.

#include <array>
#include <vector>

#include "mdgps/simulation/rollout.hpp"
#include "mdgps/simulation/task.hpp"
#include "mdgps/solver/export.hpp"

namespace mdgps {

/// How the system moved in one condition.
struct Motion {
  int condition = 0;
  std::vector<std::vector<double>> positions{};  ///< [T][nq] MuJoCo's qpos; fewer than T where the simulation diverged
  std::vector<std::array<double, 3>> path{};     ///< [T] of the point whose distance counts, in the world, metres
  std::array<double, 3> target{};                ///< of that point
};

/// Rolls the controller's mean action out.
/// condition   0..N-1: the task's conditions; N, N+1, ...: its held-out ones
/// Throws std::invalid_argument where the task is not one of a file, and has no model to move.
MDGPS_API Motion record_motion(const Task& task, const Controller& controller, int condition);

}  // namespace mdgps
