#include "kernels/parallel_in_time.hpp"

#include "mdgps/solver/launch.hpp"

namespace mdgps::MDGPS_TARGET {

template <class Real>
struct RiccatiElementOfStep {
  Shape shape;
  DynamicsBatch<const Real> dynamics;
  CostBatch<const Real> cost;
  RiccatiElements<Real> elements;
  Batch<std::int32_t> outcome;

  std::int64_t width() const { return tiles(shape.joint()); }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch) const {
    riccati_element(g, lanes, shape, dynamics, cost, elements, outcome, scratch);
  }
};

template <class Real>
struct CombineRiccati {
  Shape shape;
  int distance;
  RiccatiElements<const Real> from;
  RiccatiElements<Real> to;

  std::int64_t width() const { return 2 * tiles(shape.states); }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch) const {
    combine_riccati(g, lanes, shape, distance, from, to, scratch);
  }
};

template <class Real>
struct PolicyFromValue {
  Shape shape;
  DynamicsBatch<const Real> dynamics;
  CostBatch<const Real> cost;
  RiccatiElements<const Real> scanned;
  PolicyBatch<Real> policy;
  Batch<std::int32_t> outcome;

  std::int64_t width() const { return tiles(shape.joint()); }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch) const {
    policy_from_value(g, lanes, shape, dynamics, cost, scanned, policy, outcome, scratch);
  }
};

template <class Real>
struct PropagationElementOfStep {
  Shape shape;
  DynamicsBatch<const Real> dynamics;
  PolicyBatch<const Real> policy;
  PropagationElements<Real> elements;

  std::int64_t width() const { return tiles(shape.joint()); }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch) const {
    propagation_element(g, lanes, shape, dynamics, policy, elements, scratch);
  }
};

template <class Real>
struct CombinePropagation {
  Shape shape;
  int distance;
  PropagationElements<const Real> from;
  PropagationElements<Real> to;

  std::int64_t width() const { return tiles(shape.states); }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch) const {
    combine_propagation(g, lanes, shape, distance, from, to, scratch);
  }
};

template <class Real>
struct MarginalFromScan {
  Shape shape;
  GaussianBatch<const Real> initial;
  PolicyBatch<const Real> policy;
  PropagationElements<const Real> scanned;
  GaussianBatch<Real> distribution;
  Batch<std::int32_t> outcome;

  std::int64_t width() const { return tiles(shape.joint()); }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch) const {
    marginal_from_scan(g, lanes, shape, initial, policy, scanned, distribution, outcome, scratch);
  }
};

struct StatusOfSteps {
  Shape shape;
  bool backward;
  Batch<const std::int32_t> outcome;
  StatusBatch status;

  std::int64_t width() const { return 1; }
  template <class Group, class Scalar>
  MDGPS_FUNCTION void operator()(const Group& g, const Lanes<Scalar>& lanes, Scratch<Scalar>& scratch) const {
    if (!scratch.counting()) status_of_steps(g, lanes, shape, backward, outcome, status);
  }
};

/// A scan's part of a workspace: elements of this round and of the next, an outcome per step, and what is left for the
/// kernels. Without memory it only counts.
template <class Real>
struct ScanMemory {
  Real* elements[2];
  std::int32_t* outcomes;
  std::size_t bytes;
  Workspace rest;

  ScanMemory(const BatchShape& s, std::int64_t element_size, const Workspace& workspace) {
    const std::size_t steps = static_cast<std::size_t>(s.conditions * s.steps);
    const std::size_t element_bytes = round_up(steps * static_cast<std::size_t>(element_size) * sizeof(Real));
    bytes = alignment + 2 * element_bytes + round_up(steps * sizeof(std::int32_t));
    const std::uintptr_t at = reinterpret_cast<std::uintptr_t>(workspace.data);
    const std::uintptr_t begin = round_up(at == 0 ? alignment : at);
    for (std::size_t i = 0; i < 2; ++i) elements[i] = reinterpret_cast<Real*>(begin + i * element_bytes);
    outcomes = reinterpret_cast<std::int32_t*>(begin + 2 * element_bytes);
    rest = workspace;
    if (workspace.data == nullptr) return;
    rest.data = static_cast<std::byte*>(workspace.data) + bytes;
    rest.bytes -= bytes;
  }

  Batch<std::int32_t> outcome(const BatchShape& s) const { return {outcomes, s.steps, 1, 0, 0}; }
  Batch<const std::int32_t> found(const BatchShape& s) const { return {outcomes, s.steps, 1, 0, 0}; }

