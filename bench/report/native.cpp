// What the report's Python calls beside the C boundary: the limits of the machine, and its threads.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "../moves.hpp"
#include "pool.hpp"
#include "ropewalk/call/token_ranges.hpp"

namespace {

using Task = void (*)(void* context, std::int64_t begin, std::int64_t end);

// As the C++ calls split theirs, but that the features of a token, which nobody tells, are taken
// for 16-bit ones: floats are split from half as many tokens on.
void parallel_for(void* pool, std::int64_t count, std::int64_t bytes_each, Task task,
                  void* task_context) {
  ropewalk::detail::for_token_ranges(
      static_cast<ropewalk_bench::Pool*>(pool)->device, count,
      {bytes_each / 4, bytes_each / 2, bytes_each / 2},
      [&](std::int64_t begin, std::int64_t end) { task(task_context, begin, end); });
}

enum Move { copy = 0, stream_copy = 1, scale_inplace = 2 };

struct Moved {
  std::byte* out;
  const std::byte* in;
  std::int64_t bytes_each;
  std::int32_t move;
};

void move_range(void* context, std::int64_t begin, std::int64_t end) {
  const auto& moved = *static_cast<const Moved*>(context);
  std::byte* out = moved.out + begin * moved.bytes_each;
  const std::byte* in = moved.in + begin * moved.bytes_each;
  const auto bytes = static_cast<std::size_t>((end - begin) * moved.bytes_each);
  if (moved.move == copy) std::memcpy(out, in, bytes);
  if (moved.move == stream_copy) ropewalk_bench::stream_copy(out, in, bytes);
  if (moved.move == scale_inplace) ropewalk_bench::scale_inplace(out, bytes);
}

}  // namespace

extern "C" {

/// A pool for the life of the process; ranges run on its threads alone.
ROPEWALK_EXPORT void ropewalk_report_threads(ropewalk_threads* threads, std::int32_t count) {
  *threads = {parallel_for, std::make_unique<ropewalk_bench::Pool>(count).release()};
}

/// Moves `count` tokens; without threads on the caller's. In place `in` is not read.
ROPEWALK_EXPORT void ropewalk_report_move(const ropewalk_threads* threads, std::int32_t move,
                                          void* out, const void* in, std::int64_t count,
                                          std::int64_t bytes_each) {
  Moved moved{static_cast<std::byte*>(out), static_cast<const std::byte*>(in), bytes_each, move};
  if (threads == nullptr) {
    move_range(&moved, 0, count);
  } else {
    threads->parallel_for(threads->context, count, 2 * bytes_each, move_range, &moved);
  }
}

ROPEWALK_EXPORT const char* ropewalk_report_limit_isa() { return ropewalk_bench::limit_isa(); }

ROPEWALK_EXPORT const char* ropewalk_report_compiler() { return __VERSION__; }

}  // extern "C"
