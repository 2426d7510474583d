#include <cuda_runtime.h>

#include <cstdio>

#include "mdgps/solver/devices.hpp"

namespace mdgps {

std::vector<std::string> gpus() {
  std::vector<std::string> names;
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) return names;  // no driver, say
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp properties;
    if (cudaGetDeviceProperties(&properties, i) != cudaSuccess) continue;
    char text[sizeof(properties.name) + 64];
    std::snprintf(text, sizeof(text), "%s, %.0f GiB, compute capability %d.%d", properties.name,
                  static_cast<double>(properties.totalGlobalMem) / (1 << 30), properties.major, properties.minor);
    names.push_back(text);
  }
  return names;
}

}  // namespace mdgps
