#include "mdgps/solver/memory.hpp"

#include <cstring>
#include <new>
#include <stdexcept>

#if defined(MDGPS_HAS_CUDA)
#include "mdgps/solver/device_memory.hpp"
#endif

namespace mdgps {

void* allocate_shared(Device device, std::size_t bytes) {
  if (device.kind == Device::Kind::cuda) {
#if defined(MDGPS_HAS_CUDA)
    return allocate_unified(device, bytes);
#else
    throw std::invalid_argument(
        "memory for a GPU, but this mdgps was built without CUDA: build it with -DMDGPS_CUDA=ON");
#endif
  }
  return std::memset(::operator new(bytes), 0, bytes);
}

void free_shared([[maybe_unused]] Device device, void* memory) noexcept {
#if defined(MDGPS_HAS_CUDA)
  if (device.kind == Device::Kind::cuda) return free_unified(device, memory);
#endif
  ::operator delete(memory);
}

void copy_shared([[maybe_unused]] Device device, void* to, const void* from, std::size_t bytes) {
#if defined(MDGPS_HAS_CUDA)
  if (device.kind == Device::Kind::cuda) return copy_unified(device, to, from, bytes);
#endif
  std::memcpy(to, from, bytes);
}

void wait_for([[maybe_unused]] Device device) {
#if defined(MDGPS_HAS_CUDA)
  if (device.kind == Device::Kind::cuda) wait_for_default_stream(device);
#endif
}

}  // namespace mdgps
