# Installation: libraries and headers, the CMake package with a component for each layer, and a pkg-config file for the
# solver. Everything in the tree that is installed finds the rest of it relative to itself, so that it can be moved.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(mdgps_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/mdgps")
# LibTorch and MuJoCo are found where they were at build time. CMake itself leaves out those in the build folder.
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)
set(mdgps_dependency_folders "")
if(LibTorch_ROOT_DIR)
  list(APPEND mdgps_dependency_folders "${LibTorch_ROOT_DIR}/lib")
endif()
if(MuJoCo_LIBRARY)
  cmake_path(GET MuJoCo_LIBRARY PARENT_PATH mujoco_folder)
  list(APPEND mdgps_dependency_folders "${mujoco_folder}")
endif()

# Installs the library mdgps_<name> and its headers as a component. A header whose opening
# comment says "Private to the" is not installed.
function(mdgps_package_layer name)
  set(target mdgps_${name})
  file(GLOB headers CONFIGURE_DEPENDS "host/mdgps/${name}/*.hpp")
  foreach(header IN LISTS headers)
    file(READ "${header}" opening LIMIT 500)
    if(opening MATCHES "Private[ /\n]+to[ /\n]+the")
      list(REMOVE_ITEM headers "${header}")
    endif()
  endforeach()
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/host" FILES ${headers})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name} INSTALL_RPATH "$ORIGIN;${mdgps_dependency_folders}" VERIFY_INTERFACE_HEADER_SETS ON
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  if(name STREQUAL "algorithm")  # programs are written over all of it
    set_target_properties(${target} PROPERTIES CXX_VISIBILITY_PRESET default)
  endif()
  install(TARGETS ${target} EXPORT mdgps_${name} FILE_SET HEADERS)
  install(EXPORT mdgps_${name} NAMESPACE mdgps:: FILE mdgps-${name}.cmake DESTINATION "${mdgps_package_dir}")
endfunction()

# The package as a whole: after all layers, whose dependencies it names.
function(mdgps_package)
  write_basic_package_version_file("${PROJECT_BINARY_DIR}/package/mdgps-config-version.cmake"
                                   VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
  configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/mdgps-config.cmake.in" "${PROJECT_BINARY_DIR}/package/mdgps-config.cmake"
                                INSTALL_DESTINATION "${mdgps_package_dir}" NO_SET_AND_CHECK_MACRO)
  install(FILES "${PROJECT_BINARY_DIR}/package/mdgps-config.cmake" "${PROJECT_BINARY_DIR}/package/mdgps-config-version.cmake"
                "${PROJECT_SOURCE_DIR}/cmake/FindLibTorch.cmake" "${PROJECT_SOURCE_DIR}/cmake/FindMuJoCo.cmake"
          DESTINATION "${mdgps_package_dir}")

  cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" OUTPUT_VARIABLE pkgconfig_to_prefix)
  set(static_libs "")
  if(NOT BUILD_SHARED_LIBS)
    set(static_libs " ${OpenMP_CXX_FLAGS} -ldl")
    if(MDGPS_HAS_CUDA)
      string(APPEND static_libs " -L${CUDAToolkit_LIBRARY_DIR} -lcublas -lcusolver -lcudart_static -ldl -lrt -lpthread")
    endif()
  endif()
  configure_file("${PROJECT_SOURCE_DIR}/cmake/mdgps-solver.pc.in" "${PROJECT_BINARY_DIR}/package/mdgps-solver.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/package/mdgps-solver.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endfunction()
