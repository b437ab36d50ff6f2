// Whether a type has an as_view of its own, which comes before ours.
#ifndef ROPEWALK_BASE_OWN_VIEW_HPP
#define ROPEWALK_BASE_OWN_VIEW_HPP

#include <type_traits>
#include <utility>

#include "ropewalk/base/config.hpp"
#include "ropewalk/base/tensor_kinds.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// A probe, never called: argument-dependent look-up finds it for the same types as our as_view;
/// see has_view_of_members.
template <class T>
void looks_into_ropewalk(const T&);

ROPEWALK_END_NAMESPACE

ROPEWALK_BEGIN_NESTED(detail)

// What a user's namespace declares for its types: the functions here hide ours, and only
// argument-dependent look-up goes beyond them.
namespace own {

struct Converted {
  template <class T>
  Converted(const T&);
};
struct None {};

/// Taken where there is no other. With another that takes a T by a conversion of its class only, as
/// one for a map that a tensor converts to, it is ambiguous: that one is not T's own.
None as_view(Converted);
void looks_into_ropewalk() = delete;

template <class T, class = void>
inline constexpr bool has_view = false;
template <class T>
inline constexpr bool has_view<T, std::void_t<decltype(as_view(std::declval<T>()))>> =
    !std::is_same_v<decltype(as_view(std::declval<T>())), None>;

template <class T, class = void>
inline constexpr bool has_ours = false;
template <class T>
inline constexpr bool has_ours<T, std::void_t<decltype(looks_into_ropewalk(std::declval<T>()))>> =
    true;

}  // namespace own

template <class T>
constexpr bool asks_members() {
  using Object = std::remove_const_t<T>;
  if constexpr (is_dense_tensor<T> || is_mdspan<T>) {
    // With a type of ours in its name, to ask whether its as_view is ours would be to ask in a
    // circle.
    if constexpr (!own::has_ours<Object&>) {
      return !own::has_view<Object&> && !own::has_view<Object>;
    }
  }
  return false;
}

/// Whether as_view reads the members of a T: it has those of a tensor of Eigen's or of an mdspan,
/// and no as_view of its own takes it, const or not.
template <class T>
inline constexpr bool has_view_of_members = asks_members<T>();

ROPEWALK_END_NESTED

#endif  // ROPEWALK_BASE_OWN_VIEW_HPP