 private:
  static constexpr std::size_t alignment = 256;
  static std::size_t round_up(std::size_t n) { return (n + alignment - 1) / alignment * alignment; }
};

/// What the launches of a scan need, of which each uses the workspace in turn.
inline void join(WorkspaceNeeds& all, const WorkspaceNeeds& one) {
  if (one.least > all.least) all.least = one.least;
  if (one.best > all.best) all.best = one.best;
}

template <class Real>
WorkspaceNeeds backward_pass_in_parallel(const BatchShape& shape, const LinearGaussianDynamics<const Real>& dynamics,
                                         const QuadraticCost<const Real>& cost,
                                         const LinearGaussianPolicy<Real>& policy, const StatusView& status,
                                         const Workspace& workspace, Stream stream) {
  const Shape s = shape_of(shape);
  const ScanMemory<Real> memory(shape, riccati_element_size(shape.states), workspace);
  WorkspaceNeeds needs{0, 0};
  const auto launch = [&](const auto& op) {
    join(needs, launch_steps<Real>(shape.conditions, shape.steps, memory.rest, stream, op));
  };
  Real *from = memory.elements[0], *to = memory.elements[1];
  launch(RiccatiElementOfStep<Real>{s, batch(dynamics), batch(cost), riccati_elements(from, s), memory.outcome(shape)});
  for (int distance = 1; distance < s.steps; distance *= 2) {
    launch(CombineRiccati<Real>{s, distance, riccati_elements<const Real>(from, s), riccati_elements(to, s)});
    Real* const scanned = to;
    to = from;
    from = scanned;
  }
  launch(PolicyFromValue<Real>{s, batch(dynamics), batch(cost), riccati_elements<const Real>(from, s), batch(policy),
                               memory.outcome(shape)});
  join(needs, launch_conditions<Real>(shape.conditions, memory.rest, stream,
                                      StatusOfSteps{s, true, memory.found(shape), batch(status)}));
  return {memory.bytes + needs.least, memory.bytes + needs.best};
}

template <class Real>
WorkspaceNeeds forward_pass_in_parallel(const BatchShape& shape, const GaussianState<const Real>& initial,
                                        const LinearGaussianDynamics<const Real>& dynamics,
                                        const LinearGaussianPolicy<const Real>& policy,
                                        const TrajectoryDistribution<Real>& distribution, const StatusView& status,
                                        const Workspace& workspace, Stream stream) {
  const Shape s = shape_of(shape);
  const ScanMemory<Real> memory(shape, propagation_element_size(shape.states), workspace);
  WorkspaceNeeds needs{0, 0};
  const auto launch = [&](const auto& op) {
    join(needs, launch_steps<Real>(shape.conditions, shape.steps, memory.rest, stream, op));
  };
  Real *from = memory.elements[0], *to = memory.elements[1];
  launch(PropagationElementOfStep<Real>{s, batch(dynamics), batch(policy), propagation_elements(from, s)});
  for (int distance = 1; distance < s.steps; distance *= 2) {
    launch(
        CombinePropagation<Real>{s, distance, propagation_elements<const Real>(from, s), propagation_elements(to, s)});
    Real* const scanned = to;
    to = from;
    from = scanned;
  }
  launch(MarginalFromScan<Real>{s, batch(initial), batch(policy), propagation_elements<const Real>(from, s),
                                batch(distribution), memory.outcome(shape)});
  join(needs, launch_conditions<Real>(shape.conditions, memory.rest, stream,
                                      StatusOfSteps{s, false, memory.found(shape), batch(status)}));
  return {memory.bytes + needs.least, memory.bytes + needs.best};
}

#define MDGPS_INSTANTIATE(Real)                                                                        \
  template WorkspaceNeeds backward_pass_in_parallel(                                                   \
      const BatchShape&, const LinearGaussianDynamics<const Real>&, const QuadraticCost<const Real>&,  \
      const LinearGaussianPolicy<Real>&, const StatusView&, const Workspace&, Stream);                 \
  template WorkspaceNeeds forward_pass_in_parallel(                                                    \
      const BatchShape&, const GaussianState<const Real>&, const LinearGaussianDynamics<const Real>&,  \
      const LinearGaussianPolicy<const Real>&, const TrajectoryDistribution<Real>&, const StatusView&, \
      const Workspace&, Stream);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps::MDGPS_TARGET
