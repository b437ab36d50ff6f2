# The installed package is found, and refuses every version that it does not promise to serve.
string(REPLACE "." ";" numbers ${VERSION})
list(GET numbers 0 major)
list(GET numbers 1 minor)
list(GET numbers 2 patch)
math(EXPR next_major "${major} + 1")
math(EXPR next_minor "${minor} + 1")
math(EXPR next_patch "${patch} + 1")
math(EXPR last_minor "${minor} - 1")

set(refused ${next_major}.0 ${major}.${next_minor} ${major}.${minor}.${next_patch})
if(major EQUAL 0 AND minor GREATER 0)  # which may break what 0.(minor - 1) promised
  list(APPEND refused ${major}.${last_minor})
endif()
foreach(wanted IN LISTS refused)
  find_package(ropewalk ${wanted} QUIET CONFIG PATHS ${PREFIX} NO_DEFAULT_PATH)
  if(ropewalk_FOUND OR NOT ropewalk_CONSIDERED_VERSIONS STREQUAL VERSION)
    message(FATAL_ERROR "ropewalk ${wanted}: found '${ropewalk_FOUND}', "
      "considered '${ropewalk_CONSIDERED_VERSIONS}'; wanted ${VERSION} to be refused")
  endif()
  message(STATUS "ropewalk ${VERSION} refuses a request for ${wanted}")
endforeach()
