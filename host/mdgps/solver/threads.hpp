#pragma once
/// How many threads the solver uses on the CPU.

#include "mdgps/solver/export.hpp"

namespace mdgps {

/// Sets the number of OpenMP threads of the calling thread's next workspaces; at least 1. The number at the time of
/// asking for a workspace's size is the number that an operation runs on.
MDGPS_API void set_solver_threads(int threads);

}  // namespace mdgps
