// The packs that a run is about.
#ifndef ROPEWALK_TESTS_GOLDEN_FOLDERS_HPP
#define ROPEWALK_TESTS_GOLDEN_FOLDERS_HPP

#include <algorithm>  // for std::move
#include <cstdlib>    // for std::getenv
#include <iterator>
#include <string>
#include <vector>

#include "pack.hpp"

namespace ropewalk_test {

namespace detail {

inline std::string named_folder() {
  const char* named = std::getenv("ROPEWALK_GOLDEN_DIR");
  return named == nullptr ? "" : named;
}

}  // namespace detail

/// The folder that ROPEWALK_GOLDEN_DIR names in the environment; else the one that the build
/// names by the macro ROPEWALK_GOLDEN_DEFAULT_DIR; else the folder of this header.
inline std::string golden_folder() {
  if (const std::string named = detail::named_folder(); !named.empty()) return named;
#if defined(ROPEWALK_GOLDEN_DEFAULT_DIR)
  return ROPEWALK_GOLDEN_DEFAULT_DIR;
#else
  const std::string here = __FILE__;
  const std::size_t slash = here.find_last_of("/\\");
  return slash == std::string::npos ? "." : here.substr(0, slash);
#endif
}

/// The folder that ROPEWALK_GOLDEN_DIR names; else that of rotations and the one of norms beside
/// it.
inline std::vector<std::string> golden_folders() {
  if (!detail::named_folder().empty()) return {golden_folder()};
  return {golden_folder(), golden_folder() + "_norm"};
}

/// The cases of all folders, one folder after another.
inline std::vector<Case> golden_cases() {
  std::vector<Case> cases;
  for (const std::string& folder : golden_folders()) {
    Pack pack = read_pack(folder);
    std::move(pack.cases.begin(), pack.cases.end(), std::back_inserter(cases));
  }
  return cases;
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_GOLDEN_FOLDERS_HPP
