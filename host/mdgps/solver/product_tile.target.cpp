#if !defined(__CUDACC__)
#include "kernels/product_tile.hpp"

#include "kernels/pack.hpp"

// Packs of a register's width, and half packs.
namespace mdgps::kernels::inline MDGPS_TARGET {

#if defined(__AVX512F__)
MDGPS_INSTANTIATE_TILES(Pack<double, 8>)
MDGPS_INSTANTIATE_TILES(Pack<double, 4>)
MDGPS_INSTANTIATE_TILES(Pack<float, 16>)
MDGPS_INSTANTIATE_TILES(Pack<float, 8>)
#elif defined(__AVX2__)
MDGPS_INSTANTIATE_TILES(Pack<double, 4>)
MDGPS_INSTANTIATE_TILES(Pack<float, 8>)
#else
MDGPS_INSTANTIATE_TILES(Pack<double, 2>)
MDGPS_INSTANTIATE_TILES(Pack<float, 4>)
#endif

}  // namespace mdgps::kernels::inline MDGPS_TARGET
#endif
