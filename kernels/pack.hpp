#pragma once
/// SIMD packs: W problems side by side, one per lane. Host only; never in an installed header, since the ABI of vector
/// types depends on the instruction set.

#include <type_traits>

#include "kernels/core.hpp"

namespace mdgps::kernels::inline MDGPS_TARGET {

/// Lanes of one full-width register of the target; a portable build uses what SSE2 and NEON have.
template <class T>
inline constexpr int native_lanes =
#if defined(__AVX512F__)
    64
#elif defined(__AVX2__)
    32
#else
    16
#endif
    / sizeof(T);

template <class T, int W>
struct PackMask {
  using Bits = std::conditional_t<sizeof(T) == 8, std::int64_t, std::int32_t>;
  typedef Bits Vector __attribute__((vector_size(W * sizeof(T))));
  Vector v;

  PackMask() = default;
  explicit PackMask(Vector v) : v(v) {}
  PackMask(bool all) : v(Vector{} - Bits(all)) {}

  friend PackMask operator&(PackMask a, PackMask b) { return PackMask(a.v & b.v); }
  friend PackMask operator|(PackMask a, PackMask b) { return PackMask(a.v | b.v); }
  friend PackMask operator!(PackMask a) { return PackMask(~a.v); }
};

template <class T, int W>
struct Pack {
  typedef T Vector __attribute__((vector_size(W * sizeof(T))));
  using MaskType = PackMask<T, W>;
  Vector v;

  Pack() = default;
  explicit Pack(Vector v) : v(v) {}
  template <class Number>
  requires std::is_arithmetic_v<Number> Pack(Number x) : v(Vector{} + static_cast<T>(x)) {}

  friend Pack operator+(Pack a, Pack b) { return Pack(a.v + b.v); }
  friend Pack operator-(Pack a, Pack b) { return Pack(a.v - b.v); }
  friend Pack operator*(Pack a, Pack b) { return Pack(a.v * b.v); }
  friend Pack operator/(Pack a, Pack b) { return Pack(a.v / b.v); }
  friend Pack operator-(Pack a) { return Pack(-a.v); }
  Pack& operator+=(Pack b) { return v += b.v, *this; }
  Pack& operator-=(Pack b) { return v -= b.v, *this; }
  Pack& operator*=(Pack b) { return v *= b.v, *this; }
  Pack& operator/=(Pack b) { return v /= b.v, *this; }
  friend MaskType operator<(Pack a, Pack b) { return MaskType(a.v < b.v); }
  friend MaskType operator>(Pack a, Pack b) { return MaskType(a.v > b.v); }
  friend MaskType operator<=(Pack a, Pack b) { return MaskType(a.v <= b.v); }
  friend MaskType operator>=(Pack a, Pack b) { return MaskType(a.v >= b.v); }
  friend MaskType operator==(Pack a, Pack b) { return MaskType(a.v == b.v); }
};

template <class T, int W>
struct ScalarTraits<Pack<T, W>> {
  using Element = T;
  using Mask = PackMask<T, W>;
  static constexpr int lanes = W;
};

template <class T, int W>
Pack<T, W> select(PackMask<T, W> mask, Pack<T, W> a, Pack<T, W> b) {
  return Pack<T, W>(mask.v ? a.v : b.v);
}
template <class T, int W>
bool any(PackMask<T, W> mask) {
  typename PackMask<T, W>::Bits bits = 0;
  for (int i = 0; i < W; ++i) bits |= mask.v[i];
  return bits != 0;
}
template <class T, int W>
bool none(PackMask<T, W> mask) {
  return !any(mask);
}

template <class T, int W, class Function>
Pack<T, W> for_each_lane(Pack<T, W> x, Function f) {
  alignas(Pack<T, W>) T lanes[W];
  for (int i = 0; i < W; ++i) lanes[i] = f(x.v[i]);
  Pack<T, W> y;
  __builtin_memcpy(&y, lanes, sizeof(y));
  return y;
}
template <class T, int W>
Pack<T, W> root(Pack<T, W> x) {
  return for_each_lane(x, [](T e) { return root(e); });
}
template <class T, int W>
Pack<T, W> logarithm(Pack<T, W> x) {
  return for_each_lane(x, [](T e) { return logarithm(e); });
}
template <class T, int W>
Pack<T, W> exponential(Pack<T, W> x) {
  return for_each_lane(x, [](T e) { return exponential(e); });
}
template <class T, int W>
PackMask<T, W> finite(Pack<T, W> x) {
  return x - x == Pack<T, W>{};
}

/// Lane i of a pack, to read or write.
template <class T, int W>
T& lane(Pack<T, W>& x, int i) {
  return reinterpret_cast<T*>(&x)[i];
}
template <class T, int W>
const T& lane(const Pack<T, W>& x, int i) {
  return reinterpret_cast<const T*>(&x)[i];
}
template <class T, int W>
bool get_lane(PackMask<T, W> mask, int i) {
  return mask.v[i] != 0;
}
template <class T, int W>
void set_lane(PackMask<T, W>& mask, int i, bool value) {
  mask.v[i] = value ? -1 : 0;
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
