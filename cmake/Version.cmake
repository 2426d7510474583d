# mdgps_version: link it to include <mdgps/version.hpp>, which says what was built and with what.
# The header is refreshed at every build and touched only when it changes, so that the commit in it is never stale.
set(version_header "${PROJECT_BINARY_DIR}/generated/mdgps/version.hpp")
string(CONCAT compiler "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
if(MDGPS_HAS_CUDA)
  set(cuda_version "${CMAKE_CUDA_COMPILER_VERSION}")
else()
  set(cuda_version "")
endif()
find_package(Git QUIET)
add_custom_target(mdgps_version_header
  COMMAND ${CMAKE_COMMAND}
    "-DTEMPLATE=${PROJECT_SOURCE_DIR}/cmake/version.hpp.in" "-DOUTPUT=${version_header}"
    "-DSOURCE_DIR=${PROJECT_SOURCE_DIR}" "-DGIT=${GIT_EXECUTABLE}"
    "-DVERSION=${PROJECT_VERSION}" "-DCOMPILER=${compiler}" "-DBUILD_TYPE=${CMAKE_BUILD_TYPE}"
    "-DCUDA_VERSION=${cuda_version}" "-DTORCH_VERSION=${MDGPS_TORCH_VERSION}" "-DMUJOCO_VERSION=${MDGPS_MUJOCO_VERSION}"
    -P "${PROJECT_SOURCE_DIR}/cmake/write_version.cmake"
  BYPRODUCTS "${version_header}"
  COMMENT "Checking the version header"
  VERBATIM)

add_library(mdgps_version INTERFACE)
target_include_directories(mdgps_version INTERFACE "${PROJECT_BINARY_DIR}/generated")
add_dependencies(mdgps_version mdgps_version_header)
