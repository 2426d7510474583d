#include "mdgps/solver/wide/on_blas.hpp"

#include <omp.h>

#include <algorithm>

#include "mdgps/solver/wide/arguments.hpp"
#include "mdgps/solver/wide/wide.hpp"

namespace mdgps::wide {

namespace {

/// Conditions that a thread works on at once. One would do, and leave more room in the cache; a few keep the text of
/// the search the same as on a GPU.
constexpr int slots_of_a_thread = 4;

}  // namespace

template <class Real>
WorkspaceNeeds c_step_on_blas(const BatchShape& shape, const CStepProblem<Real>& problem,
                              const CStepResult<Real>& result, const CStepOptions& options,
                              const Workspace& workspace) {
  const std::int64_t conditions = std::max<std::int64_t>(shape.conditions, 1);
  const int slots = static_cast<int>(std::min<std::int64_t>(slots_of_a_thread, conditions));
  const std::size_t bytes = c_step_bytes<Real>(shape, slots);
  const std::int64_t most_threads = std::min<std::int64_t>(omp_get_max_threads(), conditions);
  const WorkspaceNeeds needs{256 + bytes, 256 + bytes * static_cast<std::size_t>(most_threads)};
  if (workspace.data == nullptr) return needs;

  const std::uintptr_t at = reinterpret_cast<std::uintptr_t>(workspace.data), begin = (at + 255) / 256 * 256;
  const std::int64_t room = static_cast<std::int64_t>((workspace.bytes - (begin - at)) / bytes);
  const int threads = static_cast<int>(std::min(room, most_threads));
  const BlasRoutines<Real>& routines = blas_library().routines<Real>();
#pragma omp parallel for schedule(static, 1) num_threads(threads) if (threads > 1)
  for (int i = 0; i < threads; ++i) {
    Pieces pieces{reinterpret_cast<std::byte*>(begin) + bytes * static_cast<std::size_t>(i)};
    const Shape of_kernels = mdgps::MDGPS_TARGET::shape_of(shape);
    const OnBlas<Real> on(routines);
    CStep<Real, const OnBlas<Real>> step{on, of_kernels, batches_of(problem, result), search_options(options),
                                         CStepMemory<Real>::take(pieces, of_kernels, slots)};
    step.run(shape.conditions * i / threads, shape.conditions * (i + 1) / threads);
  }
  return needs;
}

std::string why_not(Device device) {
  if (device.kind == Device::Kind::cuda || blas_library()) return "";
  return "the wide path needs BLAS and LAPACK on the CPU (" + blas_library().reason +
         "): set MDGPS_BLAS to a shared library that has both, libopenblas.so.0 say";
}

template <class Real>
WorkspaceNeeds c_step(const BatchShape& shape, const CStepProblem<Real>& problem, const CStepResult<Real>& result,
                      const CStepOptions& options, const Workspace& workspace, [[maybe_unused]] Stream stream) {
#if defined(MDGPS_HAS_CUDA)
  if (workspace.device.kind == Device::Kind::cuda)
    return c_step_on_cublas(shape, problem, result, options, workspace, stream);
#endif
  return c_step_on_blas(shape, problem, result, options, workspace);
}

#define MDGPS_INSTANTIATE(Real)                                                                                  \
  template WorkspaceNeeds c_step_on_blas(const BatchShape&, const CStepProblem<Real>&, const CStepResult<Real>&, \
                                         const CStepOptions&, const Workspace&);                                 \
  template WorkspaceNeeds c_step(const BatchShape&, const CStepProblem<Real>&, const CStepResult<Real>&,         \
                                 const CStepOptions&, const Workspace&, Stream);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::wide
