#pragma once
/// The quantities of guided policy search, batched: N conditions, T timesteps, n states, m actions, z = [x; u].
/// Every struct is a set of views in the order of its symbols in the paper; `Real` may be const for inputs.
/// Shapes are in brackets, row-major; matrices that are symmetric are stored whole.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "mdgps/solver/array.hpp"
#include "mdgps/solver/export.hpp"
#include "mdgps/solver/view.hpp"

namespace mdgps {

/// The extents that all arrays of a batch share.
struct BatchShape {
  std::int64_t conditions = 0;  ///< N
  std::int64_t steps = 0;       ///< T
  std::int64_t states = 0;      ///< n
  std::int64_t actions = 0;     ///< m

  friend bool operator==(const BatchShape&, const BatchShape&) = default;
};

/// What became of one condition. Nothing inside the numbers of a condition throws.
enum class Status : std::int32_t {
  ok = 0,
  constraint_inactive,    ///< the unconstrained optimum lies within the KL bound: the bound does not bind
  not_converged,          ///< the search ended outside its tolerance; the result still satisfies KL <= epsilon
  not_positive_definite,  ///< some Quu (or covariance) has no Cholesky factor at any dual tried
  not_finite,             ///< NaN or infinity in the condition's input or arithmetic
};

/// The status by its name: "not_finite".
MDGPS_API std::string_view to_string(Status status);

/// Where a pass says what became of each condition. A view or an array of the statuses is one, too: then nobody asks
/// for the steps.
struct StatusView {
  View<Status, 1> status;               ///< [N]
  View<std::int32_t, 1> failed_step{};  ///< [N] the step, from 0, at which it failed, -1 where it did not; may be empty

  StatusView() = default;
  template <class Statuses>
  requires std::is_convertible_v<Statuses, View<Status, 1>> StatusView(Statuses&& status,
                                                                       View<std::int32_t, 1> failed_step = {})
      : status(status), failed_step(failed_step) {}
};

/// p(u|x) = N(K x + k, C)
template <class Real>
struct LinearGaussianPolicy {
  View<Real, 4> gain;        ///< K [N,T,m,n]
  View<Real, 3> offset;      ///< k [N,T,m]
  View<Real, 4> covariance;  ///< C [N,T,m,m]

  operator LinearGaussianPolicy<const Real>() const requires(!std::is_const_v<Real>) {
    return {gain, offset, covariance};
  }
};

/// p(x'|x,u) = N(f z + f_c, F). Step T-1 has no successor and is not read.
template <class Real>
struct LinearGaussianDynamics {
  View<Real, 4> transition;  ///< f   [N,T,n,n+m]
  View<Real, 3> offset;      ///< f_c [N,T,n]
  View<Real, 4> covariance;  ///< F   [N,T,n,n]

  operator LinearGaussianDynamics<const Real>() const requires(!std::is_const_v<Real>) {
    return {transition, offset, covariance};
  }
};

/// l(z) ~ 1/2 z'Hz + g'z + c, about z = 0
template <class Real>
struct QuadraticCost {
  View<Real, 4> hessian;   ///< H [N,T,n+m,n+m]
  View<Real, 3> gradient;  ///< g [N,T,n+m]
  View<Real, 2> constant;  ///< c [N,T]

  operator QuadraticCost<const Real>() const requires(!std::is_const_v<Real>) { return {hessian, gradient, constant}; }
};

/// p(x_1)
template <class Real>
struct GaussianState {
  View<Real, 2> mean;        ///< [N,n]
  View<Real, 3> covariance;  ///< [N,n,n]

  operator GaussianState<const Real>() const requires(!std::is_const_v<Real>) { return {mean, covariance}; }
};

/// Marginals of z_t
template <class Real>
struct TrajectoryDistribution {
  View<Real, 3> mean;        ///< [N,T,n+m]
  View<Real, 4> covariance;  ///< [N,T,n+m,n+m]

