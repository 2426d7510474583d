# Compiles <folder>/*.simd.cpp once per instruction set and adds the objects to `target`.
#
# MDGPS_TARGET is the namespace that a variant lives in (portable, avx2, avx512); MDGPS_X86_TARGETS tells the dispatcher
# that the x86 variants exist. A variant's file must not define anything outside that namespace: an inline function
# compiled with -mavx512f could otherwise be the copy that the linker keeps for everyone.
function(mdgps_add_instruction_sets target folder)
  file(GLOB sources CONFIGURE_DEPENDS "${folder}/*.simd.cpp")
  if(NOT sources)
    return()
  endif()

  set(instruction_sets portable)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$" AND CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
    list(APPEND instruction_sets avx2 avx512)
    target_compile_definitions(${target} PRIVATE MDGPS_X86_TARGETS=1)
  endif()
  set(flags_portable "")
  set(flags_avx2 -mavx2 -mfma)
  set(flags_avx512 -mavx512f -mavx512dq -mavx512vl -mfma -mprefer-vector-width=512)

  foreach(instruction_set IN LISTS instruction_sets)
    set(objects ${target}_${instruction_set})
    add_library(${objects} OBJECT ${sources})
    target_include_directories(${objects} PRIVATE "${PROJECT_SOURCE_DIR}/host" "${PROJECT_SOURCE_DIR}")
    target_compile_definitions(${objects} PRIVATE MDGPS_TARGET=${instruction_set}
                               $<TARGET_PROPERTY:${target},COMPILE_DEFINITIONS>)
    # Packs never cross a binary interface, so GCC's note on their passing is void. Without errno and traps a square
    # root of a pack is one instruction.
    target_compile_options(${objects} PRIVATE
      $<IF:$<OR:$<CONFIG:Debug>,$<BOOL:${MDGPS_SANITIZE}>>,-O1,-O3>
      -Wno-psabi -fno-math-errno -fno-trapping-math -ffp-contract=fast ${flags_${instruction_set}})
    target_link_libraries(${objects} PRIVATE mdgps_build_settings mdgps_openmp)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
  endforeach()
endfunction()
