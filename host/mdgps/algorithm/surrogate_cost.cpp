#include "mdgps/algorithm/surrogate_cost.hpp"

#include <cmath>
#include <numbers>

#include "mdgps/algorithm/admm.hpp"
#include "mdgps/algorithm/bregman_admm.hpp"
#include "mdgps/algorithm/dual_gradient.hpp"
#include "mdgps/algorithm/gaussians.hpp"
#include "mdgps/algorithm/penalty.hpp"

namespace mdgps {

Surrogate SurrogateCost::surrogate(const QuadraticCostArrays<double>& cost,
                                   const LinearGaussianPolicyArrays<double>&) const {
  return {cost, {}};
}

void SurrogateCost::modify(const LinearGaussianPolicyArrays<double>&, const PolicyDifference&, const Stage&) {}

LinearGaussianPolicyArrays<double> SurrogateCost::imitated(const LinearGaussianPolicyArrays<double>& local) const {
  return local;
}

std::unique_ptr<SurrogateCost> make_surrogate_cost(const Settings& settings, const BatchShape& shape) {
  switch (settings.method) {
    case Method::badmm:
      return std::make_unique<BregmanAdmm>(settings.coupling, shape);
    case Method::dual_gradient:
      return std::make_unique<DualGradient>(settings.coupling, shape);
    case Method::penalty:
      return std::make_unique<Penalty>(settings.coupling, shape);
    case Method::admm:
      return std::make_unique<Admm>(settings.coupling, shape);
    case Method::mdgps:
    case Method::dagger:
    case Method::convex_linear:  // has no use for one
      break;
  }
  return std::make_unique<SurrogateCost>();
}

namespace {

/// cost += 1/2 (u - K x - k)' P (u - K x - k) + constant for one condition and step.
void add_quadratic(const LinearGaussianPolicyArrays<double>& policy, std::int64_t i, std::int64_t t,
                   const Array<double, 2>& P, double constant, QuadraticCostArrays<double>& cost) {
  const std::int64_t n = policy.gain.extent(3), m = policy.gain.extent(2);
  Array<double, 2> residual({m, n + m});  // u - K x = [-K, I] z
  for (std::int64_t a = 0; a < m; ++a) {
    for (std::int64_t j = 0; j < n; ++j) residual(a, j) = -policy.gain(i, t, a, j);
    residual(a, n + a) = 1.0;
  }
  Array<double, 2> weighted({m, n + m});  // P [-K, I]
  for (std::int64_t a = 0; a < m; ++a)
    for (std::int64_t b = 0; b < m; ++b)
      for (std::int64_t j = 0; j < n + m; ++j) weighted(a, j) += P(a, b) * residual(b, j);
  for (std::int64_t r = 0; r < n + m; ++r)
    for (std::int64_t c = 0; c <= r; ++c) {
      double sum = 0;
      for (std::int64_t a = 0; a < m; ++a) sum += residual(a, r) * weighted(a, c);
      cost.hessian(i, t, r, c) += sum;
      if (c < r) cost.hessian(i, t, c, r) = cost.hessian(i, t, r, c);
    }
  for (std::int64_t a = 0; a < m; ++a) {
    const double k = policy.offset(i, t, a);
    for (std::int64_t j = 0; j < n + m; ++j) cost.gradient(i, t, j) -= weighted(a, j) * k;
    for (std::int64_t b = 0; b < m; ++b) constant += 0.5 * k * P(a, b) * policy.offset(i, t, b);
  }
  cost.constant(i, t) += constant;
}

}  // namespace

void add_divergence(const LinearGaussianPolicyArrays<double>& global, const Array<double, 2>& weight,
                    QuadraticCostArrays<double>& cost) {
  const auto [N, T, m, n] = global.gain.extents();
  Array<double, 2> factor({m, m}), P({m, m});
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t t = 0; t < T; ++t) {
      if (!cholesky_factor(global.covariance.view()[i][t], factor)) continue;
      inverse_from_factor(factor.view(), P);
      double log_determinant = static_cast<double>(m) * std::log(2.0 * std::numbers::pi);
      for (std::int64_t a = 0; a < m; ++a) log_determinant += 2.0 * std::log(factor(a, a));
      for (double& p : P.elements()) p *= weight(i, t);
      add_quadratic(global, i, t, P, 0.5 * weight(i, t) * log_determinant, cost);
    }
}

void add_squared_difference(const LinearGaussianPolicyArrays<double>& global, const Array<double, 2>& weight,
                            QuadraticCostArrays<double>& cost) {
  const auto [N, T, m, n] = global.gain.extents();
  Array<double, 2> P({m, m});
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t t = 0; t < T; ++t) {
      for (std::int64_t a = 0; a < m; ++a) P(a, a) = weight(i, t);
      add_quadratic(global, i, t, P, 0.0, cost);
    }
}

Array<double, 2> constant_weights(const BatchShape& shape, double weight) {
  return Array<double, 2>({shape.conditions, shape.steps}, weight);
}

}  // namespace mdgps
