# Installs the headers and a package for find_package(ropewalk).
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/ropewalk)
install(TARGETS ropewalk EXPORT ropewalk FILE_SET HEADERS)
install(EXPORT ropewalk NAMESPACE ropewalk:: FILE ropewalk-targets.cmake
  DESTINATION ${package_dir})

# While the version is 0.x, a new minor version may change what an older one promised.
set(version_file ${PROJECT_BINARY_DIR}/ropewalk-config-version.cmake)
write_basic_package_version_file(${version_file} COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/ropewalk-config.cmake ${version_file}
  DESTINATION ${package_dir})
# Not CMAKE_INSTALL_DOCDIR, which below the top level is the parent's.
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/ropewalk)
