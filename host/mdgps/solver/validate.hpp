#pragma once
/// Checks at the host's door; kernels trust their views. Private to the solver.

#include <array>
#include <memory>
#include <stdexcept>
#include <string>

#include "mdgps/solver/types.hpp"

namespace mdgps::validate {

template <int Rank>
std::string to_string(const std::array<std::int64_t, Rank>& extents) {
  std::string text = "[";
  for (int d = 0; d < Rank; ++d) text += (d == 0 ? "" : ",") + std::to_string(extents[d]);
  return text + "]";
}

[[noreturn]] inline void fail(const char* operation, const std::string& message) {
  throw std::invalid_argument(operation + (": " + message));
}

/// An argument's name, put together only when it is needed: a check that passes allocates nothing.
struct Name {
  const char* object;
  const char* member;

  Name(const char* object, const char* member = "") : object(object), member(member) {}
  std::string text() const { return std::string(object) + member; }
};

/// Throws std::invalid_argument unless the view has memory on the CPU and these extents.
template <class T, int Rank>
void shape(const char* operation, const Name& name, const View<T, Rank>& view,
           const std::array<std::int64_t, Rank>& expected) {
  if (view.device.kind != Device::Kind::cpu)
    fail(operation, name.text() + " is on a CUDA device, but this build's kernels run on the CPU; pass host memory");
  if (view.extents != expected)
    fail(operation,
         name.text() + " has shape " + to_string<Rank>(view.extents) + ", expected " + to_string<Rank>(expected));
  if (view.data == nullptr && view.size() > 0) fail(operation, name.text() + " has no memory");
}

template <class Real>
void policy(const char* operation, const char* name, const LinearGaussianPolicy<Real>& p, const BatchShape& s) {
  if (s.steps < 1 || s.states < 1 || s.actions < 1)
    fail(operation, Name(name, ".gain").text() + " has shape " + to_string<4>(p.gain.extents) +
                        ", expected at least one step, action and state");
  shape(operation, {name, ".gain"}, p.gain, {s.conditions, s.steps, s.actions, s.states});
  shape(operation, {name, ".offset"}, p.offset, {s.conditions, s.steps, s.actions});
  shape(operation, {name, ".covariance"}, p.covariance, {s.conditions, s.steps, s.actions, s.actions});
}

template <class Real>
void dynamics(const char* operation, const LinearGaussianDynamics<Real>& d, const BatchShape& s) {
  shape(operation, "dynamics.transition", d.transition, {s.conditions, s.steps, s.states, s.states + s.actions});
  shape(operation, "dynamics.offset", d.offset, {s.conditions, s.steps, s.states});
  shape(operation, "dynamics.covariance", d.covariance, {s.conditions, s.steps, s.states, s.states});
}

template <class Real>
void cost(const char* operation, const QuadraticCost<Real>& c, const BatchShape& s) {
  const std::int64_t p = s.states + s.actions;
  shape(operation, "cost.hessian", c.hessian, {s.conditions, s.steps, p, p});
  shape(operation, "cost.gradient", c.gradient, {s.conditions, s.steps, p});
  shape(operation, "cost.constant", c.constant, {s.conditions, s.steps});
}

template <class Real>
void initial(const char* operation, const GaussianState<Real>& x, const BatchShape& s) {
  shape(operation, "initial.mean", x.mean, {s.conditions, s.states});
  shape(operation, "initial.covariance", x.covariance, {s.conditions, s.states, s.states});
}

template <class Real>
void distribution(const char* operation, const TrajectoryDistribution<Real>& d, const BatchShape& s) {
  const std::int64_t p = s.states + s.actions;
  shape(operation, "distribution.mean", d.mean, {s.conditions, s.steps, p});
  shape(operation, "distribution.covariance", d.covariance, {s.conditions, s.steps, p, p});
}

template <class Real>
BatchShape shape_of(const LinearGaussianPolicy<Real>& p) {
  return {p.gain.extents[0], p.gain.extents[1], p.gain.extents[3], p.gain.extents[2]};
}

inline void workspace(const char* operation, const Workspace& workspace, std::size_t needed) {
  if (workspace.device.kind != Device::Kind::cpu)
    fail(operation, "workspace is on a CUDA device, but this build's kernels run on the CPU; pass host memory");
  if (workspace.data == nullptr || workspace.bytes < needed)
    fail(operation, "workspace has " + std::to_string(workspace.data == nullptr ? 0 : workspace.bytes) +
                        " bytes, expected at least " + std::to_string(needed));
}

/// A workspace of the caller's own for the overloads that take none.
class OwnWorkspace {
 public:
  explicit OwnWorkspace(std::size_t bytes) : memory_(new std::byte[bytes]), bytes_(bytes) {}
  operator Workspace() const { return {memory_.get(), bytes_, {}}; }

 private:
  std::unique_ptr<std::byte[]> memory_;  // not zeroed: kernels write before they read
  std::size_t bytes_;
};

}  // namespace mdgps::validate
