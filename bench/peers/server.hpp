#pragma once
/// A program that runs what it is told, line by line, so that bench/compare can take turns between it and its peers.
///
/// In:  `<operation> <conditions> <steps> <states> <actions>`      out: seconds of processor time of one run
/// In:  `write <conditions> <steps> <states> <actions> <file>`     out: `written`; the problem as raw doubles

#include <time.h>

#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "bench/trajectories.hpp"

namespace mdgps::bench {

/// Of this process: on a machine that does other work too, what the work itself took.
inline double processor_seconds() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

/// Repeats a run until it has taken 20 ms; seconds of one.
inline double time_of(const std::function<void()>& run) {
  const double begin = processor_seconds();
  int runs = 0;
  do {
    run();
    ++runs;
  } while (processor_seconds() - begin < 0.02);
  return (processor_seconds() - begin) / runs;
}

inline void write(const problems::Trajectory<double>& p, const std::string& name) {
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

/// Serves until the input ends. Case(shape) makes a problem once; operations() gives its runs by name.
template <class Case>
int serve() {
  std::map<std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>, std::unique_ptr<Case>> cases;
  std::string operation;
  BatchShape shape;
  while (std::cin >> operation >> shape.conditions >> shape.steps >> shape.states >> shape.actions) {
    if (operation == "write") {
      std::string name;
      std::cin >> name;
      write(trajectory(shape), name);
      std::cout << "written" << std::endl;
      continue;
    }
    auto& problem = cases[{shape.conditions, shape.steps, shape.states, shape.actions}];
    if (!problem) problem = std::make_unique<Case>(shape);
    const auto runs = problem->operations();
    const auto run = runs.find(operation);
    if (run == runs.end()) {
      std::cout << "unknown" << std::endl;
    } else {
      std::cout << time_of(run->second) << std::endl;
    }
  }
  return 0;
}

}  // namespace mdgps::bench
