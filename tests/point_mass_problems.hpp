#pragma once
/// A point mass among obstacles, and its rollouts by plain loops in double precision.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <vector>

#include "kernels/random.hpp"
#include "mdgps/solver/point_mass.hpp"

namespace mdgps::problems {

/// Slides along `axes` axes from starts about the origin, drawn to the point (1, 1, 1) with a sphere and a bar between.
inline PointMass mass_among_obstacles(int axes) {
  PointMass mass;
  mass.axes = axes;
  mass.timestep = 0.01;
  mass.substeps = 4;
  for (int i = 0; i < axes; ++i) {
    mass.inverse_mass[i] = 0.8 + 0.1 * i;
    mass.damping[i] = 0.5 + 0.2 * i;
    mass.gear[i] = 1.5;
    mass.least[i] = -2.0;
    mass.most[i] = 2.5;
    mass.origin[i] = 0.02 * i;
    mass.half_axis[i] = 0.03 - 0.02 * i;
  }
  mass.obstacle_count = 2;
  for (int o = 0; o < 2; ++o) {
    PointMassObstacle& obstacle = mass.obstacles[o];
    for (int i = 0; i < 3; ++i) {  // on the way, a little to its side
      obstacle.center[i] = i < axes ? (o == 0 ? 0.4 : 0.85) - 0.02 * i : 0.03 * i;
      obstacle.half_axis[i] = o == 0 ? 0.0 : i == 0 ? 0.02 : 0.15 - 0.1 * i;
    }
    obstacle.reach = 0.12;
    obstacle.margin = 0.005;
    obstacle.stiffness = 900.0;
    obstacle.damping = 55.0;
    obstacle.softest = 0.85;
    obstacle.stiffest = 0.97;
    obstacle.width = 0.02;
    obstacle.midpoint = 0.4;
    obstacle.mobility = 0.9;
  }
  return mass;
}

template <class Real>
struct PointMassCase {
  PointMass mass;
  LinearGaussianPolicyArrays<Real> policy;
  NetworkPolicyArrays<Real> network;
  Array<Real, 2> start, anchors;
  Array<Real, 4> noise, states, actions, points;
  Array<Real, 3> distances;
  Array<Real, 2> weights;

  /// Two points; `distances` are the second's.
  PointMassCase(int axes, std::int64_t N, std::int64_t S, std::int64_t T)
      : mass(mass_among_obstacles(axes)),
        policy(BatchShape{N, T, 2 * axes, axes}),
        network({2 * axes + 1, 9, 6, axes}),
        start({N, 2 * axes}),
        anchors({N, 6}),
        noise({N, S, T, axes}),
        states({N, S, T, 2 * axes}),
        actions({N, S, T, axes}),
        points({N, S, T, 6}),
        distances({N, S, T}),
        weights({N, S}) {
    const RandomSequence random(1, RandomStream::user);
    std::uint32_t draw = 0;
    const auto fill = [&](auto& array, double size) {
      for (Real& x : array.elements()) x = static_cast<Real>(size * random.normals(draw++)[0]);
    };
    fill(policy.gain, 0.2);
    fill(policy.offset, 0.2);
    fill(start, 0.05);
    fill(anchors, 1.0);
    fill(noise, 1.0);
    for (std::int64_t i = 0; i < N; ++i)
      for (std::int64_t t = 0; t < T; ++t)
        for (int a = 0; a < axes; ++a) {
          policy.offset(i, t, a) += Real(2);
          policy.gain(i, t, a, a) -= Real(2);
          for (int b = 0; b < axes; ++b) policy.covariance(i, t, a, b) = a == b ? Real(0.3) : Real(0.1);
        }
    fill(network.scale, 0.1);
    fill(network.shift, 0.05);
    fill(network.weights, 0.05);
    draw_network_to_the_point();
  }

  PointMassRollouts<Real> view() { return {start, anchors, noise, states, actions, points, distances, weights}; }

