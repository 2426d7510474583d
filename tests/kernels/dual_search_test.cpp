// The search over the dual on divergences given as functions of eta.

#include "kernels/dual_search.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace mdgps::kernels {
namespace {

const DualSearchOptions kOptions{.tolerance = 0.01, .max_evaluations = 50, .min_dual = 1e-8, .max_dual = 1e16};
using State = DualSearch::State;

/// Runs a search over kl(eta); below `feasible` there is no solution.
DualSearch search(double start, double epsilon, const std::function<double(double)>& kl,
                  const DualSearchOptions& options = kOptions, double feasible = 0.0) {
  DualSearch s;
  s.start(start, epsilon, options);
  for (int i = 0; s.active(); ++i) {
    EXPECT_LT(i, options.max_evaluations);
    Evaluation found[DualSearch::max_width];
    for (int c = 0; c < options.width; ++c) {
      const double eta = s.eta(c);
      EXPECT_GE(eta, options.min_dual * 0.999);
      EXPECT_LE(eta, options.max_dual * 1.001);
      found[c] = {Outcome::ok, -1, kl(eta)};
      if (eta < feasible) found[c] = {Outcome::not_positive_definite, 7, NAN};
    }
    s.update(found);
  }
  return s;
}

DualSearchOptions speculating(int width) {
  DualSearchOptions options = kOptions;
  options.width = width;
  return options;
}

TEST(DualSearch, FindsTheBoundOnPowerLawsFromAnywhere) {
  for (const int width : {1, 2, 3, 4, 8})
    for (const double power : {0.2, 1.0, 2.0, 3.0})
      for (const double scale : {1e-4, 1.0, 1e4})
        for (const double start : {1e-8, 1e-2, 1.0, 1e5, 1e16}) {
          const auto s = search(
              start, 5.0, [&](double eta) { return std::pow(scale / eta, power); }, speculating(width));
          EXPECT_EQ(s.state(), State::converged) << power << " " << scale << " " << start;
          EXPECT_NEAR(s.kl(), 5.0, 0.05);
          EXPECT_NEAR(std::pow(scale / s.eta(0), power), s.kl(), 1e-9);
          EXPECT_LE(s.evaluations(), width == 1 ? 16 : 12) << width << " " << power << " " << scale << " " << start;
        }
}

TEST(DualSearch, FindsTheBoundOnACurveWithAPlateauAndACliff) {
  const auto kl = [](double eta) { return 3.0 / (1.0 + eta) + 50.0 / (1.0 + std::exp(40.0 * (std::log(eta) + 3.0))); };
  for (const int width : {1, 2, 3, 4, 8})
    for (const double epsilon : {0.01, 1.0, 2.5, 20.0, 52.0}) {
      const auto s = search(1.0, epsilon, kl, speculating(width));
      EXPECT_EQ(s.state(), State::converged) << epsilon;
      EXPECT_NEAR(s.kl(), epsilon, 0.01 * epsilon);
    }
}

TEST(DualSearch, SpeculationTakesFewerEvaluations) {
  // Sums of power laws, from starts up to a factor of 30 away.
  double mean[DualSearch::max_width + 1] = {};
  constexpr int searches = 100;
  for (const int width : {1, 2, 4, 8})
    for (int i = 0; i < searches; ++i) {
      const double start = std::exp(3.4 * std::sin(1.0 + i)), epsilon = std::exp(2.0 * std::cos(7.0 * i));
      const auto kl = [&](double eta) { return 1.0 / eta + 1.0 / (eta * (0.3 + eta)) + 0.1 / std::sqrt(eta); };
      mean[width] += search(start, epsilon, kl, speculating(width)).evaluations() / double(searches);
    }
  EXPECT_LT(mean[2], mean[1] - 0.3);
  EXPECT_LT(mean[4], mean[2] - 0.3);
  EXPECT_LT(mean[8], mean[4] - 0.1);
  EXPECT_LT(mean[8], 2.3);
}

TEST(DualSearch, TheCurvatureOfADivergenceIsExpected) {
  // A sum over directions, as the divergence between means is, from starts up to a factor of 12 away: 3.84 evaluations.
  // By a straight line through two points they would be 4.17, by a curve that is bent the other way 4.33.
  double mean = 0;
  constexpr int searches = 400;
  for (int i = 0; i < searches; ++i) {
    const double start = std::exp(2.5 * std::sin(1.0 + i)), epsilon = std::exp(2.0 * std::cos(7.0 * i));
    const auto kl = [](double eta) {
      double sum = 0;
      for (const double k : {0.3, 1.0, 3.0}) sum += 4.0 / ((eta + k) * (eta + k));
      return sum;
    };
    mean += search(start, epsilon, kl).evaluations() / double(searches);
  }
  EXPECT_LT(mean, 4.0);
}

TEST(DualSearch, TheChosenCandidateIsTheResult) {
  DualSearch s;
  s.start(1.0, 5.0, speculating(4));
  const double answer = s.eta(2);  // the second above 1, say
  Evaluation found[4];
  for (int c = 0; c < 4; ++c) found[c] = {Outcome::ok, -1, 5.0 * answer / s.eta(c)};
  s.update(found);
  EXPECT_EQ(s.state(), State::converged);
  EXPECT_EQ(s.chosen(), 2);
  EXPECT_EQ(s.kl(), 5.0);
  for (int c = 0; c < 4; ++c) EXPECT_EQ(s.eta(c), answer);
}

TEST(DualSearch, AWarmStartNearTheAnswerTakesFewEvaluations) {
  const auto kl = [](double eta) { return 10.0 / (0.3 + eta); };
  EXPECT_EQ(search(1.7, 5.0, kl).evaluations(), 1);
  EXPECT_LE(search(2.0, 5.0, kl).evaluations(), 3);
  EXPECT_LE(search(17.0, 5.0, kl).evaluations(), 5);
}

TEST(DualSearch, ClimbsOverDualsWithoutASolution) {
  for (const int width : {1, 2, 3, 4, 8})
    for (const double feasible : {1e-3, 1.0, 1e6}) {
      const auto s = search(
          1e-6, 0.5, [&](double eta) { return 2.0 * feasible / eta; }, speculating(width), feasible);
      EXPECT_EQ(s.state(), State::converged) << feasible;
      EXPECT_NEAR(s.eta(0), 4.0 * feasible, 0.05 * feasible);
    }
}

TEST(DualSearch, WhereNoFeasibleDualReachesTheBoundItStaysBelow) {
  // KL jumps from no solution to below epsilon.
  for (const int width : {1, 2, 3, 4, 8}) {
    const auto s = search(
        1e-6, 10.0, [](double eta) { return 1.0 / eta; }, speculating(width), 1.0);
    EXPECT_EQ(s.state(), State::not_converged);
    EXPECT_LE(s.kl(), 10.0);
    EXPECT_GE(s.eta(0), 1.0);
  }
}

TEST(DualSearch, FailsWhereNoDualHasASolution) {
  for (const int width : {1, 2, 3, 4, 8}) {
    const auto s = search(
        1.0, 1.0, [](double) { return 1.0; }, speculating(width), 1e30);
    EXPECT_EQ(s.state(), State::failed);
    EXPECT_EQ(s.last_failure().outcome, Outcome::not_positive_definite);
    EXPECT_EQ(s.last_failure().failed_step, 7);
    EXPECT_LE(s.evaluations(), 10);  // steps grow
  }
}

TEST(DualSearch, ABoundThatDoesNotBindEndsAtTheLeastDual) {
  for (const int width : {1, 2, 3, 4, 8}) {
    const auto s = search(
        1.0, 100.0, [](double eta) { return 1.0 / (1.0 + eta); }, speculating(width));
    EXPECT_EQ(s.state(), State::inactive);
    EXPECT_NEAR(s.eta(0), 1e-8, 1e-12);
    EXPECT_NEAR(s.kl(), 1.0, 1e-6);
  }
}

TEST(DualSearch, SettlesWithinTheBoundWhenEvaluationsRunOut) {
  const auto kl = [](double eta) { return std::exp(-std::log(eta) - 0.3 * std::sin(std::log(eta))); };
  for (int e = 0; e < 16; ++e) {
    const int evaluations = 3 + e / 4;
    DualSearchOptions options = speculating(1 << e % 4);
    options.tolerance = 1e-300;
    options.max_evaluations = evaluations;
    const auto s = search(3.0, 0.5, kl, options);
    EXPECT_EQ(s.evaluations(), evaluations);
    if (s.state() != State::failed) {  // failed: no dual within the bound was seen
      EXPECT_EQ(s.state(), State::not_converged);
      EXPECT_LE(s.kl(), 0.5);
      EXPECT_NEAR(s.kl(), kl(s.eta(0)), 1e-12);
    }
  }
}

TEST(DualSearch, RefusesABoundThatIsNotPositive) {
  for (const double epsilon : {0.0, -1.0, static_cast<double>(NAN), static_cast<double>(INFINITY)}) {
    DualSearch s;
    s.start(1.0, epsilon, kOptions);
    EXPECT_FALSE(s.active());
    EXPECT_EQ(s.state(), State::failed);
    EXPECT_EQ(s.last_failure().outcome, Outcome::not_finite);
    EXPECT_EQ(s.last_failure().failed_step, -1);
    const Evaluation ok{Outcome::ok, -1, epsilon};
    s.update(&ok);
    EXPECT_EQ(s.evaluations(), 0);
  }
}

TEST(DualSearch, ReadsAStartThatIsNotPositiveAsOne) {
  for (const double start : {0.0, -3.0, static_cast<double>(NAN)}) {
    DualSearch s;
    s.start(start, 1.0, kOptions);
    EXPECT_EQ(s.eta(0), 1.0);
  }
}

TEST(DualSearch, DivergencesThatAreZeroOrNegativeByRoundingCountAsSmall) {
  const auto s = search(1e10, 1e-3, [](double eta) { return eta > 1e6 ? -1e-17 : 1.0 / eta; });
  EXPECT_EQ(s.state(), State::converged);
  EXPECT_NEAR(s.kl(), 1e-3, 1e-5);
}

TEST(DualSearch, RoundingOfTinyDivergencesDoesNotHoldItUp) {
  // Positive at the start and negative just below it: there KL seems to move away from the bound.
  for (const int width : {1, 2, 4, 8})
    for (const double level : {1e-14, 1e-12, 1e-9}) {
      const auto s = search(
          1e16, 0.5, [&](double eta) { return 1.0 / eta + (eta > 1e15 ? 1e-14 : -level); }, speculating(width));
      EXPECT_EQ(s.state(), State::converged) << width << " " << level;
      EXPECT_LE(s.evaluations(), 12) << width << " " << level;
    }
}

}  // namespace
}  // namespace mdgps::kernels
