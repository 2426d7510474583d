#pragma once
/// Owning, contiguous, row-major arrays in host memory.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "mdgps/solver/view.hpp"

namespace mdgps {

/// An owning row-major array in host memory.
template <class T, int Rank>
class Array {
 public:
  Array() = default;

  explicit Array(const std::array<std::int64_t, Rank>& extents, const T& value = T{}) : extents_(extents) {
    std::int64_t n = 1;
    for (const auto e : extents) n *= e;
    elements_.assign(static_cast<std::size_t>(n), value);
  }

  View<T, Rank> view() { return {elements_.data(), extents_}; }
  View<const T, Rank> view() const { return {elements_.data(), extents_}; }
  operator View<T, Rank>() { return view(); }
  operator View<const T, Rank>() const { return view(); }

  template <class... Index>
  T& operator()(Index... index) {
    return view()(index...);
  }
  template <class... Index>
  const T& operator()(Index... index) const {
    return view()(index...);
  }

  /// The contiguous elements that share the leading indices, e.g. row(i, t) of an array [N,T,n].
  template <class... Index>
  requires(sizeof...(Index) < Rank) std::span<T> row(Index... index) {
    const auto [offset, length] = slice(index...);
    return {elements_.data() + offset, static_cast<std::size_t>(length)};
  }
  template <class... Index>
  requires(sizeof...(Index) < Rank) std::span<const T> row(Index... index)
  const {
    const auto [offset, length] = slice(index...);
    return {elements_.data() + offset, static_cast<std::size_t>(length)};
  }

  const std::array<std::int64_t, Rank>& extents() const { return extents_; }
  std::int64_t extent(int dimension) const { return extents_[dimension]; }
  std::span<T> elements() { return elements_; }
  std::span<const T> elements() const { return elements_; }
  T* data() { return elements_.data(); }
  const T* data() const { return elements_.data(); }
  bool empty() const { return elements_.empty(); }

  friend bool operator==(const Array&, const Array&) = default;

 private:
  template <class... Index>
  std::array<std::int64_t, 2> slice(Index... index) const {
    const std::array<std::int64_t, sizeof...(Index)> at{static_cast<std::int64_t>(index)...};
    std::int64_t length = 1;
    for (int d = sizeof...(Index); d < Rank; ++d) length *= extents_[d];
    std::int64_t offset = 0;
    for (std::size_t d = 0; d < sizeof...(Index); ++d) offset = offset * extents_[d] + at[d];
    return {offset * length, length};
  }

  std::array<std::int64_t, Rank> extents_{};
  std::vector<T> elements_;
};

}  // namespace mdgps
