#pragma once
/// The shapes that benchmarks run over, and how their counters are set.

#include <benchmark/benchmark.h>
#include <omp.h>

#include <string>
#include <vector>

#include "bench/flops.hpp"
#include "bench/peak.hpp"
#include "bench/trajectories.hpp"

namespace mdgps::bench {

inline const std::vector<BatchShape> kShapes = {{0, 100, 4, 2},  {0, 100, 6, 2},  {0, 100, 10, 2},
                                                {0, 100, 26, 7}, {0, 100, 32, 8}, {0, 50, 60, 20}};
inline const std::vector<std::int64_t> kConditions = {1, 5, 9, 64, 1024};

/// Sets the counters of a benchmark whose every iteration did so much. Bytes are those of the arguments, each once.
inline void count(benchmark::State& state, double conditions, double flops, double bytes) {
  const auto rate = benchmark::Counter::kIsIterationInvariantRate;
  state.counters["conditions/s"] = benchmark::Counter(conditions, rate);
  state.counters["flop/s"] = benchmark::Counter(flops, rate);
  state.counters["byte/s"] = benchmark::Counter(bytes, rate);
  state.counters["of_peak"] = benchmark::Counter(flops / (peak_flops() * omp_get_max_threads()), rate);
}

/// Registers run(state, shape) for every shape and number of conditions.
template <class Run>
void register_shapes(const std::string& name, const Run& run, const std::vector<BatchShape>& shapes = kShapes,
                     const std::vector<std::int64_t>& numbers = kConditions) {
  for (const BatchShape& shape : shapes)
    for (const std::int64_t conditions : numbers) {
      BatchShape whole = shape;
      whole.conditions = conditions;
      const auto label = name + "/" + std::to_string(shape.states) + "," + std::to_string(shape.actions) + "," +
                         std::to_string(shape.steps) + "/N:" + std::to_string(conditions);
      benchmark::RegisterBenchmark(label.c_str(), [=](benchmark::State& state) { run(state, whole); })
          ->UseRealTime()
          ->Unit(benchmark::kMicrosecond);
    }
}

}  // namespace mdgps::bench
