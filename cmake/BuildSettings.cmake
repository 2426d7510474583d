# Compiler and linker settings of mdgps's own targets: link PRIVATE to mdgps_build_settings.
include(CheckLinkerFlag)

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)  # what a shared library shows is marked MDGPS_API
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

add_library(mdgps_build_settings INTERFACE)
target_compile_options(mdgps_build_settings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra>)

# LLVM's linker takes a fraction of the time on LibTorch's large libraries.
check_linker_flag(CXX -fuse-ld=lld MDGPS_HAS_LLD)
if(MDGPS_HAS_LLD)
  add_link_options(-fuse-ld=lld)
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

# By flag rather than by library path: LibTorch brings an OpenMP runtime of the same name, and CMake would warn of the two.
add_library(mdgps_openmp INTERFACE)
find_package(OpenMP REQUIRED COMPONENTS CXX)
target_link_options(mdgps_openmp INTERFACE ${OpenMP_CXX_FLAGS})
# GCC's runtime is not instrumented, so that ThreadSanitizer would report every parallel loop as a race: those builds run
# the loops on one thread, and look for races inside the kernels with groups of real threads.
if(MDGPS_SANITIZE STREQUAL "thread")
  target_compile_options(mdgps_openmp INTERFACE -Wno-unknown-pragmas)
else()
  target_compile_options(mdgps_openmp INTERFACE $<$<COMPILE_LANGUAGE:CXX>:${OpenMP_CXX_FLAGS}>)
endif()

if(MDGPS_SANITIZE STREQUAL "address")
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fsanitize=address,undefined>
                      $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize-recover=undefined>
                      # These double the time to compile; a bad access that follows is found all the same.
                      $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize=null,object-size,pointer-overflow,vptr>)
  add_link_options(-fsanitize=address,undefined)
elseif(MDGPS_SANITIZE STREQUAL "thread")
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fsanitize=thread>)
  add_link_options(-fsanitize=thread)
elseif(MDGPS_SANITIZE)
  message(FATAL_ERROR "MDGPS_SANITIZE is '${MDGPS_SANITIZE}'; set it to address, thread or nothing.")
endif()
