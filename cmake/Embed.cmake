# mdgps_embed(<target> <text file> <symbol>) compiles a text file into `target`.
# Use: #include <embedded/<symbol>.hpp>, which declares `inline constexpr std::string_view mdgps::embedded::<symbol>`.
function(mdgps_embed target file symbol)
  set(header "${PROJECT_BINARY_DIR}/generated/embedded/${symbol}.hpp")
  set(script "${PROJECT_SOURCE_DIR}/cmake/embed_file.cmake")
  add_custom_command(
    OUTPUT "${header}"
    COMMAND ${CMAKE_COMMAND} "-DINPUT=${file}" "-DOUTPUT=${header}" -DSYMBOL=${symbol} -P "${script}"
    DEPENDS "${file}" "${script}"
    COMMENT "Embedding ${symbol}"
    VERBATIM)
  target_sources(${target} PRIVATE "${header}")
  target_include_directories(${target} PRIVATE "${PROJECT_BINARY_DIR}/generated")
endfunction()
