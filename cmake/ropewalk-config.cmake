include(CMakeFindDependencyMacro)
find_dependency(Eigen3 3.4)
include(${CMAKE_CURRENT_LIST_DIR}/ropewalk-targets.cmake)
target_link_libraries(ropewalk::ropewalk INTERFACE Eigen3::Eigen)
