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

/// A workspace as the threads' shares of it, each for its own part of the conditions.
class Shares {
 public:
  Shares(std::size_t bytes, std::int64_t conditions)
      : bytes_(bytes),
        conditions_(conditions),
        most_threads_(std::clamp<std::int64_t>(conditions, 1, omp_get_max_threads())) {}

  /// body(pieces, first, end) for each thread's conditions. Without a workspace nothing runs.
  template <class Body>
  WorkspaceNeeds run(const Workspace& workspace, const Body& body) const {
    if (workspace.data != nullptr) {
      const std::uintptr_t at = reinterpret_cast<std::uintptr_t>(workspace.data), begin = (at + 255) / 256 * 256;
      const auto room = static_cast<std::int64_t>((workspace.bytes - (begin - at)) / bytes_);
      const int threads = static_cast<int>(std::min(room, most_threads_));
#pragma omp parallel for schedule(static, 1) num_threads(threads) if (threads > 1)
      for (int i = 0; i < threads; ++i) {
        Pieces pieces{reinterpret_cast<std::byte*>(begin) + bytes_ * static_cast<std::size_t>(i)};
        body(pieces, conditions_ * i / threads, conditions_ * (i + 1) / threads);
      }
    }
    return {256 + bytes_, 256 + bytes_ * static_cast<std::size_t>(most_threads_)};
  }

 private:
  std::size_t bytes_;
  std::int64_t conditions_, most_threads_;
};

/// Runs an operation of arguments.hpp.
template <class Real, class Operation>
WorkspaceNeeds run_on_blas(std::int64_t conditions, const Operation& operation, const Workspace& workspace) {
  const int slots = static_cast<int>(std::clamp<std::int64_t>(conditions, 1, slots_of_a_thread));
  Pieces counter;
  operation.memory(counter, slots);
  const BlasRoutines<Real>& routines = blas_library().routines<Real>();  // loaded before threads start
  return Shares(counter.used, conditions).run(workspace, [&](Pieces& pieces, std::int64_t first, std::int64_t end) {
    const OnBlas<Real> on(routines);
    operation.run(on, operation.memory(pieces, slots), slots, first, end);
  });
}

}  // namespace

template <class Real>
WorkspaceNeeds c_step_on_blas(const BatchShape& shape, const CStepProblem<Real>& problem,
                              const CStepResult<Real>& result, const CStepOptions& options,
                              const Workspace& workspace) {
  return run_on_blas<Real>(shape.conditions, CStepOperation<Real>(shape, problem, result, options), workspace);
}

template <class Real>
WorkspaceNeeds backward_on_blas(const BatchShape& shape, const LinearGaussianDynamics<const Real>& dynamics,
                                const QuadraticCost<const Real>& cost, const LinearGaussianPolicy<Real>& policy,
                                const StatusView& status, const Workspace& workspace) {
  return run_on_blas<Real>(shape.conditions, BackwardOperation<Real>(shape, dynamics, cost, policy, status), workspace);
}

template <class Real>
WorkspaceNeeds forward_on_blas(const BatchShape& shape, const GaussianState<const Real>& initial,
                               const LinearGaussianDynamics<const Real>& dynamics,
                               const LinearGaussianPolicy<const Real>& policy,
                               const TrajectoryDistribution<Real>& distribution, const StatusView& status,
                               const Workspace& workspace) {
  return run_on_blas<Real>(shape.conditions,
                           ForwardOperation<Real>(shape, initial, dynamics, policy, distribution, status), workspace);
}

template <class Real>
WorkspaceNeeds fit_on_blas(const MixtureProblem<Real>& problem, const MixtureOptions& options,
                           const GaussianMixture<Real>& mixture, const MixtureReport<Real>& report,
                           const Workspace& workspace) {
  const std::int64_t conditions = problem.points.extents[0];
  const MixtureShape shape = shape_of(problem, mixture);
  const Shares shares(mixture_bytes<Real>(shape), conditions);
  const BlasRoutines<Real>& routines = blas_library().routines<Real>();  // loaded before threads start
  return shares.run(workspace, [&](Pieces& pieces, std::int64_t first, std::int64_t end) {
    const OnBlas<Real> on(routines);
    fit_mixtures(on, first, end, problem, options, mixture, report, MixtureMemory<Real>::take(pieces, shape));
  });
}

