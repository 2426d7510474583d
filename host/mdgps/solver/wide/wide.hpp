#pragma once
/// The wide path: for problems whose matrices are too large for one thread block or one pack of lanes, operations as
/// batched products of a library, time step by time step. Private to the solver.

#include <stdexcept>
#include <string>
#include <string_view>

#include "mdgps/solver/c_step.hpp"
#include "mdgps/solver/gaussian_mixture.hpp"
#include "mdgps/solver/targets.hpp"

namespace mdgps::wide {

/// Why the wide path cannot run on a device, and what to do; empty where it can.
std::string why_not(Device device);

/// Whether an operation goes the wide way; fits() says whether a thread block's shared memory holds a condition's
/// matrices. On the CPU it does where it is asked for: it is slower (docs/performance.md).
template <class Fits>
bool takes(std::string_view operation, SolverPath path, Device device, const Fits& fits) {
  if (path == SolverPath::wide) {
    const std::string missing = why_not(device);
    if (!missing.empty()) throw std::invalid_argument(std::string(operation) + ": " + missing);
    return true;
  }
  return path == SolverPath::automatic && device.kind == Device::Kind::cuda && !fits() && why_not(device).empty();
}
/// Whether a pass does.
template <class Fits>
bool takes(std::string_view operation, const PassOptions& options, Device device, const Fits& fits) {
  if (!options.parallel_in_time) return takes(operation, options.path, device, fits);
  if (options.path == SolverPath::wide)
    throw std::invalid_argument(std::string(operation) +
                                ": a scan over the steps has no wide path: leave options.path at automatic");
  return false;
}

/// The C-step. Without memory in the workspace it only says what it needs.
template <class Real>
WorkspaceNeeds c_step(const BatchShape& shape, const CStepProblem<Real>& problem, const CStepResult<Real>& result,
                      const CStepOptions& options, const Workspace& workspace, Stream stream);

/// The backward pass, likewise.
template <class Real>
WorkspaceNeeds backward_pass(const BatchShape& shape, const LinearGaussianDynamics<const Real>& dynamics,
                             const QuadraticCost<const Real>& cost, const LinearGaussianPolicy<Real>& policy,
                             const StatusView& status, const Workspace& workspace, Stream stream);

/// The forward pass, likewise.
template <class Real>
WorkspaceNeeds forward_pass(const BatchShape& shape, const GaussianState<const Real>& initial,
                            const LinearGaussianDynamics<const Real>& dynamics,
                            const LinearGaussianPolicy<const Real>& policy,
                            const TrajectoryDistribution<Real>& distribution, const StatusView& status,
                            const Workspace& workspace, Stream stream);

/// Expectation maximisation, likewise.
template <class Real>
WorkspaceNeeds fit_gaussian_mixture(const MixtureProblem<Real>& problem, const MixtureOptions& options,
                                    const GaussianMixture<Real>& mixture, const MixtureReport<Real>& report,
                                    const Workspace& workspace, Stream stream);

/// @name The back ends
/// @{
template <class Real>
WorkspaceNeeds fit_on_blas(const MixtureProblem<Real>& problem, const MixtureOptions& options,
                           const GaussianMixture<Real>& mixture, const MixtureReport<Real>& report,
                           const Workspace& workspace);
template <class Real>
WorkspaceNeeds c_step_on_blas(const BatchShape& shape, const CStepProblem<Real>& problem,
                              const CStepResult<Real>& result, const CStepOptions& options, const Workspace& workspace);
template <class Real>
WorkspaceNeeds backward_on_blas(const BatchShape& shape, const LinearGaussianDynamics<const Real>& dynamics,
                                const QuadraticCost<const Real>& cost, const LinearGaussianPolicy<Real>& policy,
                                const StatusView& status, const Workspace& workspace);
template <class Real>
WorkspaceNeeds forward_on_blas(const BatchShape& shape, const GaussianState<const Real>& initial,
                               const LinearGaussianDynamics<const Real>& dynamics,
                               const LinearGaussianPolicy<const Real>& policy,
                               const TrajectoryDistribution<Real>& distribution, const StatusView& status,
                               const Workspace& workspace);
#if defined(MDGPS_HAS_CUDA)
template <class Real>
WorkspaceNeeds backward_on_cublas(const BatchShape& shape, const LinearGaussianDynamics<const Real>& dynamics,
                                  const QuadraticCost<const Real>& cost, const LinearGaussianPolicy<Real>& policy,
                                  const StatusView& status, const Workspace& workspace, Stream stream);
template <class Real>
WorkspaceNeeds forward_on_cublas(const BatchShape& shape, const GaussianState<const Real>& initial,
                                 const LinearGaussianDynamics<const Real>& dynamics,
                                 const LinearGaussianPolicy<const Real>& policy,
                                 const TrajectoryDistribution<Real>& distribution, const StatusView& status,
                                 const Workspace& workspace, Stream stream);
template <class Real>
WorkspaceNeeds c_step_on_cublas(const BatchShape& shape, const CStepProblem<Real>& problem,
                                const CStepResult<Real>& result, const CStepOptions& options,
                                const Workspace& workspace, Stream stream);
template <class Real>
WorkspaceNeeds fit_on_cublas(const MixtureProblem<Real>& problem, const MixtureOptions& options,
                             const GaussianMixture<Real>& mixture, const MixtureReport<Real>& report,
                             const Workspace& workspace, Stream stream);
#endif
/// @}

}  // namespace mdgps::wide
