#pragma once
/// Linear-Gaussian regression with a normal-inverse-Wishart prior: the fit of dynamics p(x'|x,u) and of the linearised
/// global policy from a handful of samples.   [MDGPS 3.1, B.1]; Levine & Abbeel 2014, Section 3.

#include "kernels/cholesky.hpp"
#include "kernels/outcome.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// Normal-inverse-Wishart prior over the mean and covariance of a point [input; output], from memory.
template <class T>
struct PriorBatch {
  Batch<T> mean;           ///< mu_0 [d]
  Batch<T> scatter;        ///< Phi  [d,d]
  Batch<T> mean_strength;  ///< m, in samples
  Batch<T> degrees;        ///< n_0, in samples

  MDGPS_FUNCTION bool given() const { return mean.data != nullptr; }
  struct Memory {};
  template <class Scalar>
  MDGPS_FUNCTION Memory take(Scratch<Scalar>&) const {
    return {};
  }
  /// mu_0 [d], the lower triangle of Phi [d,d], m and n_0 of the lanes' problems.
  template <class Group, class Scalar>
  MDGPS_FUNCTION void load(const Group& g, const Lanes<Scalar>& lanes, const Memory&, const Vector<Scalar>& mu_0,
                           const Matrix<Scalar>& Phi, Scalar& m, Scalar& n_0) const {
    kernels::load(g, lanes, mean, 0, mu_0);
    load_lower(g, lanes, scatter, 0, Phi);
    m = kernels::load(lanes, mean_strength, 0);
    n_0 = kernels::load(lanes, degrees, 0);
  }
};

struct RegressionShape {
  int samples, inputs, outputs;
};

/// Prior   where the prior comes from: PriorBatch, or one with the same members
template <class T, class Prior = PriorBatch<const T>>
struct RegressionBatch {
  Batch<const T> inputs, outputs;  ///< [S,p] [S,q]
  Batch<const T> weights;          ///< [S], or no memory: all 1
  Prior prior;                     ///< or none given: maximum likelihood
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
template <class Group, class Scalar, class T, class Prior>
MDGPS_FUNCTION void fit_linear_gaussian(const Group& g, const Lanes<Scalar>& lanes, const RegressionShape& shape,
                                        const RegressionBatch<T, Prior>& b, Scratch<Scalar>& scratch) {
  const int S = shape.samples, p = shape.inputs, q = shape.outputs, d = p + q;
  const bool has_prior = b.prior.given();
  const int before = has_prior ? 1 : 0;  // the first row is mu - mu_0, with the weight that this has in Sigma
  const auto points = scratch.take_matrix(before + S, d);
  const auto weighted = scratch.take_matrix(before + S, d);
  const auto weights = scratch.take_vector(S);
  const auto mean = scratch.take_vector(d);
  const auto prior_mean = scratch.take_vector(d);
  const auto Sigma = scratch.take_matrix(d, d);
  const auto Y = scratch.take_matrix(p, q);
  const auto c = scratch.take_vector(q);
  auto prior_memory = b.prior.take(scratch);
  if (scratch.counting()) return;

  const auto samples = points.block(before, 0, S, d), weighted_samples = weighted.block(before, 0, S, d);
  load(g, lanes, b.inputs, 0, samples.block(0, 0, S, p));
  load(g, lanes, b.outputs, 0, samples.block(0, p, S, q));
  if (b.weights.data != nullptr) {
    load(g, lanes, b.weights, 0, weights);
  } else {
    fill(g, weights.column(), Scalar(1));
  }
  Scalar N{};
  for (int s = 0; s < S; ++s) N += weights(s);

  Scalar shrinkage{}, total = N;
  if (has_prior) {
    Scalar m, n_0;
    b.prior.load(g, lanes, prior_memory, prior_mean, Sigma, m, n_0);
    shrinkage = N * m / (N + m);
    total += n_0;
  } else {
    fill(g, Sigma, Scalar{});
  }
  for_each(g, d, [&](int j) {
    Scalar sum{};
    for (int s = 0; s < S; ++s) {
      // A sample without weight must not bring its numbers in: NaN times 0 is NaN.
      samples(s, j) = select(weights(s) > Scalar{}, samples(s, j), Scalar{});
      sum += weights(s) * samples(s, j);
    }
    mean(j) = sum / N;
    for (int s = 0; s < S; ++s) {
      samples(s, j) -= mean(j);
      weighted_samples(s, j) = weights(s) * samples(s, j);
    }
    if (has_prior) {
      points(0, j) = mean(j) - prior_mean(j);
      weighted(0, j) = shrinkage * points(0, j);
    }
  });
  product(g, transpose(weighted), points, Sigma, Update::add, Part::lower);
  const Scalar scale = Scalar(1) / total;
  const Scalar sum_of_Sigma = sum_of(g, d, [&](int i) {
    Scalar row{};
    for (int j = 0; j <= i; ++j) row += Sigma(i, j) *= scale;
    if (i < p) Sigma(i, i) += Scalar(b.regularization);
    return row;
  });
  const Mask<Scalar> finite_input = finite(sum_of_Sigma + Scalar(b.regularization));

  // Over fewer than no samples Sigma has the wrong sign, which the regularization may hide from the factorisation.
  Mask<Scalar> ok = total > Scalar{};
  const auto factor = Sigma.block(0, 0, p, p), A = Sigma.block(p, 0, q, p), F = Sigma.block(p, p, q, q);
  copy(g, transpose(A), Y);
  cholesky(g, factor, ok);
  solve_lower(g, factor, Y);
  product(g, transpose(Y), Y, F, Update::subtract, Part::symmetric);
  solve_lower_transposed(g, factor, Y);
  copy(g, transpose(Y), A);
  for_each(g, q, [&](int i) { c(i) = mean(p + i); });
  product(g, A, mean.segment(0, p), c, Update::subtract);

  if (b.outputs_are_changes) for_each(g, q, [&](int i) { A(i, i) += Scalar(1); });

  const Mask<Scalar> finite_fit = finite(sum(g, c) + sum_of_lower(g, F)) | !ok;
  store(g, lanes, A, b.gain, 0);
  store(g, lanes, c, b.offset, 0);
  store(g, lanes, F, b.covariance, 0);
  store_outcome(g, lanes, Found<Scalar>{ok, Mask<Scalar>(finite_input & finite_fit)}, b.status);
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
