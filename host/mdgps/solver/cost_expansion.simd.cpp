#include "kernels/cost_expansion.hpp"

#include "mdgps/solver/cost_expansion.hpp"
#include "mdgps/solver/cost_term_pointers.hpp"
#include "mdgps/solver/launch_cpu.hpp"

namespace mdgps::MDGPS_TARGET {

/// A view [N,S,T,k] as a batch of S x k matrices per (condition, step).
template <class T>
Batch<T> sample_rows(const View<T, 4>& v) {
  return {v.data, v.strides[0], v.strides[2], static_cast<int>(v.strides[1]), static_cast<int>(v.strides[3])};
}

template <class Real>
std::size_t expand_cost(const CostTermPointers* terms, int count, int largest, const CostSamples<Real>& samples,
                        const QuadraticCost<Real>& cost, const View<Real, 3>& sample_cost, const Workspace& workspace) {
  using Scalar = NativePack<Real>;
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
  return launch_steps<Scalar>(extents[0], extents[2], workspace, [&](const Lanes<Scalar>& lanes, auto& scratch) {
    kernels::expand_cost(Solo{}, lanes, shape, terms, b, scratch);
  });
}

template std::size_t expand_cost(const CostTermPointers*, int, int, const CostSamples<float>&,
                                 const QuadraticCost<float>&, const View<float, 3>&, const Workspace&);
template std::size_t expand_cost(const CostTermPointers*, int, int, const CostSamples<double>&,
                                 const QuadraticCost<double>&, const View<double, 3>&, const Workspace&);

}  // namespace mdgps::MDGPS_TARGET
