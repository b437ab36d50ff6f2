// Reads and writes of 16-bit storage by the caller's own type, around calls that see it as Eigen's:
// whatever a compiler knows of types, each must find what the one before it wrote.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "ropewalk/apply.hpp"
#include "ropewalk/call/token_ranges.hpp"
#include "ropewalk/storage.hpp"
#include "ropewalk/table_layouts.hpp"

/// What clang++ takes for other memory than Eigen's types, whether or not it has _Float16; it must
/// have a name for other units.
enum class Number : std::uint16_t {};

namespace {

namespace rw = ropewalk;

/// A float as T has it, and back; for a std::uint16_t, small whole numbers as half.
template <class T>
T stored(float value) {
  return static_cast<T>(value);
}
template <class T>
float value_of(T number) {
  return static_cast<float>(number);
}
template <>
std::uint16_t stored<std::uint16_t>(float value) {
  return static_cast<std::uint16_t>(Eigen::numext::bit_cast<std::uint16_t>(Eigen::half(value)));
}
template <>
float value_of<std::uint16_t>(std::uint16_t number) {
  return static_cast<float>(Eigen::numext::bit_cast<Eigen::half>(number));
}

int failures = 0;

void expect(const char* what, float value, float wanted) {
  if (value == wanted) return;
  std::printf("FAILED  %s: %g, must be %g\n", what, static_cast<double>(value),
              static_cast<double>(wanted));
  ++failures;
}

/// Storage of one token, a table that turns by a quarter or not at all, and out.
template <class T>
struct Memory {
  T x[4], out[4], cos[2], sin[2];
};

/// Two calls: the second has another x, another table, and an out that was written in between.
template <class T, class Form>
void check_form(const char* name, Memory<T>& memory, const Form& form) {
  const rw::Shape shape{1, 1, 1, 4}, row{1, 1, 1, 2};
  const auto table = rw::half_table(rw::half_view(memory.cos, row), rw::half_view(memory.sin, row));
  const auto x = rw::half_view(memory.x, shape), out = rw::half_view(memory.out, shape);
  for (int quarter = 0; quarter < 2; ++quarter) {
    for (int i = 0; i < 4; ++i) {
      memory.x[i] = stored<T>(static_cast<float>(10 * quarter + i + 1));
      memory.out[i] = stored<T>(-1);
    }
    for (int i = 0; i < 2; ++i) {
      memory.cos[i] = stored<T>(static_cast<float>(1 - quarter));
      memory.sin[i] = stored<T>(static_cast<float>(quarter));
    }
    form(out, x, table);
    for (int i = 0; i < 4; ++i) {
      const int partner = quarter == 0 ? i : i ^ 1;
      const float sign = quarter == 1 && i % 2 == 0 ? -1.0f : 1.0f;
      expect(name, value_of(memory.out[i]), sign * static_cast<float>(10 * quarter + partner + 1));
    }
  }
}

template <class T>
void check_forms(Memory<T>& memory) {
  check_form("apply_strided", memory,
             [](auto out, auto x, auto table) { rw::apply_strided(rw::serial, out, x, table); });
  check_form("apply_stack_flatten", memory, [](auto out, auto x, auto table) {
    rw::apply_stack_flatten(rw::serial, out, x, table);
  });
  for (const rw::Isa isa : {rw::Isa::scalar, rw::Isa::automatic}) {
    check_form("apply", memory, [isa](auto out, auto x, auto table) {
      rw::apply(rw::serial, out, x, table, {}, rw::CpuOptions({}, isa));
    });
  }
}

template <class T>
void check() {
  static Memory<T> global;
  check_forms(global);
  Memory<T> local;
  check_forms(local);
}

// What a form does behind its checks, whose calls may hide from a compiler what it could do. Each
// function has an array that no other has seen.

template <class T>
rw::View<Eigen::half> view_of(T* x) {
  return {rw::detail::memory_as<Eigen::half>(x), {1, 1, 1, 2}};
}

ROPEWALK_INLINE void copy_first(const rw::View<Eigen::half>& view) {
  rw::detail::for_token_ranges(rw::serial, 1, {1, 2, 2},
                               [&](rw::Index, rw::Index) { view.data()[1].x = view.data()[0].x; });
}

/// Reads by the caller's type would move up before the call.
template <class T>
[[gnu::noinline]] void view_outside_loop(const T* numbers, T* copies, int count) {
  T x[2];
  const auto view = view_of(x);
  for (int i = 0; i < count; ++i) {
    x[0] = numbers[i];
    x[1] = T{};
    copy_first(view);
    copies[i] = x[1];
  }
}
template <class T>
[[gnu::noinline]] void view_inside_loop(const T* numbers, T* copies, int count) {
  T x[2];
  for (int i = 0; i < count; ++i) {
    x[0] = numbers[i];
    x[1] = T{};
    copy_first(view_of(x));
    copies[i] = x[1];
  }
}

/// A write whose value comes late would move down into the call.
template <class T>
[[gnu::noinline]] T late_write(const T* numbers, const int* ids) {
  T x[2] = {};
  const auto view = view_of(x);
  x[0] = numbers[ids[ids[0]] * ids[1]];
  copy_first(view);
  return x[1];
}

/// An array that nobody else has, and an element of it that the compiler does not know.
template <class T>
[[gnu::noinline]] T view_of_some(int begin, T first, T second) {
  T x[4] = {};
  const auto view = view_of(x + begin);
  x[0] = first;
  x[1] = second;
  copy_first(view);
  return x[1];
}

template <class T>
void check_borders() {
  volatile int zero = 0;  // what a compiler knows it puts into the functions
  const T numbers[] = {static_cast<T>(zero + 1), static_cast<T>(zero + 2),
                       static_cast<T>(zero + 3)};
  const int ids[] = {zero, zero + 1};
  const auto expect_number = [](const char* what, T number, int wanted) {
    expect(what, static_cast<float>(number), static_cast<float>(wanted));
  };
  T copies[3];
  view_outside_loop(numbers, copies, 3);
  for (int i = 0; i < 3; ++i) expect_number("a view outside the loop", copies[i], i + 1);
  view_inside_loop(numbers, copies, 3);
  for (int i = 0; i < 3; ++i) expect_number("a view inside the loop", copies[i], i + 1);
  expect_number("a late write", late_write(numbers, ids), 1);
  expect_number("a view of some", view_of_some(zero, numbers[0], numbers[1]), 1);
}

}  // namespace

int main() {
  check<std::uint16_t>();
  check_borders<Number>();
#if ROPEWALK_HAS_FLOAT16
  check<_Float16>();
  check_borders<_Float16>();
#endif
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
