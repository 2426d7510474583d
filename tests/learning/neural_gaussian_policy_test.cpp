#include "mdgps/learning/neural_gaussian_policy.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/learning/problems.hpp"

namespace mdgps {
namespace {

std::string bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// mu by loops over the snapshot: the definition of the network, in the plainest form.
std::vector<double> plain_mean(const DenseNetwork& network, std::span<const double> observation) {
  std::vector<double> h(observation.begin(), observation.end());
  for (std::size_t i = 0; i < h.size(); ++i) h[i] = h[i] * network.scale[i] + network.bias[i];
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    std::vector<double> next;
    for (std::int64_t r = 0; r < network.layers[l].weight.extent(0); ++r) {
      double sum = network.layers[l].bias(r);
      for (std::size_t c = 0; c < h.size(); ++c) sum += network.layers[l].weight(r, c) * h[c];
      next.push_back(l + 1 < network.layers.size() && sum < 0.0 ? 0.0 : sum);
    }
    h = next;
  }
  return h;
}

/// A policy whose scaling, weights and biases have all been moved from where they started.
NeuralGaussianPolicy trained_policy(const std::vector<int>& hidden, const RandomPoints& points) {
  NeuralGaussianPolicy policy({.observations = static_cast<int>(points.observations.extent(1)),
                               .actions = static_cast<int>(points.target_means.extent(1)),
                               .hidden = hidden,
                               .seed = 3});
  policy.fit_normalization(points.observations);
  s_step(policy, points.view(), {.minibatches = 200, .learning_rate = 1e-2});
  return policy;
}

TEST(NeuralGaussianPolicy, BatchedMeanAndSnapshotAreTheNetwork) {
  for (const std::vector<int>& hidden : {std::vector<int>{}, {5}, {40, 40}, {3, 8, 2}}) {
    const RandomPoints points(60, 6, 3);
    const NeuralGaussianPolicy policy = trained_policy(hidden, points);
    const DenseNetwork network = policy.snapshot();
    const Array<double, 2> batched = means(policy, points.observations);
    std::vector<double> action(3);
    for (std::int64_t p = 0; p < 60; ++p) {
      network.mean(points.observations.row(p), action);
      const auto plain = plain_mean(network, points.observations.row(p));
      for (std::int64_t j = 0; j < 3; ++j) {
        // Sums of at most 40 terms of order 1 in another order: 40 eps is 1e-14.
        EXPECT_NEAR(action[j], plain[j], 1e-12);
        EXPECT_NEAR(batched(p, j), plain[j], 1e-12);
      }
    }
  }
}

TEST(NeuralGaussianPolicy, ViewsMayBeStrided) {
  const RandomPoints points(10, 4, 2);
  const NeuralGaussianPolicy policy = trained_policy({7}, points);
  const Array<double, 2> expected = means(policy, points.observations);
  Array<double, 2> columns({4, 10}), out({2, 10});
  for (int p = 0; p < 10; ++p) {
    for (int c = 0; c < 4; ++c) columns(c, p) = points.observations(p, c);
  }
  policy.mean({columns.data(), {10, 4}, {1, 10}, {}}, {out.data(), {10, 2}, {1, 10}, {}});
  for (int p = 0; p < 10; ++p) {
    for (int j = 0; j < 2; ++j) EXPECT_NEAR(out(j, p), expected(p, j), 1e-13);
  }
}

TEST(NeuralGaussianPolicy, JacobianIsTheDerivativeOfTheMean) {
  for (const std::vector<int>& hidden : {std::vector<int>{}, {9}, {40, 40}, {6, 11, 4}}) {
    const RandomPoints points(30, 5, 3);
    const NeuralGaussianPolicy policy = trained_policy(hidden, points);
    Array<double, 3> jacobians({30, 3, 5});
    policy.jacobian(points.observations, jacobians);
    // The network is piecewise linear, so that a central difference is exact but for rounding (eps / step = 2e-9),
    // unless a kink lies within the step: a chance of some 1e-4 in all, and none does for these numbers.
    const double step = 1e-7;
    for (int c = 0; c < 5; ++c) {
      Array<double, 2> up = points.observations, down = points.observations;
      for (int p = 0; p < 30; ++p) {
        up(p, c) += step;
        down(p, c) -= step;
      }
      const auto above = means(policy, up), below = means(policy, down);
      for (int p = 0; p < 30; ++p) {
        for (int j = 0; j < 3; ++j) {
          EXPECT_NEAR(jacobians(p, j, c), (above(p, j) - below(p, j)) / (2 * step), 1e-7);
        }
      }
    }
  }
}

TEST(NeuralGaussianPolicy, FirstBatchScalesTheObservationsAndLaterOnesDoNot) {
  Array<double, 2> batch({4, 2}, 5.0);  // the second component never moves
  const double values[] = {1.0, 2.0, 4.0, 5.0};
  for (int p = 0; p < 4; ++p) batch(p, 0) = values[p];
  NeuralGaussianPolicy policy({.observations = 2, .actions = 1});
  EXPECT_FALSE(policy.normalized());
  policy.fit_normalization(batch);
  EXPECT_TRUE(policy.normalized());
  for (int round = 0; round < 2; ++round) {
    const DenseNetwork network = policy.snapshot();
    EXPECT_NEAR(network.scale[0], 1.0 / std::sqrt(2.5), 1e-15);
    EXPECT_NEAR(network.bias[0], -3.0 / std::sqrt(2.5), 1e-15);
    EXPECT_NEAR(network.scale[1], 1000.0, 1e-10);
    EXPECT_NEAR(network.bias[1], -5000.0, 1e-9);
    policy.fit_normalization(random_array<2>({9, 2}, 1));
  }
}

TEST(NeuralGaussianPolicy, ObservationsWithoutWeightDoNotScale) {
  const auto batch = random_array<2>({7, 3}, 2);
  Array<double, 2> with_others({9, 3}, 100.0);
  Array<double, 1> weights({9}, 1.0);
  weights(2) = weights(8) = 0;
  for (int p = 0, from = 0; p < 9; ++p)
    if (weights(p) > 0) std::ranges::copy(batch.row(from++), with_others.row(p).begin());
  NeuralGaussianPolicy alone({.observations = 3, .actions = 1}), among_others({.observations = 3, .actions = 1});
  alone.fit_normalization(batch);
  among_others.fit_normalization(with_others, Array<double, 1>({9}, 0.0));
  EXPECT_FALSE(among_others.normalized()) << "nothing counted";
  among_others.fit_normalization(with_others, weights);
  EXPECT_EQ(among_others.snapshot().scale, alone.snapshot().scale);
  EXPECT_EQ(among_others.snapshot().bias, alone.snapshot().bias);
}

TEST(NeuralGaussianPolicy, SeedDecidesTheWeights) {
  const auto observations = random_array<2>({5, 4}, 0);
  const auto with_seed = [&](std::uint64_t seed) {
    return means(NeuralGaussianPolicy({.observations = 4, .actions = 2, .seed = seed}), observations);
  };
  EXPECT_EQ(with_seed(1), with_seed(1));
  EXPECT_NE(with_seed(1), with_seed(2));
}

TEST(NeuralGaussianPolicy, SavedPolicyComesBackTheSame) {
  const TemporaryFolder folder;
  const RandomPoints points(60, 6, 3);
  const NeuralGaussianPolicy policy = trained_policy({8, 5}, points);
  policy.save(folder / "policy.pt");
  const NeuralGaussianPolicy loaded = NeuralGaussianPolicy::load(folder / "policy.pt");
  EXPECT_TRUE(loaded.normalized());
  EXPECT_EQ(loaded.observations(), 6);
  EXPECT_EQ(loaded.actions(), 3);
  EXPECT_EQ(means(loaded, points.observations), means(policy, points.observations));
  EXPECT_EQ(loaded.covariance(), policy.covariance());
  loaded.save(folder / "again.pt");
  EXPECT_EQ(bytes(folder / "policy.pt"), bytes(folder / "again.pt"));
}

TEST(NeuralGaussianPolicy, TrainingContinuesFromFilesToTheSameBytes) {
  const TemporaryFolder folder;
  const RandomPoints points(90, 5, 2);
  const auto halves = [&](bool through_files) {
    NeuralGaussianPolicy policy({.observations = 5, .actions = 2, .seed = 1});
    policy.fit_normalization(points.observations);
    s_step(policy, points.view(), {.minibatches = 50, .iteration = 0});
    if (through_files) {
      policy.save(folder / "policy.pt");
      policy.save_training_state(folder / "training.pt");
      policy = NeuralGaussianPolicy::load(folder / "policy.pt");
      policy.load_training_state(folder / "training.pt");
    }
    s_step(policy, points.view(), {.minibatches = 50, .iteration = 1});
    policy.save(folder / "end.pt");
    return bytes(folder / "end.pt");
  };
  const std::string straight = halves(false);
  EXPECT_FALSE(straight.empty());
  EXPECT_EQ(straight, halves(true));

  // The moments are in the state: without them training goes another way.
  NeuralGaussianPolicy forgetful = NeuralGaussianPolicy::load(folder / "policy.pt");
  s_step(forgetful, points.view(), {.minibatches = 50, .iteration = 1});
  forgetful.save(folder / "forgetful.pt");
  EXPECT_NE(straight, bytes(folder / "forgetful.pt"));
}

TEST(NeuralGaussianPolicy, ErrorsNameTheFile) {
  const TemporaryFolder folder;
  std::ofstream(folder / "text.pt") << "not an archive";
  NeuralGaussianPolicy small({.observations = 2, .actions = 1, .hidden = {3}});
  NeuralGaussianPolicy large({.observations = 2, .actions = 1, .hidden = {4}});
  small.save_training_state(folder / "small.pt");
  const auto message = [](const auto& act) -> std::string {
    try {
      act();
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "nothing thrown";
  };
  for (const std::string& text : {
           message([&] { NeuralGaussianPolicy::load(folder / "missing.pt"); }),
           message([&] { NeuralGaussianPolicy::load(folder / "text.pt"); }),
           message([&] { NeuralGaussianPolicy::load(folder / "small.pt"); }),
           message([&] { large.load_training_state(folder / "small.pt"); }),
           message([&] { large.load_training_state(folder / "text.pt"); }),
           message([&] { large.save(folder / "no-such-folder/policy.pt"); }),
       }) {
    EXPECT_NE(text.find(".pt: "), std::string::npos) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
  }
}

TEST(NeuralGaussianPolicy, WrongShapesAreRefused) {
  EXPECT_THROW(NeuralGaussianPolicy({.observations = 0, .actions = 2}), std::invalid_argument);
  EXPECT_THROW(NeuralGaussianPolicy({.observations = 3, .actions = 2, .hidden = {4, 0}}), std::invalid_argument);
  NeuralGaussianPolicy policy({.observations = 3, .actions = 2});
  const auto three = random_array<2>({5, 3}, 0), four = random_array<2>({5, 4}, 0);
  Array<double, 2> out({5, 2}), short_out({4, 2});
  Array<double, 3> jacobians({5, 3, 2});
  EXPECT_THROW(policy.mean(four, out), std::invalid_argument);
  EXPECT_THROW(policy.mean(three, short_out), std::invalid_argument);
  EXPECT_THROW(policy.jacobian(three, jacobians), std::invalid_argument);
  EXPECT_THROW(policy.mean({three.data(), {5, 3}, {Device::Kind::cuda, 0}}, out), std::invalid_argument);
  EXPECT_THROW(policy.set_covariance(random_array<2>({3, 3}, 1)), std::invalid_argument);
  EXPECT_THROW(policy.set_covariance(random_array<2>({2, 2}, 1)), std::invalid_argument);
}

TEST(NeuralGaussianPolicy, SnapshotServesManyThreads) {
  const RandomPoints points(40, 6, 3);
  const NeuralGaussianPolicy policy = trained_policy({40, 40}, points);
  const DenseNetwork network = policy.snapshot();
  Array<double, 2> alone({40, 3});
  for (int p = 0; p < 40; ++p) network.mean(points.observations.row(p), alone.row(p));
  std::vector<Array<double, 2>> shared(4, Array<double, 2>({40, 3}));
  std::vector<std::thread> threads;
  for (auto& result : shared) {
    threads.emplace_back([&] {
      for (int p = 0; p < 40; ++p) network.mean(points.observations.row(p), result.row(p));
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& result : shared) EXPECT_EQ(result, alone);
}

TEST(NeuralGaussianPolicy, ArchiveIsAModuleInPython) {
  if (std::system("python3 -c 'import torch' > /dev/null 2>&1") != 0) {
    GTEST_SKIP() << "python3 has no torch here: that the archive opens in Python stays unchecked";
  }
  const TemporaryFolder folder;
  const RandomPoints points(1, 3, 2);
  NeuralGaussianPolicy policy({.observations = 3, .actions = 2, .seed = 9});
  policy.fit_normalization(random_array<2>({20, 3}, 5));
  policy.save(folder / "policy.pt");
  policy.save_training_state(folder / "training.pt");
  Array<double, 2> observation({1, 3});
  for (int c = 0; c < 3; ++c) observation(0, c) = 0.25 * (c + 1);
  const Array<double, 2> expected = means(policy, observation);
  std::ofstream script(folder / "check.py");
  script.precision(17);
  script << "import sys, torch\n"
         << "policy = torch.jit.load(sys.argv[1])\n"
         << "mean = policy(torch.tensor([[0.25, 0.5, 0.75]], dtype=torch.float64))\n"
         << "expected = torch.tensor([[" << expected(0, 0) << ", " << expected(0, 1) << "]], dtype=torch.float64)\n"
         << "assert torch.allclose(mean, expected, rtol=0, atol=1e-12), (mean, expected)\n"
         << "assert torch.equal(policy.covariance, torch.eye(2, dtype=torch.float64))\n"
         << "assert torch.jit.load(sys.argv[2]).minibatches.item() == 0\n";
  script.close();
  const std::string command = "python3 " + (folder / "check.py").string() + " " + (folder / "policy.pt").string() +
                              " " + (folder / "training.pt").string();
  EXPECT_EQ(std::system(command.c_str()), 0);
}

}  // namespace
}  // namespace mdgps
