#pragma once
/// Expectation maximisation of a mixture as products over all its points, a slot per component. Private to the solver.
///
/// The mathematics is that of kernels/gaussian_mixture.hpp. An E-step whitens all points by every component, a
/// triangular solve each. For an M-step every component's points are pooled, those in which it has a share, and its
/// statistics are one product over them, [S; s'] = [R Z, r]' R Z with the pool Z and the shares' roots, r and R = diag
/// r.

#include <cmath>

#include "kernels/gaussian_mixture.hpp"
#include "mdgps/solver/wide/stack.hpp"

namespace mdgps::wide {

using namespace mdgps::kernels;

template <class Real>
struct MixtureMemory {
  int components;
  Stack<Real> points;             ///< less their mean, the same for every slot [P,d]
  Stack<Real> factor;             ///< [d,d]
  Stack<Real> residual;           ///< whitened differences from the means [d,P]
  Stack<Real> pool;               ///< [R Z, r], then rows of 0; in the residuals' memory [P,d+1]
  Stack<Real> moments;            ///< [S; s'] [d+1,d]
  Stack<Real> table;              ///< logarithms of joint densities, then responsibilities, then roots of shares [1,P]
  Real *centre, *evidence;        ///< [d] [P]
  Real *mass, *constant, *total;  ///< [K] [K] [1]
  double* log_likelihood;         ///< [1]
  int *info, *failures;           ///< [K] [1]
  int *claimed, *claims;  ///< [K,P] whether a share is not 0; (component, point) of those that are not, in order
  int *first, *claimed_by, *most;  ///< [K] first claim of each component, [K] how many it has, [1] the largest of these

  static MixtureMemory take(Pieces& pieces, const MixtureShape& shape) {
    const int P = static_cast<int>(shape.points), d = shape.dimensions, K = shape.components;
    MixtureMemory memory;
    memory.components = K;
    memory.points = pieces.take_stack<Real>(1, P, d);
    memory.points.stride = 0;
    memory.factor = pieces.take_stack<Real>(K, d, d);
    memory.pool = pieces.take_stack<Real>(K, P, d + 1);
    memory.residual = {memory.pool.data, d, P, P, memory.pool.stride};
    memory.moments = pieces.take_stack<Real>(K, d + 1, d);
    memory.table = pieces.take_stack<Real>(K, 1, P);
    memory.centre = pieces.take<Real>(static_cast<std::size_t>(d));
    memory.evidence = pieces.take<Real>(static_cast<std::size_t>(P));
    memory.mass = pieces.take<Real>(static_cast<std::size_t>(K));
    memory.constant = pieces.take<Real>(static_cast<std::size_t>(K));
    memory.total = pieces.take<Real>(1);
    memory.log_likelihood = pieces.take<double>(1);
    memory.info = pieces.take<int>(static_cast<std::size_t>(K));
    memory.failures = pieces.take<int>(1);
    for (int** list : {&memory.claimed, &memory.claims})
      *list = pieces.take<int>(static_cast<std::size_t>(K) * static_cast<std::size_t>(P));
    for (int** list : {&memory.first, &memory.claimed_by}) *list = pieces.take<int>(static_cast<std::size_t>(K));
    memory.most = pieces.take<int>(1);
    return memory;
  }

  /// Whether component k has kept its points.
  MDGPS_FUNCTION bool alive(int k) const { return mass[k] > Real(1e-4) / Real(components) * total[0]; }
};

/// One condition's points. A weight of 0 leaves a point out, whatever its numbers.
template <class Real>
struct WeightedPoints {
  const Real* points;                    ///< [P,d]
  Batch<const Real> weights;             ///< [N,P], or no memory: all 1
  Batch<const std::int32_t> assignment;  ///< [N,P] first component of each point, or no memory: start from the mixture
  std::int64_t condition;

  MDGPS_FUNCTION Real weight(int p) const { return weights.data == nullptr ? Real(1) : *weights.at(condition, p); }
};

template <class Real, class BackEnd>
struct ExpectationMaximisation {
  BackEnd& on;
  MixtureShape shape;
  EmOptions options;
  MixtureMemory<Real> memory;

