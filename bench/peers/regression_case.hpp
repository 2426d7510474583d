#pragma once
/// The fit of all dynamics of a task from five samples a step, with a prior from a mixture that is given.

#include <fstream>
#include <string>

#include "bench/trajectories.hpp"
#include "mdgps/solver/gaussian_mixture.hpp"
#include "mdgps/solver/regression.hpp"

namespace mdgps::bench {

class RegressionCase {
 public:
  static constexpr std::int64_t samples = 5, components = 20, fitted_points = 3960;
  static constexpr double regularization = 1e-6;

  /// Of a trajectory's extents: a step fewer, since the last has no successor.
  explicit RegressionCase(const BatchShape& s)
      : N_(s.conditions),
        T_(s.steps - 1),
        p_(s.states + s.actions),
        q_(s.states),
        mixture_(N_, components, p_ + q_),
        points_({N_, T_, samples, p_ + q_}),
        fit_({N_, T_, p_, q_}),
        status_({N_, T_}),
        memory_(fit_linear_gaussian_workspace_size(problem(), prior())) {
    for (std::int64_t i = 0; i < N_; ++i) fill(problems::Draws(1, i), i);
  }

  void run() {
    fit_linear_gaussian(problem(), prior(), {fit_.gain, fit_.offset, fit_.covariance, status_}, memory_, Stream{});
  }

  /// Sum of the magnitudes of the fits.
  double size() const { return magnitude(fit_.gain) + magnitude(fit_.offset) + magnitude(fit_.covariance); }

  /// Raw doubles: the components' means, covariances and weights, then the points [input; output].
  void write(const std::string& name) const {
    std::ofstream file(name, std::ios::binary);
    for (const auto elements :
         {mixture_.mean.elements(), mixture_.covariance.elements(), mixture_.weight.elements(), points_.elements()})
      file.write(reinterpret_cast<const char*>(elements.data()), static_cast<std::streamsize>(elements.size_bytes()));
    if (!file.flush()) throw std::runtime_error("cannot write " + name);
  }

 private:
  /// Clusters that overlap, and every point near one of them.
  void fill(problems::Draws draws, std::int64_t i) {
    for (std::int64_t k = 0; k < components; ++k) {
      problems::fill_normal(draws, mixture_.mean.view()[i][k], 1.0);
      problems::fill_positive_definite(draws, mixture_.covariance.view()[i][k], 1.0);
      mixture_.weight(i, k) = 1.0 / components;
    }
    for (std::int64_t t = 0; t < T_; ++t)
      for (std::int64_t s = 0; s < samples; ++s) {
        const int k = draws.below(components);
        for (std::int64_t j = 0; j < p_ + q_; ++j) points_(i, t, s, j) = mixture_.mean(i, k, j) + draws.normal();
      }
  }
  PriorFromMixture<double> prior() const { return {mixture_.view(), points_, {}, 1.0, fitted_points}; }
  RegressionProblem<double> problem() const {
    const auto& e = points_.extents();
    const std::array<std::int64_t, 4> strides{e[1] * e[2] * e[3], e[2] * e[3], e[3], 1};
    const View<const double, 4> inputs(points_.data(), {N_, T_, samples, p_}, strides, Device{});
    const View<const double, 4> outputs(points_.data() + p_, {N_, T_, samples, q_}, strides, Device{});
    return {inputs, outputs, {}, {}, regularization};
  }

  std::int64_t N_, T_, p_, q_;
  GaussianMixtureArrays<double> mixture_;
  Array<double, 4> points_;
  LinearGaussianPolicyArrays<double> fit_;  // gain [N,T,q,p], offset [N,T,q], covariance [N,T,q,q]
  Array<Status, 2> status_;
  OwnWorkspace memory_;
};

}  // namespace mdgps::bench
