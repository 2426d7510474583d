#include "mdgps/solver/memory.hpp"

#include <cstdint>
#include <cstring>
#include <new>
#include <stdexcept>

#if defined(MDGPS_HAS_CUDA)
#include "mdgps/solver/device_memory.hpp"
#endif
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace mdgps {
namespace {

/// Arrays begin with a cache line, so that matrices of whole lines are in no line more.
constexpr std::align_val_t alignment{64};

/// Asks for pages of 2 MiB under memory that no page has yet: a pass reads so many arrays of so many conditions at once
/// that small pages' addresses are looked up again and again.
void ask_for_large_pages([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t bytes) {
#if defined(__linux__)
  constexpr std::size_t page = std::size_t{1} << 21;
  if (bytes < 2 * page) return;
  const auto begin = (reinterpret_cast<std::uintptr_t>(memory) + page - 1) / page * page;
  const auto end = (reinterpret_cast<std::uintptr_t>(memory) + bytes) / page * page;
  madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);  // a wish: no matter if it is not granted
#endif
}

}  // namespace

void* allocate_shared(Device device, std::size_t bytes) {
  if (device.kind == Device::Kind::cuda) {
#if defined(MDGPS_HAS_CUDA)
    return allocate_unified(device, bytes);
#else
    throw std::invalid_argument(
        "memory for a GPU, but this mdgps was built without CUDA: build it with -DMDGPS_CUDA=ON");
#endif
  }
  void* const memory = ::operator new(bytes, alignment);
  ask_for_large_pages(memory, bytes);
  return std::memset(memory, 0, bytes);
}

void free_shared([[maybe_unused]] Device device, void* memory) noexcept {
#if defined(MDGPS_HAS_CUDA)
  if (device.kind == Device::Kind::cuda) return free_unified(device, memory);
#endif
  ::operator delete(memory, alignment);
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
