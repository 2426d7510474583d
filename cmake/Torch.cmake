# LibTorch::LibTorch: an installation (cmake/FindLibTorch.cmake says where it is looked for), else the pinned wheel.
find_package(LibTorch QUIET)
if(NOT LibTorch_FOUND)
  mdgps_provision_wheels(LibTorch "${PROJECT_SOURCE_DIR}/cmake/packages/libtorch.txt"
    "about 530 MB, a minute or so; 1.2 GB on disk"
    "Or install LibTorch 2.11 and pass -DTorch_DIR=<its folder share/cmake/Torch>." torch_site)
  set(LibTorch_ROOT "${torch_site}/torch")
  find_package(LibTorch REQUIRED QUIET)
endif()
if(LibTorch_VERSION MATCHES "^[0-9]" AND LibTorch_VERSION VERSION_LESS 2.7)
  message(FATAL_ERROR "LibTorch ${LibTorch_VERSION} in ${LibTorch_ROOT_DIR} is too old (2.7 or later is needed). Name another "
                      "by -DTorch_DIR, or leave it out of CMAKE_PREFIX_PATH to have mdgps fetch one.")
endif()
if(MDGPS_HAS_CUDA)
  # How the training's graph reaches LibTorch's stream.
  file(STRINGS "${LibTorch_ROOT_DIR}/include/c10/core/impl/VirtualGuardImpl.h" stream_handle REGEX "getStreamNativeHandle")
  if(NOT stream_handle)
    message(FATAL_ERROR "LibTorch ${LibTorch_VERSION} in ${LibTorch_ROOT_DIR} is too old to train on a GPU (2.11 is what mdgps is tested "
                        "with). Name another by -DTorch_DIR, or build without CUDA: -DMDGPS_CUDA=OFF.")
  endif()
endif()
set(MDGPS_TORCH_VERSION "${LibTorch_VERSION}")
message(STATUS "mdgps: LibTorch ${LibTorch_VERSION} in ${LibTorch_ROOT_DIR}")
