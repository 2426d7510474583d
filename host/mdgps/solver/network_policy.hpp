#pragma once
/// A policy that is a dense network, in plain memory: what the solver's rollouts evaluate where they run.

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "mdgps/solver/array.hpp"
#include "mdgps/solver/view.hpp"

namespace mdgps {

/// pi(u|x) = N(mu(o), L L'): affine layers with ReLU between them on scaled entries of the state. All views are
/// contiguous.
template <class Real>
struct NetworkPolicy {
  static constexpr int most_layers = 16;

  int layers = 0;
  int sizes[most_layers + 1] = {};   ///< o, the units of each hidden layer, m
  View<const int, 1> state_entries;  ///< [o] the state entry of each observation entry, 0..n-1
  View<const Real, 1> scale, shift;  ///< [o] [o] the input of the first layer is scale o + shift
  View<const Real, 1> weights;       ///< of the layers one after another, each [out,in+1] with the bias as last column
  View<const Real, 2> factor;        ///< L [m,m]; what lies above the diagonal is not read
};

/// The owning counterpart of NetworkPolicy, zero at first.
template <class Real>
struct NetworkPolicyArrays {
  std::vector<int> sizes;
  Array<int, 1> state_entries;
  Array<Real, 1> scale, shift, weights;
  Array<Real, 2> factor;

  /// sizes   o, the units of each hidden layer, m
  explicit NetworkPolicyArrays(std::vector<int> of_sizes, Device device = {})
      : sizes(std::move(of_sizes)),
        state_entries({sizes.front()}, device),
        scale({sizes.front()}, device),
        shift({sizes.front()}, device),
        weights({weight_count(sizes)}, device),
        factor({sizes.back(), sizes.back()}, device) {}

  NetworkPolicy<Real> view() const {
    NetworkPolicy<Real> policy{static_cast<int>(sizes.size()) - 1, {}, state_entries, scale, shift, weights, factor};
    std::copy_n(sizes.begin(), std::min(sizes.size(), std::size(policy.sizes)), policy.sizes);
    return policy;
  }

  /// Of the layers of a network with these sizes.
  static std::int64_t weight_count(std::span<const int> sizes) {
    std::int64_t count = 0;
    for (std::size_t l = 1; l < sizes.size(); ++l) count += std::int64_t{sizes[l]} * (sizes[l - 1] + 1);
    return count;
  }
};

}  // namespace mdgps
