#pragma once

#include <string>

#include "mdgps/solver/export.hpp"
#include "mdgps/solver/view.hpp"

namespace mdgps {

/// Why the S-step cannot run on a device, and what to do; empty where it can. Loads LibTorch's CUDA part when a GPU is
/// asked for, which has to come before anything else in the process asks LibTorch whether it has CUDA.
MDGPS_API std::string why_no_training_on(Device device);

/// Throws std::invalid_argument with that reason, where there is one.
MDGPS_API void require_training_on(Device device);

}  // namespace mdgps
