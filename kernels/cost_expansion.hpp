#pragma once
/// Quadratic expansion of the cost: each sample is expanded about itself, moved to absolute coordinates, and the
/// samples of a step are averaged.   [MDGPS 3.1]

#include "kernels/linear_gaussian.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

struct CostShape {
  int samples, states, actions, points, terms, largest_term;
};

template <class T>
struct CostExpansionBatch {
  Batch<const T> states, actions, points;  ///< [S,n] [S,m] [S,k]
  Batch<const T> point_jacobians;          ///< of sample 0 [k,n]; samples are jacobian_sample_stride apart
  std::int64_t jacobian_sample_stride;
  Batch<const T> weights;  ///< [S]
  CostBatch<T> cost;
  Batch<T> sample_cost;  ///< [S]
};

/// The lanes' (condition, step) expansions of a sum of terms; `Term` has the members of mdgps::CostTermPointers. The
/// log form's Hessian leaves out the part that makes it indefinite: with l1 (diag(w^2) / (alpha+s) - (w^2 d)(w^2 d)' /
/// (alpha+s)^2) it stays positive semidefinite, as the authors' code does. Points take their derivatives through their
/// Jacobian, without the second order of the kinematics.
template <class Group, class Scalar, class Term, class T>
MDGPS_FUNCTION void expand_cost(const Group& g, const Lanes<Scalar>& lanes, const CostShape& shape, const Term* terms,
                                const CostExpansionBatch<T>& b, Scratch<Scalar>& scratch) {
  const int S = shape.samples, n = shape.states, m = shape.actions, k = shape.points, p = n + m;
  const auto y = scratch.take_matrix(S, p + k);
  const auto weights = scratch.take_vector(S);
  const auto sample_cost = scratch.take_vector(S);
  const auto J = scratch.take_matrix(k, n);
  const auto H = scratch.take_matrix(p, p);
  const auto gradient = scratch.take_vector(p);
  const auto H_mean = scratch.take_matrix(p, p);
  const auto gradient_mean = scratch.take_vector(p);
  const auto H_z = scratch.take_vector(p);
  const auto rows = scratch.take_matrix(shape.largest_term, p);
  const auto slope = scratch.take_vector(shape.largest_term);
  const auto curvature = scratch.take_matrix(shape.largest_term, shape.largest_term);
  const auto curvature_rows = scratch.take_matrix(shape.largest_term, p);
  if (scratch.counting()) return;

  load(g, lanes, b.states, 0, y.block(0, 0, S, n));
  load(g, lanes, b.actions, 0, y.block(0, n, S, m));
  if (k > 0) load(g, lanes, b.points, 0, y.block(0, p, S, k));
  load(g, lanes, b.weights, 0, weights);
  Scalar total{};
  for (int s = 0; s < S; ++s) total += weights(s);
  // Without any weight there is no mean, and zeros would pass for a cost.
  const Scalar none = select(total == Scalar{}, Scalar(NAN), Scalar{});
  Scalar constant_mean = none;
  fill(g, H_mean, none);
  fill(g, gradient_mean.column(), none);

  for (int s = 0; s < S; ++s) {
    if (k > 0) {
      Batch<const T> jacobian = b.point_jacobians;
      jacobian.data += s * b.jacobian_sample_stride;
      load(g, lanes, jacobian, 0, J);
    }
    fill(g, H, Scalar{});
    fill(g, gradient.column(), Scalar{});
    Scalar value{};
    for (int i = 0; i < shape.terms; ++i) {
      const Term& term = terms[i];
      const int size = term.size;
      const Scalar ramp = load(lanes, Batch<const double>{term.ramp, 0, 1, 0, 0}, 0);
      const Scalar l1(term.l1), l2(term.l2);
      Scalar sum{}, quadratic{};
      for (int j = 0; j < size; ++j) {
        const Scalar w = ramp * Scalar(term.weights[j]), d = y(s, term.entries[j]) - Scalar(term.targets[j]);
        sum += (w * d) * (w * d);
        quadratic += w * d * d;
      }
      const Scalar inside = Scalar(term.alpha) + sum;
      const Scalar norm = term.logarithmic ? Scalar(0.5) * logarithm(inside) : root(inside);
      const Scalar first = Scalar(1) / (term.logarithmic ? inside : root(inside));
      const Scalar second = first / inside;
      value += select(ramp == Scalar{}, Scalar{}, Scalar(0.5) * l2 * quadratic + l1 * norm);

      for_each(g, size, [&](int a) {
        const Scalar w = ramp * Scalar(term.weights[a]), d = y(s, term.entries[a]) - Scalar(term.targets[a]);
        slope(a) = l2 * w * d + l1 * first * w * w * d;
        for (int c = 0; c < size; ++c) {
          const Scalar w_c = ramp * Scalar(term.weights[c]), d_c = y(s, term.entries[c]) - Scalar(term.targets[c]);
          curvature(a, c) = -l1 * second * (w * w * d) * (w_c * w_c * d_c);
        }
        curvature(a, a) += l2 * w + l1 * first * w * w;
        const int entry = term.entries[a];
        for (int c = 0; c < p; ++c) rows(a, c) = Scalar(c == entry ? 1 : 0);
        if (entry >= p)
          for (int c = 0; c < n; ++c) rows(a, c) = J(entry - p, c);
      });
      const auto row_block = rows.block(0, 0, size, p);
      product(g, curvature.block(0, 0, size, size), row_block, curvature_rows.block(0, 0, size, p));
      product(g, transpose(row_block), curvature_rows.block(0, 0, size, p), H, Update::add, Part::symmetric);
      product(g, transpose(row_block), slope.segment(0, size), gradient, Update::add);
    }

    const Vector<Scalar> z{&y(s, 0), p};
    product(g, H, z, H_z);
    // A sample without weight must not bring its numbers in: NaN times 0 is NaN.
    const auto share = [&, used = weights(s) > Scalar{}, part = weights(s) / total](const Scalar& x) {
      return select(used, part * x, Scalar{});
    };
    constant_mean += share(value - dot(g, gradient, z) + Scalar(0.5) * dot(g, z, H_z));
    for_each(g, p, [&](int i) {
      gradient_mean(i) += share(gradient(i) - H_z(i));
      for (int j = 0; j < p; ++j) H_mean(i, j) += share(H(i, j));
    });
    for_each(g, 1, [&](int) { sample_cost(s) = value; });
  }
  store(g, lanes, H_mean, b.cost.hessian, 0);
  store(g, lanes, gradient_mean, b.cost.gradient, 0);
  store(g, lanes, constant_mean, b.cost.constant, 0);
  store(g, lanes, sample_cost, b.sample_cost, 0);
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
