# mdgps_mujoco: an installed MuJoCo (mujoco_DIR or CMAKE_PREFIX_PATH), else the pinned wheel.
add_library(mdgps_mujoco INTERFACE)
find_package(mujoco CONFIG QUIET)
if(mujoco_FOUND)
  target_link_libraries(mdgps_mujoco INTERFACE mujoco::mujoco)
  set(MDGPS_MUJOCO_VERSION "${mujoco_VERSION}")
else()
  mdgps_provision_wheels(MuJoCo "${PROJECT_SOURCE_DIR}/cmake/packages/mujoco.txt" "10 MB"
    "Or install MuJoCo 4.0 and pass -Dmujoco_DIR=<its folder lib/cmake/mujoco>." mujoco_site)
  file(GLOB mujoco_library "${mujoco_site}/mujoco/libmujoco.so.*")  # the wheel has no unversioned link
  if(NOT mujoco_library)
    message(FATAL_ERROR "MuJoCo in ${mujoco_site} lacks its library: the folder is damaged. Remove it and configure again.")
  endif()
  string(REGEX REPLACE ".*libmujoco\\.so\\." "" MDGPS_MUJOCO_VERSION "${mujoco_library}")
  add_library(mdgps_mujoco_library SHARED IMPORTED)
  set_target_properties(mdgps_mujoco_library PROPERTIES
    IMPORTED_LOCATION "${mujoco_library}" INTERFACE_INCLUDE_DIRECTORIES "${mujoco_site}/mujoco/include")
  target_link_libraries(mdgps_mujoco INTERFACE mdgps_mujoco_library)
endif()
message(STATUS "mdgps: MuJoCo ${MDGPS_MUJOCO_VERSION}")
