#include "mdgps/solver/threads.hpp"

#include <omp.h>

#include <algorithm>

namespace mdgps {

void set_solver_threads(int threads) { omp_set_num_threads(std::max(1, threads)); }

}  // namespace mdgps
