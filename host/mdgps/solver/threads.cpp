#include "mdgps/solver/threads.hpp"

#include <omp.h>

#include <algorithm>

namespace mdgps {

std::size_t cpu_workspace_bytes(std::size_t bytes_per_thread) {
  return 64 + bytes_per_thread * static_cast<std::size_t>(std::max(1, omp_get_max_threads()));
}

void set_solver_threads(int threads) { omp_set_num_threads(std::max(1, threads)); }

}  // namespace mdgps
