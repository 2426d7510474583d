#include "mdgps/learning/s_step.hpp"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "mdgps/learning/policy_parameters.hpp"
#include "mdgps/learning/training_devices.hpp"
#include "tests/learning/problems.hpp"

namespace mdgps {
namespace {

std::vector<double> values(const at::Tensor& t) {
  return {t.const_data_ptr<double>(), t.const_data_ptr<double>() + t.numel()};
}

/// Everything that a step may change.
std::vector<std::vector<double>> state(NeuralGaussianPolicy& policy) {
  const auto& p = policy.parameters();
  return {values(p.weights),
          values(p.first_moment),
          values(p.second_moment),
          values(p.covariance),
          {static_cast<double>(*p.minibatches.const_data_ptr<float>())}};
}

NeuralGaussianPolicy new_policy(const RandomPoints& points, const std::vector<int>& hidden = {40, 40}) {
  return NeuralGaussianPolicy({.observations = static_cast<int>(points.observations.extent(1)),
                               .actions = static_cast<int>(points.target_means.extent(1)),
                               .hidden = hidden,
                               .seed = 5});
}

/// Half the objective of [MDGPS B.2] per weight, by loops; the determinant by Gaussian elimination.
double plain_objective(const NeuralGaussianPolicy& policy, const RandomPoints& points) {
  const auto mu = means(policy, points.observations);
  const Array<double, 2> sigma = policy.covariance();
  const std::int64_t m = policy.actions();
  Array<double, 2> a = sigma;
  double log_determinant = 0.0;
  for (std::int64_t k = 0; k < m; ++k) {
    log_determinant += std::log(a(k, k));
    for (std::int64_t r = k + 1; r < m; ++r) {
      const double factor = a(r, k) / a(k, k);
      for (std::int64_t c = k; c < m; ++c) a(r, c) -= factor * a(k, c);
    }
  }
  double sum = 0.0, weight_sum = 0.0;
  for (std::int64_t p = 0; p < mu.extent(0); ++p) {
    double term = -log_determinant;
    for (std::int64_t r = 0; r < m; ++r) {
      for (std::int64_t c = 0; c < m; ++c) {
        const double precision = points.target_precisions(p, r, c);
        term += precision * sigma(c, r);
        term += (mu(p, r) - points.target_means(p, r)) * precision * (mu(p, c) - points.target_means(p, c));
      }
    }
    sum += points.weights(p) * term;
    weight_sum += points.weights(p);
  }
  return 0.5 * sum / weight_sum;
}

TEST(SStep, ObjectiveIsTheOneOfThePaper) {
  const RandomPoints points(30, 5, 3);
  NeuralGaussianPolicy policy = new_policy(points);
  EXPECT_NEAR(s_step_objective(policy, points.view()), plain_objective(policy, points), 1e-11);
  s_step(policy, points.view(), {.minibatches = 20});  // now with a full covariance
  EXPECT_NEAR(s_step_objective(policy, points.view()), plain_objective(policy, points), 1e-11);
}

TEST(SStep, LossOfALinearNetworkInClosedForm) {
  // One point, one action, no hidden layer: 1/2 P (w'o + b - target)^2, b = 0 at first.
  RandomPoints points(1, 2, 1);
  points.target_precisions(0, 0, 0) = 3.0;
  NeuralGaussianPolicy policy = new_policy(points, {});
  const auto weights = values(policy.parameters().weights);
  const double error =
      weights[0] * points.observations(0, 0) + weights[1] * points.observations(0, 1) - points.target_means(0, 0);
  const SStepResult result = s_step(policy, points.view(), {.minibatches = 0});
  EXPECT_NEAR(result.initial_loss, 1.5 * error * error, 1e-13);
  EXPECT_EQ(result.final_loss, result.initial_loss);
  EXPECT_EQ(result.points, 1);
}

TEST(SStep, GradientIsThatOfTheObjectiveAndThePenalty) {
  for (const std::vector<int>& hidden : {std::vector<int>{}, {6}, {7, 5}}) {
    const RandomPoints points(40, 4, 3);
    NeuralGaussianPolicy policy = new_policy(points, hidden);
    policy.fit_normalization(points.observations);
    const std::vector<double> start = values(policy.parameters().weights);
    std::vector<double> difference;
    double* const weights = policy.parameters().weights.mutable_data_ptr<double>();
    const double step = 1e-5;  // the loss is a piecewise quadratic: central differences err by rounding alone
    for (std::size_t i = 0; i < start.size(); ++i) {
      weights[i] = start[i] + step;
      const double above = s_step_objective(policy, points.view());
      weights[i] = start[i] - step;
      difference.push_back((above - s_step_objective(policy, points.view())) / (2 * step));
      weights[i] = start[i];
    }
    for (const double decay : {0.0, 0.3}) {
      NeuralGaussianPolicy trained = new_policy(points, hidden);
      trained.fit_normalization(points.observations);
      // One minibatch of all points: Adam's first moment is then (1 - 0.9) times the gradient.
      s_step(trained, points.view(), {.minibatches = 1, .batch_size = 40, .weight_decay = decay});
      const std::vector<double> moment = values(trained.parameters().first_moment);
      for (std::size_t i = 0; i < start.size(); ++i) {
        EXPECT_NEAR(10.0 * moment[i], difference[i] + decay * start[i], 1e-5) << "weight " << i;  // single precision
      }
    }
  }
}

TEST(SStep, AdamTakesTheStepsOfItsPaper) {
  const RandomPoints points(12, 3, 2);
  NeuralGaussianPolicy policy = new_policy(points, {4});
  std::vector<double> expected = values(policy.parameters().weights), m(expected.size()), v(expected.size());
  for (int k = 1; k <= 3; ++k) {
    NeuralGaussianPolicy fresh = new_policy(points, {4});  // its first moment shows the gradient at these weights
    std::copy(expected.begin(), expected.end(), fresh.parameters().weights.mutable_data_ptr<double>());
    s_step(fresh, points.view(), {.minibatches = 1, .batch_size = 12, .weight_decay = 0.0});
    const std::vector<double> moment = values(fresh.parameters().first_moment);
    const double rate = 1e-3 + (1e-2 - 1e-3) * 0.5 * (1.0 + std::cos(M_PI * (k - 1) / 2.0));
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const double gradient = 10.0 * moment[i];
      m[i] = 0.9 * m[i] + 0.1 * gradient;
      v[i] = 0.999 * v[i] + 0.001 * gradient * gradient;
      expected[i] -= rate * m[i] / (1.0 - std::pow(0.9, k)) / (std::sqrt(v[i] / (1.0 - std::pow(0.999, k))) + 1e-8);
    }
  }
  s_step(policy, points.view(),
         {.minibatches = 3, .batch_size = 12, .learning_rate = 1e-2, .final_learning_rate = 1e-3, .weight_decay = 0.0});
  const std::vector<double> actual = values(policy.parameters().weights);
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(actual[i], expected[i], 1e-5);
}

TEST(SStep, CovarianceInvertsTheMeanPrecision) {
  const RandomPoints points(25, 4, 3);
  NeuralGaussianPolicy policy = new_policy(points);
  ASSERT_EQ(s_step(policy, points.view(), {.minibatches = 1}).status, Status::ok);
  const Array<double, 2> sigma = policy.covariance();
  double weight_sum = 0.0;
  for (const double w : points.weights.elements()) weight_sum += w;
  for (int r = 0; r < 3; ++r) {
    for (int c = 0; c < 3; ++c) {
      double product = 0.0;
      for (int k = 0; k < 3; ++k) {
        double mean_precision = 0.0;
        for (int p = 0; p < 25; ++p) mean_precision += points.weights(p) * points.target_precisions(p, r, k);
        product += mean_precision / weight_sum * sigma(k, c);
      }
      EXPECT_NEAR(product, r == c ? 1.0 : 0.0, 1e-12);
      EXPECT_EQ(sigma(r, c), sigma(c, r));
    }
  }
}

TEST(SStep, CovarianceMinimisesTheObjective) {
  const RandomPoints points(25, 4, 3);
  NeuralGaussianPolicy policy = new_policy(points);
  s_step(policy, points.view(), {.minibatches = 1});
  const Array<double, 2> best = policy.covariance();
  const double minimum = s_step_objective(policy, points.view());
  for (const double step : {1e-3, -1e-3, 3e-2, -3e-2}) {
    for (int r = 0; r < 3; ++r) {
      for (int c = 0; c <= r; ++c) {
        Array<double, 2> moved = best;
        moved(r, c) += step * best(0, 0);
        if (r != c) moved(c, r) = moved(r, c);
        policy.set_covariance(moved);
        EXPECT_GT(s_step_objective(policy, points.view()), minimum);
      }
    }
  }
  // The diagonal minimiser, 1 / mean C^-1_jj, is the worse one.
  Array<double, 2> diagonal({3, 3});
  double weight_sum = 0.0;
  for (const double w : points.weights.elements()) weight_sum += w;
  for (int j = 0; j < 3; ++j) {
    double mean_precision = 0.0;
    for (int p = 0; p < 25; ++p) mean_precision += points.weights(p) * points.target_precisions(p, j, j);
    diagonal(j, j) = weight_sum / mean_precision;
  }
  policy.set_covariance(diagonal);
  EXPECT_GT(s_step_objective(policy, points.view()), minimum);
}

TEST(SStep, LearnsALinearMap) {
  RandomPoints points(400, 4, 2);
  for (int p = 0; p < 400; ++p) {
    points.target_means(p, 0) = points.observations(p, 0) - 2.0 * points.observations(p, 3) + 0.5;
    points.target_means(p, 1) = 0.3 * points.observations(p, 1) + points.observations(p, 2);
  }
  const SStepOptions options{
      .minibatches = 4000, .learning_rate = 1e-2, .final_learning_rate = 1e-5, .weight_decay = 0.0};
  NeuralGaussianPolicy linear = new_policy(points, {});
  EXPECT_LT(s_step(linear, points.view(), options).final_loss, 1e-6);
  NeuralGaussianPolicy network = new_policy(points);
  const SStepResult result = s_step(network, points.view(), options);
  EXPECT_GT(result.initial_loss, 5.0);
  EXPECT_LT(result.final_loss, 5e-3);
  EXPECT_EQ(result.points, 400);
}

TEST(SStep, PointsWithoutWeightDoNotMatter) {
  RandomPoints all(60, 4, 2);
  RandomPoints half(30, 4, 2);
  for (int p = 0; p < 60; ++p) {
    if (p % 2 == 1) {
      all.weights(p) = 0.0;
      all.target_means(p, 0) = std::numeric_limits<double>::quiet_NaN();  // not even read
      continue;
    }
    for (int c = 0; c < 4; ++c) half.observations(p / 2, c) = all.observations(p, c);
    for (int c = 0; c < 2; ++c) half.target_means(p / 2, c) = all.target_means(p, c);
    for (int e = 0; e < 4; ++e) half.target_precisions(p / 2, e / 2, e % 2) = all.target_precisions(p, e / 2, e % 2);
    half.weights(p / 2) = all.weights(p);
  }
  NeuralGaussianPolicy a = new_policy(all), b = new_policy(half);
  const SStepResult from_all = s_step(a, all.view(), {.minibatches = 100});
  EXPECT_EQ(from_all.status, Status::ok);
  EXPECT_EQ(from_all.points, 30);
  s_step(b, half.view(), {.minibatches = 100});
  EXPECT_EQ(state(a), state(b));
}

TEST(SStep, OnlyRatiosOfWeightsMatter) {
  RandomPoints points(60, 4, 2), scaled = points;
  for (double& w : scaled.weights.elements()) w *= 1024.0;  // a power of 2: no rounding
  NeuralGaussianPolicy a = new_policy(points), b = new_policy(points);
  s_step(a, points.view(), {.minibatches = 100});
  s_step(b, scaled.view(), {.minibatches = 100});
  EXPECT_EQ(state(a), state(b));

  std::fill(points.weights.elements().begin(), points.weights.elements().end(), 1.0);
  NeuralGaussianPolicy c = new_policy(points), d = new_policy(points);
  s_step(c, points.view(), {.minibatches = 100});
  SStepProblem without = points.view();
  without.weights = {};
  s_step(d, without, {.minibatches = 100});
  EXPECT_EQ(state(c), state(d));
}

TEST(SStep, SameBytesEveryTimeAndForEveryThreadCount) {
  const RandomPoints points(6000, 26, 7);  // enough for sums over all points to be split
  const auto run = [&](int threads) {
    const int before = at::get_num_threads();
    at::set_num_threads(threads);
    NeuralGaussianPolicy policy = new_policy(points, {128, 128});  // wide enough for a matrix product to be split
    policy.fit_normalization(points.observations);
    const SStepResult result =
        s_step(policy, points.view(), {.minibatches = 30, .batch_size = 500, .iteration = 2, .round = 1});
    EXPECT_EQ(at::get_num_threads(), threads);
    auto all = state(policy);
    all.push_back({result.initial_loss, result.final_loss});
    const auto mu = means(policy, points.observations);
    all.emplace_back(mu.elements().begin(), mu.elements().end());
    at::set_num_threads(before);
    return all;
  };
  const auto once = run(1);
  EXPECT_EQ(once, run(1));
  EXPECT_EQ(once, run(2));
  EXPECT_EQ(once, run(3));
}

TEST(SStep, OrderOfPointsDependsOnSeedIterationAndRound) {
  const RandomPoints points(200, 4, 2);
  const auto run = [&](SStepOptions options) {
    options.minibatches = 20;
    NeuralGaussianPolicy policy = new_policy(points);
    s_step(policy, points.view(), options);
    return state(policy);
  };
  const auto base = run({});
  EXPECT_NE(base, run({.seed = 1}));
  EXPECT_NE(base, run({.iteration = 1}));
  EXPECT_NE(base, run({.round = 1}));
}

TEST(SStep, FewerPointsThanAMinibatchTrainToo) {
  const RandomPoints points(3, 4, 2);
  NeuralGaussianPolicy policy = new_policy(points);
  const SStepResult result = s_step(policy, points.view(), {.minibatches = 500, .batch_size = 25});
  EXPECT_EQ(result.status, Status::ok);
  EXPECT_LT(result.final_loss, 0.1 * result.initial_loss);
}

TEST(SStep, FailureIsReportedAndLeavesThePolicyAlone) {
  const RandomPoints good(30, 4, 2);
  NeuralGaussianPolicy policy = new_policy(good);
  s_step(policy, good.view(), {.minibatches = 30});
  const auto before = state(policy);

  RandomPoints bad = good;
  bad.target_means(3, 1) = std::numeric_limits<double>::infinity();
  EXPECT_EQ(s_step(policy, bad.view(), {}).status, Status::not_finite);
  EXPECT_EQ(state(policy), before);

  bad = good;
  bad.observations(29, 0) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(s_step(policy, bad.view(), {}).status, Status::not_finite);
  EXPECT_EQ(state(policy), before);

  bad = good;
  bad.target_means(0, 0) = 1e200;  // finite, but its square is not
  EXPECT_EQ(s_step(policy, bad.view(), {}).status, Status::not_finite);
  EXPECT_EQ(state(policy), before);

  bad = good;
  for (int p = 0; p < 30; ++p) bad.target_precisions(p, 0, 0) = -1.0;
  EXPECT_EQ(s_step(policy, bad.view(), {}).status, Status::not_positive_definite);
  EXPECT_EQ(state(policy), before);

  // Diverges on the way.
  EXPECT_EQ(s_step(policy, good.view(), {.minibatches = 50, .learning_rate = 1e120}).status, Status::not_finite);
  EXPECT_EQ(state(policy), before);
}

TEST(SStep, DeviceThatIsNotThereIsRefusedAndSaidWhy) {
  EXPECT_EQ(why_no_training_on(Device{}), "");
  const Device none{Device::Kind::cuda, 999};
  const std::string reason = why_no_training_on(none);
  EXPECT_NE(reason, "");
  const RandomPoints points(10, 4, 2);
  NeuralGaussianPolicy policy = new_policy(points);
  const auto before = state(policy);
  try {
    s_step(policy, points.view(), {.device = none});
    ADD_FAILURE() << "accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find(reason), std::string::npos) << error.what();
  }
  EXPECT_EQ(state(policy), before);
}

TEST(SStep, WrongArgumentsAreRefused) {
  const RandomPoints points(10, 4, 2);
  NeuralGaussianPolicy policy = new_policy(points);
  const auto refused = [&](const SStepProblem& problem, const SStepOptions& options = {}) {
    EXPECT_THROW(s_step(policy, problem, options), std::invalid_argument);
  };
  const RandomPoints wider(10, 5, 2), more_actions(10, 4, 3), fewer(9, 4, 2);
  SStepProblem problem = points.view();
  problem.observations = wider.observations;
  refused(problem);
  problem = points.view();
  problem.target_means = more_actions.target_means;
  refused(problem);
  problem = points.view();
  problem.target_precisions = fewer.target_precisions;
  refused(problem);
  problem = points.view();
  problem.weights = fewer.weights;
  refused(problem);
  const Array<double, 1> zero({10}), negative({10}, -1.0);
  problem.weights = zero;
  refused(problem);
  problem.weights = negative;
  refused(problem);
  refused(points.view(), {.batch_size = 0});
  refused(points.view(), {.minibatches = -1});
  refused(points.view(), {.learning_rate = 0.0});
  refused(points.view(), {.weight_decay = -1.0});
}

}  // namespace
}  // namespace mdgps
