#pragma once
/// What a kernel is run with in tests: a scalar and a group.

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "kernels/by_rows.hpp"
#include "kernels/lanes.hpp"
#include "kernels/pack.hpp"
#include "mdgps/solver/batches.hpp"
#include "tests/kernels/groups.hpp"

namespace mdgps::kernels::testing {

template <class Scalar_, class Group_ = Solo, int threads_ = 1>
struct Backend {
  using Scalar = Scalar_;
  using Real = Element<Scalar>;
  using Group = Group_;
  static constexpr int threads = threads_;

  static std::string name() {
    std::string text = sizeof(Real) == 8 ? "double" : "float";
    if constexpr (!std::is_same_v<Scalar, Real>) text = "Pack_" + text + "_" + std::to_string(lane_count<Scalar>);
    if constexpr (std::is_same_v<Group, Solo>) return text + "_Solo";
    if constexpr (std::is_same_v<Group, ByRows>) return text + "_ByRows";
    if constexpr (std::is_same_v<Group, Crew>) return text + "_Crew" + std::to_string(threads);
    return text + (std::is_same_v<Group, Turns<true>> ? "_TurnsBackward" : "_TurnsForward") + std::to_string(threads);
  }
};

/// Every pack width, rows, and groups of several threads.
using Backends =
    ::testing::Types<Backend<double>, Backend<float>, Backend<double, ByRows>, Backend<Pack<double, 1>>,
                     Backend<Pack<double, 2>>, Backend<Pack<double, 4>>, Backend<Pack<double, 8>>,
                     Backend<Pack<float, 4>>, Backend<Pack<float, 8>>, Backend<Pack<float, 16>>,
                     Backend<double, Crew, 1>, Backend<double, Crew, 3>, Backend<double, Crew, 32>,
                     Backend<double, Crew, 128>, Backend<double, Turns<false>, 3>, Backend<double, Turns<true>, 3>>;
struct BackendNames {
  template <class B>
  static std::string GetName(int) {
    return B::name();
  }
};

/// The shapes of a test, with fewer conditions where a group of threads takes them one by one, and of them the last,
/// with two steps, where the threads are many: a barrier of a hundred threads takes a millisecond.
template <class B>
std::vector<BatchShape> shapes_for(std::vector<BatchShape> shapes) {
  if (B::threads > 4) {
    shapes = {shapes.back()};
    shapes[0].steps = 2;
  }
  if (B::threads > 1)
    for (BatchShape& shape : shapes) shape.conditions = 1;
  return shapes;
}

/// Runs op(group, scratch) on every thread of a group. The scratch starts as NaN, so that a kernel that reads what it
/// has not written cannot give the right answer.
template <class B, class Op>
void run_on(const Op& op) {
  using Scalar = typename B::Scalar;
  Scratch<Scalar> counter;
  op(typename B::Group{}, counter);
  std::vector<Scalar> memory(static_cast<std::size_t>(counter.total()));
  std::memset(static_cast<void*>(memory.data()), 0xff, memory.size() * sizeof(Scalar));
  const auto body = [&](const auto& group) {
    Scratch<Scalar> scratch{memory.data()};
    op(group, scratch);
  };
  if constexpr (is_alone<typename B::Group>) {
    body(typename B::Group{});
  } else {
    B::Group::run(B::threads, body);
  }
}

/// Runs op(group, lanes, scratch) for every pack of conditions, each of which takes `width` lanes.
template <class B, class Op>
void run_conditions(std::int64_t conditions, int width, const Op& op) {
  for (std::int64_t first = 0; first < conditions; first += lane_count<typename B::Scalar> / width) {
    const auto lanes = condition_lanes<typename B::Scalar>(first, conditions, width);
    run_on<B>([&](const auto& group, auto& scratch) { op(group, lanes, scratch); });
  }
}
template <class B, class Op>
void run_conditions(std::int64_t conditions, const Op& op) {
  run_conditions<B>(conditions, 1, op);
}
/// Runs op(group, lanes, scratch) for every pack of (condition, step) pairs.
template <class B, class Op>
void run_steps(std::int64_t conditions, std::int64_t steps, const Op& op) {
  for (std::int64_t first = 0; first < conditions * steps; first += lane_count<typename B::Scalar>) {
    const auto lanes = step_lanes<typename B::Scalar>(first, conditions, steps);
    run_on<B>([&](const auto& group, auto& scratch) { op(group, lanes, scratch); });
  }
}

using namespace mdgps::MDGPS_TARGET;  // batch()

}  // namespace mdgps::kernels::testing
