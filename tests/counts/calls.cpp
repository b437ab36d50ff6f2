// Fixed small calls whose instructions run.sh counts, one dump of callgrind for each. Those of the
// readable forms do not depend on the instruction set: any argument leaves them out.
#include <valgrind/callgrind.h>

#include <Eigen/Core>
#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "ropewalk/apply.hpp"

namespace {

namespace rw = ropewalk;

/// The second call: what is asked once, the first has asked.
template <class Call>
void count(const std::string& name, const Call& call) {
  call();
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
template <class T>
struct Token {
  explicit Token(rw::Index heads, rw::Index head_dim)
      : shape{1, 1, heads, head_dim},
        values(static_cast<std::size_t>(2 * heads * head_dim), T(0.75f)),
        coefficients({1, 1, 1, head_dim / 2}),
        x(values.data(), shape),
        out(values.data() + heads * head_dim, shape),
        table(coefficients.view()) {
    for (rw::Index i = 0; i < head_dim; ++i) coefficients.cos(0, 0)[i] = 0.5f;
    opaque(*this);
  }

  std::string name(const char* form) const {
    return std::string(form) + "/" + name_of<T> + "/1x1x" + std::to_string(shape.heads) + "x" +
           std::to_string(shape.head_dim);
  }

  rw::Shape shape;
  std::vector<T> values;
  rw::Table<float> coefficients;
  rw::View<T> x, out;
  rw::TableView<float> table;
};

template <class T, class How>
void count_fused(Token<T>& of, const How& how, const std::string& pairing) {
  count(of.name("fused") + pairing, [&] { rw::apply(rw::serial, of.out, of.x, of.table, how); });
  count(of.name("fused_inplace") + pairing,
        [&] { rw::apply_inplace(rw::serial, of.x, of.table, how); });
}

template <class T, class How>
void count_readable(Token<T>& of, const How& how, const std::string& pairing) {
  count(of.name("strided") + pairing,
        [&] { rw::apply_strided(rw::serial, of.out, of.x, of.table, how); });
  count(of.name("stack_flatten") + pairing,
        [&] { rw::apply_stack_flatten(rw::serial, of.out, of.x, of.table, how); });
}

template <class T>
void count_type(bool fused_alone) {
  Token<T> token(32, 128), least(1, 8);
  for (Token<T>* of : {&token, &least}) {
    count_fused(*of, rw::interleaved_pairs, "");
    count_fused(*of, rw::half_pairs, "/half");
    if (fused_alone) continue;
    count_readable(*of, rw::interleaved_pairs, "");
    count_readable(*of, rw::half_pairs, "/half");
  }
}

/// What else a call may be given.
void count_others() {
  Token<float> q(1, 8), k(1, 8);
  rw::Options options;
  opaque(options);
  count(q.name("fused_inplace") + "/options",
        [&] { rw::apply_inplace(rw::serial, q.x, q.table, options); });
  count(q.name("fused_inplace") + "/table",
        [&] { rw::apply_inplace(rw::serial, q.x, q.coefficients); });
  count(q.name("fused_inplace") + "/two",
        [&] { rw::apply_inplace(rw::serial, std::tie(q.x, k.x), q.table); });
  const std::vector<int> ids{0};
  const rw::TableView<float> gathered = q.table.gather(ids);
  count(q.name("fused_inplace") + "/gathered",
        [&] { rw::apply_inplace(rw::serial, q.x, gathered); });
}

}  // namespace

int main(int argc, char**) {
  const bool fused_alone = argc > 1;
  count_type<float>(fused_alone);
  count_type<Eigen::half>(fused_alone);
  count_type<Eigen::bfloat16>(fused_alone);
  count_others();
}
