# MDGPS_BLAS_LIBRARY: the shared library with BLAS and LAPACK that the solver's wide path loads when it first runs on the
# CPU. It is not linked (host/mdgps/solver/wide/blas_library.hpp says why), and may be missing. Where tests or benchmarks
# are built, an OpenBLAS that the system lacks is fetched.
find_library(MDGPS_BLAS_LIBRARY NAMES openblas libopenblas.so.0 PATH_SUFFIXES openblas-pthread openblas-openmp
             DOC "Shared library with BLAS and LAPACK")
set(mdgps_blas_library "${MDGPS_BLAS_LIBRARY}")
if(NOT mdgps_blas_library)
  set(mdgps_blas_library "")
  if(MDGPS_BUILD_TESTS OR MDGPS_BUILD_BENCHMARKS)
    mdgps_provision_wheels(OpenBLAS "${PROJECT_SOURCE_DIR}/cmake/packages/openblas.txt" "8 MB"
      "Or install OpenBLAS (Debian, Ubuntu: apt install libopenblas0-pthread) or pass -DMDGPS_BLAS_LIBRARY=<file>." openblas_site)
    set(mdgps_blas_library "${openblas_site}/scipy_openblas32/lib/libscipy_openblas.so")
  endif()
endif()
if(mdgps_blas_library)
  message(STATUS "mdgps: BLAS ${mdgps_blas_library}")
endif()
set_source_files_properties(host/mdgps/solver/wide/blas_library.cpp PROPERTIES
  COMPILE_DEFINITIONS "MDGPS_BLAS_LIBRARY=\"${mdgps_blas_library}\"")
