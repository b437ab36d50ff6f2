// The border: what is thrown behind it becomes a status and a text.
#ifndef ROPEWALK_CMAKE_C_BORDER_HPP
#define ROPEWALK_CMAKE_C_BORDER_HPP

#include <cstdint>
#include <exception>
#include <new>
#include <stdexcept>

#include "ropewalk/ropewalk.h"

namespace ropewalk_c {

/// Keeps the text for this thread's ropewalk_last_error; what does not fit is cut.
void keep(const char* text) noexcept;

/// What an exported function returns, whose body is `work`.
template <class Work>
std::int32_t guarded(const Work& work) noexcept {
  try {
    work();
    return ROPEWALK_OK;
  } catch (const std::invalid_argument& error) {
    keep(error.what());
    return ROPEWALK_INVALID_ARGUMENT;
  } catch (const std::bad_alloc&) {
    keep("out of memory");
    return ROPEWALK_OUT_OF_MEMORY;
  } catch (const std::length_error&) {  // a vector of more entries than any memory holds
    keep("out of memory");
    return ROPEWALK_OUT_OF_MEMORY;
  } catch (const std::exception& error) {
    keep(error.what());
    return ROPEWALK_INTERNAL;
  } catch (...) {
    keep("an exception that is none of std");
    return ROPEWALK_INTERNAL;
  }
}

}  // namespace ropewalk_c

#endif  // ROPEWALK_CMAKE_C_BORDER_HPP
