#pragma once

#include "mdgps/solver/export.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// Gaussian forward propagation for every condition at once: the marginals of z_t = [x_t; u_t] under `dynamics` and
/// `policy`.
///
/// initial        mean [N,n], covariance [N,n,n]
/// dynamics       transition [N,T,n,n+m], offset [N,T,n], covariance [N,T,n,n]; the last step is not read
/// policy         gain [N,T,m,n], offset [N,T,m], covariance [N,T,m,m]
/// distribution   out: mean [N,T,n+m], covariance [N,T,n+m,n+m], symmetric to the bit
/// status         out: [N]; not_finite where a condition's numbers are not. With StatusView{status, failed_step} the
///                first step whose marginal has such numbers, too
/// workspace  at least forward_pass_workspace_size(shape, device, options) bytes on that device
/// Throws std::invalid_argument when shapes or devices differ, and where the wide path is asked for and the device's
/// libraries are missing, or a scan over the steps as well. Asynchronous on `stream`.
/// Source: [MDGPS B.3].
template <class Real>
MDGPS_API void forward_pass(const GaussianState<const Real>& initial,
                            const LinearGaussianDynamics<const Real>& dynamics,
                            const LinearGaussianPolicy<const Real>& policy,
                            const TrajectoryDistribution<Real>& distribution, StatusView status, Workspace workspace,
                            Stream stream, const PassOptions& options = {});

/// Bytes of workspace that `forward_pass` needs.
template <class Real = double>
MDGPS_API std::size_t forward_pass_workspace_size(const BatchShape& shape, Device device = {},
                                                  const PassOptions& options = {});

/// The same with a workspace of its own, and finished on return.
template <class Real>
MDGPS_API void forward_pass(const GaussianState<const Real>& initial,
                            const LinearGaussianDynamics<const Real>& dynamics,
                            const LinearGaussianPolicy<const Real>& policy,
                            const TrajectoryDistribution<Real>& distribution, StatusView status,
                            const PassOptions& options = {});

}  // namespace mdgps
