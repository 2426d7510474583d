#pragma once
/// A program that runs what it is told, line by line, so that bench/compare can take turns between it and its peers.
///
/// In:  `<operation> <conditions> <steps> <states> <actions>`          out: seconds of one run
/// In:  `check <operation> <conditions> ...`                           out: the size of what a run computed, or `none`
/// In:  `write <operation> <conditions> ... <file>`                    out: `written`; the problem as raw doubles
///
/// Seconds are of the processor, or with the argument `wall` of the clock on the wall. What is not there: `unknown`.

#include <time.h>

#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>

#include "bench/trajectories.hpp"

namespace mdgps::bench {

/// A run, and afterwards the sum of the magnitudes of what it computed, by which peers are compared.
struct Operation {
  std::function<void()> run;
  std::function<double()> size;  ///< empty: nothing to compare
};

/// Repeats a run until it has taken 20 ms; seconds of one.
inline double time_of(const std::function<void()>& run, clockid_t clock) {
  const auto now = [clock] {
    timespec t;
    clock_gettime(clock, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
  };
  const double begin = now();
  int runs = 0;
  do {
    run();
    ++runs;
  } while (now() - begin < 0.02);
  return (now() - begin) / runs;
}

inline void write_trajectory(const problems::Trajectory<double>& p, const std::string& name) {
  std::ofstream file(name, std::ios::binary);
  const auto put = [&](auto elements) {
    file.write(reinterpret_cast<const char*>(elements.data()), static_cast<std::streamsize>(elements.size_bytes()));
  };
  put(p.initial.mean.elements());
  put(p.initial.covariance.elements());
  put(p.dynamics.transition.elements());
  put(p.dynamics.offset.elements());
  put(p.dynamics.covariance.elements());
  put(p.cost.hessian.elements());
  put(p.cost.gradient.elements());
  put(p.reference.gain.elements());
  put(p.reference.offset.elements());
  put(p.reference.covariance.elements());
  put(p.epsilon.elements());
  put(p.initial_dual.elements());
  if (!file.flush()) throw std::runtime_error("cannot write " + name);
}

using Write = void (*)(const std::string& operation, const BatchShape& shape, const std::string& file);

/// Serves until the input ends. Case(shape) makes a problem once; operations() gives its runs by name.
template <class Case>
int serve(int argc, char** argv, Write write = nullptr) {
  const bool wall = argc > 1 && std::string_view(argv[1]) == "wall";
  std::map<std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>, std::unique_ptr<Case>> cases;
  std::cout << std::setprecision(17);
  for (std::string word; std::cin >> word;) {
    std::string operation = word;
    if (word == "check" || word == "write") std::cin >> operation;
    BatchShape shape;
    std::cin >> shape.conditions >> shape.steps >> shape.states >> shape.actions;
    if (word == "write") {
      std::string name;
      std::cin >> name;
      write(operation, shape, name);
      std::cout << "written" << std::endl;
      continue;
    }
    auto& problem = cases[{shape.conditions, shape.steps, shape.states, shape.actions}];
    if (!problem) problem = std::make_unique<Case>(shape);
    const auto operations = problem->operations();
    const auto found = operations.find(operation);
    if (found == operations.end()) {
      std::cout << "unknown" << std::endl;
    } else if (word == "check") {
      found->second.run();
      if (found->second.size) {
        std::cout << found->second.size() << std::endl;
      } else {
        std::cout << "none" << std::endl;
      }
    } else {
      std::cout << time_of(found->second.run, wall ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID) << std::endl;
    }
  }
  return 0;
}

}  // namespace mdgps::bench
