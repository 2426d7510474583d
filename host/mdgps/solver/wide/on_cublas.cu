#include <algorithm>
#include <map>

#include "mdgps/solver/wide/arguments.hpp"
#include "mdgps/solver/wide/on_cublas.cuh"
#include "mdgps/solver/wide/wide.hpp"

namespace mdgps::wide {

namespace {

/// Conditions at work at once: their matrices fill any GPU, and larger batches would only take more memory.
constexpr std::int64_t most_slots = 256;

/// The libraries' handles on one device, of one host thread.
struct Handles {
  cublasHandle_t blas = nullptr;
  cusolverDnHandle_t solver = nullptr;

  Handles() {
    check(cublasCreate(&blas));
    check(cusolverDnCreate(&solver));
  }
  ~Handles() {
    cusolverDnDestroy(solver);
    cublasDestroy(blas);
  }
  Handles(const Handles&) = delete;
};

/// Made at a thread's first call, which therefore takes longer and allocates.
Handles& handles_on(Device device) {
  thread_local std::map<int, Handles> handles;
  return handles.try_emplace(device.index).first->second;
}

void refuse_capture(const std::string& operation, cudaStream_t stream) {
  cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
  check(cudaStreamIsCapturing(stream, &capture));
  if (capture != cudaStreamCaptureStatusNone)
    throw std::invalid_argument(operation +
                                ": the wide path waits for the GPU between its turns, so that a graph cannot capture "
                                "it: set options.path to fused");
}

/// Runs an operation of arguments.hpp with as many conditions at work as the workspace holds.
template <class Real, class Operation>
WorkspaceNeeds run_on_cublas(std::int64_t conditions, const Operation& operation, const Workspace& workspace,
                             cudaStream_t stream) {
  const OnDevice on_device(workspace.device);
  const auto bytes_of = [&](int slots) {
    Pieces counter;
    operation.memory(counter, slots);
    LibraryMemory<Real>::take(counter, slots, slots);
    return counter.used;
  };
  int slots = static_cast<int>(std::clamp<std::int64_t>(conditions, 1, most_slots));
  const WorkspaceNeeds needs{256 + bytes_of(1), 256 + bytes_of(slots)};
  if (workspace.data == nullptr || conditions == 0) return needs;

  const std::uintptr_t at = reinterpret_cast<std::uintptr_t>(workspace.data), begin = (at + 255) / 256 * 256;
  while (slots > 1 && bytes_of(slots) > workspace.bytes - (begin - at)) --slots;
  Pieces pieces{reinterpret_cast<std::byte*>(begin)};
  const auto memory = operation.memory(pieces, slots);
  const Handles& handles = handles_on(workspace.device);
  const OnCublas<Real> on(handles.blas, handles.solver, stream, LibraryMemory<Real>::take(pieces, slots, slots));
  operation.run(on, memory, slots, 0, conditions);
  return needs;
}

}  // namespace

template <class Real>
WorkspaceNeeds c_step_on_cublas(const BatchShape& shape, const CStepProblem<Real>& problem,
                                const CStepResult<Real>& result, const CStepOptions& options,
                                const Workspace& workspace, Stream stream) {
  const cudaStream_t queue = static_cast<cudaStream_t>(stream.handle);
  if (workspace.data != nullptr && shape.conditions > 0) refuse_capture("c_step", queue);
  return run_on_cublas<Real>(shape.conditions, CStepOperation<Real>(shape, problem, result, options), workspace, queue);
}

template <class Real>
WorkspaceNeeds backward_on_cublas(const BatchShape& shape, const LinearGaussianDynamics<const Real>& dynamics,
                                  const QuadraticCost<const Real>& cost, const LinearGaussianPolicy<Real>& policy,
                                  const StatusView& status, const Workspace& workspace, Stream stream) {
  return run_on_cublas<Real>(shape.conditions, BackwardOperation<Real>(shape, dynamics, cost, policy, status),
                             workspace, static_cast<cudaStream_t>(stream.handle));
}

template <class Real>
WorkspaceNeeds forward_on_cublas(const BatchShape& shape, const GaussianState<const Real>& initial,
                                 const LinearGaussianDynamics<const Real>& dynamics,
                                 const LinearGaussianPolicy<const Real>& policy,
                                 const TrajectoryDistribution<Real>& distribution, const StatusView& status,
                                 const Workspace& workspace, Stream stream) {
  return run_on_cublas<Real>(shape.conditions,
                             ForwardOperation<Real>(shape, initial, dynamics, policy, distribution, status), workspace,
                             static_cast<cudaStream_t>(stream.handle));
}

template <class Real>
WorkspaceNeeds fit_on_cublas(const MixtureProblem<Real>& problem, const MixtureOptions& options,
                             const GaussianMixture<Real>& mixture, const MixtureReport<Real>& report,
                             const Workspace& workspace, Stream stream) {
  const OnDevice on_device(workspace.device);
  const MixtureShape shape = shape_of(problem, mixture);
  // The centre is summed with a slot per dimension.
  const int slots = std::max(shape.components, shape.dimensions);
  const int shares = shape.components * static_cast<int>(shape.points);
  Pieces counter{nullptr, mixture_bytes<Real>(shape)};
  LibraryMemory<Real>::take(counter, slots, shares);
  const WorkspaceNeeds needs{256 + counter.used, 256 + counter.used};
  if (workspace.data == nullptr || problem.points.extents[0] == 0) return needs;

  const cudaStream_t queue = static_cast<cudaStream_t>(stream.handle);
  refuse_capture("fit_gaussian_mixture", queue);
  Pieces pieces{reinterpret_cast<std::byte*>((reinterpret_cast<std::uintptr_t>(workspace.data) + 255) / 256 * 256)};
  const auto memory = MixtureMemory<Real>::take(pieces, shape);
  const Handles& handles = handles_on(workspace.device);
  const OnCublas<Real> on(handles.blas, handles.solver, queue, LibraryMemory<Real>::take(pieces, slots, shares));
  fit_mixtures(on, 0, problem.points.extents[0], problem, options, mixture, report, memory);
  return needs;
}

#define MDGPS_INSTANTIATE(Real)                                                                                     \
  template WorkspaceNeeds backward_on_cublas(const BatchShape&, const LinearGaussianDynamics<const Real>&,          \
                                             const QuadraticCost<const Real>&, const LinearGaussianPolicy<Real>&,   \
                                             const StatusView&, const Workspace&, Stream);                          \
  template WorkspaceNeeds forward_on_cublas(                                                                        \
      const BatchShape&, const GaussianState<const Real>&, const LinearGaussianDynamics<const Real>&,               \
      const LinearGaussianPolicy<const Real>&, const TrajectoryDistribution<Real>&, const StatusView&,              \
      const Workspace&, Stream);                                                                                    \
  template WorkspaceNeeds c_step_on_cublas(const BatchShape&, const CStepProblem<Real>&, const CStepResult<Real>&,  \
                                           const CStepOptions&, const Workspace&, Stream);                          \
  template WorkspaceNeeds fit_on_cublas(const MixtureProblem<Real>&, const MixtureOptions&,                         \
                                        const GaussianMixture<Real>&, const MixtureReport<Real>&, const Workspace&, \
                                        Stream);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::wide
