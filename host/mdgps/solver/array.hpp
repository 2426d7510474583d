#pragma once
/// Owning, contiguous, row-major arrays.

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "mdgps/solver/memory.hpp"
#include "mdgps/solver/view.hpp"

namespace mdgps {

/// An owning row-major array, for the CPU unless said otherwise. The host reads and writes one for a GPU as well, when
/// no operation is at work on it.
template <class T, int Rank>
class Array {
 public:
  Array() = default;

  explicit Array(const std::array<std::int64_t, Rank>& extents, const T& value = T{}, Device device = {})
      : extents_(extents), elements_(count(extents), device) {
    if (value != T{}) std::ranges::fill(elements(), value);  // they are zero already
  }
  /// Zeros for a device.
  Array(const std::array<std::int64_t, Rank>& extents, Device device) : Array(extents, T{}, device) {}

  /// A copy for a device.
  Array on(Device device) const {
    Array copy;
    copy.extents_ = extents_;
    copy.elements_ = Buffer<T>(elements_, device);
    return copy;
  }

  View<T, Rank> view() { return {elements_.data(), extents_, device()}; }
  View<const T, Rank> view() const { return {elements_.data(), extents_, device()}; }
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
  Device device() const { return elements_.device(); }
  std::span<T> elements() { return {elements_.data(), elements_.size()}; }
  std::span<const T> elements() const { return {elements_.data(), elements_.size()}; }
  T* data() { return elements_.data(); }
  const T* data() const { return elements_.data(); }
  bool empty() const { return elements_.size() == 0; }

  friend bool operator==(const Array& a, const Array& b) {
    return a.extents_ == b.extents_ && std::ranges::equal(a.elements(), b.elements());
  }

 private:
  static std::size_t count(const std::array<std::int64_t, Rank>& extents) {
    std::int64_t n = 1;
    for (const auto e : extents) n *= e;
    return static_cast<std::size_t>(n);
  }

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
  Buffer<T> elements_;
};

/// These elements as an array for a device.
template <class T>
Array<T, 1> array_of(std::span<const T> elements, Device device = {}) {
  Array<T, 1> array({static_cast<std::int64_t>(elements.size())}, device);
  std::ranges::copy(elements, array.data());
  return array;
}

/// Arrays for a device: themselves where they are, else a copy there. They must outlive it.
template <class Arrays>
class Brought {
 public:
  Brought(const Arrays& arrays, Device device)
      : copy_(arrays.device() == device ? Arrays{} : arrays.on(device)),
        there_(arrays.device() == device ? arrays : copy_) {}
  Brought(const Arrays&&, Device) = delete;  // would not outlive it
  Brought(const Brought&) = delete;
  Brought& operator=(const Brought&) = delete;

  const Arrays& operator*() const { return there_; }
  const Arrays* operator->() const { return &there_; }

 private:
  const Arrays copy_;
  const Arrays& there_;
};

}  // namespace mdgps
