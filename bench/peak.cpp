#include "bench/peak.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

namespace mdgps::bench {

namespace {

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Enough accumulators to hide the latency of two units: 12 of the widest registers.
#define MDGPS_MULTIPLY_ADDS(name, target, width)                                    \
  target double name(long rounds) {                                                 \
    typedef double Vector __attribute__((vector_size(width * sizeof(double))));     \
    Vector sums[12], factor = Vector{} + 0.999999, term = Vector{} + 1e-9;          \
    for (Vector & sum : sums) sum = Vector{} + 1.0;                                 \
    for (long i = 0; i < rounds; ++i) {                                             \
      _Pragma("GCC unroll 12") for (Vector & sum : sums) sum = sum * factor + term; \
    }                                                                               \
    double total = 0;                                                               \
    for (Vector & sum : sums) total += sum[0];                                      \
    return total;                                                                   \
  }

#if defined(__x86_64__)
MDGPS_MULTIPLY_ADDS(multiply_adds_512, __attribute__((target("avx512f"))), 8)
MDGPS_MULTIPLY_ADDS(multiply_adds_256, __attribute__((target("avx2,fma"))), 4)
#endif
MDGPS_MULTIPLY_ADDS(multiply_adds_128, , 2)

double measure_peak() {
  double (*run)(long) = multiply_adds_128;
  double width = 2;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    run = multiply_adds_512;
    width = 8;
  } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    run = multiply_adds_256;
    width = 4;
  }
#endif
  constexpr long rounds = 1'000'000;
  double best = 1e300;
  volatile double sink = 0;
  for (int repeat = 0; repeat < 20; ++repeat) {
    const double begin = seconds();
    sink = sink + run(rounds);
    best = std::min(best, seconds() - begin);
  }
  return 12.0 * 2 * width * rounds / best;
}

double measure_bandwidth() {
  const std::vector<double> data(std::size_t{32} << 20, 1.0);  // 256 MB
  double best = 1e300;
  volatile double sink = 0;
  for (int repeat = 0; repeat < 4; ++repeat) {
    const double begin = seconds();
    double sums[16] = {};
    for (std::size_t i = 0; i < data.size(); i += 16)
      for (int j = 0; j < 16; ++j) sums[j] += data[i + j];
    for (const double sum : sums) sink = sink + sum;
    best = std::min(best, seconds() - begin);
  }
  return static_cast<double>(data.size() * sizeof(double)) / best;
}

}  // namespace

double peak_flops() {
  static const double peak = measure_peak();
  return peak;
}

double memory_bandwidth() {
  static const double bandwidth = measure_bandwidth();
  return bandwidth;
}

}  // namespace mdgps::bench
