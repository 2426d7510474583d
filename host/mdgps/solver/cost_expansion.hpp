#pragma once
/// Quadratic expansion of the cost around samples.

#include <vector>

#include "mdgps/solver/types.hpp"

namespace mdgps {

/// One term of the cost l(x,u): a penalty on a residual d = y[entries] - targets, where y = [x; u; s] joins state, action
/// and the task's points s(x).
///
///   l = l2/2 sum_j w_j d_j^2 + l1 N(s),   s = sum_j (w_j d_j)^2,   w = ramp[t] * weights
struct CostTerm {
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

}  // namespace mdgps
