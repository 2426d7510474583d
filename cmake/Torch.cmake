# mdgps_torch: LibTorch's CPU side. An installation is taken from Torch_DIR or CMAKE_PREFIX_PATH (a LibTorch archive, or
# what `python3 -c "import torch; print(torch.utils.cmake_prefix_path)"` prints); else the pinned wheel is fetched.
# Its own CMake package is not used: that of a CUDA build stops where there is no CUDA Toolkit.
find_path(torch_config_dir TorchConfig.cmake HINTS "${Torch_DIR}" PATH_SUFFIXES share/cmake/Torch Torch NO_CACHE)
if(torch_config_dir)
  cmake_path(SET torch_root NORMALIZE "${torch_config_dir}/../../..")
else()
  mdgps_provision_wheels(LibTorch "${PROJECT_SOURCE_DIR}/cmake/packages/libtorch.txt"
    "about 530 MB, a minute or so; 1.2 GB on disk"
    "Or install LibTorch 2.11 and pass -DTorch_DIR=<its folder share/cmake/Torch>." torch_site)
  set(torch_root "${torch_site}/torch")
endif()

set(MDGPS_TORCH_VERSION "unknown")
if(EXISTS "${torch_root}/share/cmake/Torch/TorchConfigVersion.cmake")
  file(STRINGS "${torch_root}/share/cmake/Torch/TorchConfigVersion.cmake" version_line REGEX "PACKAGE_VERSION \"" LIMIT_COUNT 1)
  string(REGEX REPLACE ".*\"([^\"]*)\".*" "\\1" MDGPS_TORCH_VERSION "${version_line}")
endif()
if(MDGPS_TORCH_VERSION MATCHES "^[0-9]" AND MDGPS_TORCH_VERSION VERSION_LESS 2.7)
  message(FATAL_ERROR "LibTorch ${MDGPS_TORCH_VERSION} in ${torch_root} is too old (2.7 or later is needed). Name another by "
                      "-DTorch_DIR, or leave it out of CMAKE_PREFIX_PATH to have mdgps fetch one.")
endif()

add_library(mdgps_torch INTERFACE)
target_include_directories(mdgps_torch SYSTEM INTERFACE "${torch_root}/include" "${torch_root}/include/torch/csrc/api/include")
foreach(name torch_cpu c10)
  if(NOT EXISTS "${torch_root}/lib/lib${name}.so")
    message(FATAL_ERROR "LibTorch in ${torch_root} lacks lib/lib${name}.so: the installation is damaged. Remove that folder "
                        "and configure again.")
  endif()
  add_library(mdgps_${name} SHARED IMPORTED)
  set_target_properties(mdgps_${name} PROPERTIES IMPORTED_LOCATION "${torch_root}/lib/lib${name}.so")
  target_link_libraries(mdgps_torch INTERFACE mdgps_${name})
endforeach()
message(STATUS "mdgps: LibTorch ${MDGPS_TORCH_VERSION} in ${torch_root}")
