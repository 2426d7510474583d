# mdgps_provision_wheels(<name> <list> <size> <remedy> <out>) unpacks the pinned wheels of cmake/packages/<list> and sets
# `out` to the folder. The folder's name holds a hash of the list and the folder appears only when it is complete, so that
# a later configure needs no network, and a changed list is fetched anew.
function(mdgps_provision_wheels name list_file size remedy out)
  file(SHA256 "${list_file}" hash)
  string(SUBSTRING "${hash}" 0 12 hash)
  set(folder "${MDGPS_DEPENDENCIES_DIR}/${name}-${CMAKE_SYSTEM_PROCESSOR}-${hash}")
  set(${out} "${folder}" PARENT_SCOPE)
  if(EXISTS "${folder}")
    return()
  endif()
  if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux" OR NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|aarch64)$")
    message(FATAL_ERROR "${name} was not found, and mdgps can fetch it only on Linux on x86_64 or aarch64. ${remedy}")
  endif()

  mdgps_find_pip(pip)
  set(platforms "")
  foreach(glibc 2_28 2_27 2_25 2_17)
    list(APPEND platforms --platform manylinux_${glibc}_${CMAKE_SYSTEM_PROCESSOR})
  endforeach()
  list(APPEND platforms --platform manylinux2014_${CMAKE_SYSTEM_PROCESSOR})

  message(STATUS "mdgps: ${name} was not found; downloading it once (${size})")
  file(REMOVE_RECURSE "${folder}.partial")
  # A user's pip settings choose index and proxy; those that would redirect the installation are left out.
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env --unset=PIP_USER --unset=PIP_TARGET --unset=PIP_PREFIX --unset=PIP_REQUIRE_VIRTUALENV
            ${pip} --disable-pip-version-check --no-input install --quiet --progress-bar off --retries 2 --no-deps --no-compile
            --only-binary :all: --require-hashes --python-version 3.11 --implementation cp --abi cp311 ${platforms}
            --target "${folder}.partial" --requirement "${list_file}"
    RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE errors)
  if(NOT result EQUAL 0)
    file(REMOVE_RECURSE "${folder}.partial")
    string(REPLACE ";" "," errors "${errors}")
    string(REGEX MATCHALL "(ERROR|Could not|THESE PACKAGES|Expected|Got)[^\n]*" reasons "${errors}")
    list(JOIN reasons "\n  " reasons)
    message(FATAL_ERROR "${name} could not be downloaded (packages pinned in ${list_file}).\n"
                        "Check the network and proxy (pip's usual settings apply) and configure again. ${remedy}\n"
                        "pip said:\n  ${reasons}")
  endif()
  file(RENAME "${folder}.partial" "${folder}")
endfunction()

# Sets `out` to a command that runs pip: Python's own, or that of a virtual environment among the dependencies.
function(mdgps_find_pip out)
  find_package(Python3 COMPONENTS Interpreter QUIET)
  if(NOT Python3_Interpreter_FOUND)
    message(FATAL_ERROR "mdgps fetches LibTorch and MuJoCo by Python's pip, but found no Python 3. "
                        "Install it (Debian, Ubuntu: apt install python3-venv).")
  endif()
  set(venv_python "${MDGPS_DEPENDENCIES_DIR}/venv/bin/python")
  foreach(python "${Python3_EXECUTABLE}" "${venv_python}")
    execute_process(COMMAND "${python}" -m pip --version RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET)
    if(result EQUAL 0)
      set(${out} "${python}" -m pip PARENT_SCOPE)
      return()
    endif()
  endforeach()
  execute_process(COMMAND "${Python3_EXECUTABLE}" -m venv "${MDGPS_DEPENDENCIES_DIR}/venv"
                  RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET)
  if(NOT result EQUAL 0)
    file(REMOVE_RECURSE "${MDGPS_DEPENDENCIES_DIR}/venv")
    message(FATAL_ERROR "mdgps fetches LibTorch and MuJoCo by pip, but ${Python3_EXECUTABLE} has neither pip nor a working "
                        "venv. Install one of them (Debian, Ubuntu: apt install python3-venv) and configure again.")
  endif()
  set(${out} "${venv_python}" -m pip PARENT_SCOPE)
endfunction()
