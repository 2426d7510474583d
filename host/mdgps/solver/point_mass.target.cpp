#include "kernels/point_mass.hpp"

#include "kernels/network_policy.hpp"
#include "mdgps/solver/launch.hpp"
#include "mdgps/solver/point_mass.hpp"

namespace mdgps::MDGPS_TARGET {

template <class T>
SampleBatch<T> sample_batch(const View<T, 4>& v) {
  return {{v.data, v.strides[0], v.strides[1], static_cast<int>(v.strides[3]), 1}, v.strides[2]};
}

template <class Real>
PointMassBatch<Real> batch(const PointMassRollouts<Real>& r) {
  return {stepless(r.start),
          stepless(r.anchors),
          sample_batch(r.noise),
          sample_batch(r.states),
          sample_batch(r.actions),
          sample_batch(r.points),
          {{r.distances.data, r.distances.strides[0], r.distances.strides[1], 0, 0}, r.distances.strides[2]},
          batch(r.weights)};
}

template <class Real>
struct PointMassLaunch {
  std::int64_t conditions, samples;
  int steps, points, distance_point;
  PointMass mass;
  PointMassBatch<Real> batches;

  std::int64_t width() const { return rollouts_at_once; }
  template <class Scalar, class Group, class Policy>
  MDGPS_FUNCTION void roll_out(const Group& g, std::int64_t problem, const Policy& policy) const {
    roll_out_point_masses<Scalar>(g, problem, conditions, samples, steps, points, distance_point, mass, policy,
                                  batches);
  }
};

template <class Real>
struct RollOutPointMass : PointMassLaunch<Real> {
  PolicyBatch<const Real> policy;

  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, std::int64_t problem, Scratch<Scalar>& scratch) const {
    if (!scratch.counting()) this->template roll_out<Scalar>(g, problem, policy);
  }
};

template <class Real>
struct RollOutNetwork : PointMassLaunch<Real> {
  NetworkPolicy<Real> network;

  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, std::int64_t problem, Scratch<Scalar>& scratch) const {
    const auto policy = thread_network(g, network, rollout_packs<Scalar>, scratch);
    if (!scratch.counting()) this->template roll_out<Scalar>(g, problem, policy);
  }
};

template <class Real>
RollOutPointMass<Real> operation(const PointMassLaunch<Real>& launch, const LinearGaussianPolicy<const Real>& policy) {
  return {launch, batch(policy)};
}
template <class Real>
RollOutNetwork<Real> operation(const PointMassLaunch<Real>& launch, const NetworkPolicy<Real>& network) {
  return {launch, network};
}

template <class Real, class Policy>
WorkspaceNeeds roll_out_point_mass(const PointMass& mass, const Policy& policy, const PointMassRollouts<Real>& r,
                                   int distance_point, const Workspace& workspace, Stream stream) {
  const auto& extents = r.states.extents;
  const PointMassLaunch<Real> launch{
      extents[0], extents[1], static_cast<int>(extents[2]), static_cast<int>(r.points.extents[3]), distance_point,
      mass,       batch(r)};
  return launch_each<Real>((extents[0] * extents[1] + rollouts_at_once - 1) / rollouts_at_once, workspace, stream,
                           operation(launch, policy));
}

#define MDGPS_INSTANTIATE(Real)                                                                               \
  template WorkspaceNeeds roll_out_point_mass(const PointMass&, const LinearGaussianPolicy<const Real>&,      \
                                              const PointMassRollouts<Real>&, int, const Workspace&, Stream); \
  template WorkspaceNeeds roll_out_point_mass(const PointMass&, const NetworkPolicy<Real>&,                   \
                                              const PointMassRollouts<Real>&, int, const Workspace&, Stream);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::MDGPS_TARGET
