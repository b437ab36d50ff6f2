// Eigen's core. Where it is missing or too old, the compiler's first message says what to do.
#ifndef ROPEWALK_BASE_EIGEN_HPP
#define ROPEWALK_BASE_EIGEN_HPP

#include "ropewalk/base/compiler.hpp"  // first, for its own message about C++17

#if !__has_include(<Eigen/Core>)
#error "ropewalk needs Eigen 3.4: install libeigen3-dev, add -isystem /usr/include/eigen3"
#endif
#include <Eigen/Core>
#if !EIGEN_VERSION_AT_LEAST(3, 4, 0)
#error "ropewalk needs Eigen 3.4, found an older one: name a newer one by -isystem"
#endif

#endif  // ROPEWALK_BASE_EIGEN_HPP
