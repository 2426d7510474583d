#pragma once
/// Rollouts of the obstacle task, for comparisons with MuJoCo's.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "mdgps/simulation/trajectories.hpp"

namespace mdgps::testing {

inline const std::filesystem::path obstacle =
    std::filesystem::path(MDGPS_TEST_DATA) / "../../apps/tasks/obstacle/task.toml";

template <int Rank>
double largest_difference(const Array<double, Rank>& a, const Array<double, Rank>& b) {
  EXPECT_EQ(a.extents(), b.extents());
  double largest = 0.0;
  for (std::size_t e = 0; e < a.elements().size(); ++e)
    largest = std::max(largest, std::abs(a.elements()[e] - b.elements()[e]));
  return largest;
}

/// Rollouts in which the mass is this near to a bar.
inline int rollouts_in_contact(const Trajectories& rollouts) {
  const double bars[2][4] = {{1.2, 0.2, 1.51, 0.51}, {2.3, -0.2, 2.1, 0.1}};
  int count = 0;
  for (std::int64_t i = 0; i < rollouts.states.extent(0); ++i)
    for (std::int64_t s = 0; s < rollouts.states.extent(1); ++s) {
      bool touched = false;
      for (std::int64_t t = 0; t < rollouts.states.extent(2); ++t)
        for (const auto& [x0, y0, x1, y1] : bars) {
          const double x = rollouts.states(i, s, t, 0) - x0, y = rollouts.states(i, s, t, 1) - y0;
          const double dx = x1 - x0, dy = y1 - y0;
          const double along = std::clamp((x * dx + y * dy) / (dx * dx + dy * dy), 0.0, 1.0);
          touched |= std::hypot(x - along * dx, y - along * dy) < 0.1;
        }
      count += touched ? 1 : 0;
    }
  return count;
}

/// States to 1e-9: what rounding grows to in an episode with contacts.
inline void expect_like_mujoco(const Trajectories& result, const Trajectories& expected) {
  EXPECT_LT(largest_difference(result.states, expected.states), 1e-9);
  EXPECT_LT(largest_difference(result.actions, expected.actions), 1e-8);
  EXPECT_LT(largest_difference(result.observations, expected.observations), 1e-9);
  EXPECT_LT(largest_difference(result.points, expected.points), 1e-9);
  EXPECT_LT(largest_difference(result.distances, expected.distances), 1e-9);
  EXPECT_EQ(result.point_jacobians, expected.point_jacobians);
  EXPECT_EQ(result.weights, expected.weights);
}

}  // namespace mdgps::testing
