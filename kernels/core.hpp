#pragma once
/// What every kernel stands on: the function marker, the group contract, and the scalars a kernel may run on.
///
/// A kernel is a function template on <Group, Scalar>. It works on one problem, shared among the threads of the group.
/// `Scalar` is float, double, or a Pack of them (one problem per SIMD lane). Data never steers an `if`: masks do.

#include <cmath>
#include <cstdint>
#include <type_traits>
#include <utility>

#if defined(__CUDA_ARCH__)  // a call on a device saves registers to memory around it
#define MDGPS_FUNCTION __host__ __device__ __forceinline__
#elif defined(__CUDACC__)
#define MDGPS_FUNCTION __host__ __device__ inline
#else
#define MDGPS_FUNCTION inline
#endif

// For what must be part of its caller before the compiler looks for variables that fit registers, lambdas included.
#define MDGPS_INLINE __attribute__((always_inline))

// For what would take registers from the loops of its caller.
#if defined(__CUDACC__)
#define MDGPS_OUT_OF_LINE
#else
#define MDGPS_OUT_OF_LINE __attribute__((noinline))
#endif

// Each instruction set's copy of the kernels lives in a namespace of its own, so that the linker can never give a
// generic machine the code of a wider one.
#if !defined(MDGPS_TARGET)
#define MDGPS_TARGET generic
#endif

namespace mdgps::kernels::inline MDGPS_TARGET {

/// A group of one thread. The contract of a group: thread_rank(), num_threads(), sync(), as in cooperative_groups, and
/// sum(x), the sum of every thread's x in an order that the group's size alone decides, the same bits in every thread.
/// Every thread of the group reaches every sync() and sum(); a sum() also waits as a sync() does.
/// A group may have prefetch(from, bytes), by which a thread asks for memory that will be used soon, and with it
/// asks_ahead, whether that is worth while.
struct Solo {
  MDGPS_FUNCTION int thread_rank() const { return 0; }
  MDGPS_FUNCTION int num_threads() const { return 1; }
  MDGPS_FUNCTION void sync() const {}
  template <class Scalar>
  MDGPS_FUNCTION Scalar sum(const Scalar& x) const {
    return x;
  }
};

/// Whether a group is known to have one thread.
template <class Group>
inline constexpr bool is_alone = std::is_base_of_v<Solo, Group>;

/// Whether a group asks for the memory of a sweep's next step.
template <class Group>
MDGPS_FUNCTION bool asks_ahead([[maybe_unused]] const Group& g) {
  if constexpr (requires { g.asks_ahead; })
    return g.asks_ahead;
  else
    return requires { g.prefetch(nullptr, 0); };
}

/// Whether a group's memory comes to its cache before it is written: that is worth asking for as well.
template <class Group>
inline constexpr bool fetches_before_writing = is_alone<Group>;

/// Shares f(0), ..., f(n-1) among the group's threads and waits until all are done.
template <class Group, class Function>
MDGPS_FUNCTION void for_each(const Group& g, int n, Function f) {
  for (int i = static_cast<int>(g.thread_rank()); i < n; i += static_cast<int>(g.num_threads())) f(i);
  g.sync();
}

/// f(0) + ... + f(n-1), shared among the group's threads: the same value in every thread, once all have read what f
/// reads and written what it writes.
template <class Group, class Function>
MDGPS_FUNCTION auto sum_of(const Group& g, int n, Function f) {
  decltype(f(0)) sum{};
  for (int i = static_cast<int>(g.thread_rank()); i < n; i += static_cast<int>(g.num_threads())) sum += f(i);
  return g.sum(sum);
}

/// Asks for n numbers that the group will use soon, where it can ask: they come to the L2 cache while it works on what
/// it has. The threads share them out in runs of 512 bytes.
template <class Group, class T>
MDGPS_FUNCTION void prefetch([[maybe_unused]] const Group& g, [[maybe_unused]] const T* from, [[maybe_unused]] int n) {
  if constexpr (requires { g.prefetch(from, 0); }) {
    constexpr int run = 512 / static_cast<int>(sizeof(T));
    for (int i = static_cast<int>(g.thread_rank()) * run; i < n; i += static_cast<int>(g.num_threads()) * run)
      g.prefetch(from + i, static_cast<int>(sizeof(T)) * (n - i < run ? n - i : run));
  }
}

/// f(0), ..., f(n - 1) with constant arguments: what they index can live in registers.
template <class Function, int... i>
MDGPS_FUNCTION MDGPS_INLINE void unrolled([[maybe_unused]] Function f, std::integer_sequence<int, i...>) {
  (f(std::integral_constant<int, i>{}), ...);
}
template <int n, class Function>
MDGPS_FUNCTION MDGPS_INLINE void unrolled(Function f) {
  unrolled(f, std::make_integer_sequence<int, n>{});
}

/// @name Plain scalars seen as packs of one lane
/// @{
template <class Scalar>
struct ScalarTraits {
  using Element = Scalar;
  using Mask = bool;
  static constexpr int lanes = 1;
};
template <class Scalar>
using Element = typename ScalarTraits<Scalar>::Element;
template <class Scalar>
using Mask = typename ScalarTraits<Scalar>::Mask;
template <class Scalar>
inline constexpr int lane_count = ScalarTraits<Scalar>::lanes;

/// The scalar with half the lanes that takes what needs no more, where that is faster; else the scalar itself.
template <class Scalar>
struct HalfPackOf {
  using Type = Scalar;
};
template <class Scalar>
using HalfPack = typename HalfPackOf<Scalar>::Type;
template <class Scalar>
inline constexpr bool has_half_pack = !std::is_same_v<HalfPack<Scalar>, Scalar>;

MDGPS_FUNCTION double select(bool mask, double a, double b) { return mask ? a : b; }
MDGPS_FUNCTION float select(bool mask, float a, float b) { return mask ? a : b; }
MDGPS_FUNCTION bool any(bool mask) { return mask; }
MDGPS_FUNCTION bool none(bool mask) { return !mask; }
MDGPS_FUNCTION double root(double x) { return ::sqrt(x); }
MDGPS_FUNCTION float root(float x) { return ::sqrtf(x); }
MDGPS_FUNCTION double logarithm(double x) { return ::log(x); }
MDGPS_FUNCTION float logarithm(float x) { return ::logf(x); }
MDGPS_FUNCTION double exponential(double x) { return ::exp(x); }
MDGPS_FUNCTION float exponential(float x) { return ::expf(x); }
/// False for NaN and infinity.
MDGPS_FUNCTION bool finite(double x) { return x - x == 0.0; }
MDGPS_FUNCTION bool finite(float x) { return x - x == 0.0f; }

template <class T>
MDGPS_FUNCTION T& lane(T& x, int) {
  return x;
}
template <class T>
MDGPS_FUNCTION const T& lane(const T& x, int) {
  return x;
}
MDGPS_FUNCTION bool get_lane(bool mask, int) { return mask; }
/// x as a value. A pack that is copied as an object may be kept in memory beside its register.
MDGPS_FUNCTION double value(double x) { return x; }
MDGPS_FUNCTION float value(float x) { return x; }
/// Brings one element of every problem to its lane.
template <class From, class T>
MDGPS_FUNCTION void gather_element(const From* const* from, std::int64_t offset, T& to) {
  to = static_cast<T>(from[0][offset]);
}
/// Moves lane_count elements of every problem between its own memory and lanes.
template <class From, class T>
MDGPS_FUNCTION void gather_lanes(const From* const* from, T* to) {
  *to = static_cast<T>(**from);
}
template <class T, class To>
MDGPS_FUNCTION void scatter_lanes(const T* from, To* const* to) {
  **to = static_cast<To>(*from);
}
/// All lanes of a value from or to elements that lie side by side.
template <class Scalar>
MDGPS_FUNCTION Scalar read_lanes(const Element<Scalar>* from) {
  Scalar value;
  __builtin_memcpy(&value, from, sizeof(value));
  return value;
}
template <class Scalar>
MDGPS_FUNCTION void write_lanes(const Scalar& value, Element<Scalar>* to) {
  __builtin_memcpy(to, &value, sizeof(value));
}
MDGPS_FUNCTION void set_lane(bool& mask, int, bool value) { mask = value; }
/// @}

template <class Scalar>
MDGPS_FUNCTION Scalar maximum(const Scalar& a, const Scalar& b) {
  return select(a > b, a, b);
}

}  // namespace mdgps::kernels::inline MDGPS_TARGET
