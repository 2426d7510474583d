#pragma once
/// The quantities of guided policy search as batches that kernels read and write.

#include "kernels/lanes.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

struct Shape {
  std::int64_t conditions;
  int steps, states, actions;
  MDGPS_FUNCTION int joint() const { return states + actions; }
};

/// p(u|x) = N(K x + k, C)
template <class T>
struct PolicyBatch {
  Batch<T> gain, offset, covariance;
};
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void prefetch(const Group& g, const Lanes<Scalar>& lanes, const PolicyBatch<T>& policy, std::int64_t t,
                             int actions, int states) {
  prefetch(g, lanes, policy.gain, t, actions, states);
  prefetch(g, lanes, policy.offset, t, actions);
  prefetch(g, lanes, policy.covariance, t, actions, actions);
}
/// p(x'|x,u) = N(f z + f_c, F)
template <class T>
struct DynamicsBatch {
  Batch<T> transition, offset, covariance;
};
/// 1/2 z'Hz + g'z + c
template <class T>
struct CostBatch {
  Batch<T> hessian, gradient, constant;
};
/// mean and covariance of x_1, or of z_t
template <class T>
struct GaussianBatch {
  Batch<T> mean, covariance;
};

}  // namespace mdgps::kernels::inline MDGPS_TARGET
