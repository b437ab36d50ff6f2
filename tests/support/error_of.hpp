// What calls that must fail say.
#ifndef ROPEWALK_TESTS_SUPPORT_ERROR_OF_HPP
#define ROPEWALK_TESTS_SUPPORT_ERROR_OF_HPP

#include <stdexcept>
#include <string>

namespace ropewalk_test {

/// The text of the Error that a call throws, or "" if it throws nothing. Anything else it throws
/// fails the test.
template <class Error = std::invalid_argument, class Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_SUPPORT_ERROR_OF_HPP
