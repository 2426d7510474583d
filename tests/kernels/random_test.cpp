#include "kernels/random.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace mdgps {
namespace {

// Known answers published with Random123 (kat_vectors, philox4x32 10).
TEST(Philox, GivesThePublishedAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (RandomWords{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (RandomWords{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (RandomWords{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomSequence, NormalsHaveTheMomentsOfAStandardNormal) {
  const RandomSequence sequence(7, RandomStream::user);
  const int n = 200000;
  double sum[5] = {};
  double product = 0.0;
  for (int i = 0; i < n; ++i) {
    const auto [a, b] = sequence.normals(i);
    for (int power = 1; power <= 4; ++power) sum[power] += std::pow(a, power) + std::pow(b, power);
    product += a * b;
  }
  // Five standard errors of each moment over 2n draws: sqrt(1, 2, 15, 96) / sqrt(2n).
  const double unit = 5.0 / std::sqrt(2.0 * n);
  EXPECT_NEAR(sum[1] / (2 * n), 0.0, unit);
  EXPECT_NEAR(sum[2] / (2 * n), 1.0, unit * std::sqrt(2.0));
  EXPECT_NEAR(sum[3] / (2 * n), 0.0, unit * std::sqrt(15.0));
  EXPECT_NEAR(sum[4] / (2 * n), 3.0, unit * std::sqrt(96.0));
  EXPECT_NEAR(product / n, 0.0, unit * std::sqrt(2.0));
}

TEST(RandomSequence, UniformsLieWithinTheOpenIntervalAndFillItEvenly) {
  const RandomSequence sequence(7, RandomStream::user);
  std::vector<int> bins(16);
  for (int i = 0; i < 160000; ++i) {
    const double u = sequence.uniform(i);
    ASSERT_GT(u, 0.0);
    ASSERT_LT(u, 1.0);
    ++bins[static_cast<int>(u * 16)];
  }
  for (const int count : bins) EXPECT_NEAR(count, 10000, 500);  // five standard errors
}

TEST(RandomSequence, BelowCoversItsRangeEvenly) {
  const RandomSequence sequence(3, RandomStream::user);
  std::vector<int> bins(10);
  for (int i = 0; i < 100000; ++i) ++bins.at(sequence.below(i, 10));
  for (const int count : bins) EXPECT_NEAR(count, 10000, 500);
  EXPECT_EQ(sequence.below(0, 1), 0u);
}

TEST(RandomSequence, EveryPartOfTheKeyChangesTheNumbers) {
  const std::set<RandomWords> words{
      RandomSequence(0, RandomStream::user, 0, 0, 0).words(0),
      RandomSequence(1, RandomStream::user, 0, 0, 0).words(0),
      RandomSequence(std::uint64_t{1} << 32, RandomStream::user, 0, 0, 0).words(0),
      RandomSequence(0, RandomStream::evaluation, 0, 0, 0).words(0),
      RandomSequence(0, RandomStream::user, 1, 0, 0).words(0),
      RandomSequence(0, RandomStream::user, 0, 1, 0).words(0),
      RandomSequence(0, RandomStream::user, 0, 0, 1).words(0),
      RandomSequence(0, RandomStream::user, 0, 0, 0).words(1),
  };
  EXPECT_EQ(words.size(), 8u);
}

}  // namespace
}  // namespace mdgps
