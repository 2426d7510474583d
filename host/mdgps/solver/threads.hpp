#pragma once
/// How many threads the solver uses on the CPU.

#include <cstddef>

namespace mdgps {

/// Bytes of a CPU workspace whose operation needs `bytes_per_thread` of scratch: one share per OpenMP thread, and room
/// to align. The number of threads at the time of asking is the number an operation runs on. Private to the solver.
std::size_t cpu_workspace_bytes(std::size_t bytes_per_thread);

/// Sets the number of OpenMP threads of the calling thread's next workspaces; at least 1.
void set_solver_threads(int threads);

}  // namespace mdgps
