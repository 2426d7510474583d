#include "mdgps/algorithm/local_models.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/random.hpp"
#include "mdgps/algorithm/linearization.hpp"

namespace mdgps {
namespace {

/// Samples of x' = A x + B u + c without noise, u random; observations are the states.
struct LinearSystem {
  static constexpr int n = 3, m = 2, N = 2, S = 30, T = 6;
  double A[n][n] = {{1.0, 0.1, 0.0}, {-0.2, 0.9, 0.05}, {0.0, 0.3, 0.7}};
  double B[n][m] = {{0.0, 0.1}, {0.5, 0.0}, {0.2, -0.4}};
  double c[n] = {0.01, -0.02, 0.1};

  Trajectories sample() const {
    Trajectories samples(N, S, T, n, m, n, 0);
    for (int i = 0; i < N; ++i)
      for (int s = 0; s < S; ++s) {
        const RandomSequence random(1, RandomStream::user, 0, i, s);
        std::uint32_t draw = 0;
        for (int j = 0; j < n; ++j) samples.states(i, s, 0, j) = random.normals(draw++)[0];
        for (int t = 0; t < T; ++t) {
          for (int a = 0; a < m; ++a) samples.actions(i, s, t, a) = random.normals(draw++)[0];
          for (int j = 0; j < n; ++j) samples.observations(i, s, t, j) = samples.states(i, s, t, j);
          if (t + 1 == T) break;
          for (int j = 0; j < n; ++j) {
            double x = c[j];
            for (int k = 0; k < n; ++k) x += A[j][k] * samples.states(i, s, t, k);
            for (int a = 0; a < m; ++a) x += B[j][a] * samples.actions(i, s, t, a);
            samples.states(i, s, t + 1, j) = x;
          }
        }
      }
    return samples;
  }
};

TEST(LocalModels, DynamicsOfALinearSystemAreFound) {
  const LinearSystem system;
  const Trajectories samples = system.sample();
  PriorSettings settings;
  settings.regularization = 1e-9;
  RegressionPrior prior(settings);
  prior.update(transitions(samples), samples.weights, 0, 1);
  LinearGaussianDynamicsArrays<double> dynamics(BatchShape{system.N, system.T, system.n, system.m});
  fit_transitions(prior, transitions(samples), samples.weights, 1e-3, dynamics);
  for (int i = 0; i < system.N; ++i)
    for (int t = 0; t + 1 < system.T; ++t)
      for (int j = 0; j < system.n; ++j) {
        for (int k = 0; k < system.n; ++k) EXPECT_NEAR(dynamics.transition(i, t, j, k), system.A[j][k], 1e-3);
        for (int a = 0; a < system.m; ++a)
          EXPECT_NEAR(dynamics.transition(i, t, j, system.n + a), system.B[j][a], 1e-3);
        EXPECT_NEAR(dynamics.offset(i, t, j), system.c[j], 1e-3);
      }
}

/// y = (1 + t) x + t, so that a step's regression tells whose points it has seen, and with what weight.
TEST(LocalModels, NeighbouringStepsCountTheLessTheFartherTheyAre) {
  constexpr int T = 5, S = 6, window = 2;
  Array<double, 4> points({1, T, S, 2});
  Array<double, 2> weights({1, S}, 1.0);
  weights(0, 2) = 0.5;
  const RandomSequence random(1, RandomStream::user);
  for (int t = 0; t < T; ++t)
    for (int s = 0; s < S; ++s) {
      points(0, t, s, 0) = random.normals(t * S + s)[0];
      points(0, t, s, 1) = (1 + t) * points(0, t, s, 0) + t;
    }
  PriorSettings settings;
  settings.window = window;
  settings.regularization = 1e-12;
  RegressionPrior prior(settings);
  prior.update(points, weights, 0, 1);
  LinearGaussianPolicyArrays<double> fit(BatchShape{1, T, 1, 1});
  fit_steps(prior, points, weights, {.strength = 1e-9}, fit.gain, fit.offset, fit.covariance);
  for (int t = 0; t < T; ++t) {
    double w = 0, x = 0, y = 0, xx = 0, xy = 0;
    for (int near = std::max(0, t - window); near <= std::min(T - 1, t + window); ++near)
      for (int s = 0; s < S; ++s) {
        const double share = (1 - std::abs(near - t) / (window + 1.0)) * weights(0, s);
        const double a = points(0, near, s, 0), b = points(0, near, s, 1);
        w += share, x += share * a, y += share * b, xx += share * a * a, xy += share * a * b;
      }
    const double slope = (xy - x * y / w) / (xx - x * x / w);
    EXPECT_NEAR(fit.gain(0, t, 0, 0), slope, 1e-6) << "step " << t;
    EXPECT_NEAR(fit.offset(0, t, 0), (y - slope * x) / w, 1e-6) << "step " << t;
  }
}

TEST(LocalModels, ASampleWithoutWeightDoesNotMatter) {
  Trajectories samples = LinearSystem{}.sample();
  samples.weights(0, 3) = 0;
  const auto fit = [](const Trajectories& s) {
    RegressionPrior prior{PriorSettings{}};
    prior.update(transitions(s), s.weights, 0, 1);
    LinearGaussianDynamicsArrays<double> dynamics(BatchShape{LinearSystem::N, LinearSystem::T, 3, 2});
    fit_transitions(prior, transitions(s), s.weights, 1.0, dynamics);
    return dynamics;
  };
  const auto before = fit(samples);
  for (auto* array : {&samples.states, &samples.actions})
    for (double& x : array->row(0, 3)) x = std::nan("");
  const auto after = fit(samples);
  EXPECT_EQ(before.transition, after.transition);
  EXPECT_EQ(before.covariance, after.covariance);
}

/// A mixture that once had no points cannot be gone on from.
TEST(LocalModels, AConditionThatHadNoSamplesOnceGetsItsMixtureWithTheNext) {
  const Trajectories samples = LinearSystem{}.sample();
  Array<double, 2> without_the_first = samples.weights;
  for (double& w : without_the_first.row(0)) w = 0;
  PriorSettings settings;
  settings.trajectories = LinearSystem::S;  // as many in every update, so that the number of components stays
  RegressionPrior prior(settings), always(settings);
  prior.update(transitions(samples), without_the_first, 0, 1);
  always.update(transitions(samples), samples.weights, 0, 1);
  const auto total = [&](std::int64_t i) {
    double sum = 0;
    for (const double w : prior.state().mixture.weight.row(i)) sum += w;
    return sum;
  };
  ASSERT_EQ(total(0), 0.0);
  for (std::uint32_t iteration : {2u, 3u}) {
    prior.update(transitions(samples), samples.weights, 0, iteration);
    always.update(transitions(samples), samples.weights, 0, iteration);
    EXPECT_NEAR(total(0), 1.0, 1e-12) << "iteration " << iteration;
    EXPECT_TRUE(std::ranges::equal(prior.state().mixture.mean.row(1), always.state().mixture.mean.row(1)))
        << "a neighbour, iteration " << iteration;
  }
}

TEST(LocalModels, PointsInPlaceOfTheNewestPushNothingOut) {
  constexpr int T = 3, S = 2;
  const auto points = [](double value) { return Array<double, 4>({1, T, S, 2}, value); };
  const Array<double, 2> weights({1, S}, 1.0);
  PriorSettings settings;
  settings.trajectories = 2 * S;
  RegressionPrior prior(settings);
  prior.update(points(1), weights, 0, 1);
  prior.update(points(2), weights, 0, 2);
  prior.update(points(3), weights, 0, 3);
  for (const double value : {4.0, 5.0}) {
    prior.update(points(value), weights, 0, 3, RegressionPrior::Adds::in_place_of_newest);
    const auto& kept = prior.state().points;
    ASSERT_EQ(kept.extent(1), 2 * S * T);
    for (int p = 0; p < 2 * S * T; ++p) EXPECT_EQ(kept(0, p, 0), p < S * T ? 2.0 : value) << "point " << p;
  }
}

TEST(LocalModels, MeansOfStatesAreKnownWhereTheyAreBelieved) {
  TrajectoryDistributionArrays<double> distribution(BatchShape{3, 4, 2, 1});
  std::iota(distribution.mean.elements().begin(), distribution.mean.elements().end(), 1.0);
  const auto means = state_means(distribution, 2, {true, false, true});
  for (int i = 0; i < 3; ++i)
    for (int t = 0; t < 4; ++t)
      for (int j = 0; j < 2; ++j) {
        if (i == 1) {
          EXPECT_TRUE(std::isnan(means(i, t, j)));
        } else {
          EXPECT_EQ(means(i, t, j), distribution.mean(i, t, j));
        }
      }
}

TEST(LocalModels, OneConditionIsCopied) {
  LinearGaussianPolicyArrays<double> from(BatchShape{3, 4, 2, 1}), to(BatchShape{3, 4, 2, 1});
  double next = 1;
  for (auto numbers : {from.gain.elements(), from.offset.elements(), from.covariance.elements()})
    for (double& x : numbers) x = next++;
  copy_condition(from, to, 1);
  const auto expect = [](const auto& to, const auto& from) {
    for (int i = 0; i < 3; ++i)
      for (std::size_t e = 0; e < to.row(i).size(); ++e) EXPECT_EQ(to.row(i)[e], i == 1 ? from.row(i)[e] : 0.0);
  };
  expect(to.gain, from.gain);
  expect(to.offset, from.offset);
  expect(to.covariance, from.covariance);
}

TEST(LocalModels, BothLinearizationsFindAnAffinePolicy) {
  // Two hidden layers of ReLU units are affine where no unit changes sign: around one point, with few enough units.
  Trajectories samples = LinearSystem{}.sample();
  for (double& x : samples.states.elements()) x = 0.5 + 1e-4 * x;
  samples.observations = samples.states;
  const NeuralGaussianPolicy policy(NetworkOptions{3, 2, {8, 8}, 5});
  PriorSettings settings;
  settings.regularization = 0;
  settings.strength = 1e-6;
  RegressionPrior prior(settings);
  const auto regression = linearize_by_regression(policy, samples, prior, 0, 1);
  const std::vector<int> entries{0, 1, 2};
  const auto jacobian = linearize_by_jacobian(policy, samples, entries);
  for (std::size_t e = 0; e < jacobian.gain.elements().size(); ++e)
    EXPECT_NEAR(regression.gain.elements()[e], jacobian.gain.elements()[e], 2e-2);
  // Both give the network's own action at the samples' middle.
  for (int a = 0; a < 2; ++a) {
    double by_regression = regression.offset(0, 0, a), by_jacobian = jacobian.offset(0, 0, a);
    for (int j = 0; j < 3; ++j) {
      by_regression += 0.5 * regression.gain(0, 0, a, j);
      by_jacobian += 0.5 * jacobian.gain(0, 0, a, j);
    }
    EXPECT_NEAR(by_regression, by_jacobian, 1e-5);
  }
  EXPECT_NEAR(jacobian.covariance(0, 0, 0, 0), policy.covariance()(0, 0), 1e-12);
}

TEST(ImitationPoints, TargetsAreTheLocalPolicysActions) {
  Trajectories samples = LinearSystem{}.sample();
  for (int i = 0; i < LinearSystem::N; ++i)
    for (int s = 0; s < LinearSystem::S; ++s) samples.weights(i, s) = 1 + i + 2 * s;
  const BatchShape shape{LinearSystem::N, LinearSystem::T, 3, 2};
  LinearGaussianPolicyArrays<double> policy(shape);
  std::iota(policy.gain.elements().begin(), policy.gain.elements().end(), 1.0);
  for (double& k : policy.offset.elements()) k = 0.25;
  for (int i = 0; i < shape.conditions; ++i)
    for (int t = 0; t < shape.steps; ++t)
      for (int a = 0; a < 2; ++a) policy.covariance(i, t, a, a) = 0.5 / (1 + i + 2 * t);
  const std::vector<int> entries{0, 1, 2};

  const auto plain = imitation_points(policy, samples, {}, entries, {});
  ASSERT_EQ(plain.weights.extent(0), LinearSystem::N * LinearSystem::S * LinearSystem::T);
  const auto drawn = imitation_points(policy, samples, {}, entries, {2, 1, 7, 1});
  ASSERT_EQ(drawn.weights.extent(0), 3 * LinearSystem::N * LinearSystem::S * LinearSystem::T);
  for (const auto* points : {&plain, &drawn}) {
    const std::int64_t rows = points->weights.extent(0), per_condition = rows / LinearSystem::N;
    for (std::int64_t p = 0; p < rows; ++p) {
      const std::int64_t i = p / per_condition, t = p % LinearSystem::T;
      const std::int64_t s = p % per_condition / (per_condition / LinearSystem::S);
      EXPECT_EQ(points->weights(p), 1 + i + 2 * s);
      for (int a = 0; a < 2; ++a) {
        double u = 0.25;
        for (int j = 0; j < 3; ++j) u += policy.gain(i, t, a, j) * points->observations(p, j);
        EXPECT_NEAR(points->target_means(p, a), u, 1e-12);
        EXPECT_NEAR(points->target_precisions(p, a, a), 2.0 * (1 + i + 2 * t), 1e-11);
      }
    }
  }
}

TEST(ImitationPoints, DrawnStatesHaveTheSamplesMoments) {
  const Trajectories samples = LinearSystem{}.sample();
  LinearGaussianPolicyArrays<double> policy(BatchShape{LinearSystem::N, LinearSystem::T, 3, 2});
  const std::vector<int> entries{0, 1, 2};
  constexpr int copies = 400;
  const auto points = imitation_points(policy, samples, {}, entries, {copies, 0, 7, 1});
  const int t = 2, i = 1;
  double sample_mean[3] = {}, sample_square[3] = {}, mean[3] = {}, square[3] = {};
  for (int s = 0; s < LinearSystem::S; ++s)
    for (int j = 0; j < 3; ++j) sample_mean[j] += samples.states(i, s, t, j) / LinearSystem::S;
  for (int s = 0; s < LinearSystem::S; ++s)
    for (int j = 0; j < 3; ++j)
      sample_square[j] += std::pow(samples.states(i, s, t, j) - sample_mean[j], 2) / (LinearSystem::S - 1);
  constexpr int total = LinearSystem::S * copies;
  for (int s = 0; s < LinearSystem::S; ++s)
    for (int copy = 1; copy <= copies; ++copy)
      for (int j = 0; j < 3; ++j) {
        const double x =
            points.observations(((i * LinearSystem::S + s) * (copies + 1) + copy) * LinearSystem::T + t, j);
        mean[j] += x / total;
        square[j] += std::pow(x - sample_mean[j], 2) / total;
      }
  for (int j = 0; j < 3; ++j) {
    EXPECT_NEAR(mean[j], sample_mean[j], 5 * std::sqrt(sample_square[j] / total));
    EXPECT_NEAR(square[j] / sample_square[j], 1.0, 5 * std::sqrt(2.0 / total));
  }
}

TEST(ImitationPoints, FirstDrawnStateLiesAroundThePredictedOne) {
  const Trajectories samples = LinearSystem{}.sample();
  LinearGaussianPolicyArrays<double> policy(BatchShape{LinearSystem::N, LinearSystem::T, 3, 2});
  const std::vector<int> entries{0, 1, 2};
  Array<double, 3> predicted({LinearSystem::N, LinearSystem::T, 3}, 1000.0);
  for (double& x : predicted.row(1)) x = std::numeric_limits<double>::quiet_NaN();  // unknown in the second condition
  const auto around_samples = imitation_points(policy, samples, {}, entries, {2, 1, 7, 1});
  const auto points = imitation_points(policy, samples, predicted, entries, {2, 1, 7, 1});
  for (std::int64_t p = 0; p < points.weights.extent(0); ++p) {
    const std::int64_t copy = p / LinearSystem::T % 3, i = p / (LinearSystem::T * 3 * LinearSystem::S);
    for (int j = 0; j < 3; ++j) {
      if (copy == 1 && i != 1) {
        EXPECT_NEAR(points.observations(p, j), 1000.0, 100.0) << "point " << p;
      } else {
        EXPECT_EQ(points.observations(p, j), around_samples.observations(p, j)) << "point " << p;
      }
    }
  }
}

}  // namespace
}  // namespace mdgps
