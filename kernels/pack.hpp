#pragma once
/// SIMD packs: W problems side by side, one per lane. Host only; never in an installed header, since the ABI of vector
/// types depends on the instruction set.

#include <type_traits>
#include <utility>

#include "kernels/core.hpp"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

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
  requires std::is_arithmetic_v<Number> Pack(Number x) : v(static_cast<T>(x) - Vector{}) {}  // GCC drops the zero

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

/// Processors that run a pack of 512 bits in two halves do half the work on half of it, and all move half the bytes. A
/// lane's numbers are the same.
template <class T, int W>
requires(W * sizeof(T) == 64) struct HalfPackOf<Pack<T, W>> {
  using Type = Pack<T, W / 2>;
};

template <class T, int W>
Pack<T, W> select(PackMask<T, W> mask, Pack<T, W> a, Pack<T, W> b) {
  return Pack<T, W>(mask.v ? a.v : b.v);
}
template <class T, int W>
MDGPS_INLINE inline Pack<T, W> value(const Pack<T, W>& x) {
  return Pack<T, W>(x.v);
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

#if defined(__AVX2__)
/// @name Roots of a register
/// @{
MDGPS_INLINE inline __m256d root_of(__m256d x) { return _mm256_sqrt_pd(x); }
MDGPS_INLINE inline __m256 root_of(__m256 x) { return _mm256_sqrt_ps(x); }
#if defined(__AVX512F__)
// GCC 12 warns that the forms without a mask read what nobody has written.
MDGPS_INLINE inline __m512d root_of(__m512d x) { return _mm512_maskz_sqrt_pd(static_cast<__mmask8>(-1), x); }
MDGPS_INLINE inline __m512 root_of(__m512 x) { return _mm512_maskz_sqrt_ps(static_cast<__mmask16>(-1), x); }
#endif
/// @}
#endif

/// With AVX2 and AVX-512 by one instruction: GCC does not find it without -ftree-slp-vectorize.
template <class T, int W>
Pack<T, W> root(Pack<T, W> x) {
  if constexpr (requires { root_of(x.v); }) {
    return Pack<T, W>(root_of(x.v));
  } else {
    return for_each_lane(x, [](T e) { return root(e); });
  }
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

/// One round of a transposition of W rows: elements change places between rows that are `half` apart.
template <int half, class T, int W, int... e>
MDGPS_INLINE inline void exchange(Pack<T, W>* rows, std::integer_sequence<int, e...>) {
  unrolled<W / 2>([&](auto pair) MDGPS_INLINE {
    constexpr int i = pair % half + pair / half * 2 * half;
    const auto a = rows[i].v, b = rows[i + half].v;
    rows[i].v = __builtin_shufflevector(a, b, ((e & half) != 0 ? W + e - half : e)...);
    rows[i + half].v = __builtin_shufflevector(a, b, ((e & half) != 0 ? W + e : e + half)...);
  });
}
/// Lane j of row i becomes lane i of row j.
template <class T, int W, int half = W / 2>
MDGPS_INLINE inline void transpose(Pack<T, W> (&rows)[W]) {
  if constexpr (half > 0) {
    exchange<half>(rows, std::make_integer_sequence<int, W>{});
    transpose<T, W, half / 2>(rows);
  }
}

/// to <- from[w][offset] in lane w.
template <class From, class T, int W>
MDGPS_INLINE inline void gather_element(const From* const* from, std::int64_t offset, Pack<T, W>& to) {
  to = [&]<int... w>(std::integer_sequence<int, w...>) MDGPS_INLINE {
    return Pack<T, W>(typename Pack<T, W>::Vector{static_cast<T>(from[w][offset])...});
  }
  (std::make_integer_sequence<int, W>{});
}

/// W numbers of any alignment. GCC 12 would copy them through memory in smaller pieces, and then wait for these.
template <class T, int W>
struct Unaligned {
  typedef T Vector __attribute__((vector_size(W * sizeof(T)), aligned(alignof(T)), may_alias));
  MDGPS_INLINE static Vector& at(T* x) { return *reinterpret_cast<Vector*>(x); }
  MDGPS_INLINE static const Vector& at(const T* x) { return *reinterpret_cast<const Vector*>(x); }
};

/// to[e] <- from[w][e] in lane w, for W elements of each problem.
template <class T, int W>
MDGPS_INLINE inline void gather_lanes(const T* const* from, Pack<T, W>* to) {
  Pack<T, W> rows[W];
  if constexpr (W < 4) {
    unrolled<W>([&](auto w) MDGPS_INLINE { rows[w].v = Unaligned<T, W>::at(from[w]); });
    transpose(rows);
  } else {  // the first round by loads of half rows
    constexpr int half = W / 2;
    using Half = Unaligned<T, half>;
    const auto joined = [&]<int... e>(const T* low, const T* high, std::integer_sequence<int, e...>) MDGPS_INLINE {
      return Pack<T, W>(__builtin_shufflevector(Half::at(low), Half::at(high), e...));
    };
    constexpr auto all = std::make_integer_sequence<int, W>{};
    unrolled<half>([&](auto w) MDGPS_INLINE {
      rows[w].v = joined(from[w], from[w + half], all).v;
      rows[w + half].v = joined(from[w] + half, from[w + half] + half, all).v;
    });
    transpose<T, W, half / 2>(rows);
  }
  unrolled<W>([&](auto e) MDGPS_INLINE { to[e].v = rows[e].v; });
}
/// to[w][e] <- lane w of from[e], for W elements of each problem.
template <class T, int W>
MDGPS_INLINE inline void scatter_lanes(const Pack<T, W>* from, T* const* to) {
  Pack<T, W> rows[W];
  unrolled<W>([&](auto e) MDGPS_INLINE { rows[e].v = from[e].v; });
  if constexpr (W < 4) {
    transpose(rows);
    unrolled<W>([&](auto w) MDGPS_INLINE { Unaligned<T, W>::at(to[w]) = rows[w].v; });
  } else {  // the last round by stores of half rows
    constexpr int half = W / 2;
    using Half = Unaligned<T, half>;
    const auto store_halves = [&]<int... e>(const Pack<T, W>& row, T* low, T* high, std::integer_sequence<int, e...>)
        MDGPS_INLINE {
      Half::at(low) = __builtin_shufflevector(row.v, row.v, e...);
      Half::at(high) = __builtin_shufflevector(row.v, row.v, (half + e)...);
    };
    transpose<T, W, half / 2>(rows);
    unrolled<half>([&](auto w) MDGPS_INLINE {
      constexpr auto entries = std::make_integer_sequence<int, half>{};
      store_halves(rows[w], to[w], to[w + half], entries);
      store_halves(rows[w + half], to[w] + half, to[w + half] + half, entries);
    });
  }
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
