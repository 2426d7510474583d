#pragma once
/// Work that a GPU does over and over on the same memory. Private to the learning layer: includes LibTorch.

#include <c10/core/Device.h>

#include <functional>
#include <memory>

namespace mdgps {

/// A function whose kernels are recorded as a CUDA graph after its first call, which warms LibTorch up, and from then
/// on launched all at once: a minibatch is a score of kernels of a few microseconds each, which cost more to launch one
/// by one than to run.
///
/// The work runs on a stream of its own, after all that was enqueued before this object was made. What it reads and
/// writes must lie where it lies, and nothing else may allocate on that stream while the object lives. `finish` waits
/// for it.
class RepeatedWork {
 public:
  RepeatedWork(c10::Device device, std::function<void()> work);
  ~RepeatedWork();
  RepeatedWork(const RepeatedWork&) = delete;
  RepeatedWork& operator=(const RepeatedWork&) = delete;

  void operator()();
  void finish();

 private:
  class OnGpu;
  std::function<void()> work_;
  std::unique_ptr<OnGpu> gpu_;
};

}  // namespace mdgps
