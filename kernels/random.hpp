#pragma once
/// Counter-based random numbers: Philox4x32-10.
///
/// Every number is a function of (seed, stream, iteration, condition, sample, index), so a result depends neither on
/// the order in which numbers are drawn nor on the number of threads. Source: Salmon, Moraes, Dror, Shaw, "Parallel
/// random numbers: as easy as 1, 2, 3", SC 2011.

#include <array>
#include <cmath>
#include <cstdint>

#include "kernels/core.hpp"

namespace mdgps {

using RandomWords = std::array<std::uint32_t, 4>;

/// Ten rounds of Philox4x32: a bijection of the counter for each key.
MDGPS_INLINE constexpr RandomWords philox4x32(RandomWords counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9;  // golden ratio
    key[1] += 0xBB67AE85;  // sqrt(3) - 1
  }
  return counter;
}

/// What a draw is for. Draws for different purposes share no numbers, whatever their other indices are.
enum class RandomStream : std::uint8_t {
  local_rollouts = 0,
  global_rollouts,
  evaluation,
  network_initialization,
  minibatches,
  mixture,
  imitation,
  user,  ///< tests, benchmarks and programs
};

/// A sequence of random numbers with random access.
/// `iteration` has 24 bits; the others 32. Indices are the caller's: say, step x blocks per step + block.
/// Its functions become part of their callers: a copy compiled for one instruction set must not be everyone's.
class RandomSequence {
 public:
  MDGPS_INLINE constexpr RandomSequence(std::uint64_t seed, RandomStream stream, std::uint32_t iteration = 0,
                                        std::uint32_t condition = 0, std::uint32_t sample = 0)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
        counter_{0, sample, condition, (static_cast<std::uint32_t>(stream) << 24) | (iteration & 0xFFFFFF)} {}

  /// 128 random bits.
  MDGPS_INLINE constexpr RandomWords words(std::uint32_t index) const {
    RandomWords counter = counter_;
    counter[0] = index;
    return philox4x32(counter, key_);
  }

  /// Two uniform numbers in the open interval (0, 1), 52 bits each: log() of them is finite.
  MDGPS_INLINE constexpr std::array<double, 2> uniforms(std::uint32_t index) const {
    const RandomWords w = words(index);
    return {to_uniform(w[0], w[1]), to_uniform(w[2], w[3])};
  }
  MDGPS_INLINE constexpr double uniform(std::uint32_t index) const { return uniforms(index)[0]; }

  /// Two independent standard normal numbers (Box-Muller).
  MDGPS_FUNCTION MDGPS_INLINE std::array<double, 2> normals(std::uint32_t index) const {
    const auto [u, v] = uniforms(index);
    const double radius = std::sqrt(-2.0 * std::log(u));
    const double angle = 6.283185307179586 * v;
    return {radius * std::cos(angle), radius * std::sin(angle)};
  }

  /// A whole number in [0, n), n <= 2^32; its bias is below n / 2^64.
  MDGPS_INLINE constexpr std::uint32_t below(std::uint32_t index, std::uint64_t n) const {
    const RandomWords w = words(index);
    // (w0 + w1/2^32) n / 2^32 in two halves: 96 bits do not fit a word.
    const std::uint64_t low = (std::uint64_t{w[1]} * n) >> 32;
    return static_cast<std::uint32_t>((std::uint64_t{w[0]} * n + low) >> 32);
  }

 private:
  MDGPS_INLINE static constexpr double to_uniform(std::uint32_t high, std::uint32_t low) {
    const std::uint64_t bits = ((std::uint64_t{high} << 32) | low) >> 12;
    return (static_cast<double>(bits) + 0.5) * 0x1p-52;
  }

  std::array<std::uint32_t, 2> key_;
  RandomWords counter_;
};

}  // namespace mdgps
