#pragma once
/// What a *.target.cpp file is compiled for: each instruction set of the CPU, of which the widest that this machine has
/// is called, and a GPU. Private to mdgps.

#include <cstddef>
#include <string_view>

#include "mdgps/solver/export.hpp"
#include "mdgps/solver/view.hpp"

namespace mdgps {

enum class Target { portable, avx2, avx512, cuda };

/// The widest instruction set that this processor and this build have. The environment variable MDGPS_TARGET
/// (portable, avx2, avx512) can ask for a narrower one.
MDGPS_API Target cpu_target();
/// What runs an operation on memory of this device. Throws std::invalid_argument for a GPU in a build without CUDA.
MDGPS_API Target target_of(Device device);
MDGPS_API std::string_view to_string(Target target);

/// Bytes of workspace without which an operation cannot run, and with which all threads or blocks run at once.
struct WorkspaceNeeds {
  std::size_t least, best;
};

// MDGPS_DECLARE_FOR_TARGETS declares a function template once per target; instantiations are in the *.target.cpp files.
// MDGPS_CALL_TARGET calls the copy for a device.
#if defined(MDGPS_HAS_CUDA)
#define MDGPS_DECLARE_FOR_CUDA(...) \
  namespace cuda {                  \
  __VA_ARGS__                       \
  }
#define MDGPS_CALL_CUDA_OR(other, target, function, ...) \
  ((target) == ::mdgps::Target::cuda ? ::mdgps::cuda::function(__VA_ARGS__) : (other))
#else
#define MDGPS_DECLARE_FOR_CUDA(...)
#define MDGPS_CALL_CUDA_OR(other, target, function, ...) (other)
#endif
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
  }                                    \
  MDGPS_DECLARE_FOR_CUDA(__VA_ARGS__)
#define MDGPS_CALL_CPU(target, function, ...)                                   \
  ((target) == ::mdgps::Target::avx512 ? ::mdgps::avx512::function(__VA_ARGS__) \
   : (target) == ::mdgps::Target::avx2 ? ::mdgps::avx2::function(__VA_ARGS__)   \
                                       : ::mdgps::portable::function(__VA_ARGS__))
#else
#define MDGPS_DECLARE_FOR_TARGETS(...) \
  namespace portable {                 \
  __VA_ARGS__                          \
  }                                    \
  MDGPS_DECLARE_FOR_CUDA(__VA_ARGS__)
#define MDGPS_CALL_CPU(target, function, ...) ::mdgps::portable::function(__VA_ARGS__)
#endif
#define MDGPS_CALL_TARGET(device, function, ...)                                                                    \
  MDGPS_CALL_CUDA_OR(MDGPS_CALL_CPU(::mdgps::target_of(device), function, __VA_ARGS__), ::mdgps::target_of(device), \
                     function, __VA_ARGS__)

}  // namespace mdgps
