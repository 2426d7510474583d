# Installs a build of mdgps, moves the installed tree, and builds and runs this folder's programs against it.
#   cmake -DBUILD=<build folder> -DCXX=<compiler> -DWORK=<folder to work in> -P check.cmake
set(here "${CMAKE_CURRENT_LIST_DIR}")
set(installed "${WORK}/installed")
set(tree "${WORK}/moved")
function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE "${WORK}")
run(${CMAKE_COMMAND} --install "${BUILD}" --prefix "${installed}")
file(RENAME "${installed}" "${tree}")

# Nothing in the package may remember where it was built or installed.
file(GLOB_RECURSE texts "${tree}/*.cmake" "${tree}/*.pc" "${tree}/*.hpp")
foreach(text IN LISTS texts)
  file(READ "${text}" content)
  string(REPLACE "${BUILD}/dependencies" "" content "${content}")  # LibTorch and MuJoCo stay where they are
  foreach(place "${installed}" "${BUILD}/" "${here}")
    string(FIND "${content}" "${place}" at)
    if(at GREATER -1)
      message(FATAL_ERROR "${text} names ${place}")
    endif()
  endforeach()
endforeach()
file(GLOB_RECURSE private "${tree}/include/*kernels*" "${tree}/include/*validate.hpp" "${tree}/include/*tensor_view.hpp")
if(private)
  message(FATAL_ERROR "Private headers are installed: ${private}")
endif()

function(build_consumer name)
  run(${CMAKE_COMMAND} -S "${here}" -B "${WORK}/${name}" -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_BUILD_TYPE=Release
      "-DCMAKE_PREFIX_PATH=${tree}" ${ARGN})
  run(${CMAKE_COMMAND} --build "${WORK}/${name}")
  run("${WORK}/${name}/solve")
endfunction()

# The solver needs neither LibTorch nor MuJoCo.
build_consumer(solver -DCMAKE_DISABLE_FIND_PACKAGE_LibTorch=ON -DCMAKE_DISABLE_FIND_PACKAGE_MuJoCo=ON)

if(EXISTS "${tree}/bin/mdgps")
  run("${tree}/bin/mdgps" tasks)
  build_consumer(all -DALL_COMPONENTS=ON)
  run("${WORK}/all/imitate" "${tree}/share/mdgps/tasks/obstacle/task.toml")
endif()

find_program(pkg_config NAMES pkg-config pkgconf)
if(pkg_config)
  file(GLOB_RECURSE pc_file "${tree}/*/mdgps-solver.pc")
  cmake_path(GET pc_file PARENT_PATH pc_folder)
  execute_process(COMMAND ${CMAKE_COMMAND} -E env "PKG_CONFIG_PATH=${pc_folder}" ${pkg_config} --cflags --libs mdgps-solver
                  OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(flags)
  cmake_path(GET pc_folder PARENT_PATH library_folder)
  run(${CXX} -std=c++20 -O2 "${here}/solve.cpp" ${flags} "-Wl,-rpath,${library_folder}" -o "${WORK}/solve_by_pkg_config")
  run("${WORK}/solve_by_pkg_config")
else()
  message("pkg-config is not installed: the pkg-config file is not tried")
endif()
file(REMOVE_RECURSE "${WORK}")
