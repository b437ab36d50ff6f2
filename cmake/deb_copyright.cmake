# Run by CPack: Debian has the licence of a package in a folder of the package's name.
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER ${component} name)
  set(folder usr/share/doc/${CPACK_DEBIAN_${name}_PACKAGE_NAME})
  string(PREPEND folder ${CPACK_TEMPORARY_DIRECTORY}/${component}/)
  file(MAKE_DIRECTORY ${folder})
  file(COPY_FILE ${CPACK_RESOURCE_FILE_LICENSE} ${folder}/copyright)
endforeach()
