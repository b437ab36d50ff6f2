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

/// All that a form does behind its checks, whose calls may hide from a compiler what it could do.
template <class T>
void check_border(T* x) {
  const auto view = rw::half_view(x, {1, 1, 1, 2});
  for (int i = 1; i < 3; ++i) {
    x[0] = stored<T>(static_cast<float>(i));
    x[1] = stored<T>(-1);
    rw::detail::for_token_ranges(rw::serial, 1, 2, 2,
                                 [&](rw::Index, rw::Index) { view.data()[1] = view.data()[0]; });
    expect("for_token_ranges", value_of(x[1]), static_cast<float>(i));
  }
}

template <class T>
void check() {
  static Memory<T> global;
  check_forms(global);
  check_border(global.x);
  Memory<T> local;
  check_forms(local);
  check_border(local.x);
}

}  // namespace

int main() {
  check<std::uint16_t>();
#if ROPEWALK_HAS_FLOAT16
  check<_Float16>();
#endif
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
