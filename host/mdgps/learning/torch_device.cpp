#include "mdgps/learning/torch_device.hpp"

#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <dlfcn.h>

#include <stdexcept>
#include <string>

#include "mdgps/learning/training_devices.hpp"

namespace mdgps {

std::string why_no_training_on(Device device) {
  if (device.kind == Device::Kind::cpu) return "";
#if defined(MDGPS_HAS_CUDA)
  // Its libraries register themselves with the part for the CPU, which is linked.
  if (!c10::impl::hasDeviceGuardImpl(c10::kCUDA) && dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr)
    return std::string("LibTorch's CUDA part cannot be loaded (") + dlerror() +
           "); build with the LibTorch of an installation that has CUDA, such as PyTorch's: -DTorch_DIR=<its folder "
           "share/cmake/Torch>";
  const int count =
      c10::impl::hasDeviceGuardImpl(c10::kCUDA) ? c10::impl::getDeviceGuardImpl(c10::kCUDA)->deviceCount() : 0;
  if (device.index >= count)
    return count == 0 ? "this machine has no GPU that LibTorch can use"
                      : "this machine has " + std::to_string(count) + " GPUs, counted from 0";
  return "";
#else
  return "this mdgps was built without CUDA; build it with -DMDGPS_CUDA=ON";
#endif
}

void require_training_on(Device device) {
  const std::string reason = why_no_training_on(device);
  if (!reason.empty()) throw std::invalid_argument("CUDA device " + std::to_string(device.index) + ": " + reason);
}

c10::Device torch_device(Device device) {
  if (device.kind == Device::Kind::cpu) return c10::kCPU;
  require_training_on(device);
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(device.index)};
}

}  // namespace mdgps
