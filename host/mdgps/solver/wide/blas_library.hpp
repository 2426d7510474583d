#pragma once
/// BLAS and LAPACK from a shared library that is loaded when the wide path first runs. Linked, it would share its
/// symbols with the BLAS inside LibTorch, and each might call the other's. Private to the solver.

#include <string>

#include "mdgps/solver/export.hpp"

namespace mdgps::wide {

/// The routines that the wide path calls, in Fortran's way: everything by address, matrices by columns.
template <class Real>
struct BlasRoutines {
  using Gemm = void (*)(const char*, const char*, const int*, const int*, const int*, const Real*, const Real*,
                        const int*, const Real*, const int*, const Real*, Real*, const int*);
  using Trsm = void (*)(const char*, const char*, const char*, const char*, const int*, const int*, const Real*,
                        const Real*, const int*, Real*, const int*);
  using Potrf = void (*)(const char*, const int*, Real*, const int*, int*);

  Gemm gemm = nullptr;
  Trsm trsm = nullptr;
  Potrf potrf = nullptr;
};

struct BlasLibrary {
  std::string file;    ///< what was loaded; empty where there is none
  std::string reason;  ///< why there is none
  BlasRoutines<float> single;
  BlasRoutines<double> twice;

  explicit operator bool() const { return !file.empty(); }
  template <class Real>
  const BlasRoutines<Real>& routines() const;
};
template <>
inline const BlasRoutines<float>& BlasLibrary::routines<float>() const {
  return single;
}
template <>
inline const BlasRoutines<double>& BlasLibrary::routines<double>() const {
  return twice;
}

/// Loads a library. An OpenBLAS built without threads is refused, as it shares its memory among callers; another is set
/// to one thread: the wide path runs its own, and its results must not depend on
/// their number.
MDGPS_API BlasLibrary load_blas(const std::string& file);
/// The library of this process: the environment variable MDGPS_BLAS names a file ("" for none), else it is the one that
/// was found when mdgps was configured.
MDGPS_API const BlasLibrary& blas_library();

}  // namespace mdgps::wide
