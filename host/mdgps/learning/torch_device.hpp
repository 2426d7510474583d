#pragma once
/// The device that LibTorch works on. Private to the learning layer: includes LibTorch.

#include <c10/core/Device.h>

#include "mdgps/solver/view.hpp"

namespace mdgps {

/// LibTorch's name of a device. Its CUDA part is loaded when a GPU is first asked for, and never linked: programs start
/// on machines without it, and those that stay on the CPU do not wait for a gigabyte of kernels.
/// Throws std::invalid_argument saying what is missing.
c10::Device torch_device(Device device);

}  // namespace mdgps
