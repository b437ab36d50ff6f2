# Runs the port as vcpkg would, with stand-ins for vcpkg's functions that do what the port asks of them.
# usage: cmake -DCURRENT_PORT_DIR=FOLDER -DCURRENT_PACKAGES_DIR=FOLDER -DFEATURES=core;... -P vcpkg.cmake
cmake_minimum_required(VERSION 3.25)
set(PORT ropewalk)
set(folder ${CURRENT_PACKAGES_DIR}-build)
file(REMOVE_RECURSE ${folder} ${CURRENT_PACKAGES_DIR})
set(debug ${CURRENT_PACKAGES_DIR}/debug)

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

macro(vcpkg_check_features)
  cmake_parse_arguments(CHECK "" "OUT_FEATURE_OPTIONS" "FEATURES" ${ARGN})
  while(CHECK_FEATURES)
    list(POP_FRONT CHECK_FEATURES feature option)
    if(feature IN_LIST FEATURES)
      list(APPEND ${CHECK_OUT_FEATURE_OPTIONS} -D${option}=ON)
    else()
      list(APPEND ${CHECK_OUT_FEATURE_OPTIONS} -D${option}=OFF)
    endif()
  endwhile()
endmacro()

function(vcpkg_cmake_configure)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "SOURCE_PATH" "OPTIONS")
  run(${CMAKE_COMMAND} -S ${arg_SOURCE_PATH} -B ${folder} -DCMAKE_BUILD_TYPE=Release
    -DFETCHCONTENT_FULLY_DISCONNECTED=ON -DCMAKE_INSTALL_LIBDIR=lib ${arg_OPTIONS})
endfunction()

# Release alone, in the place of both: a debug build would be installed in the same way.
function(vcpkg_cmake_install)
  run(${CMAKE_COMMAND} --build ${folder} --parallel)
  run(${CMAKE_COMMAND} --install ${folder} --prefix ${CURRENT_PACKAGES_DIR})
  if(NOT VCPKG_BUILD_TYPE STREQUAL "release")
    run(${CMAKE_COMMAND} --install ${folder} --prefix ${debug})
  endif()
endfunction()

# A folder of packages goes to share/PORT, where files count the steps up to the prefix anew.
function(vcpkg_cmake_config_fixup)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "CONFIG_PATH" "")
  file(GLOB files ${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}/*)
  if(NOT files)
    message(FATAL_ERROR "${arg_CONFIG_PATH} has nothing")
  endif()
  file(COPY ${files} DESTINATION ${CURRENT_PACKAGES_DIR}/share/${PORT})
  cmake_path(GET arg_CONFIG_PATH PARENT_PATH parent)
  file(REMOVE_RECURSE ${CURRENT_PACKAGES_DIR}/${parent} ${debug}/${parent})
  file(GLOB files ${CURRENT_PACKAGES_DIR}/share/${PORT}/*.cmake)
  foreach(file IN LISTS files)
    file(READ ${file} text)
    string(REGEX REPLACE "(LIST_DIR}/)(../)+\" ABSOLUTE" "\\1../../\" ABSOLUTE" text "${text}")
    set(up "\nget_filename_component(_IMPORT_PREFIX \"\${_IMPORT_PREFIX}\" PATH)")
    string(REPLACE "${up}${up}${up}" "${up}${up}" text "${text}")
    file(WRITE ${file} "${text}")
  endforeach()
endfunction()

function(vcpkg_fixup_pkgconfig)
endfunction()

function(vcpkg_install_copyright)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "FILE_LIST")
  file(COPY_FILE ${arg_FILE_LIST} ${CURRENT_PACKAGES_DIR}/share/${PORT}/copyright)
endfunction()

include(${CURRENT_PORT_DIR}/portfile.cmake)

# What vcpkg itself refuses in a package.
foreach(refused lib/cmake share/cmake debug/include debug/share)
  if(EXISTS ${CURRENT_PACKAGES_DIR}/${refused})
    message(FATAL_ERROR "${refused} must not be in a package")
  endif()
endforeach()
