# Finds MuJoCo: the target MuJoCo::MuJoCo, and MuJoCo_FOUND, MuJoCo_VERSION, MuJoCo_ROOT_DIR.
# It is looked for as MuJoCo's own CMake package (mujoco_DIR, CMAKE_PREFIX_PATH), and in MuJoCo_ROOT, a folder with
# include/ and the library: what MuJoCo's archive and its wheel unpack to.
find_package(mujoco CONFIG QUIET)
unset(MuJoCo_LIBRARY)
if(mujoco_FOUND)
  set(MuJoCo_VERSION "${mujoco_VERSION}")
  get_filename_component(MuJoCo_ROOT_DIR "${mujoco_DIR}/../../.." ABSOLUTE)
  set(MuJoCo_LIBRARY mujoco::mujoco)
else()
  unset(MuJoCo_INCLUDE_DIR)
  find_path(MuJoCo_INCLUDE_DIR mujoco/mujoco.h NO_CACHE)
  if(MuJoCo_INCLUDE_DIR)
    get_filename_component(MuJoCo_ROOT_DIR "${MuJoCo_INCLUDE_DIR}/.." ABSOLUTE)
    file(GLOB MuJoCo_LIBRARY "${MuJoCo_ROOT_DIR}/libmujoco.so.*" "${MuJoCo_ROOT_DIR}/lib/libmujoco.so.*")  # no bare link in a wheel
    string(REGEX REPLACE ".*libmujoco\\.so\\." "" MuJoCo_VERSION "${MuJoCo_LIBRARY}")
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(MuJoCo REQUIRED_VARS MuJoCo_LIBRARY VERSION_VAR MuJoCo_VERSION
  REASON_FAILURE_MESSAGE "Pass -Dmujoco_DIR=<its folder lib/cmake/mujoco> or -DMuJoCo_ROOT=<where it was unpacked>.")

if(MuJoCo_FOUND AND NOT TARGET MuJoCo::MuJoCo)
  if(mujoco_FOUND)
    add_library(MuJoCo::MuJoCo INTERFACE IMPORTED)
    target_link_libraries(MuJoCo::MuJoCo INTERFACE mujoco::mujoco)
  else()
    add_library(MuJoCo::MuJoCo SHARED IMPORTED)
    set_target_properties(MuJoCo::MuJoCo PROPERTIES
      IMPORTED_LOCATION "${MuJoCo_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${MuJoCo_INCLUDE_DIR}")
  endif()
endif()
