#pragma once
/// Non-owning views of strided arrays, and the device their memory is on.

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mdgps {

/// Where memory is.
struct Device {
  /// CUDA's devices are counted by `index`.
  enum class Kind { cpu, cuda };
  Kind kind = Kind::cpu;
  int index = 0;

  friend bool operator==(const Device&, const Device&) = default;
};

/// A strided, non-owning view of `Rank` dimensions; strides count elements.
/// A default-constructed view is empty: data is null and every extent is 0.
template <class T, int Rank>
struct View {
  T* data = nullptr;
  std::array<std::int64_t, Rank> extents{};
  std::array<std::int64_t, Rank> strides{};
  Device device{};

  View() = default;

  /// A row-major view of contiguous memory.
  View(T* data, const std::array<std::int64_t, Rank>& extents, Device device = {})
      : data(data), extents(extents), device(device) {
    std::int64_t stride = 1;
    for (int d = Rank - 1; d >= 0; --d) {
      strides[d] = stride;
      stride *= extents[d];
    }
  }

  View(T* data, const std::array<std::int64_t, Rank>& extents, const std::array<std::int64_t, Rank>& strides,
       Device device)
      : data(data), extents(extents), strides(strides), device(device) {}

  /// A view of mutable elements converts to a view of constant ones.
  template <class U>
  requires(std::is_same_v<const U, T> && !std::is_const_v<U>) View(const View<U, Rank>& other)
      : data(other.data), extents(other.extents), strides(other.strides), device(other.device) {}

  bool empty() const { return data == nullptr; }

  std::int64_t size() const {
    std::int64_t n = 1;
    for (const auto e : extents) n *= e;
    return n;
  }

  template <class... Index>
  requires(sizeof...(Index) == Rank) T& operator()(Index... index) const {
    const std::array<std::int64_t, Rank> at{static_cast<std::int64_t>(index)...};
    std::int64_t offset = 0;
    for (int d = 0; d < Rank; ++d) offset += at[d] * strides[d];
    return data[offset];
  }

  /// The view with its first index fixed.
  View<T, Rank - 1> operator[](std::int64_t index) const requires(Rank > 1) {
    View<T, Rank - 1> inner;
    inner.data = data + index * strides[0];
    for (int d = 1; d < Rank; ++d) {
      inner.extents[d - 1] = extents[d];
      inner.strides[d - 1] = strides[d];
    }
    inner.device = device;
    return inner;
  }
};

}  // namespace mdgps
