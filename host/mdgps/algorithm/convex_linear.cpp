#include "mdgps/algorithm/convex_linear.hpp"

#include <stdexcept>
#include <utility>

#include "mdgps/algorithm/gaussians.hpp"
#include "mdgps/solver/c_step.hpp"
#include "mdgps/solver/expected_cost.hpp"
#include "mdgps/solver/forward_pass.hpp"

namespace mdgps {

namespace {

template <int Rank>
View<const double, Rank> repeated(View<const double, Rank> view, std::int64_t conditions) {
  view.extents[0] = conditions;
  view.strides[0] = 0;
  return view;
}

/// E_p[sum_t l] of each condition, and where wanted the marginals.
Array<double, 1> expected_costs(const LinearQuadraticProblem& problem, const LinearGaussianPolicy<const double>& policy,
                                TrajectoryDistributionArrays<double>& distribution) {
  Array<Status, 1> status({problem.cost.hessian.extent(0)});
  Array<double, 1> total(status.extents());
  forward_pass<double>(problem.initial.view(), problem.dynamics.view(), policy, distribution.view(), status);
  expected_cost<double>(distribution.view(), problem.cost.view(), total, {});
  return total;
}

}  // namespace

LinearGaussianPolicy<const double> repeated(const LinearGaussianPolicyArrays<double>& policy, std::int64_t conditions) {
  const auto view = policy.view();
  return {repeated(view.gain, conditions), repeated(view.offset, conditions), repeated(view.covariance, conditions)};
}

void project(const TrajectoryDistribution<const double>& distribution, LinearGaussianPolicyArrays<double>& policy) {
  const auto [N, T, p] = distribution.mean.extents;
  const std::int64_t n = policy.gain.extent(3), m = policy.gain.extent(2);
  Array<double, 2> pooled({p, p}), states({n, n}), factor({n, n}), inverse({n, n});
  std::vector<double> mean(p);
  const double share = 1.0 / static_cast<double>(N);
  for (std::int64_t t = 0; t < T; ++t) {
    mean.assign(p, 0.0);
    for (std::int64_t i = 0; i < N; ++i)
      for (std::int64_t r = 0; r < p; ++r) mean[r] += share * distribution.mean(i, t, r);
    for (std::int64_t r = 0; r < p; ++r)
      for (std::int64_t c = 0; c < p; ++c) {
        pooled(r, c) = 0;
        for (std::int64_t i = 0; i < N; ++i)
          pooled(r, c) += share * (distribution.covariance(i, t, r, c) +
                                   (distribution.mean(i, t, r) - mean[r]) * (distribution.mean(i, t, c) - mean[c]));
      }
    for (std::int64_t r = 0; r < n; ++r)
      for (std::int64_t c = 0; c < n; ++c) states(r, c) = pooled(r, c);
    if (!cholesky_factor(states.view(), factor)) continue;
    inverse_from_factor(factor.view(), inverse);

    for (std::int64_t a = 0; a < m; ++a) {
      policy.offset(0, t, a) = mean[n + a];
      for (std::int64_t j = 0; j < n; ++j) {
        double gain = 0;
        for (std::int64_t k = 0; k < n; ++k) gain += pooled(n + a, k) * inverse(k, j);
        policy.gain(0, t, a, j) = gain;
        policy.offset(0, t, a) -= gain * mean[j];
      }
    }
    for (std::int64_t a = 0; a < m; ++a)
      for (std::int64_t b = 0; b <= a; ++b) {
        double covariance = pooled(n + a, n + b);
        for (std::int64_t j = 0; j < n; ++j) covariance -= policy.gain(0, t, a, j) * pooled(j, n + b);
        policy.covariance(0, t, a, b) = policy.covariance(0, t, b, a) = covariance;
      }
  }
}

ConvexLinear::ConvexLinear(LinearQuadraticProblem problem, LinearGaussianPolicyArrays<double> policy)
    : problem_(std::move(problem)), policy_(std::move(policy)) {
  const auto [N, T, n, p] = problem_.dynamics.transition.extents();
  shape_ = {N, T, n, p - n};
  if (policy_.gain.extents() != std::array<std::int64_t, 4>{1, T, p - n, n})
    throw std::invalid_argument("ConvexLinear: the policy is not one of a single condition with the dynamics' shape");
  local_ = LinearGaussianPolicyArrays<double>(shape_);
  dual_ = Array<double, 1>({N}, 1.0);
}

Array<double, 1> ConvexLinear::costs() const {
  TrajectoryDistributionArrays<double> distribution(shape_);
  return expected_costs(problem_, repeated(policy_, shape_.conditions), distribution);
}

ConvexLinearReport ConvexLinear::iterate(double epsilon) {
  const Array<double, 1> bounds({shape_.conditions}, epsilon);
  CStepResultArrays<double> c(shape_);
  c_step<double>({problem_.initial.view(), problem_.dynamics.view(), problem_.cost.view(),
                  repeated(policy_, shape_.conditions), bounds, dual_},
                 c.view(), {.tolerance = 1e-8});
  local_ = std::move(c.policy);
  dual_ = c.dual;

  ConvexLinearReport report;
  report.kl_divergence = std::move(c.kl_divergence);
  report.dual = std::move(c.dual);
  report.dual_evaluations = std::move(c.dual_evaluations);
  report.status = std::move(c.status);
  report.failed_step = std::move(c.failed_step);
  TrajectoryDistributionArrays<double> distribution(shape_);
  report.local_cost = expected_costs(problem_, std::as_const(local_).view(), distribution);
  project(std::as_const(distribution).view(), policy_);
  report.global_cost = costs();
  return report;
}

}  // namespace mdgps
