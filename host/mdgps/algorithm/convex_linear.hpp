#pragma once
/// Mirror descent guided policy search where everything is exact.   [MDGPS Algorithm 2]

#include <vector>

#include "mdgps/solver/types.hpp"

namespace mdgps {

/// N conditions with known linear-Gaussian dynamics and quadratic costs. The sum over t of expected costs is minimised
/// in the mean over the conditions.
struct LinearQuadraticProblem {
  GaussianStateArrays<double> initial;            ///< p(x_1)   [N,n] [N,n,n]
  LinearGaussianDynamicsArrays<double> dynamics;  ///< [N,T,n,n+m] [N,T,n] [N,T,n,n]
  QuadraticCostArrays<double> cost;               ///< [N,T,n+m,n+m] [N,T,n+m] [N,T]
};

/// What one iteration came to; all per condition [N], exact.
struct ConvexLinearReport {
  Array<double, 1> local_cost;     ///< J(p_i)
  Array<double, 1> global_cost;    ///< J_i(pi), after the S-step
  Array<double, 1> kl_divergence;  ///< D_KL(p_i(tau) || pi(tau)), pi being that of before
  Array<double, 1> dual;
  Array<std::int32_t, 1> dual_evaluations;
  Array<Status, 1> status;
  Array<std::int32_t, 1> failed_step;
};

/// Mirror descent on J(pi) over policies pi(u|x) = N(K_t x + k_t, C_t), one for all conditions. The C-step is solved to
/// its bound and the S-step is the exact projection, so that J(pi) falls with every iteration.
class ConvexLinear {
 public:
  /// policy: the first pi, of one condition [1,T,..]; its covariances must be positive definite.
  /// Throws std::invalid_argument where shapes differ.
  ConvexLinear(LinearQuadraticProblem problem, LinearGaussianPolicyArrays<double> policy);

  /// One iteration with the bound epsilon [nats] on each condition's divergence.
  ConvexLinearReport iterate(double epsilon);

  const LinearQuadraticProblem& problem() const { return problem_; }
  const LinearGaussianPolicyArrays<double>& policy() const { return policy_; }         ///< pi [1,T,..]
  const LinearGaussianPolicyArrays<double>& local_policies() const { return local_; }  ///< p_i [N,T,..]

  /// J_i(pi), exact: [N].
  Array<double, 1> costs() const;

 private:
  BatchShape shape_;
  LinearQuadraticProblem problem_;
  LinearGaussianPolicyArrays<double> policy_, local_;
  Array<double, 1> dual_;
};

/// The policy of one condition as a view of `conditions` that are all the same.
LinearGaussianPolicy<const double> repeated(const LinearGaussianPolicyArrays<double>& policy, std::int64_t conditions);

/// S-step, exact: pi = argmin sum_i D_KL(p_i(tau) || pi(tau)), the maximum-likelihood policy of the local trajectories.
/// With the moments of z = [x; u] pooled over the conditions it is their conditional of u given x: one regression per
/// step. distribution   z's marginals under each p_i: [N,T,n+m] [N,T,n+m,n+m] policy         out: [1,T,..]; a step
/// whose pooled states have a singular covariance keeps what it had Source: [MDGPS Eq. (3)], whose minimiser this is.
void project(const TrajectoryDistribution<const double>& distribution, LinearGaussianPolicyArrays<double>& policy);

}  // namespace mdgps
