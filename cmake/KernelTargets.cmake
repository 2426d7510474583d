include(CheckCXXCompilerFlag)

# Compiles <folder>/*.target.cpp once per instruction set, and by nvcc for a GPU unless a third argument is CPU, and
# adds the objects to `target`.
#
# MDGPS_TARGET is the namespace that a variant lives in (portable, avx2, avx512, cuda); MDGPS_X86_TARGETS tells the
# dispatcher that the x86 variants exist. With MDGPS_NATIVE the portable variant is the only one and has all that this
# machine's processor has. A variant's file must not define anything outside that namespace: an inline
# function compiled with -mavx512f could otherwise be the copy that the linker keeps for everyone.
function(mdgps_add_targets_of_kernels target folder)
  file(GLOB sources CONFIGURE_DEPENDS "${folder}/*.target.cpp")
  if(NOT sources)
    return()
  endif()

  set(instruction_sets portable)
  set(flags_portable "")
  if(MDGPS_NATIVE)
    check_cxx_compiler_flag(-march=native MDGPS_HAS_MARCH_NATIVE)
    if(MDGPS_HAS_MARCH_NATIVE)
      # Tuned for some processors, GCC fuses fewer multiply-adds, and other ones in packs than by rows, whose bytes are
      # to be the same.
      set(flags_portable -march=native -mtune=generic)
    endif()
    target_compile_definitions(${target} PRIVATE MDGPS_NATIVE=1)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$" AND CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
    list(APPEND instruction_sets avx2 avx512)
    target_compile_definitions(${target} PRIVATE MDGPS_X86_TARGETS=1)
  endif()
  set(compiled_sizes "")
  foreach(size IN LISTS MDGPS_COMPILED_SIZES)
    if(NOT size MATCHES "^[1-9][0-9]*,[1-9][0-9]*$")
      message(FATAL_ERROR "MDGPS_COMPILED_SIZES: '${size}' is not a size n,m; give a list like 6,2;10,2")
    endif()
    string(APPEND compiled_sizes "{${size}},")
  endforeach()
  set(flags_avx2 -mavx2 -mfma)
  set(flags_avx512 -mavx512f -mavx512dq -mavx512vl -mfma -mprefer-vector-width=512)

  foreach(instruction_set IN LISTS instruction_sets)
    set(sizes "${compiled_sizes}")
    if(instruction_set STREQUAL portable AND NOT MDGPS_NATIVE)
      set(sizes "")
    endif()
    set(objects ${target}_${instruction_set})
    add_library(${objects} OBJECT ${sources})
    target_include_directories(${objects} PRIVATE "${PROJECT_SOURCE_DIR}/host" "${PROJECT_SOURCE_DIR}")
    target_compile_definitions(${objects} PRIVATE MDGPS_TARGET=${instruction_set}
                               "MDGPS_COMPILED_SIZES=${sizes}" $<TARGET_PROPERTY:${target},COMPILE_DEFINITIONS>)
    if(sizes)
      target_compile_definitions(${objects} PRIVATE MDGPS_HAS_COMPILED_SIZES)
    endif()
    # Packs never cross a binary interface, so GCC's note on their passing is void. Without errno and traps a square
    # root of a pack is one instruction.
    target_compile_options(${objects} PRIVATE
      $<IF:$<OR:$<CONFIG:Debug>,$<BOOL:${MDGPS_SANITIZE}>>,-O1,-O3>
      -Wno-psabi -fno-math-errno -fno-trapping-math -ffp-contract=fast ${flags_${instruction_set}})
    target_link_libraries(${objects} PRIVATE mdgps_build_settings mdgps_openmp)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
  endforeach()

  if(MDGPS_HAS_CUDA AND NOT "CPU" IN_LIST ARGN)
    # A source file has one language: for nvcc each is included by a file of its own.
    set(cuda_sources)
    foreach(source IN LISTS sources)
      cmake_path(GET source STEM name)
      set(cuda_source "${PROJECT_BINARY_DIR}/cuda/${name}.cu")
      file(CONFIGURE OUTPUT "${cuda_source}" CONTENT "#include \"${source}\"\n" @ONLY)
      list(APPEND cuda_sources "${cuda_source}")
    endforeach()
    set(objects ${target}_cuda)
    add_library(${objects} OBJECT ${cuda_sources})
    target_include_directories(${objects} PRIVATE "${PROJECT_SOURCE_DIR}/host" "${PROJECT_SOURCE_DIR}")
    target_compile_definitions(${objects} PRIVATE MDGPS_TARGET=cuda)
    # What ptxas says of registers and spills is kept for the table that cmake/ptxas_report.py prints.
    target_compile_options(${objects} PRIVATE -Xptxas=-v)
    set_property(TARGET ${objects} PROPERTY RULE_LAUNCH_COMPILE
      "${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/cmake/ptxas_report.py record <OBJECT>")
    target_link_libraries(${objects} PRIVATE mdgps_build_settings)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
  endif()
endfunction()
