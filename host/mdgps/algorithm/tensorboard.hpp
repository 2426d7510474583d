#pragma once
/// The curves of a run as a TensorBoard event file, which is appended to. Private to the algorithm layer.

#include <string>

#include "mdgps/algorithm/iteration_report.hpp"

namespace mdgps {

/// @name Records of the file; `time` in seconds since 1970
/// @{
std::string event_file_start(double time);

/// The run goes on after `iteration`: TensorBoard forgets what it read of later ones.
std::string event_restart(int iteration, double time);

/// Means over the conditions of costs, distances and C-step, and what the iteration's phases took.
std::string iteration_events(const IterationReport& report, double time);
/// @}

}  // namespace mdgps
