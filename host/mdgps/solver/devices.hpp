#pragma once

#include <string>
#include <vector>

#include "mdgps/solver/export.hpp"

namespace mdgps {

/// The GPUs that the solver can run on, in the order of Device::index: name, memory and compute capability. Empty where
/// the machine has none, or no driver, and in a build without CUDA.
MDGPS_API std::vector<std::string> gpus();

}  // namespace mdgps
