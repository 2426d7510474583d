#pragma once

#include "mdgps/solver/export.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// Expected cost of every condition: sum_t E[l(x_t,u_t)] for a quadratic cost under Gaussian marginals, the l_m^k of
/// Section 4.2.
///
/// distribution   mean [N,T,n+m], covariance [N,T,n+m,n+m]
/// cost           hessian [N,T,n+m,n+m], gradient [N,T,n+m], constant [N,T]
/// total          out: [N], in the cost's units; not finite where the condition's numbers are not
/// per_step       out: [N,T]; an empty view leaves it out
/// workspace  at least expected_cost_workspace_size(shape, device) bytes on that device
/// Throws std::invalid_argument when shapes or devices differ. Asynchronous on `stream`.
/// Source: [MDGPS 4.2, B.3].
template <class Real>
MDGPS_API void expected_cost(const TrajectoryDistribution<const Real>& distribution,
                             const QuadraticCost<const Real>& cost, View<Real, 1> total, View<Real, 2> per_step,
                             Workspace workspace, Stream stream);

/// Bytes of workspace that `expected_cost` needs.
template <class Real = double>
MDGPS_API std::size_t expected_cost_workspace_size(const BatchShape& shape, Device device = {});

/// The same with a workspace of its own, and finished on return.
template <class Real>
MDGPS_API void expected_cost(const TrajectoryDistribution<const Real>& distribution,
                             const QuadraticCost<const Real>& cost, View<Real, 1> total, View<Real, 2> per_step);

}  // namespace mdgps