 private:
  /// Makes the network's actions those of a pull to (1, 1, 1) and of random units beside it: the first units of each
  /// hidden layer hand the positions on, raised so that they are on.
  void draw_network_to_the_point() {
    const int axes = network.sizes.back(), n = 2 * axes;
    const auto weight = [&, this](int layer, int row, int col) -> Real& {
      const std::int64_t first = NetworkPolicyArrays<Real>::weight_count(std::span(network.sizes).first(layer + 1));
      return network.weights(first + row * (network.sizes[layer] + 1) + col);
    };
    for (int j = 0; j <= n; ++j) {
      network.state_entries(j) = j < n ? n - 1 - j : 0;  // the first position twice
      network.scale(j) += Real(1);
    }
    for (int a = 0; a < axes; ++a) {
      weight(0, a, n - 1 - a) += Real(1);
      weight(0, a, n + 1) += Real(3);
      weight(1, a, a) += Real(1);
      weight(2, a, a) -= Real(4);
      weight(2, a, network.sizes[2]) += Real(16);
      for (int b = 0; b < axes; ++b) network.factor(a, b) = a == b ? Real(0.5) : Real(0.1);
    }
  }
};

/// A contact multiplies errors: its force falls from thousands to nothing within the margin.
template <class Real>
inline constexpr double rollout_tolerance = sizeof(Real) == 8 ? 1e-11 : 2e-3;

using Vector3 = std::array<double, 3>;

/// The nearest points of two segments, by going to and fro between them. Returns the way from the second to the first.
inline Vector3 between_segments(const Vector3& center, const double (&half)[3], const double (&other_center)[3],
                                const double (&other_half)[3]) {
  double own = 0.0, other = 0.0;
  const auto way = [&] {
    Vector3 d;
    for (int i = 0; i < 3; ++i) d[i] = center[i] + own * half[i] - other_center[i] - other * other_half[i];
    return d;
  };
  for (int round = 0; round < 200; ++round) {
    const auto to_nearest = [&](double& place, const double(&axis)[3], double sign) {
      double squares = 0.0, along = 0.0;
      const Vector3 d = way();
      for (int i = 0; i < 3; ++i) {
        squares += axis[i] * axis[i];
        along += axis[i] * d[i];
      }
      if (squares > 0) place = std::clamp(place - sign * along / squares, -1.0, 1.0);
    };
    to_nearest(own, half, 1.0);
    to_nearest(other, other_half, -1.0);
  }
  return way();
}

/// The force f >= 0 that minimises 1/2 (mobility + softness) f^2 + (before - wanted) f, by halving an interval.
inline double contact_force(double mobility_and_softness, double slope) {
  double low = 0.0, high = 1e9;
  for (int round = 0; round < 200; ++round) {
    const double middle = 0.5 * (low + high);
    (mobility_and_softness * middle + slope > 0 ? high : low) = middle;
  }
  return low;
}

/// K x + k + chol(C) noise of a sample at a step.
template <class Real>
Vector3 linear_gaussian_action(const PointMassCase<Real>& c, std::int64_t i, std::int64_t s, std::int64_t t,
                               const Vector3& position, const Vector3& velocity) {
  const int m = c.mass.axes;
  Vector3 action{};
  double L[3][3] = {};
  for (int a = 0; a < m; ++a) {
    action[a] = c.policy.offset(i, t, a);
    for (int b = 0; b <= a; ++b) {
      double x = c.policy.covariance(i, t, a, b);
      for (int k = 0; k < b; ++k) x -= L[a][k] * L[b][k];
      L[a][b] = a == b ? std::sqrt(x) : x / L[b][b];
      action[a] += L[a][b] * c.noise(i, s, t, b);
    }
    for (int b = 0; b < m; ++b)
      action[a] += c.policy.gain(i, t, a, b) * position[b] + c.policy.gain(i, t, a, m + b) * velocity[b];
  }
  return action;
}

/// The network's.
template <class Real>
Vector3 network_action(const PointMassCase<Real>& c, std::int64_t i, std::int64_t s, std::int64_t t,
                       const Vector3& position, const Vector3& velocity) {
  const auto& network = c.network;
  const int m = c.mass.axes, layers = static_cast<int>(network.sizes.size()) - 1;
  std::vector<double> units;
  for (int j = 0; j < network.sizes[0]; ++j) {
    const int entry = network.state_entries(j);
    units.push_back(network.scale(j) * (entry < m ? position[entry] : velocity[entry - m]) + network.shift(j));
  }
  std::int64_t next = 0;
  for (int l = 0; l < layers; ++l) {
    units.push_back(1.0);  // before the bias
    std::vector<double> sums(network.sizes[l + 1]);
    for (double& sum : sums) {
      for (const double unit : units) sum += network.weights(next++) * unit;
      if (l + 1 < layers) sum = std::max(sum, 0.0);
    }
    units = sums;
  }
  Vector3 action{};
  for (int a = 0; a < m; ++a) {
    action[a] = units[a];
    for (int b = 0; b <= a; ++b) action[a] += network.factor(a, b) * c.noise(i, s, t, b);
  }
  return action;
}

/// Rolls every sample of `c` out by plain_action(c, i, s, t, position, velocity), and says in how many the mass touched
/// something.
template <class Real, class Action>
int expect_rollouts(const PointMassCase<Real>& c, double tolerance, const Action& plain_action) {
  const PointMass& mass = c.mass;
  const auto [N, S, T, n] = c.states.extents();
  const int m = mass.axes;
  int touching = 0;
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t s = 0; s < S; ++s) {
      Vector3 position{}, velocity{};
      bool touched = false;
      for (int a = 0; a < m; ++a) {
        position[a] = c.start(i, a);
        velocity[a] = c.start(i, m + a);
      }
      EXPECT_EQ(c.weights(i, s), Real(1));
      for (std::int64_t t = 0; t < T; ++t) {
        const Vector3 action = plain_action(c, i, s, t, position, velocity);
        for (int a = 0; a < m; ++a) {
          EXPECT_NEAR(c.states(i, s, t, a), position[a], tolerance);
          EXPECT_NEAR(c.states(i, s, t, m + a), velocity[a], 10 * tolerance);
          EXPECT_NEAR(c.actions(i, s, t, a), action[a], 50 * tolerance);
        }
        for (int e = 0; e < 6; ++e)
          EXPECT_NEAR(c.points(i, s, t, e), double(c.anchors(i, e)) + position[e % 3], tolerance) << "entry " << e;
        EXPECT_NEAR(
            c.distances(i, s, t),
            std::hypot(c.anchors(i, 3) + position[0], c.anchors(i, 4) + position[1], c.anchors(i, 5) + position[2]),
            2 * tolerance);
        for (int step = 0; step < mass.substeps; ++step) {
          Vector3 acceleration{}, center;
          for (int a = 0; a < 3; ++a) {
            const double force = mass.gear[a] * std::clamp(action[a], mass.least[a], mass.most[a]);
            acceleration[a] = mass.inverse_mass[a] * (force - mass.damping[a] * velocity[a]);
            center[a] = mass.origin[a] + position[a];
          }
          for (int o = 0; o < mass.obstacle_count; ++o) {
            const PointMassObstacle& obstacle = mass.obstacles[o];
            const Vector3 way = between_segments(center, mass.half_axis, obstacle.center, obstacle.half_axis);
            const double length = std::hypot(way[0], way[1], way[2]);
            const double depth = obstacle.reach + obstacle.margin - length;
            if (depth <= 0) continue;
            touched = true;
            double speed = 0, before = 0, mobility = 0;
            for (int a = 0; a < 3; ++a) {
              speed += way[a] / length * velocity[a];
              before += way[a] / length * acceleration[a];
              mobility += way[a] * way[a] / (length * length) * mass.inverse_mass[a];
            }
            const double x = std::min(depth / obstacle.width, 1.0), p = obstacle.midpoint;
            const double y = x <= p ? x * x / p : 1 - (1 - x) * (1 - x) / (1 - p);
            const double impedance = obstacle.softest + y * (obstacle.stiffest - obstacle.softest);
            const double wanted = obstacle.stiffness * impedance * depth - obstacle.damping * speed;
            const double force =
                contact_force(mobility + (1 - impedance) / impedance * obstacle.mobility, before - wanted);
            for (int a = 0; a < 3; ++a) acceleration[a] += mass.inverse_mass[a] * force * way[a] / length;
          }
          for (int a = 0; a < 3; ++a) {
            velocity[a] +=
                mass.timestep * acceleration[a] / (1 + mass.timestep * mass.damping[a] * mass.inverse_mass[a]);
            position[a] += mass.timestep * velocity[a];
          }
        }
      }
      touching += touched ? 1 : 0;
    }
  return touching;
}

}  // namespace mdgps::problems
