#include "kernels/point_mass.hpp"

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
struct RollOutPointMass {
  std::int64_t conditions, samples;
  int steps, points, distance_point;
  PointMass mass;
  PolicyBatch<const Real> policy;
  PointMassBatch<Real> batches;

  std::int64_t width() const { return rollouts_at_once; }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, std::int64_t problem, Scratch<Scalar>& scratch) const {
    if (scratch.counting()) return;
    roll_out_point_masses<Scalar>(g, problem, conditions, samples, steps, points, distance_point, mass, policy,
                                  batches);
  }
};

template <class Real>
WorkspaceNeeds roll_out_point_mass(const PointMass& mass, const LinearGaussianPolicy<const Real>& policy,
                                   const PointMassRollouts<Real>& r, int distance_point, const Workspace& workspace,
                                   Stream stream) {
  const auto& extents = r.states.extents;
  const RollOutPointMass<Real> op{extents[0],
                                  extents[1],
                                  static_cast<int>(extents[2]),
                                  static_cast<int>(r.points.extents[3]),
                                  distance_point,
                                  mass,
                                  batch(policy),
                                  batch(r)};
  return launch_each<Real>((extents[0] * extents[1] + rollouts_at_once - 1) / rollouts_at_once, workspace, stream, op);
}

#define MDGPS_INSTANTIATE(Real)                                                                          \
  template WorkspaceNeeds roll_out_point_mass(const PointMass&, const LinearGaussianPolicy<const Real>&, \
                                              const PointMassRollouts<Real>&, int, const Workspace&, Stream);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::MDGPS_TARGET
