// The version, stated once: CMake reads it from here, and it is part of the inline namespace.
#ifndef ROPEWALK_VERSION_HPP
#define ROPEWALK_VERSION_HPP

/// The three numbers of the version, by the rules of semantic versioning.
#define ROPEWALK_VERSION_MAJOR 0
#define ROPEWALK_VERSION_MINOR 1
#define ROPEWALK_VERSION_PATCH 0

#endif  // ROPEWALK_VERSION_HPP
