#pragma once
/// This processor's caches. Private to the solver.

#include <cstdint>

namespace mdgps {

/// Of one core; 1 MiB where the system does not tell.
std::int64_t level_2_cache_bytes();

}  // namespace mdgps
