#pragma once
/// Views as tensors, and the checks at the door of the learning layer. Private to the learning layer:
/// includes LibTorch.

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "mdgps/learning/torch_device.hpp"
#include "mdgps/solver/view.hpp"

namespace mdgps {

/// The same memory as a tensor.
template <class T, int Rank>
at::Tensor to_tensor(const View<T, Rank>& view) {
  const c10::Device device = torch_device(view.device);
  return at::for_blob(const_cast<std::remove_const_t<T>*>(view.data), view.extents)
      .strides(view.strides)
      .options(at::TensorOptions().dtype(at::kDouble).device(device))
      .target_device(device)
      .make_tensor();
}

/// Throws std::invalid_argument unless `view` is in memory of this device and has these extents; -1 stands for any
/// length.
template <class T, int Rank>
void require_shape(const View<T, Rank>& view, const std::array<std::int64_t, Rank>& expected, const char* name,
                   Device device = {}) {
  const auto text = [](const std::array<std::int64_t, Rank>& extents) {
    std::string s = "[";
    for (int d = 0; d < Rank; ++d) s += (d ? "," : "") + (extents[d] < 0 ? "*" : std::to_string(extents[d]));
    return s + "]";
  };
  if (view.device != device) {
    throw std::invalid_argument(name + (device == Device{} ? std::string(": is in device memory, expected host memory")
                                                           : ": is on another device than the observations"));
  }
  for (int d = 0; d < Rank; ++d) {
    if (expected[d] >= 0 && view.extents[d] != expected[d]) {
      throw std::invalid_argument(std::string(name) + ": got " + text(view.extents) + ", expected " + text(expected));
    }
  }
}

/// While it lives, LibTorch works on the calling thread alone. Sums split over threads round differently, and a
/// minibatch is too little work to share. The count is set even where LibTorch says it is 1 already: it then reads
/// OpenMP's, and its BLAS may hold another one from an earlier call.
class SingleThread {
 public:
  SingleThread() : before_(at::get_num_threads()) { at::set_num_threads(1); }
  ~SingleThread() { at::set_num_threads(before_); }
  SingleThread(const SingleThread&) = delete;
  SingleThread& operator=(const SingleThread&) = delete;

 private:
  int before_;
};

}  // namespace mdgps
