# Installs the headers, the compiled libraries where they are built, a package for
# find_package(ropewalk), and one for pkg-config of each library.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# Two packages of a distribution: what a program that links ropewalk::c needs to run, and the rest.
set(development COMPONENT ropewalk_development)
set(runtime COMPONENT ropewalk_runtime)

# The part without an architecture, and the one of the libraries.
set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/ropewalk)
set(compiled_dir ${CMAKE_INSTALL_LIBDIR}/cmake/ropewalk)

# usage: name folder description line...
function(ropewalk_install_pc name folder description)
  set(place ${CMAKE_INSTALL_FULL_${folder}}/pkgconfig)
  file(RELATIVE_PATH to_include ${place} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
  list(JOIN ARGN "\n" lines)
  configure_file(${CMAKE_CURRENT_FUNCTION_LIST_DIR}/ropewalk.pc.in
    ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc
    DESTINATION ${CMAKE_INSTALL_${folder}}/pkgconfig ${development})
endfunction()

install(TARGETS ropewalk EXPORT ropewalk FILE_SET HEADERS ${development})
install(EXPORT ropewalk NAMESPACE ropewalk:: FILE ropewalk-targets.cmake
  DESTINATION ${package_dir} ${development})
ropewalk_install_pc(ropewalk DATADIR "${PROJECT_DESCRIPTION}"
  "Requires: eigen3 >= 3.4" "Cflags: -I\${includedir}")

if(ROPEWALK_BUILD_COMPILED)
  install(TARGETS ropewalk_compiled EXPORT ropewalk_compiled ARCHIVE ${development})
  install(EXPORT ropewalk_compiled NAMESPACE ropewalk:: FILE ropewalk-compiled-targets.cmake
    DESTINATION ${compiled_dir} ${development})
  ropewalk_install_pc(ropewalk-compiled LIBDIR "${PROJECT_DESCRIPTION}, compiled once"
    "Requires: ropewalk = ${PROJECT_VERSION}" "Cflags: -DROPEWALK_COMPILED"
    "Libs: -L\${pcfiledir}/.. -lropewalk_compiled")
endif()
if(ROPEWALK_BUILD_C)
  install(TARGETS ropewalk_c EXPORT ropewalk_c
    LIBRARY ${runtime} NAMELINK_${development}
    FILE_SET HEADERS ${development})
  install(EXPORT ropewalk_c NAMESPACE ropewalk:: FILE ropewalk-c-targets.cmake
    DESTINATION ${compiled_dir} ${development})
  ropewalk_install_pc(ropewalk-c LIBDIR "${PROJECT_DESCRIPTION}, for other languages"
    "Cflags: -I\${includedir}" "Libs: -L\${pcfiledir}/.. -lropewalk_c")
endif()

# While the version is 0.x, a new minor version may change what an older one promised.
set(config_file ${PROJECT_BINARY_DIR}/ropewalk-config.cmake)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/ropewalk-config.cmake.in ${config_file}
  INSTALL_DESTINATION ${package_dir} PATH_VARS compiled_dir)
set(version_file ${PROJECT_BINARY_DIR}/ropewalk-config-version.cmake)
write_basic_package_version_file(${version_file} COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${config_file} ${version_file} DESTINATION ${package_dir} ${development})
# Not CMAKE_INSTALL_DOCDIR, which below the top level is the parent's.
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/ropewalk
  ${development})

if(PROJECT_IS_TOP_LEVEL)
  include(${CMAKE_CURRENT_LIST_DIR}/deb.cmake)
endif()
