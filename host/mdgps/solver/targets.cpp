#include "mdgps/solver/targets.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace mdgps {

namespace {

Target widest() {
#if defined(MDGPS_X86_TARGETS)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return Target::avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Target::avx2;
#endif
  return Target::portable;
}

Target chosen() {
  const char* variable = std::getenv("MDGPS_TARGET");
  const std::string_view wish = variable == nullptr ? "" : variable;
  const Target limit = wish == "portable" ? Target::portable : wish == "avx2" ? Target::avx2 : Target::avx512;
  return std::min(widest(), limit);
}

}  // namespace

Target cpu_target() {
  static const Target target = chosen();
  return target;
}

Target target_of(Device device) {
  if (device.kind == Device::Kind::cpu) return cpu_target();
#if defined(MDGPS_HAS_CUDA)
  return Target::cuda;
#else
  throw std::invalid_argument("this mdgps was built without CUDA: build it with -DMDGPS_CUDA=ON, or pass host memory");
#endif
}

std::string_view to_string(Target target) {
  switch (target) {
    case Target::portable:
#if defined(MDGPS_NATIVE)
      return "native";
#else
      return "portable";
#endif
    case Target::avx2:
      return "avx2";
    case Target::avx512:
      return "avx512";
    case Target::cuda:
      return "cuda";
  }
  return "?";
}

}  // namespace mdgps
