#pragma once
/// A backward pass, and a forward pass under the reference policy: what they give.

#include "mdgps/solver/backward_pass.hpp"
#include "mdgps/solver/forward_pass.hpp"
#include "problems.hpp"

namespace mdgps::problems {

template <class Real>
struct Passes {
  LinearGaussianPolicyArrays<Real> policy;
  TrajectoryDistributionArrays<Real> distribution;
  Array<Status, 1> backward, forward;
  Array<std::int32_t, 1> backward_step, forward_step;

  explicit Passes(const BatchShape& s)
      : policy(s),
        distribution(s),
        backward({s.conditions}),
        forward({s.conditions}),
        backward_step({s.conditions}),
        forward_step({s.conditions}) {}
  Passes(const Trajectory<Real>& p, const PassOptions& options) : Passes(p.shape) {
    backward_pass<Real>(p.dynamics.view(), p.cost.view(), policy.view(), {backward, backward_step}, options);
    forward_pass<Real>(p.initial.view(), p.dynamics.view(), p.reference.view(), distribution.view(),
                       {forward, forward_step}, options);
  }
};

}  // namespace mdgps::problems
