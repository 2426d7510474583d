#pragma once

#include "mdgps/solver/export.hpp"
#include "mdgps/solver/regression.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// K Gaussians per condition.
template <class Real>
struct GaussianMixture {
  View<Real, 3> mean;        ///< [N,K,d]
  View<Real, 4> covariance;  ///< [N,K,d,d]
  View<Real, 2> weight;      ///< [N,K]

  operator GaussianMixture<const Real>() const requires(!std::is_const_v<Real>) { return {mean, covariance, weight}; }
};

/// Owning counterpart of GaussianMixture.
template <class Real>
struct GaussianMixtureArrays {
  Array<Real, 3> mean;
  Array<Real, 4> covariance;
  Array<Real, 2> weight;

  GaussianMixtureArrays() = default;
  GaussianMixtureArrays(std::int64_t N, std::int64_t K, std::int64_t d, Device device = {})
      : mean({N, K, d}, device), covariance({N, K, d, d}, device), weight({N, K}, device) {}
  std::int64_t components() const { return weight.extent(1); }
  GaussianMixture<Real> view() { return {mean, covariance, weight}; }
  GaussianMixture<const Real> view() const { return {mean, covariance, weight}; }
};

/// The points that a mixture is fitted to, for each condition.
template <class Real>
struct MixtureProblem {
  View<const Real, 3> points;   ///< [N,P,d], contiguous
  View<const Real, 2> weights;  ///< [N,P], contiguous; 0 leaves a point out; empty: all 1
  View<const std::int32_t, 2>
      assignment;  ///< [N,P], contiguous: first component of each point; empty: start from the mixture
};

/// Of the EM iterations.
struct MixtureOptions {
  int max_iterations = 100;      ///< of E- and M-step
  double tolerance = 1e-5;       ///< stop when the log likelihood gains less than this part of its size
  double regularization = 1e-6;  ///< added to the covariances' diagonals
  SolverPath path = SolverPath::automatic;
};

/// What the fit of each condition came to; views may be empty.
template <class Real>
struct MixtureReport {
  View<Real, 1> log_likelihood;      ///< [N] at the last E-step
  View<std::int32_t, 1> iterations;  ///< [N] E-steps
  View<Status, 1> status;            ///< [N] not_converged where iterations ran out; not_positive_definite, not_finite
};

/// Expectation maximisation for every condition's mixture, from an assignment of points or from the mixture itself.
/// It stops before the M-step when the likelihood no longer rises. A component that has lost its points, all but
/// 1e-4 / K of the weight, is given mean and covariance of all of them. As in the authors' code it keeps the weight
/// that it has left, by which it may win points again; with none left it stays without, in later fits that start from
/// this mixture, too.
/// workspace   at least fit_gaussian_mixture_workspace_size(problem, mixture, options) bytes
/// Throws std::invalid_argument when shapes or devices differ, and where the wide path is asked for and the device's
/// libraries are missing. Asynchronous on `stream`, but on the wide path, which waits for every E-step.
/// Source: [MDGPS 3.1]; Levine & Abbeel 2014, Section 3.2.
template <class Real>
MDGPS_API void fit_gaussian_mixture(const MixtureProblem<Real>& problem, const MixtureOptions& options,
                                    const GaussianMixture<Real>& mixture, const MixtureReport<Real>& report,
                                    Workspace workspace, Stream stream);

/// Bytes of workspace that `fit_gaussian_mixture` needs.
template <class Real>
MDGPS_API std::size_t fit_gaussian_mixture_workspace_size(const MixtureProblem<Real>& problem,
                                                          const GaussianMixture<Real>& mixture,
                                                          const MixtureOptions& options = {});

/// The same with a workspace of its own, and finished on return.
template <class Real>
MDGPS_API void fit_gaussian_mixture(const MixtureProblem<Real>& problem, const MixtureOptions& options,
                                    const GaussianMixture<Real>& mixture, const MixtureReport<Real>& report);

/// The normal-inverse-Wishart prior that a mixture gives for the points of each condition and step: mu_0 and
/// Phi / strength are the mixture's moments under the points' mean responsibilities.
///
/// points     [N,T,S,d]
/// weights    [N,S] of the samples; empty: all 1
/// strength   m, in samples; and n_0 = strength (P - 2 - d) / P with P the points the mixture was fitted to: negative
///            where these are fewer than d + 2
/// prior      out: [N,T,d] [N,T,d,d] [N,T] [N,T]
/// Throws std::invalid_argument when shapes or devices differ, or fitted_points is not positive. Asynchronous on
/// `stream`.
template <class Real>
MDGPS_API void mixture_prior(const GaussianMixture<const Real>& mixture, View<const Real, 4> points,
                             View<const Real, 2> weights, double strength, std::int64_t fitted_points,
                             const NormalInverseWishart<Real>& prior, Workspace workspace, Stream stream);

/// Bytes of workspace that `mixture_prior` needs.
template <class Real>
MDGPS_API std::size_t mixture_prior_workspace_size(const GaussianMixture<const Real>& mixture,
                                                   View<const Real, 4> points);

/// The same with a workspace of its own, and finished on return.
template <class Real>
MDGPS_API void mixture_prior(const GaussianMixture<const Real>& mixture, View<const Real, 4> points,
                             View<const Real, 2> weights, double strength, std::int64_t fitted_points,
                             const NormalInverseWishart<Real>& prior);

/// What `mixture_prior` takes, as the prior of a regression.
template <class Real>
struct PriorFromMixture {
  GaussianMixture<const Real> mixture;
  View<const Real, 4> points;      ///< [N,T,S,d] that choose the components, as a rule the regression's samples
  View<const Real, 2> weights;     ///< [N,S] of these points; empty: all 1
  double strength = 1;             ///< m, in samples; n_0 = strength (P - 2 - d) / P, negative where P < d + 2
  std::int64_t fitted_points = 0;  ///< P, how many points the mixture was fitted to
};

/// The regression with the prior that `mixture_prior` gives, bit for bit, whose arrays of N T d^2 numbers are never
/// stored. `problem.prior` must be empty; the points' S need not be the samples'.
/// status      as without a prior; not_finite where the mixture or its points are not
/// workspace   at least fit_linear_gaussian_workspace_size(problem, prior) bytes, N T K numbers among them
/// Throws std::invalid_argument when shapes or devices differ, the mixture has no components, fitted_points is not
/// positive, or outputs that are changes outnumber the inputs. Asynchronous on `stream`.
/// Source: [MDGPS 3.1]; Levine & Abbeel 2014, Section 3.
template <class Real>
MDGPS_API void fit_linear_gaussian(const RegressionProblem<Real>& problem, const PriorFromMixture<Real>& prior,
                                   const LinearGaussianFit<Real>& fit, Workspace workspace, Stream stream);

/// Bytes of workspace that the regression with a mixture's prior needs.
template <class Real>
MDGPS_API std::size_t fit_linear_gaussian_workspace_size(const RegressionProblem<Real>& problem,
                                                         const PriorFromMixture<Real>& prior);

/// The same with a workspace of its own, and finished on return.
template <class Real>
MDGPS_API void fit_linear_gaussian(const RegressionProblem<Real>& problem, const PriorFromMixture<Real>& prior,
                                   const LinearGaussianFit<Real>& fit);

}  // namespace mdgps
