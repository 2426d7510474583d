#include "mdgps/solver/caches.hpp"

#include <unistd.h>

namespace mdgps {

std::int64_t level_2_cache_bytes() {
  static const std::int64_t bytes = [] {
#if defined(_SC_LEVEL2_CACHE_SIZE)
    if (const long told = ::sysconf(_SC_LEVEL2_CACHE_SIZE); told > 0) return std::int64_t{told};
#endif
    return std::int64_t{1} << 20;
  }();
  return bytes;
}

}  // namespace mdgps
