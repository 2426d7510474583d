#pragma once
/// What rollouts leave behind.

#include "mdgps/solver/array.hpp"

namespace mdgps {

/// Rollouts of N conditions with S samples of T steps each. States and actions run over t = 0..T-1; the last action is
/// recorded though nothing follows it.
struct Trajectories {
  Array<double, 4> states;           ///< [N,S,T,n] model units and radians, per second for velocities
  Array<double, 4> actions;          ///< [N,S,T,m] as commanded, before the motors' own limits
  Array<double, 4> observations;     ///< [N,S,T,o]
  Array<double, 4> points;           ///< [N,S,T,k] end-effector points minus their targets, metres
  Array<double, 5> point_jacobians;  ///< [N,S,T,k,n] d points / d state; nonzero on the joint positions only
  Array<double, 3> distances;        ///< [N,S,T] of the task's point from its target, metres
  Array<double, 2> weights;          ///< [N,S] 1, or 0 where the simulation diverged: that sample holds zeros

  Trajectories() = default;
  Trajectories(std::int64_t N, std::int64_t S, std::int64_t T, std::int64_t n, std::int64_t m, std::int64_t o,
               std::int64_t k, Device device = {})
      : states({N, S, T, n}, device),
        actions({N, S, T, m}, device),
        observations({N, S, T, o}, device),
        points({N, S, T, k}, device),
        point_jacobians({N, S, T, k, n}, device),
        distances({N, S, T}, device),
        weights({N, S}, 1.0, device) {}

  /// A copy for a device.
  Trajectories on(Device device) const {
    Trajectories copy;
    copy.states = states.on(device);
    copy.actions = actions.on(device);
    copy.observations = observations.on(device);
    copy.points = points.on(device);
    copy.point_jacobians = point_jacobians.on(device);
    copy.distances = distances.on(device);
    copy.weights = weights.on(device);
    return copy;
  }
  Device device() const { return states.device(); }
};

}  // namespace mdgps
