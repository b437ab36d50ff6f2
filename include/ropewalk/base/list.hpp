// List: a std::vector whose code belongs to the unit that uses it.
#ifndef ROPEWALK_BASE_LIST_HPP
#define ROPEWALK_BASE_LIST_HPP

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "ropewalk/base/config.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// The standard allocator under a name of ours. It is part of the name of every std function over a
/// List, so that the linker never hands a unit what was compiled for a wider instruction set.
template <class T>
struct ListAllocator {
  using value_type = T;
  ListAllocator() = default;
  template <class U>
  ListAllocator(const ListAllocator<U>&) {}

  T* allocate(std::size_t count) { return static_cast<T*>(::operator new(count * sizeof(T))); }
  void deallocate(T* data, std::size_t) { ::operator delete(data); }
};

template <class T, class U>
bool operator==(const ListAllocator<T>&, const ListAllocator<U>&) {
  return true;
}
template <class T, class U>
bool operator!=(const ListAllocator<T>&, const ListAllocator<U>&) {
  return false;
}

/// Whether entries of that type may become a T by themselves: numbers with a fraction are no whole
/// ones, and letters are no numbers.
template <class T, class Entry>
constexpr bool can_hold = std::is_convertible_v<Entry, T> && !std::is_same_v<Entry, char> &&
                          std::is_integral_v<T> == std::is_integral_v<Entry>;

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

/// A std::vector in all but its allocator. From a std::vector or another container, and to a
/// std::vector, by a copy; to compare it with a std::vector, make a List of that.
template <class T>
class List : public std::vector<T, detail::ListAllocator<T>> {
  using Base = std::vector<T, detail::ListAllocator<T>>;

 public:
  using Base::Base;
  List() = default;
  template <class Container,
            class Entry = std::decay_t<decltype(*std::declval<Container>().begin())>,
            class = std::enable_if_t<detail::can_hold<T, Entry>>>
  List(const Container& entries) : Base(entries.begin(), entries.end()) {}

  operator std::vector<T>() const { return std::vector<T>(this->begin(), this->end()); }
};

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_BASE_LIST_HPP
