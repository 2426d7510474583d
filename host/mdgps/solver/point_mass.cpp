#include "mdgps/solver/point_mass.hpp"

#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/validate.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(template <class Real>
                          WorkspaceNeeds roll_out_point_mass(const PointMass&, const LinearGaussianPolicy<const Real>&,
                                                             const PointMassRollouts<Real>&, int, const Workspace&,
                                                             Stream);)

namespace {

template <class Real>
WorkspaceNeeds needs(const PointMass& mass, const PointMassRollouts<Real>& rollouts, Device device) {
  return MDGPS_CALL_TARGET(device, roll_out_point_mass<Real>, mass, {}, rollouts, 0, validate::nothing_on(device),
                           Stream{});
}

}  // namespace

template <class Real>
std::size_t roll_out_point_mass_workspace_size(const PointMass& mass, const PointMassRollouts<Real>& rollouts) {
  return needs(mass, rollouts, rollouts.states.device).best;
}

template <class Real>
void roll_out_point_mass(const PointMass& mass, const LinearGaussianPolicy<const Real>& policy,
                         const PointMassRollouts<Real>& rollouts, int distance_point, Workspace workspace,
                         Stream stream) {
  const validate::Door door("roll_out_point_mass", workspace);
  if (mass.axes < 1 || mass.axes > 3) door.fail("mass.axes is " + std::to_string(mass.axes) + ", expected 1, 2 or 3");
  if (mass.obstacle_count < 0 || mass.obstacle_count > PointMass::most_obstacles)
    door.fail("mass.obstacle_count is " + std::to_string(mass.obstacle_count) + ", expected 0 to " +
              std::to_string(PointMass::most_obstacles));
  const std::int64_t N = rollouts.states.extents[0], S = rollouts.states.extents[1], T = rollouts.states.extents[2];
  const std::int64_t m = mass.axes, n = 2 * m, k = rollouts.points.extents[3];
  if (k % 3 != 0 || distance_point < 0 || 3 * distance_point >= k)
    door.fail("distance_point is " + std::to_string(distance_point) + ", and the points have " + std::to_string(k) +
              " entries");
  door.policy("policy", policy, {N, T, n, m});
  door.shape("start", rollouts.start, {N, n});
  door.shape("anchors", rollouts.anchors, {N, k});
  door.shape("noise", rollouts.noise, {N, S, T, m});
  door.shape("states", rollouts.states, {N, S, T, n});
  door.shape("actions", rollouts.actions, {N, S, T, m});
  door.shape("points", rollouts.points, {N, S, T, k});
  door.shape("distances", rollouts.distances, {N, S, T});
  door.shape("weights", rollouts.weights, {N, S});
  door.workspace(needs(mass, rollouts, workspace.device));
  MDGPS_CALL_TARGET(workspace.device, roll_out_point_mass<Real>, mass, policy, rollouts, distance_point, workspace,
                    stream);
}

template <class Real>
void roll_out_point_mass(const PointMass& mass, const LinearGaussianPolicy<const Real>& policy,
                         const PointMassRollouts<Real>& rollouts, int distance_point) {
  validate::with_own_workspace(roll_out_point_mass_workspace_size(mass, rollouts), rollouts.states.device,
                               [&](const Workspace& workspace) {
                                 roll_out_point_mass(mass, policy, rollouts, distance_point, workspace, Stream{});
                               });
}

#define MDGPS_INSTANTIATE(Real)                                                                              \
  template std::size_t roll_out_point_mass_workspace_size(const PointMass&, const PointMassRollouts<Real>&); \
  template void roll_out_point_mass(const PointMass&, const LinearGaussianPolicy<const Real>&,               \
                                    const PointMassRollouts<Real>&, int, Workspace, Stream);                 \
  template void roll_out_point_mass(const PointMass&, const LinearGaussianPolicy<const Real>&,               \
                                    const PointMassRollouts<Real>&, int);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps
