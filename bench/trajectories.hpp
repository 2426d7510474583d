#pragma once
/// The problems that benchmarks run on.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "tests/problems.hpp"

namespace mdgps::bench {

/// Fills `to` with copies of `from`, end to end.
template <int Rank>
void repeat(const Array<double, Rank>& from, Array<double, Rank>& to) {
  const auto source = from.elements();
  const auto target = to.elements();
  for (std::size_t i = 0; i < target.size(); i += source.size())
    std::copy_n(source.begin(), std::min(source.size(), target.size() - i), target.begin() + i);
}

/// A random C-step of which only the first eight conditions differ: making problems must not take longer than solving.
inline problems::Trajectory<double> trajectory(const BatchShape& shape) {
  BatchShape few = shape;
  few.conditions = std::min<std::int64_t>(shape.conditions, 8);
  auto distinct = problems::random_trajectory<double>(few, 1);
  if (few == shape) return distinct;
  problems::Trajectory<double> all(shape);
  repeat(distinct.initial.mean, all.initial.mean);
  repeat(distinct.initial.covariance, all.initial.covariance);
  repeat(distinct.dynamics.transition, all.dynamics.transition);
  repeat(distinct.dynamics.offset, all.dynamics.offset);
  repeat(distinct.dynamics.covariance, all.dynamics.covariance);
  repeat(distinct.cost.hessian, all.cost.hessian);
  repeat(distinct.cost.gradient, all.cost.gradient);
  repeat(distinct.reference.gain, all.reference.gain);
  repeat(distinct.reference.offset, all.reference.offset);
  repeat(distinct.reference.covariance, all.reference.covariance);
  repeat(distinct.epsilon, all.epsilon);
  repeat(distinct.initial_dual, all.initial_dual);
  return all;
}

/// Sum of the magnitudes of an array's entries.
template <int Rank>
double magnitude(const Array<double, Rank>& array) {
  double sum = 0;
  for (const double x : array.elements()) sum += std::abs(x);
  return sum;
}

/// Memory for an operation, made once.
class OwnWorkspace {
 public:
  explicit OwnWorkspace(std::size_t bytes) : memory_(bytes) {}
  operator Workspace() { return {memory_.data(), memory_.size(), {}}; }

 private:
  std::vector<std::byte> memory_;
};

}  // namespace mdgps::bench
