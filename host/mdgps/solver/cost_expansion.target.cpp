#include "kernels/cost_expansion.hpp"

#include "mdgps/solver/cost_expansion.hpp"
#include "mdgps/solver/cost_term_pointers.hpp"
#include "mdgps/solver/launch.hpp"

namespace mdgps::MDGPS_TARGET {

/// A view [N,S,T,k] as a batch of S x k matrices per (condition, step).
template <class T>
Batch<T> sample_rows(const View<T, 4>& v) {
  return {v.data, v.strides[0], v.strides[2], static_cast<int>(v.strides[1]), static_cast<int>(v.strides[3])};
}

template <class Real>
struct ExpandCost {
  CostShape shape;
  const CostTermPointers* terms;
  CostExpansionBatch<Real> batches;

  std::int64_t width() const { return tiles(shape.states + shape.actions); }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch) const {
    kernels::expand_cost(g, lanes, shape, terms, batches, scratch);
  }
};

template <class Real>
WorkspaceNeeds expand_cost(const CostTermPointers* terms, int count, int largest, const CostSamples<Real>& samples,
                           const QuadraticCost<Real>& cost, const View<Real, 3>& sample_cost,
                           const Workspace& workspace, Stream stream) {
  const auto& extents = samples.states.extents;
  const CostShape shape{static_cast<int>(extents[1]),
                        static_cast<int>(extents[3]),
                        static_cast<int>(samples.actions.extents[3]),
                        static_cast<int>(samples.points.extents[3]),
                        count,
                        largest};
  const View<const Real, 5>& J = samples.point_jacobians;
  CostExpansionBatch<Real> b;
  b.states = sample_rows(samples.states);
  b.actions = sample_rows(samples.actions);
  b.points = sample_rows(samples.points);
  b.point_jacobians = {J.data, J.strides[0], J.strides[2], static_cast<int>(J.strides[3]),
                       static_cast<int>(J.strides[4])};
  b.jacobian_sample_stride = J.strides[1];
  b.weights = {samples.weights.data, samples.weights.strides[0], 0, static_cast<int>(samples.weights.strides[1]), 1};
  b.cost = batch(cost);
  b.sample_cost = {sample_cost.data, sample_cost.strides[0], sample_cost.strides[2],
                   static_cast<int>(sample_cost.strides[1]), 1};
  return launch_steps<Real>(extents[0], extents[2], workspace, stream, ExpandCost<Real>{shape, terms, b});
}

#define MDGPS_INSTANTIATE(Real)                                                                    \
  template WorkspaceNeeds expand_cost(const CostTermPointers*, int, int, const CostSamples<Real>&, \
                                      const QuadraticCost<Real>&, const View<Real, 3>&, const Workspace&, Stream);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::MDGPS_TARGET
