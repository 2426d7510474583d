#pragma once
/// Instruction sets: each `*.simd.cpp` is compiled once per set, and the widest one this machine has is called.
/// Private to the solver.

#include <cstddef>
#include <string_view>

namespace mdgps {

enum class Target { portable, avx2, avx512 };

/// The widest instruction set that this processor and this build have. The environment variable MDGPS_TARGET
/// (portable, avx2, avx512) can ask for a narrower one.
Target cpu_target();
std::string_view to_string(Target target);

// Declares a function template once per instruction set; instantiations are in the *.simd.cpp files.
// Calls the copy of the machine's instruction set.
#if defined(MDGPS_X86_TARGETS)
#define MDGPS_DECLARE_FOR_TARGETS(...) \
  namespace portable {                 \
  __VA_ARGS__                          \
  }                                    \
  namespace avx2 {                     \
  __VA_ARGS__                          \
  }                                    \
  namespace avx512 {                   \
  __VA_ARGS__                          \
  }
#define MDGPS_CALL_TARGET(function, ...)                                                     \
  (::mdgps::cpu_target() == ::mdgps::Target::avx512 ? ::mdgps::avx512::function(__VA_ARGS__) \
   : ::mdgps::cpu_target() == ::mdgps::Target::avx2 ? ::mdgps::avx2::function(__VA_ARGS__)   \
                                                    : ::mdgps::portable::function(__VA_ARGS__))
#else
#define MDGPS_DECLARE_FOR_TARGETS(...) \
  namespace portable {                 \
  __VA_ARGS__                          \
  }
#define MDGPS_CALL_TARGET(function, ...) ::mdgps::portable::function(__VA_ARGS__)
#endif

}  // namespace mdgps
