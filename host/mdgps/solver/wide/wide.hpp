#pragma once
/// The wide path: for problems whose matrices are too large for one thread block or one pack of lanes, operations as
/// batched products of a library, time step by time step. Private to the solver.

#include <string>

#include "mdgps/solver/c_step.hpp"
#include "mdgps/solver/gaussian_mixture.hpp"
#include "mdgps/solver/targets.hpp"

namespace mdgps::wide {

/// Why the wide path cannot run on a device, and what to do; empty where it can.
std::string why_not(Device device);

/// The C-step. Without memory in the workspace it only says what it needs.
template <class Real>
WorkspaceNeeds c_step(const BatchShape& shape, const CStepProblem<Real>& problem, const CStepResult<Real>& result,
                      const CStepOptions& options, const Workspace& workspace, Stream stream);

/// Expectation maximisation, likewise.
template <class Real>
WorkspaceNeeds fit_gaussian_mixture(const MixtureProblem<Real>& problem, const MixtureOptions& options,
                                    const GaussianMixture<Real>& mixture, const MixtureReport<Real>& report,
                                    const Workspace& workspace, Stream stream);

/// @name The back ends of both
/// @{
template <class Real>
WorkspaceNeeds fit_on_blas(const MixtureProblem<Real>& problem, const MixtureOptions& options,
                           const GaussianMixture<Real>& mixture, const MixtureReport<Real>& report,
                           const Workspace& workspace);
template <class Real>
WorkspaceNeeds c_step_on_blas(const BatchShape& shape, const CStepProblem<Real>& problem,
                              const CStepResult<Real>& result, const CStepOptions& options, const Workspace& workspace);
#if defined(MDGPS_HAS_CUDA)
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
