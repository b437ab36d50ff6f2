# Installs the headers, the compiled libraries where they are built, and a package for
# find_package(ropewalk).
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/ropewalk)
install(TARGETS ropewalk EXPORT ropewalk FILE_SET HEADERS)
install(EXPORT ropewalk NAMESPACE ropewalk:: FILE ropewalk-targets.cmake
  DESTINATION ${package_dir})

# Apart, since it is of one architecture, as nothing else is.
set(compiled_dir ${CMAKE_INSTALL_LIBDIR}/cmake/ropewalk)
if(ROPEWALK_BUILD_COMPILED)
  install(TARGETS ropewalk_compiled EXPORT ropewalk_compiled)
  install(EXPORT ropewalk_compiled NAMESPACE ropewalk:: FILE ropewalk-compiled-targets.cmake
    DESTINATION ${compiled_dir})
endif()
if(ROPEWALK_BUILD_C)
  install(TARGETS ropewalk_c EXPORT ropewalk_c FILE_SET HEADERS)
  install(EXPORT ropewalk_c NAMESPACE ropewalk:: FILE ropewalk-c-targets.cmake
    DESTINATION ${compiled_dir})
endif()

# While the version is 0.x, a new minor version may change what an older one promised.
set(config_file ${PROJECT_BINARY_DIR}/ropewalk-config.cmake)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/ropewalk-config.cmake.in ${config_file}
  INSTALL_DESTINATION ${package_dir} PATH_VARS compiled_dir)
set(version_file ${PROJECT_BINARY_DIR}/ropewalk-config-version.cmake)
write_basic_package_version_file(${version_file} COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${config_file} ${version_file} DESTINATION ${package_dir})
# Not CMAKE_INSTALL_DOCDIR, which below the top level is the parent's.
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/ropewalk)
