// The tiles of the packs in backends.hpp, so that each test need not compile them.

#include "kernels/pack.hpp"
#include "kernels/product_tile.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

MDGPS_INSTANTIATE_TILES(Pack<double, 2>)
MDGPS_INSTANTIATE_TILES(Pack<double, 4>)
MDGPS_INSTANTIATE_TILES(Pack<double, 8>)
MDGPS_INSTANTIATE_TILES(Pack<float, 4>)
MDGPS_INSTANTIATE_TILES(Pack<float, 8>)
MDGPS_INSTANTIATE_TILES(Pack<float, 16>)

}  // namespace mdgps::kernels::inline MDGPS_TARGET
