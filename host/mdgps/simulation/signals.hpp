#pragma once
/// What goes into a policy and what comes out of it, in words that somebody else's program can rely on.

#include <string>
#include <vector>

#include "mdgps/simulation/task.hpp"
#include "mdgps/solver/export.hpp"

namespace mdgps {

/// One entry of a policy's input or output.
struct Signal {
  std::string name;
  std::string
      unit;  ///< "rad", "rad/s", "m", "m/s", "N", "N m"; "control" for the input of an actuator that is no motor
  double low, high;  ///< limits; infinite where there are none

  /// [N] of each condition, the coordinate of the target that the entry is measured from: a point's entry is its
  /// position in the world less this. Empty for everything else.
  std::vector<double> targets{};
};

/// Of each entry of the observation [o], in order. Of a task that was loaded from a file.
MDGPS_API std::vector<Signal> observation_signals(const Task& task);

/// Of each action [m], in order, with the limits (ctrlrange) that the simulator applies. Likewise.
MDGPS_API std::vector<Signal> action_signals(const Task& task);

}  // namespace mdgps