std::string why_not(Device device) {
  if (device.kind == Device::Kind::cuda || blas_library()) return "";
  return "the wide path needs BLAS and LAPACK on the CPU (" + blas_library().reason +
         "): set MDGPS_BLAS to a shared library that has both, say libopenblas.so.0";
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

template <class Real>
WorkspaceNeeds backward_pass(const BatchShape& shape, const LinearGaussianDynamics<const Real>& dynamics,
                             const QuadraticCost<const Real>& cost, const LinearGaussianPolicy<Real>& policy,
                             const StatusView& status, const Workspace& workspace, [[maybe_unused]] Stream stream) {
#if defined(MDGPS_HAS_CUDA)
  if (workspace.device.kind == Device::Kind::cuda)
    return backward_on_cublas(shape, dynamics, cost, policy, status, workspace, stream);
#endif
  return backward_on_blas(shape, dynamics, cost, policy, status, workspace);
}

template <class Real>
WorkspaceNeeds forward_pass(const BatchShape& shape, const GaussianState<const Real>& initial,
                            const LinearGaussianDynamics<const Real>& dynamics,
                            const LinearGaussianPolicy<const Real>& policy,
                            const TrajectoryDistribution<Real>& distribution, const StatusView& status,
                            const Workspace& workspace, [[maybe_unused]] Stream stream) {
#if defined(MDGPS_HAS_CUDA)
  if (workspace.device.kind == Device::Kind::cuda)
    return forward_on_cublas(shape, initial, dynamics, policy, distribution, status, workspace, stream);
#endif
  return forward_on_blas(shape, initial, dynamics, policy, distribution, status, workspace);
}

template <class Real>
WorkspaceNeeds fit_gaussian_mixture(const MixtureProblem<Real>& problem, const MixtureOptions& options,
                                    const GaussianMixture<Real>& mixture, const MixtureReport<Real>& report,
                                    const Workspace& workspace, [[maybe_unused]] Stream stream) {
#if defined(MDGPS_HAS_CUDA)
  if (workspace.device.kind == Device::Kind::cuda)
    return fit_on_cublas(problem, options, mixture, report, workspace, stream);
#endif
  return fit_on_blas(problem, options, mixture, report, workspace);
}

#define MDGPS_INSTANTIATE(Real)                                                                                      \
  template WorkspaceNeeds backward_on_blas(const BatchShape&, const LinearGaussianDynamics<const Real>&,             \
                                           const QuadraticCost<const Real>&, const LinearGaussianPolicy<Real>&,      \
                                           const StatusView&, const Workspace&);                                     \
  template WorkspaceNeeds forward_on_blas(const BatchShape&, const GaussianState<const Real>&,                       \
                                          const LinearGaussianDynamics<const Real>&,                                 \
                                          const LinearGaussianPolicy<const Real>&,                                   \
                                          const TrajectoryDistribution<Real>&, const StatusView&, const Workspace&); \
  template WorkspaceNeeds backward_pass(const BatchShape&, const LinearGaussianDynamics<const Real>&,                \
                                        const QuadraticCost<const Real>&, const LinearGaussianPolicy<Real>&,         \
                                        const StatusView&, const Workspace&, Stream);                                \
  template WorkspaceNeeds forward_pass(const BatchShape&, const GaussianState<const Real>&,                          \
                                       const LinearGaussianDynamics<const Real>&,                                    \
                                       const LinearGaussianPolicy<const Real>&, const TrajectoryDistribution<Real>&, \
                                       const StatusView&, const Workspace&, Stream);                                 \
  template WorkspaceNeeds c_step_on_blas(const BatchShape&, const CStepProblem<Real>&, const CStepResult<Real>&,     \
                                         const CStepOptions&, const Workspace&);                                     \
  template WorkspaceNeeds c_step(const BatchShape&, const CStepProblem<Real>&, const CStepResult<Real>&,             \
                                 const CStepOptions&, const Workspace&, Stream);                                     \
  template WorkspaceNeeds fit_on_blas(const MixtureProblem<Real>&, const MixtureOptions&,                            \
                                      const GaussianMixture<Real>&, const MixtureReport<Real>&, const Workspace&);   \
  template WorkspaceNeeds fit_gaussian_mixture(const MixtureProblem<Real>&, const MixtureOptions&,                   \
                                               const GaussianMixture<Real>&, const MixtureReport<Real>&,             \
                                               const Workspace&, Stream);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::wide
