#pragma once
/// Calls of the CUDA runtime. Private to the solver.

#include <cuda_runtime.h>

#include <stdexcept>
#include <string>

#include "mdgps/solver/view.hpp"

namespace mdgps {

/// Throws std::runtime_error where a call of the CUDA runtime failed.
inline void check(cudaError_t error) {
  if (error != cudaSuccess) throw std::runtime_error(std::string("CUDA: ") + cudaGetErrorString(error));
}

/// Makes a device the thread's current one while it lives.
class OnDevice {
 public:
  explicit OnDevice(Device device) {
    check(cudaGetDevice(&previous_));
    if (device.index != previous_) check(cudaSetDevice(device.index));
  }
  ~OnDevice() { cudaSetDevice(previous_); }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;

 private:
  int previous_ = 0;
};

}  // namespace mdgps
