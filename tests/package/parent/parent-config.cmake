include(CMakeFindDependencyMacro)
find_dependency(ropewalk)
include(${CMAKE_CURRENT_LIST_DIR}/parent-targets.cmake)
