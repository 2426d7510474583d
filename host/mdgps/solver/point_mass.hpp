#pragma once
/// Rollouts of a point mass, which need no simulator and run where their memory is.

#include <variant>

#include "mdgps/solver/export.hpp"
#include "mdgps/solver/network_policy.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps {

/// A capsule or sphere that stands still, with MuJoCo's parameters of its contact with the mass. In metres, seconds,
/// kilograms.
struct PointMassObstacle {
  double center[3], half_axis[3];
  double reach;                               ///< the two radii together
  double margin;                              ///< nearer than this there is a force
  double stiffness, damping;                  ///< of the reference acceleration
  double softest, stiffest, width, midpoint;  ///< the impedance, over the depth within the margin; its power is 2
  double mobility;                            ///< inverse mass that softness is relative to
};

/// A capsule or sphere that slides along the world's first one to three axes without turning, each axis with a motor
/// and damping of its own. Lists by axis; an axis that the mass does not move along has inverse mass 0.
struct PointMass {
  static constexpr int most_obstacles = 8;

  int axes = 0;           ///< m; the state is [positions; velocities], n = 2 m
  double timestep = 0.0;  ///< seconds
  int substeps = 0;       ///< timesteps that an action is held for
  double origin[3] = {};  ///< where the centre is when all positions are 0
  double half_axis[3] = {};
  double inverse_mass[3] = {};
  double damping[3] = {};              ///< N s/m
  double gear[3] = {};                 ///< force per unit of action
  double least[3] = {}, most[3] = {};  ///< of the action that the motor follows
  int obstacle_count = 0;
  PointMassObstacle obstacles[most_obstacles] = {};  ///< the mass touches one at a time
};

/// What rollouts of N conditions with S samples of T steps read and write.
template <class Real>
struct PointMassRollouts {
  View<const Real, 2> start;    ///< [N,n]
  View<const Real, 2> anchors;  ///< [N,k] where the points are, relative to their targets, when all positions are 0
  View<const Real, 4> noise;    ///< [N,S,T,m] unit variance
  View<Real, 4> states;         ///< out: [N,S,T,n]
  View<Real, 4> actions;        ///< out: [N,S,T,m] before the motors' own limits
  View<Real, 4> points;         ///< out: [N,S,T,k] relative to their targets
  View<Real, 3> distances;      ///< out: [N,S,T] of one point from its target
  View<Real, 2> weights;        ///< out: [N,S] 1, or 0 where the rollout diverged: that sample holds zeros
};

/// What is rolled out: u = K x + k + chol(C) noise with gain [N,T,m,n], offset [N,T,m] and covariance [N,T,m,m], where
/// a pivot of a covariance that is not positive is read as 1; or u = mu(o) + L noise in every condition.
template <class Real>
using PointMassPolicy = std::variant<LinearGaussianPolicy<const Real>, NetworkPolicy<Real>>;

/// Rolls out a policy from every start, in MuJoCo's equations: semi-implicit Euler steps, implicit in the damping, with
/// soft contacts without friction.
/// distance_point   entries 3 i .. 3 i + 2 of the points are what `distances` measures
/// workspace        at least roll_out_point_mass_workspace_size(..) bytes on that device
/// Throws std::invalid_argument when shapes or devices differ. Asynchronous on `stream`.
template <class Real>
MDGPS_API void roll_out_point_mass(const PointMass& mass, const PointMassPolicy<Real>& policy,
                                   const PointMassRollouts<Real>& rollouts, int distance_point, Workspace workspace,
                                   Stream stream);

/// Bytes of workspace that `roll_out_point_mass` needs. Throws std::invalid_argument where a network's layers do not
/// do.
template <class Real>
MDGPS_API std::size_t roll_out_point_mass_workspace_size(const PointMass& mass, const PointMassPolicy<Real>& policy,
                                                         const PointMassRollouts<Real>& rollouts);

/// The same with a workspace of its own, and finished on return.
template <class Real>
MDGPS_API void roll_out_point_mass(const PointMass& mass, const PointMassPolicy<Real>& policy,
                                   const PointMassRollouts<Real>& rollouts, int distance_point);

}  // namespace mdgps
