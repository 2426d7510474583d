# Sets MDGPS_HAS_CUDA and enables the CUDA language, as MDGPS_CUDA asks.
set(MDGPS_HAS_CUDA OFF)
if(NOT MDGPS_CUDA MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "MDGPS_CUDA is '${MDGPS_CUDA}'; set it to AUTO, ON or OFF.")
endif()
if(MDGPS_CUDA STREQUAL "OFF")
  return()
endif()

if(NOT CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES "80;90" CACHE STRING "GPU architectures to compile for")
endif()
if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
  # The toolkit's installer does not put nvcc on the PATH.
  find_program(MDGPS_NVCC nvcc HINTS ENV CUDA_PATH PATHS /usr/local/cuda PATH_SUFFIXES bin)
  if(MDGPS_NVCC)
    set(CMAKE_CUDA_COMPILER "${MDGPS_NVCC}")
  endif()
endif()

include(CheckLanguage)
if(NOT CMAKE_CUDA_COMPILER)
  check_language(CUDA)
endif()
if(NOT CMAKE_CUDA_COMPILER)
  if(MDGPS_CUDA STREQUAL "ON")
    message(FATAL_ERROR "MDGPS_CUDA is ON, but no CUDA compiler was found. Install the CUDA Toolkit (13.0 is what mdgps is "
                        "tested with), pass -DCMAKE_CUDA_COMPILER=<path of nvcc>, or build without: -DMDGPS_CUDA=OFF.")
  endif()
  message(STATUS "mdgps: no CUDA compiler found, building the CPU side only (MDGPS_CUDA=AUTO)")
  return()
endif()

enable_language(CUDA)
# Linked statically so that the program starts on a machine without a GPU or its driver.
set(CMAKE_CUDA_RUNTIME_LIBRARY Static)
if(NOT DEFINED CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 does not know that nvcc has C++20
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
endif()
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
# 554: a conversion to itself that a requires-clause excludes (views of constants) is no mistake.
target_compile_options(mdgps_build_settings INTERFACE
  "$<$<COMPILE_LANGUAGE:CUDA>:-Werror=all-warnings;--diag-suppress=554;--expt-relaxed-constexpr>")
find_package(Python3 REQUIRED COMPONENTS Interpreter)  # for ptxas_report.py
find_package(CUDAToolkit REQUIRED)  # the runtime, for tests and benchmarks, and the libraries of the wide path
if(NOT TARGET CUDA::cublas OR NOT TARGET CUDA::cusolver)
  message(FATAL_ERROR "The CUDA Toolkit in ${CUDAToolkit_LIBRARY_DIR} lacks cuBLAS or cuSOLVER. Install them (they are part of the "
                      "toolkit's installer), or build without CUDA: -DMDGPS_CUDA=OFF.")
endif()
# The back end of the wide path hands lambdas to kernels.
set_source_files_properties(host/mdgps/solver/wide/on_cublas.cu PROPERTIES COMPILE_OPTIONS --extended-lambda)
set(MDGPS_HAS_CUDA ON)
target_compile_definitions(mdgps_build_settings INTERFACE MDGPS_HAS_CUDA=1)
message(STATUS "mdgps: CUDA ${CMAKE_CUDA_COMPILER_VERSION}, architectures ${CMAKE_CUDA_ARCHITECTURES}")
