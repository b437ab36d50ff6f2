// Counts what a thread allocates, by standing in for malloc and its kin: Eigen goes past operator
// new.
//
// Include it in one file of a program. Sanitizers bring their own malloc, and other C libraries
// have no second name for theirs: can_count_allocations is false there.
#ifndef ROPEWALK_TESTS_SUPPORT_ALLOCATIONS_HPP
#define ROPEWALK_TESTS_SUPPORT_ALLOCATIONS_HPP

#include <cerrno>
#include <cstddef>
#include <cstdlib>  // for __GLIBC__

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ROPEWALK_TESTS_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ROPEWALK_TESTS_SANITIZED 1
#endif

namespace ropewalk_test {

#if defined(__GLIBC__) && !defined(ROPEWALK_TESTS_SANITIZED)
inline constexpr bool can_count_allocations = true;
#else
inline constexpr bool can_count_allocations = false;
#endif

namespace detail {
inline thread_local std::size_t allocations = 0;
}

/// How often this thread has asked for memory.
inline std::size_t allocations() { return detail::allocations; }

}  // namespace ropewalk_test

#if defined(__GLIBC__) && !defined(ROPEWALK_TESTS_SANITIZED)
extern "C" {

// glibc's own names for what these replace.
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) {
  ++ropewalk_test::detail::allocations;
  return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) {
  ++ropewalk_test::detail::allocations;
  return __libc_calloc(count, size);
}

void* realloc(void* memory, std::size_t size) {
  ++ropewalk_test::detail::allocations;
  return __libc_realloc(memory, size);
}

void* memalign(std::size_t alignment, std::size_t size) {
  ++ropewalk_test::detail::allocations;
  return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }

int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  *memory = memalign(alignment, size);
  return *memory != nullptr ? 0 : ENOMEM;
}
}
#endif

#endif  // ROPEWALK_TESTS_SUPPORT_ALLOCATIONS_HPP
