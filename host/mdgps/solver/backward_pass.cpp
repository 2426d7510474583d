#include "mdgps/solver/backward_pass.hpp"

#include "mdgps/solver/targets.hpp"
#include "mdgps/solver/threads.hpp"
#include "mdgps/solver/validate.hpp"

namespace mdgps {

MDGPS_DECLARE_FOR_TARGETS(template <class Real>
                          std::size_t backward_pass(const BatchShape&, const LinearGaussianDynamics<const Real>&,
                                                    const QuadraticCost<const Real>&, const LinearGaussianPolicy<Real>&,
                                                    const View<Status, 1>&, const Workspace&);)

namespace {

template <class Real>
std::size_t scratch_per_thread(const BatchShape& shape) {
  return MDGPS_CALL_TARGET(backward_pass<Real>, shape, {}, {}, {}, {}, Workspace{});
}

}  // namespace

template <class Real>
std::size_t backward_pass_workspace_size(const BatchShape& shape, Device) {
  return cpu_workspace_bytes(scratch_per_thread<Real>(shape));
}

template <class Real>
void backward_pass(const LinearGaussianDynamics<const Real>& dynamics, const QuadraticCost<const Real>& cost,
                   const LinearGaussianPolicy<Real>& policy, View<Status, 1> status, Workspace workspace, Stream) {
  const BatchShape shape = validate::shape_of(policy);
  const char* operation = "backward_pass";
  validate::policy(operation, "policy", policy, shape);
  validate::dynamics(operation, dynamics, shape);
  validate::cost(operation, cost, shape);
  validate::shape(operation, "status", status, {shape.conditions});
  validate::workspace(operation, workspace, scratch_per_thread<Real>(shape) + 64);
  MDGPS_CALL_TARGET(backward_pass<Real>, shape, dynamics, cost, policy, status, workspace);
}

template <class Real>
void backward_pass(const LinearGaussianDynamics<const Real>& dynamics, const QuadraticCost<const Real>& cost,
                   const LinearGaussianPolicy<Real>& policy, View<Status, 1> status) {
  const validate::OwnWorkspace workspace(backward_pass_workspace_size<Real>(validate::shape_of(policy)));
  backward_pass<Real>(dynamics, cost, policy, status, workspace, Stream{});
}

#define MDGPS_INSTANTIATE(Real)                                                                            \
  template std::size_t backward_pass_workspace_size<Real>(const BatchShape&, Device);                      \
  template void backward_pass(const LinearGaussianDynamics<const Real>&, const QuadraticCost<const Real>&, \
                              const LinearGaussianPolicy<Real>&, View<Status, 1>, Workspace, Stream);      \
  template void backward_pass(const LinearGaussianDynamics<const Real>&, const QuadraticCost<const Real>&, \
                              const LinearGaussianPolicy<Real>&, View<Status, 1>);
MDGPS_INSTANTIATE(float)
MDGPS_INSTANTIATE(double)

}  // namespace mdgps
