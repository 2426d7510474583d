# Finds LibTorch's CPU side: the target LibTorch::LibTorch, and LibTorch_FOUND, LibTorch_VERSION, LibTorch_ROOT_DIR.
# It is looked for in LibTorch_ROOT, Torch_DIR and CMAKE_PREFIX_PATH: a LibTorch archive, or what
# `python3 -c "import torch; print(torch.utils.cmake_prefix_path)"` prints.
# LibTorch's own CMake package is not used: that of a CUDA build stops where there is no CUDA Toolkit.
unset(LibTorch_CONFIG_DIR)
find_path(LibTorch_CONFIG_DIR TorchConfig.cmake HINTS "${Torch_DIR}" PATH_SUFFIXES share/cmake/Torch Torch NO_CACHE)
if(LibTorch_CONFIG_DIR)
  get_filename_component(LibTorch_ROOT_DIR "${LibTorch_CONFIG_DIR}/../../.." ABSOLUTE)
  file(STRINGS "${LibTorch_CONFIG_DIR}/TorchConfigVersion.cmake" LibTorch_VERSION REGEX "PACKAGE_VERSION \"" LIMIT_COUNT 1)
  string(REGEX REPLACE ".*\"([^\"]*)\".*" "\\1" LibTorch_VERSION "${LibTorch_VERSION}")
  foreach(name torch_cpu c10)
    if(NOT EXISTS "${LibTorch_ROOT_DIR}/lib/lib${name}.so")
      set(LibTorch_CONFIG_DIR LibTorch_CONFIG_DIR-NOTFOUND)
      set(LibTorch_NOT_FOUND_MESSAGE "LibTorch in ${LibTorch_ROOT_DIR} lacks lib/lib${name}.so: the installation is damaged.")
    endif()
  endforeach()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch REQUIRED_VARS LibTorch_CONFIG_DIR VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "${LibTorch_NOT_FOUND_MESSAGE} Pass -DTorch_DIR=<its folder share/cmake/Torch>.")

if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  add_library(LibTorch::LibTorch INTERFACE IMPORTED)
  target_include_directories(LibTorch::LibTorch SYSTEM INTERFACE
    "${LibTorch_ROOT_DIR}/include" "${LibTorch_ROOT_DIR}/include/torch/csrc/api/include")
  foreach(name torch_cpu c10)
    add_library(LibTorch::${name} SHARED IMPORTED)
    set_target_properties(LibTorch::${name} PROPERTIES IMPORTED_LOCATION "${LibTorch_ROOT_DIR}/lib/lib${name}.so")
    target_link_libraries(LibTorch::LibTorch INTERFACE LibTorch::${name})
  endforeach()
endif()
