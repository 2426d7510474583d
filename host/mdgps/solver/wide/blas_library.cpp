#include "mdgps/solver/wide/blas_library.hpp"

#include <dlfcn.h>

#include <cstdlib>

namespace mdgps::wide {

namespace {

/// The wheels for Python put a prefix before every name.
constexpr const char* prefixes[] = {"", "scipy_"};

template <class Function>
bool find(void* library, const std::string& prefix, const char* name, Function& to) {
  to = reinterpret_cast<Function>(dlsym(library, (prefix + name).c_str()));
  return to != nullptr;
}

template <class Real>
bool find_routines(void* library, const std::string& prefix, const char letter, BlasRoutines<Real>& to) {
  const auto name = [&](const char* routine) { return letter + std::string(routine); };
  return find(library, prefix, name("gemm_").c_str(), to.gemm) &&
         find(library, prefix, name("trsm_").c_str(), to.trsm) &&
         find(library, prefix, name("potrf_").c_str(), to.potrf);
}

}  // namespace

BlasLibrary load_blas(const std::string& file) {
  BlasLibrary result;
  void* const library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    result.reason = dlerror();
    return result;
  }
  for (const char* prefix : prefixes) {
    if (!find_routines(library, prefix, 's', result.single) || !find_routines(library, prefix, 'd', result.twice))
      continue;
    int (*parallel)() = nullptr;
    if (find(library, prefix, "openblas_get_parallel", parallel) && parallel() == 0) {
      result.reason =
          file + " is an OpenBLAS without threads, which two threads cannot call at once: take its pthread build";
      dlclose(library);
      return result;
    }
    void (*set_threads)(int) = nullptr;
    if (find(library, prefix, "openblas_set_num_threads", set_threads)) set_threads(1);
    result.file = file;
    return result;
  }
  result.reason = file + " lacks BLAS's gemm and trsm or LAPACK's potrf";
  dlclose(library);
  return result;
}

const BlasLibrary& blas_library() {
  static const BlasLibrary library = [] {
    const char* const wish = std::getenv("MDGPS_BLAS");
    const std::string file = wish != nullptr ? wish : MDGPS_BLAS_LIBRARY;
    if (!file.empty()) return load_blas(file);
    BlasLibrary none;
    none.reason = "no BLAS library is known";
    return none;
  }();
  return library;
}

}  // namespace mdgps::wide
