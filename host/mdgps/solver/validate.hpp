#pragma once
/// Checks at the host's door; kernels trust their views. Private to the solver.

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>

#include "mdgps/solver/device_memory.hpp"
#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/types.hpp"

namespace mdgps::validate {

template <int Rank>
std::string to_string(const std::array<std::int64_t, Rank>& extents) {
  std::string text = "[";
  for (int d = 0; d < Rank; ++d) {
    if (d > 0) text += ',';
    text += std::to_string(extents[d]);
  }
  return text + "]";
}
inline std::string to_string(Device device) {
  return device.kind == Device::Kind::cpu ? "the CPU" : "CUDA device " + std::to_string(device.index);
}

/// An argument's name, put together only when it is needed: a check that passes allocates nothing.
struct Name {
  const char* object;
  const char* member;

  Name(const char* object, const char* member = "") : object(object), member(member) {}
  std::string text() const { return std::string(object) + member; }
};

/// The checks of one call. It runs where its workspace is, and so must be everything else.
class Door {
 public:
  Door(const char* operation, const Workspace& workspace) : operation_(operation), workspace_(workspace) {
#if !defined(MDGPS_HAS_CUDA)
    if (workspace.device.kind == Device::Kind::cuda)
      fail("workspace is on " + to_string(workspace.device) +
           ", but this mdgps was built without CUDA: build it with -DMDGPS_CUDA=ON, or pass host memory");
#endif
  }

  [[noreturn]] void fail(const std::string& message) const {
    throw std::invalid_argument(operation_ + (": " + message));
  }

  /// Throws std::invalid_argument unless the view has memory on the workspace's device and these extents.
  template <class T, int Rank>
  void shape(const Name& name, const View<T, Rank>& view, const std::array<std::int64_t, Rank>& expected) const {
    if (view.device != workspace_.device)
      fail(name.text() + " is on " + to_string(view.device) + ", but the workspace on " + to_string(workspace_.device));
    if (view.extents != expected)
      fail(name.text() + " has shape " + to_string<Rank>(view.extents) + ", expected " + to_string<Rank>(expected));
    if (view.data == nullptr && view.size() > 0) fail(name.text() + " has no memory");
  }

  /// The same, and that its rows follow each other without gaps.
  template <class T, int Rank>
  void contiguous(const Name& name, const View<T, Rank>& view, const std::array<std::int64_t, Rank>& expected) const {
    shape<T, Rank>(name, view, expected);
    if (view.strides != View<T, Rank>(nullptr, view.extents).strides) fail(name.text() + " is not contiguous");
  }

  template <class Real>
  void policy(const char* name, const LinearGaussianPolicy<Real>& p, const BatchShape& s) const {
    if (s.steps < 1 || s.states < 1 || s.actions < 1)
      fail(Name(name, ".gain").text() + " has shape " + to_string<4>(p.gain.extents) +
           ", expected at least one step, action and state");
    shape({name, ".gain"}, p.gain, {s.conditions, s.steps, s.actions, s.states});
    shape({name, ".offset"}, p.offset, {s.conditions, s.steps, s.actions});
    shape({name, ".covariance"}, p.covariance, {s.conditions, s.steps, s.actions, s.actions});
  }

  template <class Real>
  void dynamics(const LinearGaussianDynamics<Real>& d, const BatchShape& s) const {
    shape("dynamics.transition", d.transition, {s.conditions, s.steps, s.states, s.states + s.actions});
    shape("dynamics.offset", d.offset, {s.conditions, s.steps, s.states});
    shape("dynamics.covariance", d.covariance, {s.conditions, s.steps, s.states, s.states});
  }

  template <class Real>
  void cost(const QuadraticCost<Real>& c, const BatchShape& s) const {
    const std::int64_t p = s.states + s.actions;
    shape("cost.hessian", c.hessian, {s.conditions, s.steps, p, p});
    shape("cost.gradient", c.gradient, {s.conditions, s.steps, p});
    shape("cost.constant", c.constant, {s.conditions, s.steps});
  }

  template <class Real>
  void initial(const GaussianState<Real>& x, const BatchShape& s) const {
    shape("initial.mean", x.mean, {s.conditions, s.states});
    shape("initial.covariance", x.covariance, {s.conditions, s.states, s.states});
  }

  template <class Real>
  void distribution(const TrajectoryDistribution<Real>& d, const BatchShape& s) const {
    const std::int64_t p = s.states + s.actions;
    shape("distribution.mean", d.mean, {s.conditions, s.steps, p});
    shape("distribution.covariance", d.covariance, {s.conditions, s.steps, p, p});
  }

  void status(const StatusView& v, const BatchShape& s) const {
    shape("status", v.status, {s.conditions});
    if (v.failed_step.data != nullptr) shape("failed_step", v.failed_step, {s.conditions});
  }

  /// The last check: what an operation needs is counted for the shapes that passed.
  void workspace(const WorkspaceNeeds& needs) const {
    if (workspace_.data == nullptr || workspace_.bytes < needs.least)
      fail("workspace has " + std::to_string(workspace_.data == nullptr ? 0 : workspace_.bytes) +
           " bytes, expected at least " + std::to_string(needs.least));
  }

 private:
  const char* operation_;
  const Workspace& workspace_;
};

template <class Real>
BatchShape shape_of(const LinearGaussianPolicy<Real>& p) {
  return {p.gain.extents[0], p.gain.extents[1], p.gain.extents[3], p.gain.extents[2]};
}

/// A workspace without memory, to ask an operation what it needs on a device.
inline Workspace nothing_on(Device device) { return {nullptr, 0, device}; }

/// The memory of `with_own_workspace`. On a GPU it goes back in the order of the default stream.
class OwnWorkspace {
 public:
  OwnWorkspace(std::size_t bytes, Device device) : workspace_{allocate(bytes, device), bytes, device} {}
  ~OwnWorkspace() {
#if defined(MDGPS_HAS_CUDA)
    if (workspace_.device.kind == Device::Kind::cuda) {
      free_on(workspace_.device, workspace_.data);
      return;
    }
#endif
    delete[] static_cast<std::byte*>(workspace_.data);
  }
  OwnWorkspace(const OwnWorkspace&) = delete;
  OwnWorkspace& operator=(const OwnWorkspace&) = delete;
  operator const Workspace&() const { return workspace_; }

 private:
  static void* allocate(std::size_t bytes, [[maybe_unused]] Device device) {
#if defined(MDGPS_HAS_CUDA)
    if (device.kind == Device::Kind::cuda) return allocate_on(device, bytes);
#endif
    return new std::byte[bytes];  // not zeroed: kernels write before they read
  }

  Workspace workspace_;
};

/// Runs `operation(workspace)` on memory of its own, for the overloads that take none, and waits until it is done.
template <class Operation>
void with_own_workspace(std::size_t bytes, Device device, const Operation& operation) {
  {
    const OwnWorkspace workspace(bytes, device);
    operation(workspace);
  }
  wait_for(device);
}

}  // namespace mdgps::validate
