#include "mdgps/solver/cost_expansion.hpp"

#include <algorithm>
#include <memory>
#include <new>

#include "mdgps/solver/cost_term_pointers.hpp"
#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/threads.hpp"
#include "mdgps/solver/validate.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(template <class Real>
                          std::size_t expand_cost(const CostTermPointers*, int, int, const CostSamples<Real>&,
                                                  const QuadraticCost<Real>&, const View<Real, 3>&, const Workspace&);)

namespace {

/// Bytes at the front of a workspace that hold the terms' pointers.
std::size_t pointer_bytes(std::span<const CostTerm> terms) {
  return alignof(CostTermPointers) + terms.size() * sizeof(CostTermPointers);
}

/// Puts the terms' pointers at the front of the workspace, which shrinks by pointer_bytes().
const CostTermPointers* take_pointers(std::span<const CostTerm> terms, Workspace& workspace) {
  void* at = workspace.data;
  std::size_t room = workspace.bytes;
  std::align(alignof(CostTermPointers), terms.size() * sizeof(CostTermPointers), at, room);
  auto* pointers = static_cast<CostTermPointers*>(at);
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const CostTerm& term = terms[i];
    new (pointers + i) CostTermPointers{term.form == CostTerm::Form::log,
                                        term.l1,
                                        term.l2,
                                        term.alpha,
                                        static_cast<int>(term.entries.size()),
                                        term.entries.data(),
                                        term.weights.data(),
                                        term.targets.data(),
                                        term.ramp.data()};
  }
  workspace.data = static_cast<std::byte*>(workspace.data) + pointer_bytes(terms);
  workspace.bytes -= pointer_bytes(terms);
  return pointers;
}

int largest_size(std::span<const CostTerm> terms) {
  std::size_t largest = 0;
  for (const CostTerm& term : terms) largest = std::max(largest, term.entries.size());
  return static_cast<int>(largest);
}

template <class Real>
std::size_t scratch_per_thread(std::span<const CostTerm> terms, const CostSamples<Real>& samples) {
  return MDGPS_CALL_TARGET(expand_cost<Real>, nullptr, 0, largest_size(terms), samples, {}, {}, Workspace{});
}

void validate_term(const CostTerm& term, std::size_t index, std::int64_t entries, std::int64_t steps) {
  const std::string name = "terms[" + std::to_string(index) + "]";
  const auto same_size = [&](const char* member, std::size_t size, std::size_t expected) {
    if (size != expected)
      validate::fail("expand_cost", name + "." + member + " has " + std::to_string(size) + " numbers, expected " +
                                        std::to_string(expected));
  };
  same_size("weights", term.weights.size(), term.entries.size());
  same_size("targets", term.targets.size(), term.entries.size());
  same_size("ramp", term.ramp.size(), static_cast<std::size_t>(steps));
  if (!(term.alpha > 0))  // at the target the norm's slope would be 0 / 0
    validate::fail("expand_cost", name + ".alpha is " + std::to_string(term.alpha) + ", expected a positive number");
  for (const int entry : term.entries)
    if (entry < 0 || entry >= entries)
      validate::fail("expand_cost",
                     name + ".entries has " + std::to_string(entry) + ", expected 0 to " + std::to_string(entries - 1));
}

}  // namespace

template <class Real>
std::size_t expand_cost_workspace_size(std::span<const CostTerm> terms, const CostSamples<Real>& samples) {
  return pointer_bytes(terms) + cpu_workspace_bytes(scratch_per_thread(terms, samples));
}

template <class Real>
void expand_cost(std::span<const CostTerm> terms, const CostSamples<Real>& samples, const QuadraticCost<Real>& cost,
                 View<Real, 3> sample_cost, Workspace workspace, Stream) {
  const char* operation = "expand_cost";
  const auto [N, S, T, n] = samples.states.extents;
  const std::int64_t m = samples.actions.extents[3], k = samples.points.extents[3];
  validate::shape(operation, "states", samples.states, {N, S, T, n});
  validate::shape(operation, "actions", samples.actions, {N, S, T, m});
  if (k > 0) {
    validate::shape(operation, "points", samples.points, {N, S, T, k});
    validate::shape(operation, "point_jacobians", samples.point_jacobians, {N, S, T, k, n});
  }
  validate::shape(operation, "weights", samples.weights, {N, S});
  validate::cost(operation, cost, {N, T, n, m});
  validate::shape(operation, "sample_cost", sample_cost, {N, S, T});
  for (std::size_t i = 0; i < terms.size(); ++i) validate_term(terms[i], i, n + m + k, T);
  validate::workspace(operation, workspace, pointer_bytes(terms) + scratch_per_thread(terms, samples) + 64);
  const CostTermPointers* pointers = take_pointers(terms, workspace);
  MDGPS_CALL_TARGET(expand_cost<Real>, pointers, static_cast<int>(terms.size()), largest_size(terms), samples, cost,
                    sample_cost, workspace);
}

template <class Real>
void expand_cost(std::span<const CostTerm> terms, const CostSamples<Real>& samples, const QuadraticCost<Real>& cost,
                 View<Real, 3> sample_cost) {
  const validate::OwnWorkspace workspace(expand_cost_workspace_size(terms, samples));
  expand_cost(terms, samples, cost, sample_cost, workspace, Stream{});
}

#define MDGPS_INSTANTIATE(Real)                                                                              \
  template std::size_t expand_cost_workspace_size(std::span<const CostTerm>, const CostSamples<Real>&);      \
  template void expand_cost(std::span<const CostTerm>, const CostSamples<Real>&, const QuadraticCost<Real>&, \
                            View<Real, 3>, Workspace, Stream);                                               \
  template void expand_cost(std::span<const CostTerm>, const CostSamples<Real>&, const QuadraticCost<Real>&, \
                            View<Real, 3>);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps
