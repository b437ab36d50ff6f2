include(CMakeFindDependencyMacro)
find_dependency(Eigen3 3.4)
# Not again in a subdirectory, nor beside the library's own build in the same project.
if(NOT TARGET ropewalk::ropewalk)
  include(${CMAKE_CURRENT_LIST_DIR}/ropewalk-targets.cmake)
  target_link_libraries(ropewalk::ropewalk INTERFACE Eigen3::Eigen)
endif()
