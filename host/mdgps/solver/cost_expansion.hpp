#pragma once
/// Quadratic expansion of the cost around samples.

#include <span>
#include <vector>

#include "mdgps/solver/export.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// One term of the cost l(x,u): a penalty on a residual d = y[entries] - targets, where y = [x; u; s] joins state,
/// action and the task's points s(x).
///
///   l = l2/2 sum_j w_j d_j^2 + l1 N(s),   s = sum_j (w_j d_j)^2,   w = ramp[t] * weights
struct CostTerm {
  /// The shape far from the target.
  enum class Form {
    sqrt,  ///< N(s) = sqrt(alpha + s)
    log    ///< N(s) = 1/2 log(alpha + s)
  };
  Form form = Form::sqrt;
  double l1 = 0.0;
  double l2 = 1.0;
  double alpha = 1e-5;
  std::vector<int> entries;     ///< indices into y
  std::vector<double> weights;  ///< one per entry
  std::vector<double> targets;  ///< one per entry
  std::vector<double> ramp;     ///< [T]; a step whose multiplier is 0 costs nothing
};

/// The samples that the cost is expanded about.
template <class Real>
struct CostSamples {
  View<const Real, 4> states;           ///< [N,S,T,n]
  View<const Real, 4> actions;          ///< [N,S,T,m]
  View<const Real, 4> points;           ///< [N,S,T,k], or empty with k = 0
  View<const Real, 5> point_jacobians;  ///< [N,S,T,k,n] d points / d state, or empty with k = 0
  View<const Real, 2> weights;          ///< [N,S] 0 leaves a sample out
};

/// The quadratic cost of each condition and step: every sample is expanded about itself, and the expansions, moved to
/// absolute coordinates, are averaged over the samples.
///
/// Gradients are exact. Hessians are those of the terms except that (a) of the log form the part that would make it
/// indefinite is left out, and (b) points count through their Jacobian, without the second order of the kinematics.
/// So the Hessian is positive semidefinite where all weights are not negative.
/// cost          out: [N,T,n+m,n+m] [N,T,n+m] [N,T], about z = 0; NaN where all weights of a condition are 0
/// sample_cost   out: [N,S,T] the exact cost of every sample
/// Throws std::invalid_argument when shapes or devices differ or a term's entry is out of range.
/// Source: [MDGPS 3.1].
template <class Real>
MDGPS_API void expand_cost(std::span<const CostTerm> terms, const CostSamples<Real>& samples,
                           const QuadraticCost<Real>& cost, View<Real, 3> sample_cost, Workspace workspace,
                           Stream stream);

/// Bytes of workspace that `expand_cost` needs.
template <class Real>
MDGPS_API std::size_t expand_cost_workspace_size(std::span<const CostTerm> terms, const CostSamples<Real>& samples);

/// The same with a workspace of its own, and finished on return.
template <class Real>
MDGPS_API void expand_cost(std::span<const CostTerm> terms, const CostSamples<Real>& samples,
                           const QuadraticCost<Real>& cost, View<Real, 3> sample_cost);

}  // namespace mdgps
