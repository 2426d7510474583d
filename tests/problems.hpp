#pragma once
/// Random problems with condition numbers of about ten, keyed by a seed: condition i of a batch depends on (seed, i)
/// alone, so that parts and orders of batches can be compared.

#include <cmath>
#include <cstdint>
#include <ostream>
#include <vector>

#include "kernels/random.hpp"
#include "mdgps/solver/c_step.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// How GoogleTest shows a status; tests of the kernels have no solver to link.
inline void PrintTo(Status status, std::ostream* out) {
  constexpr const char* names[] = {"ok", "constraint_inactive", "not_converged", "not_positive_definite", "not_finite"};
  *out << names[static_cast<int>(status)];
}

}  // namespace mdgps

namespace mdgps::problems {

/// Normal and uniform numbers, one after another.
class Draws {
 public:
  explicit Draws(std::uint64_t seed, std::int64_t condition = 0)
      : sequence_(seed, RandomStream::user, 0, static_cast<std::uint32_t>(condition)) {}

  double normal() { return sequence_.normals(next_++)[0]; }
  double uniform(double low, double high) { return low + (high - low) * sequence_.uniform(next_++); }
  int below(int n) { return static_cast<int>(sequence_.below(next_++, static_cast<std::uint64_t>(n))); }

 private:
  RandomSequence sequence_;
  std::uint32_t next_ = 0;
};

template <class Real>
void fill_normal(Draws& draws, View<Real, 1> to, double scale) {
  for (std::int64_t i = 0; i < to.extents[0]; ++i) to(i) = static_cast<Real>(scale * draws.normal());
}
template <class Real>
void fill_normal(Draws& draws, View<Real, 2> to, double scale) {
  for (std::int64_t i = 0; i < to.extents[0]; ++i) fill_normal(draws, to[i], scale);
}

/// scale (I/2 + B B'/k): symmetric to the bit, eigenvalues in about scale [0.5, 4.5].
template <class Real>
void fill_positive_definite(Draws& draws, View<Real, 2> to, double scale) {
  const std::int64_t k = to.extents[0];
  std::vector<double> b(static_cast<std::size_t>(k * k));
  for (double& x : b) x = draws.normal();
  for (std::int64_t i = 0; i < k; ++i)
    for (std::int64_t j = 0; j <= i; ++j) {
      double sum = i == j ? 0.5 : 0.0;
      for (std::int64_t l = 0; l < k; ++l) sum += b[i * k + l] * b[j * k + l] / static_cast<double>(k);
      to(i, j) = to(j, i) = static_cast<Real>(scale * sum);
    }
}

/// A C-step whose parts also serve the single passes. The same seed gives the same numbers in float and double.
template <class Real>
struct Trajectory {
  BatchShape shape;
  GaussianStateArrays<Real> initial;
  LinearGaussianDynamicsArrays<Real> dynamics;
  QuadraticCostArrays<Real> cost;
  LinearGaussianPolicyArrays<Real> reference;
  Array<Real, 1> epsilon, initial_dual;
  Array<Real, 2> entropy_weight;  ///< empty unless a test fills it

  explicit Trajectory(const BatchShape& s)
      : shape(s),
        initial(s),
        dynamics(s),
        cost(s),
        reference(s),
        epsilon({s.conditions}),
        initial_dual({s.conditions}, Real(1)) {}

  CStepProblem<Real> view() const {
    return {initial.view(), dynamics.view(), cost.view(), reference.view(), epsilon, initial_dual, entropy_weight};
  }
};

template <class Real>
void fill_condition(Draws draws, std::int64_t i, Trajectory<Real>& p) {
  const auto [N, T, n, m] = p.shape;
  const double spread = 1.0 / std::sqrt(static_cast<double>(n));
  fill_normal(draws, p.initial.mean.view()[i], 1.0);
  fill_positive_definite(draws, p.initial.covariance.view()[i], 0.1);
  for (std::int64_t t = 0; t < T; ++t) {
    const auto f = p.dynamics.transition.view()[i][t];
    fill_normal(draws, f, 0.3 * spread);
    for (std::int64_t j = 0; j < n; ++j) f(j, j) += Real(0.8);
    fill_normal(draws, p.dynamics.offset.view()[i][t], 0.1);
    fill_positive_definite(draws, p.dynamics.covariance.view()[i][t], 0.05);
    fill_positive_definite(draws, p.cost.hessian.view()[i][t], 1.0);
    fill_normal(draws, p.cost.gradient.view()[i][t], 1.0);
    p.cost.constant(i, t) = static_cast<Real>(draws.normal());
    fill_normal(draws, p.reference.gain.view()[i][t], 0.3 * spread);
    fill_normal(draws, p.reference.offset.view()[i][t], 1.0);
    fill_positive_definite(draws, p.reference.covariance.view()[i][t], 0.5);
  }
  p.epsilon(i) = static_cast<Real>(draws.uniform(0.1, 1.0) * static_cast<double>(T));
  p.initial_dual(i) = static_cast<Real>(std::exp(draws.uniform(-2.0, 2.0)));
}

/// Condition j of the batch is condition `which[j]` of the seed.
template <class Real>
Trajectory<Real> random_trajectory(BatchShape shape, std::uint64_t seed, const std::vector<std::int64_t>& which) {
  shape.conditions = static_cast<std::int64_t>(which.size());
  Trajectory<Real> p(shape);
  for (std::int64_t i = 0; i < shape.conditions; ++i) fill_condition(Draws(seed, which[i]), i, p);
  return p;
}
template <class Real>
Trajectory<Real> random_trajectory(const BatchShape& shape, std::uint64_t seed) {
  std::vector<std::int64_t> which(static_cast<std::size_t>(shape.conditions));
  for (std::int64_t i = 0; i < shape.conditions; ++i) which[i] = i;
  return random_trajectory<Real>(shape, seed, which);
}

}  // namespace mdgps::problems
