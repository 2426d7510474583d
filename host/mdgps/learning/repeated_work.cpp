#include "mdgps/learning/repeated_work.hpp"

#include <utility>

#if defined(MDGPS_HAS_CUDA)
#include <c10/core/impl/VirtualGuardImpl.h>
#include <cuda_runtime_api.h>

#include <map>
#include <stdexcept>
#include <string>
#endif

namespace mdgps {

#if defined(MDGPS_HAS_CUDA)

/// LibTorch's streams are reached through its interface for all devices: its CUDA part is not linked
/// (torch_device.hpp).
class RepeatedWork::OnGpu {
 public:
  explicit OnGpu(c10::Device device) : guard_(device.type()), previous_(guard_.getStream(device)) {
    guard_.synchronizeStream(previous_);
    stream_ = own_stream(guard_, device);
    guard_.exchangeStream(stream_);
  }
  ~OnGpu() {
    cudaStreamSynchronize(handle());
    if (graph_ != nullptr) cudaGraphExecDestroy(graph_);
    guard_.exchangeStream(previous_);
  }
  OnGpu(const OnGpu&) = delete;
  OnGpu& operator=(const OnGpu&) = delete;

  void run(const std::function<void()>& work) {
    if (graph_ != nullptr) return check(cudaGraphLaunch(graph_, handle()));
    if (warm_) {
      record(work);
      return run(work);
    }
    work();
    warm_ = true;
  }
  void finish() { guard_.synchronizeStream(stream_); }

 private:
  /// The same every time: LibTorch keeps a workspace of cuBLAS for each stream that has multiplied.
  static c10::Stream own_stream(const c10::impl::VirtualGuardImpl& guard, c10::Device device) {
    thread_local std::map<c10::DeviceIndex, c10::Stream> streams;
    const auto found = streams.find(device.index());
    return found != streams.end()
               ? found->second
               : streams.emplace(device.index(), guard.getStreamFromGlobalPool(device)).first->second;
  }

  static void check(cudaError_t error) {
    if (error != cudaSuccess) throw std::runtime_error(std::string("CUDA: ") + cudaGetErrorString(error));
  }
  cudaStream_t handle() const { return static_cast<cudaStream_t>(guard_.getStreamNativeHandle(stream_)); }

  void record(const std::function<void()>& work) {
    finish();
    cudaGraph_t recorded = nullptr;
    check(cudaStreamBeginCapture(handle(), cudaStreamCaptureModeThreadLocal));
    try {
      work();
    } catch (...) {
      cudaStreamEndCapture(handle(), &recorded);
      if (recorded != nullptr) cudaGraphDestroy(recorded);
      cudaGetLastError();  // what went wrong is thrown on: the next launch must not find it
      throw;
    }
    check(cudaStreamEndCapture(handle(), &recorded));
    const cudaError_t error = cudaGraphInstantiate(&graph_, recorded, 0);
    cudaGraphDestroy(recorded);
    check(error);
  }

  c10::impl::VirtualGuardImpl guard_;
  c10::Stream previous_, stream_ = previous_;
  bool warm_ = false;
  cudaGraphExec_t graph_ = nullptr;
};

#else

/// Never made: torch_device refuses GPUs in a build without CUDA.
class RepeatedWork::OnGpu {
 public:
  explicit OnGpu(c10::Device) {}
  void run(const std::function<void()>& work) { work(); }
  void finish() {}
};

#endif

RepeatedWork::RepeatedWork(c10::Device device, std::function<void()> work)
    : work_(std::move(work)), gpu_(std::make_unique<OnGpu>(device)) {}
RepeatedWork::~RepeatedWork() = default;

void RepeatedWork::operator()() { gpu_->run(work_); }

void RepeatedWork::finish() { gpu_->finish(); }

}  // namespace mdgps
