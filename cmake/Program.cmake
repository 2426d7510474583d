# The report's library, the program mdgps, its tasks, and the target `demo` that runs the main job.
file(GLOB report_sources CONFIGURE_DEPENDS "apps/report/*.cpp")
file(GLOB embedded_files CONFIGURE_DEPENDS "apps/report/*.html" "apps/report/*.js" "apps/report/*.css")
add_library(mdgps_report STATIC ${report_sources})
target_include_directories(mdgps_report PUBLIC "${PROJECT_SOURCE_DIR}")
target_link_libraries(mdgps_report PUBLIC nlohmann_json::nlohmann_json
                      PRIVATE mdgps_tomlplusplus mdgps_version mdgps_build_settings)
foreach(file IN LISTS embedded_files)
  cmake_path(GET file FILENAME symbol)
  string(MAKE_C_IDENTIFIER "${symbol}" symbol)
  mdgps_embed(mdgps_report "${file}" ${symbol})
endforeach()

file(GLOB program_sources CONFIGURE_DEPENDS "apps/mdgps/*.cpp")
if(NOT program_sources)
  return()
endif()
add_executable(mdgps ${program_sources})
target_include_directories(mdgps PRIVATE "${PROJECT_SOURCE_DIR}")
target_link_libraries(mdgps PRIVATE mdgps::mdgps mdgps_report mdgps_version CLI11::CLI11 nlohmann_json::nlohmann_json
                      mdgps_tomlplusplus mdgps_stb mdgps_webp Threads::Threads mdgps_build_settings)

# The program finds its tasks beside itself, wherever the pair is moved to; failing that, in the source tree.
set(tasks_source "${PROJECT_SOURCE_DIR}/apps/tasks")
set(tasks_copy "${PROJECT_BINARY_DIR}/share/mdgps/tasks")
set(tasks_stamp "${PROJECT_BINARY_DIR}/share/mdgps/tasks.stamp")
file(GLOB_RECURSE task_files CONFIGURE_DEPENDS "${tasks_source}/*")
target_compile_definitions(mdgps PRIVATE MDGPS_TASKS_RELATIVE="../share/mdgps/tasks" MDGPS_TASKS_SOURCE="${tasks_source}")
if(task_files)
  add_custom_command(
    OUTPUT "${tasks_stamp}"
    COMMAND ${CMAKE_COMMAND} -E rm -rf "${tasks_copy}"
    COMMAND ${CMAKE_COMMAND} -E copy_directory "${tasks_source}" "${tasks_copy}"
    COMMAND ${CMAKE_COMMAND} -E touch "${tasks_stamp}"
    DEPENDS ${task_files}
    COMMENT "Copying the tasks"
    VERBATIM)
  add_custom_target(mdgps_tasks DEPENDS "${tasks_stamp}")
  add_dependencies(mdgps mdgps_tasks)
endif()

set_target_properties(mdgps PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR};${mdgps_dependency_folders}")
install(TARGETS mdgps)
install(DIRECTORY "${tasks_source}/" DESTINATION "${CMAKE_INSTALL_DATADIR}/mdgps/tasks")

# Trains the smallest task and writes its report. The folder belongs to the demo: a rerun replaces it.
set(demo_folder "${PROJECT_SOURCE_DIR}/runs/demo")
add_custom_target(demo
  COMMAND ${CMAKE_COMMAND} -E rm -rf "${demo_folder}"
  COMMAND ${CMAKE_COMMAND} -E make_directory "${PROJECT_SOURCE_DIR}/runs"
  COMMAND mdgps train obstacle --output "${demo_folder}"
  COMMAND mdgps report "${demo_folder}"
  COMMAND ${CMAKE_COMMAND} -E echo "The report is runs/demo/report.html"
  USES_TERMINAL
  VERBATIM)
