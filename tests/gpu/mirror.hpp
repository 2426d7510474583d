#pragma once
/// Twins of host arrays on a GPU.

#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "mdgps/solver/c_step.hpp"
#include "mdgps/solver/cost_expansion.hpp"
#include "mdgps/solver/gaussian_mixture.hpp"
#include "mdgps/solver/network_policy.hpp"
#include "mdgps/solver/regression.hpp"
#include "problems.hpp"

namespace mdgps::gpu {

inline constexpr Device device{Device::Kind::cuda, 0};

inline void check(cudaError_t error) {
  if (error != cudaSuccess) throw std::runtime_error(cudaGetErrorString(error));
}

/// Why nothing can run on a GPU here; empty where it can.
inline std::string why_not() {
  int devices = 0;
  const cudaError_t error = cudaGetDeviceCount(&devices);
  if (error != cudaSuccess) return std::string("no GPU: ") + cudaGetErrorString(error);
  return devices == 0 ? "no GPU" : "";
}
#define MDGPS_SKIP_WITHOUT_GPU() \
  if (const std::string reason = ::mdgps::gpu::why_not(); !reason.empty()) GTEST_SKIP() << reason

/// Memory on the device.
class Memory {
 public:
  explicit Memory(std::size_t bytes) : bytes_(bytes) { check(cudaMalloc(&data_, bytes == 0 ? 1 : bytes)); }
  ~Memory() { cudaFree(data_); }
  Memory(Memory&& other) : data_(other.data_), bytes_(other.bytes_) { other.data_ = nullptr; }
  Memory(const Memory&) = delete;

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  operator Workspace() const { return {data_, bytes_, device}; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_;
};

/// Gives views of copies on the device, and brings what was written to them back.
class Mirror {
 public:
  /// A contiguous view's twin. An empty view stays empty, but on the device.
  template <class T, int Rank>
  View<T, Rank> operator()(const View<T, Rank>& host) {
    View<T, Rank> twin = host;
    twin.device = device;
    if (host.empty()) return twin;
    const std::size_t bytes = static_cast<std::size_t>(host.size()) * sizeof(T);
    memory_.emplace_back(bytes);
    check(cudaMemcpy(memory_.back().data(), host.data, bytes, cudaMemcpyHostToDevice));
    twin.data = static_cast<T*>(memory_.back().data());
    if constexpr (!std::is_const_v<T>) written_.push_back({host.data, twin.data, bytes});
    return twin;
  }
  template <class T, int Rank>
  View<T, Rank> operator()(Array<T, Rank>& host) {
    return (*this)(host.view());
  }
  template <class T, int Rank>
  View<const T, Rank> operator()(const Array<T, Rank>& host) {
    return (*this)(host.view());
  }
  template <class T>
  LinearGaussianPolicy<T> operator()(const LinearGaussianPolicy<T>& p) {
    return {(*this)(p.gain), (*this)(p.offset), (*this)(p.covariance)};
  }
  template <class T>
  NetworkPolicy<T> operator()(const NetworkPolicy<T>& p) {
    NetworkPolicy<T> twin = p;
    twin.state_entries = (*this)(p.state_entries);
    twin.scale = (*this)(p.scale);
    twin.shift = (*this)(p.shift);
    twin.weights = (*this)(p.weights);
    twin.factor = (*this)(p.factor);
    return twin;
  }
  template <class T>
  LinearGaussianDynamics<T> operator()(const LinearGaussianDynamics<T>& d) {
    return {(*this)(d.transition), (*this)(d.offset), (*this)(d.covariance)};
  }
  template <class T>
  QuadraticCost<T> operator()(const QuadraticCost<T>& c) {
    return {(*this)(c.hessian), (*this)(c.gradient), (*this)(c.constant)};
  }
  template <class T>
  GaussianState<T> operator()(const GaussianState<T>& x) {
    return {(*this)(x.mean), (*this)(x.covariance)};
  }
  template <class T>
  TrajectoryDistribution<T> operator()(const TrajectoryDistribution<T>& d) {
    return {(*this)(d.mean), (*this)(d.covariance)};
  }
  template <class T>
  CStepProblem<T> operator()(const CStepProblem<T>& p) {
    return {(*this)(p.initial), (*this)(p.dynamics),     (*this)(p.cost),          (*this)(p.reference),
            (*this)(p.epsilon), (*this)(p.initial_dual), (*this)(p.entropy_weight)};
  }
  template <class T>
  CStepResult<T> operator()(const CStepResult<T>& r) {
    return {(*this)(r.policy),           (*this)(r.dual),   (*this)(r.kl_divergence),
            (*this)(r.dual_evaluations), (*this)(r.status), (*this)(r.failed_step)};
  }
  template <class T>
  NormalInverseWishart<T> operator()(const NormalInverseWishart<T>& p) {
    return {(*this)(p.mean), (*this)(p.scatter), (*this)(p.mean_strength), (*this)(p.degrees)};
  }
  template <class T>
  LinearGaussianFit<T> operator()(const LinearGaussianFit<T>& f) {
    return {(*this)(f.gain), (*this)(f.offset), (*this)(f.covariance), (*this)(f.status)};
  }
  template <class T>
  GaussianMixture<T> operator()(const GaussianMixture<T>& m) {
    return {(*this)(m.mean), (*this)(m.covariance), (*this)(m.weight)};
  }
  template <class T>
  MixtureProblem<T> operator()(const MixtureProblem<T>& p) {
    return {(*this)(p.points), (*this)(p.weights), (*this)(p.assignment)};
  }
  template <class T>
  MixtureReport<T> operator()(const MixtureReport<T>& r) {
    return {(*this)(r.log_likelihood), (*this)(r.iterations), (*this)(r.status)};
  }
  template <class T>
  CostSamples<T> operator()(const CostSamples<T>& s) {
    return {(*this)(s.states), (*this)(s.actions), (*this)(s.points), (*this)(s.point_jacobians), (*this)(s.weights)};
  }

  /// Waits for the device and copies what is not constant back to the host.
  void bring_back() const {
    check(cudaDeviceSynchronize());
    for (const Written& w : written_) check(cudaMemcpy(w.host, w.twin, w.bytes, cudaMemcpyDeviceToHost));
  }

 private:
  struct Written {
    void* host;
    const void* twin;
    std::size_t bytes;
  };
  std::vector<Memory> memory_;
  std::vector<Written> written_;
};

/// The C-step of a problem in host memory, on the device.
template <class Real>
CStepResultArrays<Real> solve(const problems::Trajectory<Real>& p, const CStepOptions& options = {}) {
  CStepResultArrays<Real> result(p.shape);
  Mirror mirror;
  c_step<Real>(mirror(p.view()), mirror(result.view()), options);
  mirror.bring_back();
  return result;
}

}  // namespace mdgps::gpu
