# The target `docs`: reference pages of the headers that are installed, by Doxygen, in docs/html of the build folder.
# A warning of Doxygen's fails it. Where Doxygen is missing, so is the target.
find_package(Doxygen QUIET)
if(NOT DOXYGEN_FOUND)
  return()
endif()

set(documented_headers "")
foreach(layer solver learning simulation algorithm)
  if(TARGET mdgps_${layer})
    get_target_property(headers mdgps_${layer} HEADER_SET)
    list(APPEND documented_headers ${headers})
  endif()
endforeach()

set(DOXYGEN_PROJECT_NAME mdgps)
set(DOXYGEN_PROJECT_BRIEF "${PROJECT_DESCRIPTION}")
set(DOXYGEN_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/docs")
set(DOXYGEN_STRIP_FROM_PATH "${PROJECT_SOURCE_DIR}/host")
set(DOXYGEN_STRIP_FROM_INC_PATH "${PROJECT_SOURCE_DIR}/host")
set(DOXYGEN_JAVADOC_AUTOBRIEF YES)  # the first sentence is the summary
set(DOXYGEN_MACRO_EXPANSION YES)
set(DOXYGEN_EXPAND_ONLY_PREDEF YES)
set(DOXYGEN_PREDEFINED "MDGPS_API=")
set(DOXYGEN_HAVE_DOT NO)
set(DOXYGEN_INPUT_FILTER "sed -E -f '${PROJECT_SOURCE_DIR}/cmake/doxygen_filter.sed'")
set(DOXYGEN_DISTRIBUTE_GROUP_DOC YES)
set(DOXYGEN_QUIET YES)
set(DOXYGEN_WARN_IF_UNDOCUMENTED YES)
set(DOXYGEN_WARN_LOGFILE "${PROJECT_BINARY_DIR}/docs/warnings.txt")
doxygen_add_docs(docs ${documented_headers} COMMENT "Reference pages in ${DOXYGEN_OUTPUT_DIRECTORY}/html")
add_custom_command(TARGET docs POST_BUILD
  COMMAND ${CMAKE_COMMAND} "-DLOG=${DOXYGEN_WARN_LOGFILE}" -P "${PROJECT_SOURCE_DIR}/cmake/check_documentation.cmake" VERBATIM)
