# MuJoCo::MuJoCo: an installation (cmake/FindMuJoCo.cmake says where it is looked for), else the pinned wheel.
find_package(MuJoCo QUIET)
if(NOT MuJoCo_FOUND)
  mdgps_provision_wheels(MuJoCo "${PROJECT_SOURCE_DIR}/cmake/packages/mujoco.txt" "10 MB"
    "Or install MuJoCo 4.0 and pass -Dmujoco_DIR=<its folder lib/cmake/mujoco>." mujoco_site)
  set(MuJoCo_ROOT "${mujoco_site}/mujoco")
  find_package(MuJoCo QUIET)
  if(NOT MuJoCo_FOUND)
    message(FATAL_ERROR "MuJoCo in ${mujoco_site} lacks its library: the folder is damaged. Remove it and configure again.")
  endif()
endif()
set(MDGPS_MUJOCO_VERSION "${MuJoCo_VERSION}")
message(STATUS "mdgps: MuJoCo ${MuJoCo_VERSION}")
