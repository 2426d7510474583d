#pragma once
/// Plain, slow, obviously right references in double: elimination instead of Cholesky, whole trajectories as one vector
/// instead of recursions. One condition at a time.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "mdgps/solver/types.hpp"

namespace mdgps::reference {

struct Dense {
  int rows = 0, cols = 0;
  std::vector<double> elements;

  Dense() = default;
  Dense(int rows, int cols) : rows(rows), cols(cols), elements(static_cast<std::size_t>(rows) * cols) {}
  double& operator()(int i, int j) { return elements[static_cast<std::size_t>(i) * cols + j]; }
  double operator()(int i, int j) const { return elements[static_cast<std::size_t>(i) * cols + j]; }

  Dense block(int i, int j, int r, int c) const {
    Dense b(r, c);
    for (int a = 0; a < r; ++a)
      for (int d = 0; d < c; ++d) b(a, d) = (*this)(i + a, j + d);
    return b;
  }
};

inline Dense identity(int n) {
  Dense a(n, n);
  for (int i = 0; i < n; ++i) a(i, i) = 1.0;
  return a;
}
inline Dense transpose(const Dense& a) {
  Dense b(a.cols, a.rows);
  for (int i = 0; i < a.rows; ++i)
    for (int j = 0; j < a.cols; ++j) b(j, i) = a(i, j);
  return b;
}
inline Dense operator*(const Dense& a, const Dense& b) {
  Dense c(a.rows, b.cols);
  for (int i = 0; i < a.rows; ++i)
    for (int j = 0; j < b.cols; ++j)
      for (int k = 0; k < a.cols; ++k) c(i, j) += a(i, k) * b(k, j);
  return c;
}
inline Dense operator*(double s, Dense a) {
  for (double& x : a.elements) x *= s;
  return a;
}
inline Dense operator+(Dense a, const Dense& b) {
  for (std::size_t i = 0; i < a.elements.size(); ++i) a.elements[i] += b.elements[i];
  return a;
}
inline Dense operator-(const Dense& a, const Dense& b) { return a + -1.0 * b; }
inline double trace(const Dense& a) {
  double sum = 0.0;
  for (int i = 0; i < a.rows; ++i) sum += a(i, i);
  return sum;
}

/// Gaussian elimination with row pivoting: A^-1 B and log |det A|.
inline std::pair<Dense, double> eliminate(Dense a, Dense b) {
  double log_determinant = 0.0;
  for (int k = 0; k < a.rows; ++k) {
    int pivot = k;
    for (int i = k + 1; i < a.rows; ++i)
      if (std::abs(a(i, k)) > std::abs(a(pivot, k))) pivot = i;
    for (int j = 0; j < a.cols; ++j) std::swap(a(k, j), a(pivot, j));
    for (int j = 0; j < b.cols; ++j) std::swap(b(k, j), b(pivot, j));
    log_determinant += std::log(std::abs(a(k, k)));
    for (int i = 0; i < a.rows; ++i) {
      if (i == k) continue;
      const double factor = a(i, k) / a(k, k);
      for (int j = k; j < a.cols; ++j) a(i, j) -= factor * a(k, j);
      for (int j = 0; j < b.cols; ++j) b(i, j) -= factor * b(k, j);
    }
  }
  for (int i = 0; i < a.rows; ++i)
    for (int j = 0; j < b.cols; ++j) b(i, j) /= a(i, i);
  return {b, log_determinant};
}
inline Dense solve(const Dense& a, const Dense& b) { return eliminate(a, b).first; }
inline Dense inverse(const Dense& a) { return solve(a, identity(a.rows)); }
inline double log_determinant(const Dense& a) { return eliminate(a, Dense(a.rows, 0)).second; }

template <class T>
Dense dense(const View<T, 2>& v) {
  Dense a(static_cast<int>(v.extents[0]), static_cast<int>(v.extents[1]));
  for (int i = 0; i < a.rows; ++i)
    for (int j = 0; j < a.cols; ++j) a(i, j) = static_cast<double>(v(i, j));
  return a;
}
template <class T>
Dense dense(const View<T, 1>& v) {
  Dense a(static_cast<int>(v.extents[0]), 1);
  for (int i = 0; i < a.rows; ++i) a(i, 0) = static_cast<double>(v(i));
  return a;
}
template <class T, int Rank>
std::vector<Dense> dense_steps(const View<T, Rank>& v) {
  std::vector<Dense> steps;
  for (std::int64_t t = 0; t < v.extents[0]; ++t) steps.push_back(dense(v[t]));
  return steps;
}

struct Policy {
  std::vector<Dense> gain, offset, covariance;
};
struct Dynamics {
  std::vector<Dense> transition, offset, covariance;
};
struct Cost {
  std::vector<Dense> hessian, gradient;
  std::vector<double> constant;
};
struct Gaussian {
  Dense mean, covariance;
};

template <class Real>
Policy policy(const LinearGaussianPolicy<const Real>& p, std::int64_t i) {
  return {dense_steps(p.gain[i]), dense_steps(p.offset[i]), dense_steps(p.covariance[i])};
}
template <class Real>
Dynamics dynamics(const LinearGaussianDynamics<const Real>& d, std::int64_t i) {
  return {dense_steps(d.transition[i]), dense_steps(d.offset[i]), dense_steps(d.covariance[i])};
}
template <class Real>
Cost cost(const QuadraticCost<const Real>& c, std::int64_t i) {
  return {dense_steps(c.hessian[i]), dense_steps(c.gradient[i]), dense(c.constant[i]).elements};
}
template <class Real>
Gaussian initial(const GaussianState<const Real>& x, std::int64_t i) {
  return {dense(x.mean[i]), dense(x.covariance[i])};
}

inline Dense stack(const Dense& a, const Dense& b) {
  Dense c = a;
  c.rows += b.rows;
  c.elements.insert(c.elements.end(), b.elements.begin(), b.elements.end());
  return c;
}

/// The policy minimising E[cost] - H(u|x), from the normal equations of each tail of the trajectory: with
/// y = [x_t; u_t; ...; u_T] every later z is affine in y, so the tail's cost is a dense quadratic in y. Its minimiser
/// over the actions gives K_t and k_t; C_t is the u_t block of the inverse of the actions' Hessian.
inline Policy maximum_entropy_lqr(const Dynamics& d, const Cost& c) {
  const int T = static_cast<int>(c.hessian.size());
  const int n = d.transition[0].rows, m = d.transition[0].cols - n;
  Policy p;
  for (int t = 0; t < T; ++t) {
    const int size = n + (T - t) * m;
    Dense map(n, size), shift(n, 1);  // x_s = map y + shift
    for (int i = 0; i < n; ++i) map(i, i) = 1.0;
    Dense hessian(size, size), gradient(size, 1);
    for (int s = t; s < T; ++s) {
      Dense action(m, size);
      for (int i = 0; i < m; ++i) action(i, n + (s - t) * m + i) = 1.0;
      const Dense z = stack(map, action), z_shift = stack(shift, Dense(m, 1));
      hessian = hessian + transpose(z) * (c.hessian[s] * z);
      gradient = gradient + transpose(z) * (c.hessian[s] * z_shift + c.gradient[s]);
      map = d.transition[s] * z;
      shift = d.transition[s] * z_shift + d.offset[s];
    }
    const Dense covariance = inverse(hessian.block(n, n, size - n, size - n));
    const Dense gain = -1.0 * (covariance * hessian.block(n, 0, size - n, n));
    const Dense offset = -1.0 * (covariance * gradient.block(n, 0, size - n, 1));
    p.gain.push_back(gain.block(0, 0, m, n));
    p.offset.push_back(offset.block(0, 0, m, 1));
    p.covariance.push_back(covariance.block(0, 0, m, m));
  }
  return p;
}

/// The joint Gaussian of the whole trajectory [x_1; u_1; ...; x_T; u_T], whose samples are a linear map of independent
/// noises: the initial state's, the actions' and the dynamics'.
inline Gaussian joint_trajectory(const Gaussian& start, const Dynamics& d, const Policy& p) {
  const int T = static_cast<int>(p.gain.size()), n = start.mean.rows, m = p.gain[0].rows;
  const int size = T * (n + m);  // as many noises as entries
  Dense map(0, size), mean(0, 1), noise(size, size);
  const auto unit = [&](int first, int count) {
    Dense e(count, size);
    for (int i = 0; i < count; ++i) e(i, first + i) = 1.0;
    return e;
  };
  const auto set_noise = [&](int first, const Dense& covariance) {
    for (int i = 0; i < covariance.rows; ++i)
      for (int j = 0; j < covariance.cols; ++j) noise(first + i, first + j) = covariance(i, j);
  };
  Dense x = unit(0, n), x_mean = start.mean;
  set_noise(0, start.covariance);
  for (int t = 0; t < T; ++t) {
    const int at = t * (n + m);
    const Dense u = p.gain[t] * x + unit(at + n, m), u_mean = p.gain[t] * x_mean + p.offset[t];
    set_noise(at + n, p.covariance[t]);
    const Dense z = stack(x, u), z_mean = stack(x_mean, u_mean);
    map = stack(map, z);
    mean = stack(mean, z_mean);
    if (t + 1 == T) break;
    x = d.transition[t] * z + unit(at + n + m, n);
    x_mean = d.transition[t] * z_mean + d.offset[t];
    set_noise(at + n + m, d.covariance[t]);
  }
  return {mean, map * noise * transpose(map)};
}

/// Marginal of z_t.
inline Gaussian marginal(const Gaussian& joint, int T, int t) {
  const int p = joint.mean.rows / T;
  return {joint.mean.block(t * p, 0, p, 1), joint.covariance.block(t * p, t * p, p, p)};
}

/// D_KL of two Gaussians.
inline double kl_divergence(const Gaussian& p, const Gaussian& q) {
  const Dense difference = p.mean - q.mean;
  const auto [solved, log_q] = eliminate(q.covariance, p.covariance);
  const double distance = trace(transpose(difference) * solve(q.covariance, difference));
  return 0.5 * (trace(solved) + distance - p.mean.rows + log_q - log_determinant(p.covariance));
}
/// Of the whole trajectory under two policies; the dynamics' covariance must be positive definite.
inline double kl_divergence(const Gaussian& start, const Dynamics& d, const Policy& p, const Policy& q) {
  return kl_divergence(joint_trajectory(start, d, p), joint_trajectory(start, d, q));
}

/// E[1/2 z'Hz + g'z + c], exact by 2k sigma points: a quadratic's mean over mean +- sqrt(k) columns of a root.
inline double expected_cost(const Gaussian& z, const Dense& hessian, const Dense& gradient, double constant) {
  const int k = z.mean.rows;
  Dense root(k, k);  // lower, by the textbook's rows
  for (int i = 0; i < k; ++i)
    for (int j = 0; j <= i; ++j) {
      double sum = z.covariance(i, j);
      for (int l = 0; l < j; ++l) sum -= root(i, l) * root(j, l);
      root(i, j) = i == j ? std::sqrt(sum) : sum / root(j, j);
    }
  double sum = 0.0;
  for (int j = 0; j < k; ++j)
    for (const double sign : {-1.0, 1.0}) {
      const Dense point = z.mean + sign * std::sqrt(static_cast<double>(k)) * root.block(0, j, k, 1);
      sum += trace(0.5 * (transpose(point) * (hessian * point)) + transpose(gradient) * point) + constant;
    }
  return sum / (2.0 * k);
}
inline double expected_cost(const Gaussian& start, const Dynamics& d, const Policy& p, const Cost& c) {
  const int T = static_cast<int>(p.gain.size());
  const Gaussian joint = joint_trajectory(start, d, p);
  double sum = 0.0;
  for (int t = 0; t < T; ++t) sum += expected_cost(marginal(joint, T, t), c.hessian[t], c.gradient[t], c.constant[t]);
  return sum;
}

/// The C-step's surrogate l/eta - log q(u|x), without its constant.
inline Cost surrogate(const Cost& c, const Policy& q, double eta) {
  Cost s = c;
  const int n = q.gain[0].cols, m = q.gain[0].rows;
  for (std::size_t t = 0; t < c.hessian.size(); ++t) {
    // -log q = 1/2 (u - K x - k)' P (u - K x - k), u - K x = [-K, I] z
    const Dense P = inverse(q.covariance[t]);
    Dense residual(m, n + m);
    for (int i = 0; i < m; ++i) {
      for (int j = 0; j < n; ++j) residual(i, j) = -q.gain[t](i, j);
      residual(i, n + i) = 1.0;
    }
    s.hessian[t] = (1.0 / eta) * c.hessian[t] + transpose(residual) * (P * residual);
    s.gradient[t] = (1.0 / eta) * c.gradient[t] - transpose(residual) * (P * q.offset[t]);
  }
  return s;
}

struct LinearFit {
  Dense gain, offset, covariance;
};
/// p(y|x) from the joint Gaussian of [x; y], the first p entries being x.
inline LinearFit condition(const Gaussian& joint, int p) {
  const int q = joint.mean.rows - p;
  const Dense S_xx = joint.covariance.block(0, 0, p, p), S_xy = joint.covariance.block(0, p, p, q);
  const Dense gain = transpose(solve(S_xx, S_xy));
  return {gain, joint.mean.block(p, 0, q, 1) - gain * joint.mean.block(0, 0, p, 1),
          joint.covariance.block(p, p, q, q) - gain * S_xy};
}
/// Weighted mean and covariance of the rows of `points`, about the mean.
inline Gaussian moments(const Dense& points, const std::vector<double>& weights) {
  const int d = points.cols;
  Gaussian g{Dense(d, 1), Dense(d, d)};
  double total = 0.0;
  for (int s = 0; s < points.rows; ++s) total += weights[s];
  for (int s = 0; s < points.rows; ++s) g.mean = g.mean + (weights[s] / total) * transpose(points.block(s, 0, 1, d));
  for (int s = 0; s < points.rows; ++s) {
    const Dense error = transpose(points.block(s, 0, 1, d)) - g.mean;
    g.covariance = g.covariance + (weights[s] / total) * (error * transpose(error));
  }
  return g;
}

/// Mixture of Gaussians: weights sum to 1.
struct Mixture {
  std::vector<Dense> mean, covariance;
  std::vector<double> weight;
};
inline double log_density(const Gaussian& g, const Dense& z) {
  const Dense error = z - g.mean;
  return -0.5 * (trace(transpose(error) * solve(g.covariance, error)) + log_determinant(g.covariance) +
                 z.rows * std::log(2.0 * std::acos(-1.0)));
}
/// p(component | z), and log p(z) last.
inline std::vector<double> responsibilities(const Mixture& mixture, const Dense& z) {
  std::vector<double> r;
  for (std::size_t k = 0; k < mixture.weight.size(); ++k)
    r.push_back(std::log(mixture.weight[k]) + log_density({mixture.mean[k], mixture.covariance[k]}, z));
  const double largest = *std::max_element(r.begin(), r.end());
  double sum = 0.0;
  for (double& x : r) sum += x = std::exp(x - largest);
  for (double& x : r) x /= sum;
  r.push_back(largest + std::log(sum));
  return r;
}
/// One E- and M-step; returns the log likelihood before it.   points [P,d]
inline double em_step(const Dense& points, const std::vector<double>& weights, double regularization,
                      Mixture& mixture) {
  const int P = points.rows, d = points.cols, K = static_cast<int>(mixture.weight.size());
  double total = 0.0, log_likelihood = 0.0;
  std::vector<std::vector<double>> shares(static_cast<std::size_t>(K),
                                          std::vector<double>(static_cast<std::size_t>(P)));
  for (int p = 0; p < P; ++p) {
    const auto r = responsibilities(mixture, transpose(points.block(p, 0, 1, d)));
    for (int k = 0; k < K; ++k) shares[k][p] = weights[p] * r[k];
    log_likelihood += weights[p] * r[K];
    total += weights[p];
  }
  for (int k = 0; k < K; ++k) {
    double mass = 0.0;
    for (const double share : shares[k]) mass += share;
    mixture.weight[k] = mass / total;
    const bool lost = mass <= 1e-4 / K * total;  // starts anew from all points
    const Gaussian g = moments(points, lost ? weights : shares[k]);
    mixture.mean[k] = g.mean;
    mixture.covariance[k] = g.covariance + regularization * identity(d);
  }
  return log_likelihood;
}
/// Moments of the mixture under the mean responsibilities of the rows of `points`.
inline Gaussian prior_moments(const Mixture& mixture, const Dense& points, const std::vector<double>& weights) {
  const int K = static_cast<int>(mixture.weight.size()), d = points.cols;
  std::vector<double> share(static_cast<std::size_t>(K));
  double total = 0.0;
  for (int s = 0; s < points.rows; ++s) {
    const auto r = responsibilities(mixture, transpose(points.block(s, 0, 1, d)));
    for (int k = 0; k < K; ++k) share[k] += weights[s] * r[k];
    total += weights[s];
  }
  Gaussian g{Dense(d, 1), Dense(d, d)};
  for (int k = 0; k < K; ++k) g.mean = g.mean + (share[k] / total) * mixture.mean[k];
  for (int k = 0; k < K; ++k) {
    const Dense error = mixture.mean[k] - g.mean;
    g.covariance = g.covariance + (share[k] / total) * (mixture.covariance[k] + error * transpose(error));
  }
  return g;
}

/// Largest difference, relative to the largest expected entry.
inline double relative_error(const Dense& actual, const Dense& expected) {
  double error = 0.0, size = 1e-300;
  for (std::size_t i = 0; i < expected.elements.size(); ++i) {
    const double difference = std::abs(actual.elements[i] - expected.elements[i]);
    if (!(difference >= 0.0)) return INFINITY;
    error = std::max(error, difference);
    size = std::max(size, std::abs(expected.elements[i]));
  }
  return error / size;
}
inline double relative_error(const std::vector<Dense>& actual, const std::vector<Dense>& expected) {
  Dense a(0, 1), e(0, 1);
  for (const Dense& x : actual) a = stack(a, x);
  for (const Dense& x : expected) e = stack(e, x);
  return relative_error(a, e);
}
inline double relative_error(double actual, double expected) {
  const double error = std::abs(actual - expected) / std::max(std::abs(expected), 1e-300);
  return error >= 0.0 ? error : INFINITY;
}

}  // namespace mdgps::reference
