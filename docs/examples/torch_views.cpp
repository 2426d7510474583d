// The solver on tensors: views of their memory, nothing is copied. On the CPU, and, where LibTorch and mdgps are built
// for CUDA and there is a GPU, on the caller's stream.

#include <ATen/ATen.h>
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <mdgps/solver/backward_pass.hpp>
#ifdef TORCH_HAS_CUDA  // set by CMakeLists.txt
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#endif

constexpr int N = 16, T = 25, n = 3, m = 2;

mdgps::Device place_of(const at::Tensor& tensor) {
  return tensor.is_cuda() ? mdgps::Device{mdgps::Device::Kind::cuda, tensor.get_device()} : mdgps::Device{};
}

template <int Rank, class T = double>
mdgps::View<T, Rank> view(const at::Tensor& tensor) {
  mdgps::View<T, Rank> view;
  view.data = static_cast<T*>(tensor.data_ptr());
  for (int d = 0; d < Rank; ++d) {
    view.extents[d] = tensor.size(d);
    view.strides[d] = tensor.stride(d);
  }
  view.device = place_of(tensor);
  return view;
}

struct Problem {
  at::Tensor transition, offset, noise;      // dynamics
  at::Tensor hessian, gradient, constant;    // cost
  at::Tensor gain, feedforward, covariance;  // out: the policy
  at::Tensor status;                         // out: [N] of 32 bits each

  Problem to(at::Device device) const {
    Problem moved = *this;
    for (at::Tensor* tensor : {&moved.transition, &moved.offset, &moved.noise, &moved.hessian, &moved.gradient,
                               &moved.constant, &moved.gain, &moved.feedforward, &moved.covariance, &moved.status})
      *tensor = tensor->to(device, /*non_blocking=*/true);
    return moved;
  }
};

Problem random_problem() {
  at::manual_seed(0);
  const auto options = at::TensorOptions().dtype(at::kDouble);
  return {.transition = at::eye(n, n + m, options) + 0.1 * at::randn({N, T, n, n + m}, options),
          .offset = at::zeros({N, T, n}, options),
          .noise = (1e-3 * at::eye(n, options)).expand({N, T, n, n}),  // stride 0: one matrix for all
          .hessian = at::eye(n + m, options).expand({N, T, n + m, n + m}),
          .gradient = at::randn({N, T, n + m}, options),
          .constant = at::zeros({N, T}, options),
          .gain = at::empty({N, T, m, n}, options),
          .feedforward = at::empty({N, T, m}, options),
          .covariance = at::empty({N, T, m, m}, options),
          .status = at::full({N}, -1, at::kInt)};
}

/// The backward pass where the tensors are. The workspace is a tensor, too. `stream` is LibTorch's current one on a
/// GPU: its allocator then knows when the workspace's memory is free again.
void solve(const Problem& p, mdgps::Stream stream) {
  const mdgps::Device device = place_of(p.gain);
  const auto bytes = mdgps::backward_pass_workspace_size<double>({N, T, n, m}, device);
  const at::Tensor workspace = at::empty({static_cast<std::int64_t>(bytes)}, p.gain.options().dtype(at::kByte));
  mdgps::backward_pass<double>({view<4>(p.transition), view<3>(p.offset), view<4>(p.noise)},
                               {view<4>(p.hessian), view<3>(p.gradient), view<2>(p.constant)},
                               {view<4>(p.gain), view<3>(p.feedforward), view<4>(p.covariance)},
                               view<1, mdgps::Status>(p.status), {workspace.data_ptr(), bytes, device}, stream);
}

/// At the last step the best action is -Quu^-1 (Qux x + qu), with Quu = I and Qux = 0 here.
bool correct(const Problem& p) {
  const at::Tensor expected = -p.gradient.select(1, T - 1).slice(1, n, n + m);
  return at::allclose(p.feedforward.select(1, T - 1), expected) &&
         (p.status == static_cast<int>(mdgps::Status::ok)).all().item<bool>();
}

bool report(const char* where, const Problem& p) {
  const bool good = correct(p);
  std::printf("%s: %d policies in tensors of shape [%d,%d,%d,%d]: %s\n", where, N, N, T, m, n,
              good ? "as expected" : "wrong");
  return good;
}

#ifdef TORCH_HAS_CUDA
/// Copies to the GPU, solves and copies back, all in the order of one stream that is not the default one.
bool on_a_stream(const Problem& on_cpu) {
  const c10::cuda::CUDAStream stream = c10::cuda::getStreamFromPool();
  const c10::cuda::CUDAStreamGuard current(stream);
  const Problem on_gpu = on_cpu.to(at::Device(at::kCUDA, stream.device_index()));
  solve(on_gpu, {stream.stream()});
  const Problem back = on_gpu.to(at::kCPU);
  stream.synchronize();
  return report("on a stream of the GPU", back) && at::allclose(back.gain, on_cpu.gain);
}
#endif

int main() {
#ifdef TORCH_HAS_CUDA
  // LibTorch's CUDA side registers itself when it is loaded, and is looked for at the first call of LibTorch.
  if (!dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL)) std::printf("%s\n", dlerror());
#endif
  const Problem problem = random_problem();
  solve(problem, {});
  bool good = report("on the CPU", problem);
#ifdef TORCH_HAS_CUDA
  if (at::hasCUDA()) {
    good &= on_a_stream(problem);
  } else {
    std::printf("on a stream of the GPU: left out, as LibTorch finds no GPU\n");
  }
#else
  std::printf("on a stream of the GPU: left out, as this build has no CUDA\n");
#endif
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
