#include "mdgps/solver/point_mass.hpp"

#include <span>
#include <string>

#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/validate.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(template <class Real, class Policy>
                          WorkspaceNeeds roll_out_point_mass(const PointMass&, const Policy&,
                                                             const PointMassRollouts<Real>&, int, const Workspace&,
                                                             Stream);)

namespace {

template <class Real>
WorkspaceNeeds launch(const PointMass& mass, const PointMassPolicy<Real>& policy,
                      const PointMassRollouts<Real>& rollouts, int distance_point, const Workspace& workspace,
                      Stream stream) {
  return std::visit(
      [&](const auto& p) {
        return MDGPS_CALL_TARGET(workspace.device, roll_out_point_mass<Real>, mass, p, rollouts, distance_point,
                                 workspace, stream);
      },
      policy);
}

/// The first check: what a network needs is counted from its layers.
template <class Real>
void check_layers(const validate::Door& door, const PointMassPolicy<Real>& policy) {
  const auto* const network = std::get_if<NetworkPolicy<Real>>(&policy);
  if (network == nullptr) return;
  if (network->layers < 1 || network->layers > network->most_layers)
    door.fail("policy.layers is " + std::to_string(network->layers) + ", expected 1 to " +
              std::to_string(network->most_layers));
  for (int l = 0; l <= network->layers; ++l)
    if (network->sizes[l] < 1)
      door.fail("policy.sizes has " + std::to_string(network->sizes[l]) + ", expected at least 1");
}

template <class Real>
void check(const validate::Door& door, const LinearGaussianPolicy<const Real>& policy, const BatchShape& shape) {
  door.policy("policy", policy, shape);
}
template <class Real>
void check(const validate::Door& door, const NetworkPolicy<Real>& policy, const BatchShape& shape) {
  const std::span sizes(policy.sizes, static_cast<std::size_t>(policy.layers) + 1);
  const std::int64_t o = sizes.front(), m = shape.actions;
  if (sizes.back() != m)
    door.fail("policy.sizes ends with " + std::to_string(sizes.back()) + ", expected " + std::to_string(m) +
              " actions");
  door.contiguous("policy.state_entries", policy.state_entries, {o});
  door.contiguous("policy.scale", policy.scale, {o});
  door.contiguous("policy.shift", policy.shift, {o});
  door.contiguous("policy.weights", policy.weights, {NetworkPolicyArrays<Real>::weight_count(sizes)});
  door.contiguous("policy.factor", policy.factor, {m, m});
}

}  // namespace

template <class Real>
std::size_t roll_out_point_mass_workspace_size(const PointMass& mass, const PointMassPolicy<Real>& policy,
                                               const PointMassRollouts<Real>& rollouts) {
  const Device device = rollouts.states.device;
  check_layers(validate::Door("roll_out_point_mass", validate::nothing_on(device)), policy);
  return launch(mass, policy, rollouts, 0, validate::nothing_on(device), {}).best;
}

template <class Real>
void roll_out_point_mass(const PointMass& mass, const PointMassPolicy<Real>& policy,
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
  check_layers(door, policy);
  std::visit([&](const auto& p) { check<Real>(door, p, {N, T, n, m}); }, policy);
  door.shape("start", rollouts.start, {N, n});
  door.shape("anchors", rollouts.anchors, {N, k});
  door.shape("noise", rollouts.noise, {N, S, T, m});
  door.shape("states", rollouts.states, {N, S, T, n});
  door.shape("actions", rollouts.actions, {N, S, T, m});
  door.shape("points", rollouts.points, {N, S, T, k});
  door.shape("distances", rollouts.distances, {N, S, T});
  door.shape("weights", rollouts.weights, {N, S});
  door.workspace(launch(mass, policy, rollouts, 0, validate::nothing_on(workspace.device), {}));
  launch(mass, policy, rollouts, distance_point, workspace, stream);
}

template <class Real>
void roll_out_point_mass(const PointMass& mass, const PointMassPolicy<Real>& policy,
                         const PointMassRollouts<Real>& rollouts, int distance_point) {
  validate::with_own_workspace(roll_out_point_mass_workspace_size(mass, policy, rollouts), rollouts.states.device,
                               [&](const Workspace& workspace) {
                                 roll_out_point_mass(mass, policy, rollouts, distance_point, workspace, Stream{});
                               });
}

#define MDGPS_INSTANTIATE(Real)                                                                                     \
  template std::size_t roll_out_point_mass_workspace_size(const PointMass&, const PointMassPolicy<Real>&,           \
                                                          const PointMassRollouts<Real>&);                          \
  template void roll_out_point_mass(const PointMass&, const PointMassPolicy<Real>&, const PointMassRollouts<Real>&, \
                                    int, Workspace, Stream);                                                        \
  template void roll_out_point_mass(const PointMass&, const PointMassPolicy<Real>&, const PointMassRollouts<Real>&, \
                                    int);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps
