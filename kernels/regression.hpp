#pragma once
/// Linear-Gaussian regression with a normal-inverse-Wishart prior: the fit of dynamics p(x'|x,u) and of the linearised
/// global policy from a handful of samples.   [MDGPS 3.1, B.1]; Levine & Abbeel 2014, Section 3.

#include "kernels/cholesky.hpp"
#include "kernels/lanes.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// Normal-inverse-Wishart prior over the mean and covariance of a point [input; output].
template <class T>
struct PriorBatch {
  Batch<T> mean;           ///< mu_0 [d]
  Batch<T> scatter;        ///< Phi  [d,d]
  Batch<T> mean_strength;  ///< m, in samples
  Batch<T> degrees;        ///< n_0, in samples
};

struct RegressionShape {
  int samples, inputs, outputs;
};

template <class T>
struct RegressionBatch {
  Batch<const T> inputs, outputs;  ///< [S,p] [S,q]
  Batch<const T> weights;          ///< [S], or no memory: all 1
  PriorBatch<const T> prior;       ///< or no memory: maximum likelihood
  T regularization;                ///< added to the diagonal of the inputs' covariance
  Batch<T> gain, offset, covariance;
  Batch<std::int32_t> status;
  bool outputs_are_changes = false;  ///< of the first q inputs: the gain of what they become has the identity added
};

/// p(output|input) = N(A input + c, F) for the lanes' (condition, step) problems.
///
/// With the weighted mean mu and scatter S of N samples, the joint covariance is
///   Sigma = (S + Phi + N m / (N + m) (mu - mu_0)(mu - mu_0)') / (N + n_0),
/// and the conditional follows: A = Sigma_yx Sigma_xx^-1, F = Sigma_yy - A Sigma_xy. The mean is not shrunk to mu_0.
template <class Group, class Scalar, class T>
MDGPS_FUNCTION void fit_linear_gaussian(const Group& g, const Lanes<Scalar>& lanes, const RegressionShape& shape,
                                        const RegressionBatch<T>& b, Scratch<Scalar>& scratch) {
  const int S = shape.samples, p = shape.inputs, q = shape.outputs, d = p + q;
  const auto points = scratch.take_matrix(S, d);
  const auto weighted = scratch.take_matrix(S, d);
  const auto weights = scratch.take_vector(S);
  const auto mean = scratch.take_vector(d);
  const auto prior_mean = scratch.take_vector(d);
  const auto Sigma = scratch.take_matrix(d, d);
  const auto factor = scratch.take_matrix(p, p);
  const auto Y = scratch.take_matrix(p, q);
  const auto c = scratch.take_vector(q);
  if (scratch.counting()) return;

  load(g, lanes, b.inputs, 0, points.block(0, 0, S, p));
  load(g, lanes, b.outputs, 0, points.block(0, p, S, q));
  if (b.weights.data != nullptr) {
    load(g, lanes, b.weights, 0, weights);
  } else {
    fill(g, weights.column(), Scalar(1));
  }
  Scalar N{};
  for (int s = 0; s < S; ++s) N += weights(s);

  for_each(g, d, [&](int j) {
    Scalar sum{};
    for (int s = 0; s < S; ++s) {
      // A sample without weight must not bring its numbers in: NaN times 0 is NaN.
      points(s, j) = select(weights(s) > Scalar{}, points(s, j), Scalar{});
      sum += weights(s) * points(s, j);
    }
    mean(j) = sum / N;
    for (int s = 0; s < S; ++s) {
      points(s, j) -= mean(j);
      weighted(s, j) = weights(s) * points(s, j);
    }
  });
  Scalar total = N;
  if (b.prior.mean.data != nullptr) {
    load(g, lanes, b.prior.mean, 0, prior_mean);
    load(g, lanes, b.prior.scatter, 0, Sigma);
    const Scalar m = load(lanes, b.prior.mean_strength, 0);
    const Scalar shrinkage = N * m / (N + m);
    for_each(g, d, [&](int i) {
      for (int j = 0; j <= i; ++j) Sigma(i, j) += shrinkage * (mean(i) - prior_mean(i)) * (mean(j) - prior_mean(j));
    });
    total += load(lanes, b.prior.degrees, 0);
  } else {
    fill(g, Sigma, Scalar{});
  }
  product(g, transpose(weighted), points, Sigma, Update::add, Part::symmetric);
  const Scalar scale = Scalar(1) / total;
  for_each(g, d, [&](int i) {
    for (int j = 0; j <= i; ++j) Sigma(i, j) *= scale;
    if (i < p) Sigma(i, i) += Scalar(b.regularization);
  });

  Mask<Scalar> ok = true;
  const Mask<Scalar> finite_input = finite(sum_of_lower(g, Sigma));
  copy(g, Sigma.block(0, 0, p, p), factor);
  copy(g, transpose(Sigma.block(p, 0, q, p)), Y);
  cholesky(g, factor, ok);
  solve_lower(g, factor, Y);
  const auto F = Sigma.block(p, p, q, q);
  product(g, transpose(Y), Y, F, Update::subtract, Part::symmetric);
  solve_lower_transposed(g, factor, Y);  // Y is now A'
  for_each(g, q, [&](int i) { c(i) = mean(p + i); });
  product(g, transpose(Y), mean.segment(0, p), c, Update::subtract);

  if (b.outputs_are_changes) for_each(g, q, [&](int i) { Y(i, i) += Scalar(1); });

  const Mask<Scalar> finite_fit = finite(sum(g, c) + sum_of_lower(g, F)) | !ok;
  store(g, lanes, transpose(Y), b.gain, 0);
  store(g, lanes, c, b.offset, 0);
  store(g, lanes, F, b.covariance, 0);
  store_outcome(g, lanes, !(finite_input & finite_fit), Outcome::not_finite, !ok, Outcome::not_positive_definite,
                b.status);
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
