#pragma once

#include "mdgps/solver/export.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// Normal-inverse-Wishart prior over the mean and covariance of a point, per condition and step.
template <class Real>
struct NormalInverseWishart {
  View<Real, 3> mean;           ///< mu_0 [N,T,d]
  View<Real, 4> scatter;        ///< Phi  [N,T,d,d]
  View<Real, 2> mean_strength;  ///< m    [N,T], in samples
  View<Real, 2> degrees;        ///< n_0  [N,T], in samples

  operator NormalInverseWishart<const Real>() const requires(!std::is_const_v<Real>) {
    return {mean, scatter, mean_strength, degrees};
  }
};

/// Owning counterpart of NormalInverseWishart.
template <class Real>
struct NormalInverseWishartArrays {
  Array<Real, 3> mean;
  Array<Real, 4> scatter;
  Array<Real, 2> mean_strength, degrees;

  NormalInverseWishartArrays() = default;
  NormalInverseWishartArrays(std::int64_t N, std::int64_t T, std::int64_t d, Device device = {})
      : mean({N, T, d}, device),
        scatter({N, T, d, d}, device),
        mean_strength({N, T}, device),
        degrees({N, T}, device) {}
  NormalInverseWishart<Real> view() { return {mean, scatter, mean_strength, degrees}; }
};

/// p(output | input) = N(A input + c, F) from S samples per condition and step.
template <class Real>
struct RegressionProblem {
  View<const Real, 4> inputs;              ///< [N,T,S,p]; strides are free, so slices of trajectories serve
  View<const Real, 4> outputs;             ///< [N,T,S,q]
  View<const Real, 3> weights;             ///< [N,T,S] of the samples, 0 leaves one out; empty: all 1
  NormalInverseWishart<const Real> prior;  ///< over [input; output], d = p + q; empty views: none
  Real regularization = Real(1e-6);        ///< added to the diagonal of the inputs' covariance
  /// The outputs are changes of the first q inputs, and the fit is to give what those become: A gains the identity.
  bool outputs_are_changes = false;
};

/// N(A x + c, F), of each condition and step.
template <class Real>
struct LinearGaussianFit {
  View<Real, 4> gain;        ///< A [N,T,q,p]
  View<Real, 3> offset;      ///< c [N,T,q]
  View<Real, 4> covariance;  ///< F [N,T,q,q], symmetric to the bit
  View<Status, 2> status;    ///< [N,T]
};

/// Linear-Gaussian regression with a normal-inverse-Wishart prior, for every condition and step at once: the fit of
/// dynamics and of the linearised global policy.
///
/// With mu and S the samples' weighted mean and scatter, N their number:
///   Sigma = (S + Phi + N m / (N + m) (mu - mu_0)(mu - mu_0)') / (N + n_0),  + regularization on the inputs' diagonal,
///   A = Sigma_yx Sigma_xx^-1,  c = mu_y - A mu_x,  F = Sigma_yy - A Sigma_xy.
/// Without a prior this is the maximum likelihood estimate. The mean is not shrunk towards mu_0.
/// status   not_positive_definite where the inputs' covariance has no factor or N + n_0 is negative, not_finite where
///          numbers are not (no sample has weight, say, or N + n_0 is 0); that fit is then unspecified
/// workspace   at least fit_linear_gaussian_workspace_size(problem) bytes
/// Throws std::invalid_argument when shapes or devices differ, or outputs that are changes outnumber the inputs.
/// Asynchronous on `stream`.
/// Source: [MDGPS 3.1]; Levine & Abbeel 2014, Section 3.
template <class Real>
MDGPS_API void fit_linear_gaussian(const RegressionProblem<Real>& problem, const LinearGaussianFit<Real>& fit,
                                   Workspace workspace, Stream stream);

/// Bytes of workspace that `fit_linear_gaussian` needs.
template <class Real>
MDGPS_API std::size_t fit_linear_gaussian_workspace_size(const RegressionProblem<Real>& problem);

/// The same with a workspace of its own, and finished on return.
template <class Real>
MDGPS_API void fit_linear_gaussian(const RegressionProblem<Real>& problem, const LinearGaussianFit<Real>& fit);

}  // namespace mdgps