  operator TrajectoryDistribution<const Real>() const requires(!std::is_const_v<Real>) { return {mean, covariance}; }
};

/// Memory that the caller owns and an operation may use while it runs.
struct Workspace {
  void* data = nullptr;
  std::size_t bytes = 0;
  Device device{};
};

/// The caller's queue of work: a cudaStream_t on a GPU, nothing on the CPU.
struct Stream {
  void* handle = nullptr;
};

/// How an operation goes over its conditions, or over the components of a mixture.
enum class SolverPath {
  automatic,  ///< wide on a GPU where a block's shared memory is too small, else fused; for a mixture fused
  fused,      ///< one, or a pack of them, from its first step or iteration to its last
  wide,       ///< all together step by step, as batched products of BLAS and LAPACK, or cuBLAS and cuSOLVER
};

/// How a backward or a forward pass goes over conditions and timesteps.
struct PassOptions {
  /// As an associative scan over the steps, in ceil(log2 T) rounds: for few conditions and long horizons on a GPU. The
  /// same result but for rounding; the backward pass then needs the actions' part of every step's Hessian to be
  /// positive definite by itself. Its workspace holds two elements of about 3n^2 numbers per step.
  bool parallel_in_time = false;
  SolverPath path = SolverPath::automatic;  ///< a scan over the steps has no wide path
};

/// @name Owning counterparts
/// `view()` gives the struct of views that the solver takes.
/// @{

/// Of LinearGaussianPolicy.
template <class Real>
struct LinearGaussianPolicyArrays {
  Array<Real, 4> gain;
  Array<Real, 3> offset;
  Array<Real, 4> covariance;

  LinearGaussianPolicyArrays() = default;
  explicit LinearGaussianPolicyArrays(const BatchShape& s, Device device = {})
      : gain({s.conditions, s.steps, s.actions, s.states}, device),
        offset({s.conditions, s.steps, s.actions}, device),
        covariance({s.conditions, s.steps, s.actions, s.actions}, device) {}
  /// A copy for a device.
  LinearGaussianPolicyArrays on(Device device) const {
    LinearGaussianPolicyArrays copy;
    copy.gain = gain.on(device);
    copy.offset = offset.on(device);
    copy.covariance = covariance.on(device);
    return copy;
  }
  Device device() const { return gain.device(); }
  LinearGaussianPolicy<Real> view() { return {gain, offset, covariance}; }
  LinearGaussianPolicy<const Real> view() const { return {gain, offset, covariance}; }
};

/// Of LinearGaussianDynamics.
template <class Real>
struct LinearGaussianDynamicsArrays {
  Array<Real, 4> transition;
  Array<Real, 3> offset;
  Array<Real, 4> covariance;

  LinearGaussianDynamicsArrays() = default;
  explicit LinearGaussianDynamicsArrays(const BatchShape& s, Device device = {})
      : transition({s.conditions, s.steps, s.states, s.states + s.actions}, device),
        offset({s.conditions, s.steps, s.states}, device),
        covariance({s.conditions, s.steps, s.states, s.states}, device) {}
  LinearGaussianDynamics<Real> view() { return {transition, offset, covariance}; }
  LinearGaussianDynamics<const Real> view() const { return {transition, offset, covariance}; }
};

/// Of QuadraticCost.
template <class Real>
struct QuadraticCostArrays {
  Array<Real, 4> hessian;
  Array<Real, 3> gradient;
  Array<Real, 2> constant;

  QuadraticCostArrays() = default;
  explicit QuadraticCostArrays(const BatchShape& s, Device device = {})
      : hessian({s.conditions, s.steps, s.states + s.actions, s.states + s.actions}, device),
        gradient({s.conditions, s.steps, s.states + s.actions}, device),
        constant({s.conditions, s.steps}, device) {}
  QuadraticCost<Real> view() { return {hessian, gradient, constant}; }
  QuadraticCost<const Real> view() const { return {hessian, gradient, constant}; }
};

/// Of GaussianState.
template <class Real>
struct GaussianStateArrays {
  Array<Real, 2> mean;
  Array<Real, 3> covariance;

  GaussianStateArrays() = default;
  explicit GaussianStateArrays(const BatchShape& s, Device device = {})
      : mean({s.conditions, s.states}, device), covariance({s.conditions, s.states, s.states}, device) {}
  GaussianState<Real> view() { return {mean, covariance}; }
  GaussianState<const Real> view() const { return {mean, covariance}; }
};

/// Of TrajectoryDistribution.
template <class Real>
struct TrajectoryDistributionArrays {
  Array<Real, 3> mean;
  Array<Real, 4> covariance;

  TrajectoryDistributionArrays() = default;
  explicit TrajectoryDistributionArrays(const BatchShape& s, Device device = {})
      : mean({s.conditions, s.steps, s.states + s.actions}, device),
        covariance({s.conditions, s.steps, s.states + s.actions, s.states + s.actions}, device) {}
  TrajectoryDistribution<Real> view() { return {mean, covariance}; }
  TrajectoryDistribution<const Real> view() const { return {mean, covariance}; }
};
/// @}

}  // namespace mdgps
