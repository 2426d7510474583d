#include "mdgps/solver/devices.hpp"

#if !defined(MDGPS_HAS_CUDA)  // else devices.cu

namespace mdgps {

std::vector<std::string> gpus() { return {}; }

}  // namespace mdgps

#endif
