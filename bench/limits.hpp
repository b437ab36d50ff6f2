// How fast this machine moves the bytes that a rotation has to move.
#ifndef ROPEWALK_BENCH_LIMITS_HPP
#define ROPEWALK_BENCH_LIMITS_HPP

#include <cstddef>
#include <cstring>
#include <functional>
#include <optional>
#include <string>

#include "devices.hpp"
#include "moves.hpp"
#include "ropewalk/call/token_ranges.hpp"
#include "rows.hpp"
#include "workspace.hpp"

namespace ropewalk_bench {

/// Calls move(offset, bytes) on ranges that make up the tensor, split as the forms split theirs.
template <class X, class Device, class Move>
void for_byte_ranges(const Workspace<X>& work, const Device& device, const Move& move) {
  const Index token_bytes = work.bytes() / work.tokens();
  ropewalk::detail::for_token_ranges(
      device, work.tokens(),
      {token_bytes / static_cast<Index>(sizeof(X)), token_bytes, token_bytes},
      [&](Index begin, Index end) {
        move(begin * token_bytes, static_cast<std::size_t>((end - begin) * token_bytes));
      });
}

/// Out must be x, every four bytes of it as floats times `factor`.
template <class X>
Verdict compare_moved(const Workspace<X>& work, float factor) {
  const auto* x = reinterpret_cast<const std::byte*>(work.x().data());
  const auto* out = reinterpret_cast<const std::byte*>(work.out().data());
  for (Index i = 0; i < work.bytes(); i += 4) {
    float from, to;
    std::memcpy(&from, x + i, 4);
    std::memcpy(&to, out + i, 4);
    if (!same_bits(to, from * factor)) return {"byte " + std::to_string(i), std::nullopt};
  }
  return {};
}

/// Adds the three limits: they come before the rows that are compared to them.
template <class X, class Device>
void add_limits(Group& group, const Workspace<X>& work, const Device& device) {
  const auto add = [&](Kind kind, const char* form, auto prepare, float factor, auto move) {
    Row row;
    row.kind = kind;
    row.form = form;
    row.name = std::string("limit/") + form + "/" + group.dtype + "/" + place_name(group);
    row.bytes = 2 * work.bytes();
    row.prepare = prepare;
    row.call = [&work, &device, move] {
      auto* out = reinterpret_cast<std::byte*>(work.out().data());
      const auto* x = reinterpret_cast<const std::byte*>(work.x().data());
      for_byte_ranges(work, device,
                      [&](Index at, std::size_t bytes) { move(out + at, x + at, bytes); });
    };
    row.verify = [&work, prepare, call = row.call, factor] {
      work.poison_out();
      prepare();
      call();
      return compare_moved(work, factor);
    };
    group.rows.push_back(std::move(row));
  };
  const auto copy = [](std::byte* out, const std::byte* in, std::size_t bytes) {
    std::memcpy(out, in, bytes);
  };
  const auto scale = [](std::byte* out, const std::byte*, std::size_t bytes) {
    scale_inplace(out, bytes);
  };
  add(
      Kind::memcpy, "memcpy", [] {}, 1, copy);
  add(
      Kind::stream_copy, "stream_copy", [] {}, 1, stream_copy);
  add(
      Kind::scale_inplace, "scale_inplace", [&work] { work.copy_x_to_out(); }, -1, scale);
}

}  // namespace ropewalk_bench

#endif  // ROPEWALK_BENCH_LIMITS_HPP
