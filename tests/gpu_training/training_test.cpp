// Training on a GPU: the S-step against the CPU's, and whole iterations of the point mass and of another task.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "kernels/random.hpp"
#include "mdgps/algorithm/linearization.hpp"
#include "mdgps/algorithm/local_models.hpp"
#include "mdgps/algorithm/mirror_descent.hpp"
#include "mdgps/algorithm/policy_difference.hpp"
#include "mdgps/algorithm/simulator.hpp"
#include "mdgps/algorithm/total_variation.hpp"
#include "mdgps/learning/s_step.hpp"
#include "mdgps/learning/training_devices.hpp"
#include "tests/learning/problems.hpp"

namespace mdgps {
namespace {

constexpr Device gpu{Device::Kind::cuda, 0};

#define MDGPS_SKIP_WITHOUT_TRAINING() \
  if (const std::string reason = why_no_training_on(gpu); !reason.empty()) GTEST_SKIP() << reason

NeuralGaussianPolicy new_policy(const RandomPoints& points) {
  return NeuralGaussianPolicy({.observations = static_cast<int>(points.observations.extent(1)),
                               .actions = static_cast<int>(points.target_means.extent(1)),
                               .seed = 5});
}

template <int Rank>
double largest_difference(const Array<double, Rank>& a, const Array<double, Rank>& b) {
  double largest = 0.0;
  for (std::size_t i = 0; i < a.elements().size(); ++i)
    largest = std::max(largest, std::abs(a.elements()[i] - b.elements()[i]));
  return largest;
}

// Few minibatches, so that the rounding of single precision has not grown: they are one by one (1), recorded (2) and
// replayed (50), and a second step goes on with the first one's moments.
TEST(GpuTraining, SStepAgreesWithTheCpu) {
  MDGPS_SKIP_WITHOUT_TRAINING();
  const RandomPoints points(400, 6, 3);
  for (const int minibatches : {0, 1, 2, 50}) {
    NeuralGaussianPolicy on_cpu = new_policy(points), on_gpu = new_policy(points);
    for (const std::uint32_t iteration : {1u, 2u}) {
      SStepOptions options{.minibatches = minibatches, .final_learning_rate = 1e-4, .iteration = iteration};
      const SStepResult expected = s_step(on_cpu, points.view(), options);
      options.device = gpu;
      const SStepResult result = s_step(on_gpu, points.view(), options);
      EXPECT_EQ(result.status, Status::ok);
      EXPECT_NEAR(result.initial_loss, expected.initial_loss, 1e-3 * std::abs(expected.initial_loss));
      EXPECT_NEAR(result.final_loss, expected.final_loss, 1e-3 * std::abs(expected.final_loss));
      EXPECT_LT(largest_difference(means(on_gpu, points.observations), means(on_cpu, points.observations)), 1e-2)
          << minibatches << " minibatches";
      EXPECT_LT(largest_difference(on_gpu.covariance(), on_cpu.covariance()), 1e-12);
    }
  }
}

TEST(GpuTraining, SStepGivesTheSameBytesEveryTime) {
  MDGPS_SKIP_WITHOUT_TRAINING();
  const RandomPoints points(400, 6, 3);
  const SStepOptions options{.minibatches = 300, .device = gpu};
  NeuralGaussianPolicy first = new_policy(points), second = new_policy(points);
  s_step(first, points.view(), options);
  s_step(second, points.view(), options);
  EXPECT_EQ(largest_difference(means(first, points.observations), means(second, points.observations)), 0.0);
}

TEST(GpuTraining, SStepTakesPointsThatAreThere) {
  MDGPS_SKIP_WITHOUT_TRAINING();
  RandomPoints points(400, 6, 3);
  points.weights(17) = 0;
  const auto observations = points.observations.on(gpu), targets = points.target_means.on(gpu);
  const auto precisions = points.target_precisions.on(gpu);
  const auto weights = points.weights.on(gpu);
  NeuralGaussianPolicy from_here = new_policy(points), from_there = new_policy(points);
  from_here.fit_normalization(points.observations);
  from_there.fit_normalization(observations);
  const SStepOptions options{.minibatches = 50, .device = gpu};
  const SStepResult expected = s_step(from_here, points.view(), options);
  const SStepResult result = s_step(from_there, {observations, targets, precisions, weights}, options);
  EXPECT_EQ(result.status, Status::ok);
  EXPECT_EQ(result.points, 399);
  EXPECT_NEAR(result.final_loss, expected.final_loss, 1e-3 * std::abs(expected.final_loss));
  EXPECT_LT(largest_difference(from_there.covariance(), from_here.covariance()), 1e-12);
}

TEST(GpuTraining, ImitationPointsAreThoseOfTheCpu) {
  MDGPS_SKIP_WITHOUT_TRAINING();
  constexpr int N = 3, S = 5, T = 40, n = 6, m = 2;
  Trajectories samples(N, S, T, n, m, n, 0);
  LinearGaussianPolicyArrays<double> policy(BatchShape{N, T, n, m});
  const RandomSequence random(1, RandomStream::user);
  std::uint32_t draw = 0;
  for (auto numbers : {samples.states.elements(), policy.gain.elements(), policy.offset.elements()})
    for (double& x : numbers) x = random.normals(draw++)[0];
  for (int i = 0; i < N; ++i)
    for (int t = 0; t < T; ++t)
      for (int a = 0; a < m; ++a) policy.covariance(i, t, a, a) = 0.5 + i + t;
  samples.weights(1, 3) = 0;
  const std::vector<int> entries{5, 0, 1, 2, 3, 4};
  const Array<double, 3> predicted({N, T, n}, 2.0);
  const ImitationOptions options{2, 2, 7, 1};
  const ImitationPoints expected = imitation_points(policy, samples, predicted, entries, options),
                        points = imitation_points(policy.on(gpu), samples.on(gpu), predicted, entries, options);
  EXPECT_EQ(points.observations.device(), gpu);
  EXPECT_LT(largest_difference(points.observations, expected.observations), 1e-12);
  EXPECT_LT(largest_difference(points.target_means, expected.target_means), 1e-11);
  EXPECT_EQ(points.target_precisions, expected.target_precisions);
  EXPECT_EQ(points.weights, expected.weights);
}

TEST(GpuTraining, StatesOfADistributionAreThoseOfTheCpu) {
  MDGPS_SKIP_WITHOUT_TRAINING();
  const BatchShape shape{.conditions = 3, .steps = 40, .states = 6, .actions = 2};
  TrajectoryDistributionArrays<double> here(shape), there(shape, gpu);
  const RandomSequence random(1, RandomStream::user);
  std::uint32_t draw = 0;
  for (auto numbers : {here.mean.elements(), here.covariance.elements()})
    for (double& x : numbers) x = random.normals(draw++)[0];
  there.mean = here.mean.on(gpu);
  there.covariance = here.covariance.on(gpu);
  const auto expected = last_state(here, shape.states), last = last_state(there, shape.states);
  EXPECT_EQ(last.mean.device(), gpu);
  EXPECT_EQ(last.mean, expected.mean);
  EXPECT_EQ(last.covariance, expected.covariance);
  const std::vector<bool> believed{true, false, true};
  const auto expected_means = state_means(here, shape.states, believed),
             means = state_means(there, shape.states, believed);
  EXPECT_TRUE(std::ranges::equal(means.row(0), expected_means.row(0)));
  EXPECT_TRUE(std::isnan(means(1, 39, 5)));
  EXPECT_TRUE(std::ranges::equal(means.row(2), expected_means.row(2)));
}

TEST(GpuTraining, LinearizesAndComparesPoliciesAsTheCpuDoes) {
  MDGPS_SKIP_WITHOUT_TRAINING();
  Trajectories samples(3, 5, 40, 6, 2, 6, 0);
  const RandomSequence random(1, RandomStream::user);
  std::uint32_t draw = 0;
  for (double& x : samples.states.elements()) x = random.normals(draw++)[0];
  samples.observations = samples.states;
  samples.weights(1, 3) = 0;
  const NeuralGaussianPolicy policy({.observations = 6, .actions = 2, .seed = 5});
  const std::vector<int> entries{0, 1, 2, 3, 4, 5};
  const auto expected = linearize_by_jacobian(policy, samples, entries),
             linear = linearize_by_jacobian(policy, samples.on(gpu), entries);
  EXPECT_LT(largest_difference(linear.gain, expected.gain), 1e-12);
  EXPECT_LT(largest_difference(linear.offset, expected.offset), 1e-12);

  LinearGaussianPolicyArrays<double> local = expected;
  for (double& k : local.offset.elements()) k += 0.5;
  const PolicyDifference difference = policy_difference(local, policy, samples),
                         there = policy_difference(local.on(gpu), policy, samples.on(gpu));
  EXPECT_LT(largest_difference(there.action, difference.action), 1e-12);
  EXPECT_LT(largest_difference(there.mean_kl, difference.mean_kl), 1e-10);
  EXPECT_LT(largest_difference(there.largest_kl, difference.largest_kl), 1e-10);
}

TEST(GpuTraining, TheNetworkGivesTheCpusMeansAndJacobians) {
  MDGPS_SKIP_WITHOUT_TRAINING();
  const RandomPoints points(400, 6, 3);
  NeuralGaussianPolicy policy = new_policy(points);
  policy.fit_normalization(points.observations);
  const Array<double, 2> there = points.observations.on(gpu), expected = means(policy, points.observations);
  Array<double, 2> result({400, 3}, gpu);
  policy.mean(there, result);
  EXPECT_LT(largest_difference(result, expected), 1e-12);
  Array<double, 3> jacobians({400, 3, 6}, gpu), expected_jacobians({400, 3, 6});
  policy.jacobian(there, jacobians);
  policy.jacobian(points.observations, expected_jacobians);
  EXPECT_LT(largest_difference(jacobians, expected_jacobians), 1e-12);
}

std::filesystem::path reacher() { return std::filesystem::path(MDGPS_TEST_DATA) / "tasks" / "reacher" / "task.toml"; }
std::filesystem::path obstacle() {
  return std::filesystem::path(MDGPS_TEST_DATA) / "../../apps/tasks/obstacle/task.toml";
}

Settings quick_settings(const Task& task, Method method) {
  Settings settings = read_settings(task.algorithm, method);
  settings.minibatches = std::min(settings.minibatches, 300);
  return settings;
}

/// The same task, a few iterations on each device: the first C-step sees the same samples and the same fits but for
/// rounding; later ones follow another network.
void expect_run_like_the_cpu(const Task& task, const Settings& settings) {
  MirrorDescent on_cpu(task, settings, 1, {2}), on_gpu(task, settings, 1, {2, gpu});
  for (int k = 0; k < 3; ++k) {
    const IterationReport expected = on_cpu.iterate(), report = on_gpu.iterate();
    ASSERT_EQ(report.conditions.size(), expected.conditions.size());
    EXPECT_EQ(report.failed_s_steps, 0);
    for (std::size_t i = 0; i < report.conditions.size(); ++i) {
      const auto &condition = report.conditions[i], &as_on_cpu = expected.conditions[i];
      EXPECT_TRUE(std::isfinite(condition.global_cost)) << "condition " << i;
      if (k > 0) continue;
      EXPECT_EQ(condition.status, as_on_cpu.status) << "condition " << i;
      EXPECT_NEAR(condition.kl_divergence, as_on_cpu.kl_divergence, 0.03 * as_on_cpu.step_size) << "condition " << i;
      EXPECT_NEAR(condition.predicted_cost, as_on_cpu.predicted_cost, 0.05 * std::abs(as_on_cpu.predicted_cost))
          << "condition " << i;
    }
  }
}

TEST(GpuTraining, ReacherRunsLikeOnTheCpu) {
  MDGPS_SKIP_WITHOUT_TRAINING();
  const Task task = load_task(reacher(), {});
  expect_run_like_the_cpu(task, quick_settings(task, Method::mdgps));
}

TEST(GpuTraining, PointMassRunsLikeOnTheCpu) {
  MDGPS_SKIP_WITHOUT_TRAINING();
  const Task task = load_task(obstacle(), {});
  Settings settings = quick_settings(task, Method::mdgps);
  for (const Sampling sampling : {Sampling::local, Sampling::global}) {
    settings.sampling = sampling;
    expect_run_like_the_cpu(task, settings);
  }
}

TEST(GpuTraining, ANetworkRollsOutAPointMassThere) {
  MDGPS_SKIP_WITHOUT_TRAINING();
  const Task task = load_task(obstacle(), {});
  const NeuralGaussianPolicy policy({.observations = task.observations, .actions = task.actions, .seed = 5});
  const RolloutOptions options{.samples = 10, .stream = RandomStream::global_rollouts};
  const Trajectories expected = Simulator(task, {2}).roll_out(policy, options),
                     result = Simulator(task, {2, gpu}).roll_out(policy, options);
  EXPECT_EQ(result.device(), gpu);
  EXPECT_LT(largest_difference(result.states, expected.states), 1e-9);
  EXPECT_LT(largest_difference(result.observations, expected.observations), 1e-9);
  EXPECT_LT(largest_difference(result.points, expected.points), 1e-9);
  EXPECT_EQ(result.weights, expected.weights);
}

TEST(GpuTraining, TheAlgorithmsVariantsRunLikeOnTheCpu) {
  MDGPS_SKIP_WITHOUT_TRAINING();
  struct Variant {
    const char* name;
    void (*apply)(Settings&);
  };
  const Variant variants[]{
      {"samples of the global policy", [](Settings& s) { s.sampling = Sampling::global; }},
      {"the network's Jacobian", [](Settings& s) { s.linearization = Linearization::jacobian; }},
      {"neighbouring steps", [](Settings& s) { s.dynamics_prior.window = s.policy_prior.window = 1; }},
      {"near the previous local policy", [](Settings& s) { s.reference = Reference::previous_local; }},
      {"two rounds and drawn states", [](Settings& s) { s.rounds = s.drawn_states = 2; }},
  };
  const Task task = load_task(reacher(), {});
  for (const Variant& variant : variants) {
    SCOPED_TRACE(variant.name);
    Settings settings = quick_settings(task, Method::mdgps);
    variant.apply(settings);
    expect_run_like_the_cpu(task, settings);
  }
}

TEST(GpuTraining, OtherMethodsRunLikeOnTheCpu) {
  MDGPS_SKIP_WITHOUT_TRAINING();
  const Task task = load_task(reacher(), {});
  for (const Method method : {Method::badmm, Method::dual_gradient, Method::penalty, Method::admm, Method::dagger}) {
    SCOPED_TRACE(to_string(method));
    expect_run_like_the_cpu(task, quick_settings(task, method));
  }
}

TEST(GpuTraining, GoesOnFromACheckpoint) {
  MDGPS_SKIP_WITHOUT_TRAINING();
  const Task task = load_task(obstacle(), {});
  const Settings settings = quick_settings(task, Method::mdgps);
  const auto folder = std::filesystem::path(::testing::TempDir()) / "mdgps_gpu_checkpoint";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  MirrorDescent whole(task, settings, 1, {2, gpu}), resumed(task, settings, 1, {2, gpu});
  whole.iterate();
  whole.save(folder);
  resumed.load(folder);
  const IterationReport expected = whole.iterate(), report = resumed.iterate();
  EXPECT_EQ(report.iteration, 2);
  for (std::size_t i = 0; i < report.conditions.size(); ++i) {
    EXPECT_EQ(report.conditions[i].predicted_cost, expected.conditions[i].predicted_cost) << "condition " << i;
    EXPECT_EQ(report.conditions[i].global_cost, expected.conditions[i].global_cost) << "condition " << i;
  }
}

}  // namespace
}  // namespace mdgps
