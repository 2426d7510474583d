# Run by the target mdgps_version_header, see Version.cmake.
set(COMMIT "unknown")
if(GIT)
  execute_process(COMMAND "${GIT}" describe --always --dirty --tags WORKING_DIRECTORY "${SOURCE_DIR}"
                  RESULT_VARIABLE result OUTPUT_VARIABLE described ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(result EQUAL 0)
    set(COMMIT "${described}")
  endif()
endif()
configure_file("${TEMPLATE}" "${OUTPUT}" @ONLY)
