// Fixed small calls whose instructions run.sh counts: one dump of callgrind for each, or, where the
// first argument is "steps", two signals around each and its name behind them.
#ifndef ROPEWALK_TESTS_COUNTED_HPP
#define ROPEWALK_TESTS_COUNTED_HPP

#include <signal.h>
#include <valgrind/callgrind.h>

#include <Eigen/Core>
#include <cstddef>
#include <cstdio>
#include <string>
#include <type_traits>
#include <vector>

#include "ropewalk/table.hpp"
#include "ropewalk/view.hpp"

namespace counted {

namespace rw = ropewalk;

inline bool raises_signals = false;

/// The second call: what is asked once, the first has asked.
template <class Call>
void count(const std::string& name, const Call& call) {
  call();
  if (raises_signals) {
    raise(SIGUSR1);
    call();
    raise(SIGUSR2);
    std::puts(name.c_str());
    std::fflush(stdout);
    return;
  }
  CALLGRIND_ZERO_STATS;
  call();
  CALLGRIND_DUMP_STATS_AT(name.c_str());
}

/// What the compiler knows of it is no longer known.
template <class T>
T& opaque(T& value) {
  asm volatile("" : : "r"(&value) : "memory");
  return value;
}

template <class T>
constexpr const char* name_of = std::is_same_v<T, float>         ? "f32"
                                : std::is_same_v<T, Eigen::half> ? "f16"
                                                                 : "bf16";

/// The tensors of a call: one token, none of whose values takes a way of its own.
template <class T, class Tab = float>
struct Token {
  explicit Token(rw::Index heads, rw::Index head_dim)
      : shape{1, 1, heads, head_dim},
        values(static_cast<std::size_t>(2 * heads * head_dim), T(0.75f)),
        coefficients({1, 1, 1, head_dim / 2}),
        x(values.data(), shape),
        out(values.data() + heads * head_dim, shape),
        table(coefficients.view()) {
    for (rw::Index i = 0; i < head_dim / 2; ++i) {
      coefficients.cos(0, 0)[i] = Tab(0.5f);
      coefficients.sin(0, 0)[i] = Tab(0.25f);
    }
    opaque(*this);
  }

  std::string name(const char* form) const {
    return std::string(form) + "/" + name_of<T> + "/1x1x" + std::to_string(shape.heads) + "x" +
           std::to_string(shape.head_dim);
  }

  rw::Shape shape;
  std::vector<T> values;
  rw::Table<Tab> coefficients;
  rw::View<T> x, out;
  rw::TableView<Tab> table;
};

/// A program's arguments, before its first call. A call of nothing is what the signals take.
inline void begin(int argc, char** argv) {
  raises_signals = argc > 1 && argv[1] == std::string("steps");
  if (raises_signals) count("nothing", [] {});
}

}  // namespace counted

#endif  // ROPEWALK_TESTS_COUNTED_HPP
