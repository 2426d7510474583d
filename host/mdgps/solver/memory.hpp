#pragma once
/// Memory that the host reads and writes, whatever device it serves.

#include <cstddef>
#include <type_traits>
#include <utility>

#include "mdgps/solver/export.hpp"
#include "mdgps/solver/view.hpp"

namespace mdgps {

/// Zeroed memory for a device, which begins with a cache line: the CPU's own, or CUDA's unified memory, whose pages
/// move to where they are used.
/// Throws std::bad_alloc where there is no more, std::invalid_argument for a GPU in a build without CUDA.
MDGPS_API void* allocate_shared(Device device, std::size_t bytes);
/// Gives it back, when the device's work on it is done.
MDGPS_API void free_shared(Device device, void* memory) noexcept;
/// Copies between such memory, or between it and the host's; on a GPU the pages stay where they are.
MDGPS_API void copy_shared(Device device, void* to, const void* from, std::size_t bytes);

/// Waits until the work on a device's default stream is done. Nothing to wait for on the CPU.
/// Throws std::runtime_error where that work failed.
MDGPS_API void wait_for(Device device);

/// Elements in such memory, zero at first.
template <class T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Buffer() = default;
  Buffer(std::size_t size, Device device)
      : data_(size == 0 ? nullptr : static_cast<T*>(allocate_shared(device, size * sizeof(T)))),
        size_(size),
        device_(device) {}
  /// A copy on a device.
  Buffer(const Buffer& other, Device device) : Buffer(other.size_, device) {
    if (size_ > 0) copy_shared(device == Device{} ? other.device_ : device, data_, other.data_, size_ * sizeof(T));
  }
  Buffer(const Buffer& other) : Buffer(other, other.device_) {}
  Buffer(Buffer&& other) noexcept : Buffer() { swap(other); }
  Buffer& operator=(Buffer other) noexcept {
    swap(other);
    return *this;
  }
  ~Buffer() {
    if (data_ != nullptr) free_shared(device_, data_);
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }
  Device device() const { return device_; }

 private:
  void swap(Buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(device_, other.device_);
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
  Device device_{};
};

}  // namespace mdgps