  EmResult run(const WeightedPoints<Real>& data, const Mixture<Real>& mixture) const {
    if (!centre(data)) return {0.0, 0, Outcome::not_finite};
    const auto table = memory.table;
    if (data.assignment.data != nullptr) {
      on.for_each(shape.components, 1, points(), [=] MDGPS_LAMBDA(int k, int, int p) {
        table(k, 0, p) = *data.assignment.at(data.condition, p) == k ? data.weight(p) : Real{};
      });
      maximise(data, mixture);
    } else {
      shift_means(mixture, Real(-1));
    }
    EmResult result{-INFINITY, 0, Outcome::not_converged};
    while (result.iterations < options.max_iterations) {
      expect(data, mixture);
      const double log_likelihood = on.read(memory.log_likelihood);
      const double gain = log_likelihood - result.log_likelihood;
      result.log_likelihood = log_likelihood;
      ++result.iterations;
      const bool definite = on.read(memory.failures) == 0;
      if (!definite || !std::isfinite(log_likelihood)) {
        result.outcome = definite ? Outcome::not_finite : Outcome::not_positive_definite;
        break;
      }
      if (gain < options.tolerance * std::abs(log_likelihood)) {  // also where the likelihood fell
        result.outcome = Outcome::ok;
        break;
      }
      maximise(data, mixture);
    }
    shift_means(mixture, Real(1));
    return result;
  }

  int points() const { return static_cast<int>(shape.points); }

  /// Moves the points to zero mean, since second moments about zero are summed. False where they are not finite.
  bool centre(const WeightedPoints<Real>& data) const {
    const auto memory = this->memory;
    const int d = shape.dimensions;
    const auto weighted = [=] MDGPS_LAMBDA(int i, int, int p) {
      return data.weight(p) > Real{} ? data.weight(p) * data.points[std::int64_t{p} * d + i] : Real{};
    };
    on.sums(
        1, 1, points(), [=] MDGPS_LAMBDA(int, int, int p) { return data.weight(p); }, memory.total);
    on.sums(d, 1, points(), weighted, memory.centre);  // a slot per dimension
    on.for_each(1, 1, d, [=] MDGPS_LAMBDA(int, int, int i) { memory.centre[i] /= memory.total[0]; });
    on.sums(
        1, 1, d, [=] MDGPS_LAMBDA(int, int, int i) { return static_cast<double>(memory.centre[i]); },
        memory.log_likelihood);
    if (!std::isfinite(on.read(memory.log_likelihood))) return false;
    on.for_each(1, points(), d, [=] MDGPS_LAMBDA(int, int p, int i) {
      memory.points(0, p, i) =
          data.weight(p) > Real{} ? data.points[std::int64_t{p} * d + i] - memory.centre[i] : Real{};
    });
    return true;
  }

  void shift_means(const Mixture<Real>& mixture, Real sign) const {
    const auto memory = this->memory;
    const int d = shape.dimensions;
    on.for_each(1, shape.components, d, [=] MDGPS_LAMBDA(int, int k, int i) {
      mixture.mean[std::int64_t{k} * d + i] += sign * memory.centre[i];
    });
  }

  /// table <- responsibilities; log_likelihood, and how many covariances have no factor.
  void expect(const WeightedPoints<Real>& data, const Mixture<Real>& mixture) const {
    const auto memory = this->memory;
    const int d = shape.dimensions, K = shape.components;
    on.for_each(K, d, d, [=] MDGPS_LAMBDA(int k, int i, int j) {
      memory.factor(k, i, j) = mixture.covariance[(std::int64_t{k} * d + i) * d + j];
    });
    on.factorise(K, memory.factor, memory.info);
    on.for_each(K, 1, 1, [=] MDGPS_LAMBDA(int k, int, int) {
      Real constant = logarithm(mixture.weight[k]) - Real(0.5 * d * 1.8378770664093454836);
      for (int i = 0; i < d; ++i) constant -= logarithm(memory.factor(k, i, i));
      memory.constant[k] = constant;
    });
    on.sums(
        1, 1, K, [=] MDGPS_LAMBDA(int, int, int k) { return has_factor(memory.factor, memory.info, k) ? 0 : 1; },
        memory.failures);
    on.for_each(K, d, points(), [=] MDGPS_LAMBDA(int k, int i, int p) {
      memory.residual(k, i, p) = memory.points(0, p, i) - mixture.mean[std::int64_t{k} * d + i];
    });
    on.solve_lower(K, memory.factor, memory.residual);
    on.for_each(K, 1, points(), [=] MDGPS_LAMBDA(int k, int, int p) {
      Real squares{};
      for (int i = 0; i < d; ++i) squares += memory.residual(k, i, p) * memory.residual(k, i, p);
      memory.table(k, 0, p) = memory.constant[k] - Real(0.5) * squares;
    });
    on.for_each(1, 1, points(), [=] MDGPS_LAMBDA(int, int, int p) {
      const Real weight = data.weight(p);
      Real largest = memory.table(0, 0, p), sum{};
      for (int k = 1; k < K; ++k) largest = maximum(memory.table(k, 0, p), largest);
      for (int k = 0; k < K; ++k) sum += exponential(memory.table(k, 0, p) - largest);
      for (int k = 0; k < K; ++k) {
        const Real share = exponential(memory.table(k, 0, p) - largest) / sum;
        memory.table(k, 0, p) = weight > Real{} && share > negligible_share<Real> ? weight * share : Real{};
      }
      memory.evidence[p] = weight > Real{} ? weight * (largest + logarithm(sum)) : Real{};
    });
    on.sums(
        1, 1, points(), [=] MDGPS_LAMBDA(int, int, int p) { return static_cast<double>(memory.evidence[p]); },
        memory.log_likelihood);
  }

  /// The pool of every component from the responsibilities, in the order of the points; returns the size of the
  /// largest. A component that has lost its points is given all of them, but not their weight.
  int pool(const WeightedPoints<Real>& data) const {
    const auto memory = this->memory;
    const int d = shape.dimensions, K = shape.components, P = points();
    on.sums(
        K, 1, P, [=] MDGPS_LAMBDA(int k, int, int p) { return memory.table(k, 0, p); }, memory.mass);
    on.for_each(K, 1, P, [=] MDGPS_LAMBDA(int k, int, int p) {
      const Real share = memory.alive(k) ? memory.table(k, 0, p) : data.weight(p);
      memory.claimed[k * P + p] = share > Real{} ? 1 : 0;
      memory.table(k, 0, p) = root(share);
    });
    on.select(K * P, memory.claimed, memory.claims);
    on.sums(
        K, 1, P, [=] MDGPS_LAMBDA(int k, int, int p) { return memory.claimed[k * P + p]; }, memory.claimed_by);
    on.for_each(1, 1, 1, [=] MDGPS_LAMBDA(int, int, int) {
      int before = 0, most = 0;
      for (int k = 0; k < K; ++k) {
        memory.first[k] = before;
        before += memory.claimed_by[k];
        most = memory.claimed_by[k] > most ? memory.claimed_by[k] : most;
      }
      *memory.most = most;
    });
    const int most = on.read(memory.most);
    on.for_each(K, most, d + 1, [=] MDGPS_LAMBDA(int k, int i, int j) {
      if (i >= memory.claimed_by[k]) {
        memory.pool(k, i, j) = Real{};
        return;
      }
      const int p = memory.claims[memory.first[k] + i] - k * P;
      memory.pool(k, i, j) = memory.table(k, 0, p) * (j == d ? Real(1) : memory.points(0, p, j));
    });
    return most;
  }

  /// The mixture from the responsibilities.
  void maximise(const WeightedPoints<Real>& data, const Mixture<Real>& mixture) const {
    const auto memory = this->memory;
    const int d = shape.dimensions, K = shape.components, most = pool(data);
    const Real regularization = static_cast<Real>(options.regularization);
    on.product_transposed(K, memory.claimed_by, most, memory.pool, memory.pool.block(0, 0, points(), d), memory.moments,
                          Part::lower);
    on.for_each(K, d + 1, d, [=] MDGPS_LAMBDA(int k, int i, int j) {
      const Real scale = Real(1) / (memory.alive(k) ? memory.mass[k] : memory.total[0]);
      const auto& S = memory.moments;
      if (i == d) {
        mixture.mean[std::int64_t{k} * d + j] = S(k, d, j) * scale;
        if (j == 0) mixture.weight[k] = memory.mass[k] / memory.total[0];
      } else if (j <= i) {
        Real* const covariance = mixture.covariance + std::int64_t{k} * d * d;
        covariance[i * d + j] = covariance[j * d + i] =
            S(k, i, j) * scale - (S(k, d, i) * scale) * (S(k, d, j) * scale) + (i == j ? regularization : Real{});
      }
    });
  }
};

}  // namespace mdgps::wide
