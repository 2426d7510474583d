#pragma once
/// Samples of a trajectory with points on the robot, cost terms, and what their quadratic expansion must be.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <vector>

#include "mdgps/solver/cost_expansion.hpp"
#include "problems.hpp"
#include "reference.hpp"

namespace mdgps::problems {

using reference::Dense;

/// Samples whose points are a linear map of the state, so that Gauss-Newton is exact.
template <class Real>
struct Samples {
  std::int64_t N, S, T, n, m, k;
  Array<Real, 4> states, actions, points;
  Array<Real, 5> jacobians;
  Array<Real, 2> weights;
  QuadraticCostArrays<Real> cost;
  Array<Real, 3> sample_cost;

  Samples(std::int64_t N, std::int64_t S, std::int64_t T, std::int64_t n, std::int64_t m, std::int64_t k,
          std::uint64_t seed)
      : N(N),
        S(S),
        T(T),
        n(n),
        m(m),
        k(k),
        states({N, S, T, n}),
        actions({N, S, T, m}),
        points({N, S, T, k}),
        jacobians({N, S, T, k, n}),
        weights({N, S}, Real(1)),
        cost({N, T, n, m}),
        sample_cost({N, S, T}) {
    for (std::int64_t i = 0; i < N; ++i) {
      Draws draws(seed, i);
      for (std::int64_t s = 0; s < S; ++s) {
        weights(i, s) = static_cast<Real>(draws.uniform(0.5, 1.5));
        fill_normal(draws, states.view()[i][s], 1.0);
        fill_normal(draws, actions.view()[i][s], 1.0);
        for (std::int64_t t = 0; t < T; ++t) {
          fill_normal(draws, jacobians.view()[i][s][t], 0.5);
          for (std::int64_t p = 0; p < k; ++p) {
            points(i, s, t, p) = static_cast<Real>(0.3 * static_cast<double>(p));
            for (std::int64_t j = 0; j < n; ++j) points(i, s, t, p) += jacobians(i, s, t, p, j) * states(i, s, t, j);
          }
        }
      }
    }
  }

  CostSamples<Real> view() const { return {states, actions, points, jacobians, weights}; }

  Dense z(std::int64_t i, std::int64_t s, std::int64_t t) const {
    return stack(reference::dense(states.view()[i][s][t]), reference::dense(actions.view()[i][s][t]));
  }
  /// [z; points] at a z near sample s.
  Dense joined(std::int64_t i, std::int64_t s, std::int64_t t, const Dense& z_near) const {
    Dense p(static_cast<int>(k), 1);
    for (int row = 0; row < p.rows; ++row) {
      p(row, 0) = points(i, s, t, row);
      for (int j = 0; j < n; ++j) p(row, 0) += jacobians(i, s, t, row, j) * (z_near(j, 0) - states(i, s, t, j));
    }
    return stack(z_near, p);
  }
};

/// l2/2 sum w d^2 + l1 N(s), as the header writes it.
inline double term_cost(const CostTerm& term, const Dense& y, std::int64_t t) {
  if (term.ramp[t] == 0.0) return 0.0;
  double quadratic = 0.0, s = 0.0;
  for (std::size_t j = 0; j < term.entries.size(); ++j) {
    const double w = term.ramp[t] * term.weights[j], d = y(term.entries[j], 0) - term.targets[j];
    quadratic += w * d * d;
    s += w * d * w * d;
  }
  return 0.5 * term.l2 * quadratic +
         term.l1 * (term.form == CostTerm::Form::sqrt ? std::sqrt(term.alpha + s) : 0.5 * std::log(term.alpha + s));
}

struct Expansion {
  double value;
  Dense gradient, hessian;
};
/// Central differences.
inline Expansion differentiate(const std::function<double(const Dense&)>& f, const Dense& z) {
  const double h = 2e-4;
  Expansion e{f(z), Dense(z.rows, 1), Dense(z.rows, z.rows)};
  const auto at = [&](int i, double di, int j, double dj) {
    Dense moved = z;
    moved(i, 0) += di;
    moved(j, 0) += dj;
    return f(moved);
  };
  for (int i = 0; i < z.rows; ++i) {
    e.gradient(i, 0) = (at(i, h, i, 0) - at(i, -h, i, 0)) / (2 * h);
    for (int j = 0; j < z.rows; ++j)
      e.hessian(i, j) = (at(i, h, j, h) - at(i, h, j, -h) - at(i, -h, j, h) + at(i, -h, j, -h)) / (4 * h * h);
  }
  return e;
}

/// The mean of the samples' expansions, moved to absolute coordinates; derivatives by differences. Of a log term's
/// Hessian the indefinite part, -l1 s'' (w^2 d)(w^2 d)' once, is left out: its gradient's outer product is added back.
template <class Real>
void expect_expansion(const std::vector<CostTerm>& terms, const Samples<Real>& samples) {
  // Differences of second order are good to 1e-7 relative to the values.
  const double tolerance = std::max(1e-5, 1e4 * static_cast<double>(std::numeric_limits<Real>::epsilon()));
  for (std::int64_t i = 0; i < samples.N; ++i)
    for (std::int64_t t = 0; t < samples.T; ++t) {
      const int p = static_cast<int>(samples.n + samples.m);
      Dense hessian(p, p), gradient(p, 1);
      double constant = 0.0, total = 0.0;
      for (std::int64_t s = 0; s < samples.S; ++s) total += samples.weights(i, s);
      for (std::int64_t s = 0; s < samples.S; ++s) {
        const Dense z = samples.z(i, s, t);
        double value = 0.0;
        Dense g(p, 1), H(p, p);
        for (const CostTerm& term : terms) {
          const auto e =
              differentiate([&](const Dense& near) { return term_cost(term, samples.joined(i, s, t, near), t); }, z);
          value += e.value;
          g = g + e.gradient;
          H = H + e.hessian;
          if (term.form == CostTerm::Form::sqrt || term.ramp[t] == 0.0) continue;
          CostTerm log_part = term;
          log_part.l2 = 0.0;
          const auto slope =
              differentiate([&](const Dense& near) { return term_cost(log_part, samples.joined(i, s, t, near), t); }, z)
                  .gradient;
          H = H + (1.0 / term.l1) * (slope * transpose(slope));
        }
        EXPECT_NEAR(samples.sample_cost(i, s, t), value, tolerance * (1 + std::abs(value)));
        const double share = samples.weights(i, s) / total;
        hessian = hessian + share * H;
        gradient = gradient + share * (g - H * z);
        constant += share * (value - trace(transpose(g) * z) + 0.5 * trace(transpose(z) * H * z));
      }
      const double size = 1 + std::abs(constant);
      EXPECT_LT(relative_error(reference::dense(samples.cost.hessian.view()[i][t]), hessian), tolerance);
      EXPECT_LT(relative_error(reference::dense(samples.cost.gradient.view()[i][t]), gradient), tolerance);
      EXPECT_NEAR(samples.cost.constant(i, t), constant, tolerance * size);
    }
}

// y = [x (4); u (2); points (3)], two steps; alpha keeps differences of the norm's second derivative accurate.
inline CostTerm action_term() {
  return {CostTerm::Form::sqrt, 0.0, 1.0, 1e-5, {4, 5}, {0.1, 0.3}, {0.2, -0.1}, {1.0, 1.0}};
}
inline CostTerm state_term() {
  return {CostTerm::Form::sqrt, 0.7, 1.5, 0.5, {2, 0}, {1.0, 2.0}, {0.4, -1.0}, {0.5, 3.0}};
}
inline CostTerm point_term() {
  return {CostTerm::Form::log, 0.3, 2.0, 0.5, {6, 7, 8}, {2.0, 1.0, 2.0}, {0.1, 0.2, -0.3}, {1.0, 2.0}};
}
inline CostTerm final_term() {
  return {CostTerm::Form::log, 1.0, 0.0, 0.4, {6, 8, 1}, {2.0, 1.0, 1.5}, {0.1, 0.2, -0.3}, {0.0, 1.5}};
}

}  // namespace mdgps::problems
