# Packages for Debian and Ubuntu: cpack -G DEB, in a folder configured with
# -DCMAKE_INSTALL_PREFIX=/usr. libropewalk-dev has what compiles and links, libropewalk-cX.Y what a
# program that links the C boundary runs with.
set(CPACK_GENERATOR DEB)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
# Who builds packages for others sets an address at which they can be reached.
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "The Ropewalk authors <authors@ropewalk.invalid>"
  CACHE STRING "Maintainer of the Debian packages")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/deb_copyright.cmake)
set(CPACK_STRIP_FILES ON)

set(CPACK_COMPONENTS_ALL ropewalk_development)
set(CPACK_COMPONENT_ROPEWALK_DEVELOPMENT_DESCRIPTION
  "Rotary position embedding with the bits of PyTorch eager: headers for C++17, libraries.")
set(CPACK_DEBIAN_ROPEWALK_DEVELOPMENT_PACKAGE_NAME libropewalk-dev)
set(CPACK_DEBIAN_ROPEWALK_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_ROPEWALK_DEVELOPMENT_PACKAGE_DEPENDS "libeigen3-dev (>= 3.4)")
if(ROPEWALK_BUILD_C)
  set(c_package libropewalk-c${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  list(APPEND CPACK_COMPONENTS_ALL ropewalk_runtime)
  set(CPACK_COMPONENT_ROPEWALK_RUNTIME_DESCRIPTION
    "Rotary position embedding with the bits of PyTorch eager: the library for other languages.")
  set(CPACK_DEBIAN_ROPEWALK_RUNTIME_PACKAGE_NAME ${c_package})
  set(CPACK_DEBIAN_ROPEWALK_RUNTIME_PACKAGE_SECTION libs)
  set(CPACK_DEBIAN_ROPEWALK_RUNTIME_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
  string(APPEND CPACK_DEBIAN_ROPEWALK_DEVELOPMENT_PACKAGE_DEPENDS
    ", ${c_package} (= ${PROJECT_VERSION})")
endif()
include(CPack)
