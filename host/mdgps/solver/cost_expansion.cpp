#include "mdgps/solver/cost_expansion.hpp"

#include <algorithm>
#include <cstring>

#include "mdgps/solver/cost_term_pointers.hpp"
#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/validate.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(template <class Real>
                          WorkspaceNeeds expand_cost(const CostTermPointers*, int, int, const CostSamples<Real>&,
                                                     const QuadraticCost<Real>&, const View<Real, 3>&, const Workspace&,
                                                     Stream);)

namespace {

/// Writes the terms, with all that they point to, at the front of a workspace; without memory it only counts.
class TermTable {
 public:
  TermTable(std::span<const CostTerm> terms, const Workspace& workspace, Stream stream)
      : workspace_(workspace), stream_(stream) {
    const std::uintptr_t at = reinterpret_cast<std::uintptr_t>(workspace.data);
    used_ = workspace.data == nullptr ? alignment - 1 : (at + alignment - 1) / alignment * alignment - at;
    terms_ = used_;
    used_ += terms.size() * sizeof(CostTermPointers);
    for (std::size_t i = 0; i < terms.size(); ++i) {
      const CostTerm& term = terms[i];
      const CostTermPointers pointers{term.form == CostTerm::Form::log,
                                      term.l1,
                                      term.l2,
                                      term.alpha,
                                      static_cast<int>(term.entries.size()),
                                      append(term.entries),
                                      append(term.weights),
                                      append(term.targets),
                                      append(term.ramp)};
      write(terms_ + i * sizeof(CostTermPointers), &pointers, sizeof(pointers));
    }
  }

  std::size_t bytes() const { return used_; }
  const CostTermPointers* terms() const { return reinterpret_cast<const CostTermPointers*>(at(terms_)); }
  /// What is left of the workspace.
  Workspace rest() const { return {at(used_), workspace_.bytes - used_, workspace_.device}; }

 private:
  static constexpr std::size_t alignment = 8;

  std::byte* at(std::size_t offset) const { return static_cast<std::byte*>(workspace_.data) + offset; }

  template <class T>
  const T* append(const std::vector<T>& numbers) {
    const std::size_t offset = used_, bytes = numbers.size() * sizeof(T);
    write(offset, numbers.data(), bytes);
    used_ += (bytes + alignment - 1) / alignment * alignment;
    return workspace_.data == nullptr ? nullptr : reinterpret_cast<const T*>(at(offset));
  }

  void write(std::size_t offset, const void* from, std::size_t bytes) const {
    if (workspace_.data == nullptr || bytes == 0) return;
#if defined(MDGPS_HAS_CUDA)
    if (workspace_.device.kind == Device::Kind::cuda)
      return write_to(workspace_.device, at(offset), from, bytes, stream_);
#endif
    std::memcpy(at(offset), from, bytes);
  }

  Workspace workspace_;
  [[maybe_unused]] Stream stream_;
  std::size_t used_, terms_;
};

int largest_size(std::span<const CostTerm> terms) {
  std::size_t largest = 0;
  for (const CostTerm& term : terms) largest = std::max(largest, term.entries.size());
  return static_cast<int>(largest);
}

template <class Real>
WorkspaceNeeds needs(std::span<const CostTerm> terms, const CostSamples<Real>& samples, Device device) {
  const std::size_t table = TermTable(terms, validate::nothing_on(device), {}).bytes();
  const WorkspaceNeeds needs = MDGPS_CALL_TARGET(device, expand_cost<Real>, nullptr, 0, largest_size(terms), samples,
                                                 {}, {}, validate::nothing_on(device), Stream{});
  return {table + needs.least, table + needs.best};
}

void validate_term(const validate::Door& door, const CostTerm& term, std::size_t index, std::int64_t entries,
                   std::int64_t steps) {
  const std::string name = "terms[" + std::to_string(index) + "]";
  const auto same_size = [&](const char* member, std::size_t size, std::size_t expected) {
    if (size != expected)
      door.fail(name + "." + member + " has " + std::to_string(size) + " numbers, expected " +
                std::to_string(expected));
  };
  same_size("weights", term.weights.size(), term.entries.size());
  same_size("targets", term.targets.size(), term.entries.size());
  same_size("ramp", term.ramp.size(), static_cast<std::size_t>(steps));
  if (!(term.alpha > 0))  // at the target the norm's slope would be 0 / 0
    door.fail(name + ".alpha is " + std::to_string(term.alpha) + ", expected a positive number");
  for (const int entry : term.entries)
    if (entry < 0 || entry >= entries)
      door.fail(name + ".entries has " + std::to_string(entry) + ", expected 0 to " + std::to_string(entries - 1));
}

}  // namespace

template <class Real>
std::size_t expand_cost_workspace_size(std::span<const CostTerm> terms, const CostSamples<Real>& samples) {
  return needs(terms, samples, samples.states.device).best;
}

template <class Real>
void expand_cost(std::span<const CostTerm> terms, const CostSamples<Real>& samples, const QuadraticCost<Real>& cost,
                 View<Real, 3> sample_cost, Workspace workspace, Stream stream) {
  const validate::Door door("expand_cost", workspace);
  const auto [N, S, T, n] = samples.states.extents;
  const std::int64_t m = samples.actions.extents[3], k = samples.points.extents[3];
  door.shape("states", samples.states, {N, S, T, n});
  door.shape("actions", samples.actions, {N, S, T, m});
  if (k > 0) {
    door.shape("points", samples.points, {N, S, T, k});
    door.shape("point_jacobians", samples.point_jacobians, {N, S, T, k, n});
  }
  door.shape("weights", samples.weights, {N, S});
  door.cost(cost, {N, T, n, m});
  door.shape("sample_cost", sample_cost, {N, S, T});
  for (std::size_t i = 0; i < terms.size(); ++i) validate_term(door, terms[i], i, n + m + k, T);
  door.workspace(needs(terms, samples, workspace.device));
  const TermTable table(terms, workspace, stream);
  MDGPS_CALL_TARGET(workspace.device, expand_cost<Real>, table.terms(), static_cast<int>(terms.size()),
                    largest_size(terms), samples, cost, sample_cost, table.rest(), stream);
}

template <class Real>
void expand_cost(std::span<const CostTerm> terms, const CostSamples<Real>& samples, const QuadraticCost<Real>& cost,
                 View<Real, 3> sample_cost) {
  validate::with_own_workspace(
      expand_cost_workspace_size(terms, samples), samples.states.device,
      [&](const Workspace& workspace) { expand_cost(terms, samples, cost, sample_cost, workspace, Stream{}); });
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
