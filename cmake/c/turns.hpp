// Several tensors of types that are known when the program runs, rotated in one call.
#ifndef ROPEWALK_CMAKE_C_TURNS_HPP
#define ROPEWALK_CMAKE_C_TURNS_HPP

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <type_traits>
#include <vector>

#include "arguments.hpp"

namespace ropewalk_c {

/// What a call says of one tensor.
struct RawArguments {
  detail::RawView out, x;
  detail::RawTable table;
};

/// The norm of one of the tensors of a call, the weight's type as a number.
struct Norm {
  std::int32_t weight;
  detail::RawNorm of;
};

/// One of the tensors of a call, its types as numbers.
struct Turn {
  std::int32_t out, x, table;
  RawArguments of;
  const Norm* norm = nullptr;  // none: it is rotated alone
};

/// Memory of a call: on the stack for a few tensors.
class Memory {
 public:
  template <class T>
  std::pmr::vector<T> list(Index size) {
    std::pmr::vector<T> entries(&resource_);
    entries.reserve(static_cast<std::size_t>(size));
    return entries;
  }

 private:
  static constexpr std::size_t of_tensor =
      sizeof(Turn) + sizeof(detail::Job) + sizeof(Norm) + sizeof(detail::NormRows);
  alignas(std::max_align_t) std::byte room_[4 * of_tensor + 64];
  std::pmr::monotonic_buffer_resource resource_{room_, sizeof(room_)};
};

using Turns = std::pmr::vector<Turn>;

/// The names of tensor i of a call.
inline detail::Names names_of(detail::Names names, std::size_t i) {
  names.x.index += static_cast<int>(i);
  names.out.index += static_cast<int>(i);
  return names;
}

/// What a call says of its tensors; without outs they are their own.
Turns turns_of(Memory& memory, const detail::Names& names, const ropewalk_tensor* outs,
               const ropewalk_tensor* xs, std::int64_t count, std::int32_t table_dtype,
               const detail::RawTable& table);

/// Calls work(TypeTag<Out>{}, TypeTag<X>{}, TypeTag<Tab>{}): an out like x or what both promote to.
template <class Work>
auto with_types(const detail::Names& names, const Turn& turn, const Work& work) {
  return with_dtype(names.x, turn.x, [&](auto of_x) {
    return with_dtype(names.table, turn.table, [&](auto of_table) {
      using X = detail::TypeTag<typename decltype(of_x)::type>;
      using Tab = detail::TypeTag<typename decltype(of_table)::type>;
      using Promoted = detail::TypeTag<rw::Promoted<typename X::type, typename Tab::type>>;
      if (turn.out == turn.x) return work(X{}, X{}, Tab{});
      if constexpr (!std::is_same_v<X, Promoted>) {
        if (turn.out == dtype_of<typename Promoted::type>()) return work(Promoted{}, X{}, Tab{});
      }
      detail::fail(names.out, "dtype", "is %" PRId32 ", must be %" PRId32 " as of %s%s", turn.out,
                   turn.x, detail::name_of(names.x).c_str(),
                   std::is_same_v<X, Promoted> ? "" : ", or what that and the table's promote to");
    });
  });
}

/// Checks all tensors of a call, alone and against one another; nothing is written.
void check(const detail::Names& names, const Turns& turns, detail::InPlace in_place);

/// detail::fused, or detail::fused_norms where one of them has a norm, of tensors whose number and
/// types are known when the program runs.
void fused(Memory& memory, const detail::Names& names, const Device& device,
           const rw::Options& options, const Turns& turns);

}  // namespace ropewalk_c

#endif  // ROPEWALK_CMAKE_C_TURNS_HPP
