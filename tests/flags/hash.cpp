// Hashes of what every form computes, on every instruction set: one line for each and each pair of
// types, pairing and compute type; and of tables as they are built. run.sh builds this once per leg
// of the flag matrix and compares the lines by name.
//
// finite/  operands and results are finite, subnormals among them: the promise under every flag
// all/     every value, NaN and infinities too: no promise where the compiler may ignore them
// ftz      1 where the process flushes subnormals, which is outside the promise
#include <Eigen/Core>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "../support/bits.hpp"
#include "ropewalk/ropewalk.hpp"

namespace {

namespace rw = ropewalk;
namespace rwt = ropewalk_test;
using rw::Index;

struct Case {
  rw::Shape shape;
  bool packed;
  rw::Stores stores;
};

// Every step and tail of a row of every register width, in each of its kinds of table.
constexpr Case cases[] = {
    {{1, 5, 1, 2}, false, rw::Stores::cached},
    {{2, 3, 3, 14}, true, rw::Stores::nontemporal},
    {{1, 4, 3, 62}, false, rw::Stores::cached},
    {{2, 4, 1, 64}, true, rw::Stores::nontemporal},
    {{1, 6, 3, 128}, false, rw::Stores::nontemporal},
    {{1, 6, 3, 128}, true, rw::Stores::cached},
    {{1, 3, 2, 188}, true, rw::Stores::cached},
    {{2, 3, 4, 382}, false, rw::Stores::cached},
};

/// Half of the values are of like size, so that fusing a product into a sum shows; the others have
/// every exponent up to where a rotation by coefficients of at most one is still finite.
template <class T>
std::vector<T> finite_values(Index count, bool at_most_one, std::uint64_t seed) {
  constexpr rwt::Dtype dtype = rwt::dtype_of<T>();
  constexpr rwt::Format format = rwt::format_of(dtype);
  constexpr rwt::Bits one = static_cast<rwt::Bits>(format.bias()) << format.fraction_bits;
  rwt::Random random(seed);
  std::vector<T> values(static_cast<std::size_t>(count));
  for (T& value : values) {
    const bool alike = random.below(2) == 0;
    rwt::Bits bits =
        rwt::random_pattern(dtype, alike ? rwt::Values::uniform : rwt::Values::bounded, random);
    const rwt::Bits magnitude = rwt::magnitude_of(dtype, bits);
    if (at_most_one && magnitude > one) bits -= one;
    value = rwt::from_bits<T>(bits);
  }
  return values;
}

template <class T>
std::vector<T> values(bool finite, Index count, bool of_table, std::uint64_t seed) {
  if (finite) return finite_values<T>(count, of_table, seed);
  return rwt::random_values<T>(static_cast<std::size_t>(count), rwt::Values::special, seed);
}

template <class X, class Tab>
struct Problem {
  Problem(const Case& of, bool finite, std::uint64_t seed)
      : stores(of.stores),
        shape(of.shape),
        packed(of.packed),
        x(values<X>(finite, shape.batch * shape.seq * shape.heads * shape.head_dim, false, seed)),
        table(values<Tab>(finite, shape.batch * shape.seq * 2 * shape.head_dim, true, ~seed)) {}

  rw::TableView<Tab> table_view() const {
    const Index width = 2 * shape.head_dim;
    if (packed) return rw::packed_table(rows_of(table.data(), width));
    const Tab* sin = table.data() + shape.batch * shape.seq * shape.head_dim / 2;
    return rw::half_table(rows_of(table.data(), shape.head_dim / 2),
                          rows_of(sin, shape.head_dim / 2));
  }

  rw::View<const Tab> rows_of(const Tab* data, Index width) const {
    return {data, {shape.batch, shape.seq, 1, width}};
  }

  rw::Stores stores;
  rw::Shape shape;
  bool packed;
  std::vector<X> x;
  std::vector<Tab> table;
};

template <class X, class Tab>
struct Mix {
  Mix(bool is_finite, std::string of_mix) : finite(is_finite), name(std::move(of_mix)) {
    for (const Case& each : cases) problems.emplace_back(each, finite, problems.size() + 1);
  }

  /// Prints the hash of all outputs of form(out, x, table, stores).
  template <class Form>
  std::uint64_t print(const std::string& form_name, const Form& form) const {
    std::uint64_t hash = 0;
    for (const Problem<X, Tab>& problem : problems) {
      std::vector<X> out(problem.x.size());
      form(rw::View<X>(out.data(), problem.shape),
           rw::View<const X>(problem.x.data(), problem.shape), problem.table_view(),
           problem.stores);
      hash = rwt::hash_bits(out, hash);
    }
    std::printf("%s/%s %016llx\n", name.c_str(), form_name.c_str(),
                static_cast<unsigned long long>(hash));
    return hash;
  }

  bool finite;
  std::string name;
  std::vector<Problem<X, Tab>> problems;
};

/// Prints the lines of one pair of types; false if not all forms gave the same hash.
template <class X, class Tab, class How = decltype(rw::interleaved_pairs)>
bool print_mix(bool finite, const char* kind = "", const How& options = {}) {
  const Mix<X, Tab> mix(finite, std::string(finite ? "finite/" : "all/") +
                                    rwt::name_of(rwt::dtype_of<X>()) + "/" +
                                    rwt::name_of(rwt::dtype_of<Tab>()) + kind);
  const auto strided = [&](auto out, auto x, auto table, rw::Stores) {
    rw::apply_strided(rw::serial, out, x, table, options);
  };
  const auto stack_flatten = [&](auto out, auto x, auto table, rw::Stores) {
    rw::apply_stack_flatten(rw::serial, out, x, table, options);
  };
  const std::uint64_t wanted = mix.print("strided", strided);
  bool same = wanted == mix.print("stack_flatten", stack_flatten);
  for (const rw::Isa isa : rw::available_isas()) {
    const auto fused = [&](auto out, auto x, auto table, rw::Stores stores) {
      rw::apply(rw::serial, out, x, table, options, {stores, isa});
    };
    same = wanted == mix.print(std::string("fused@") + rw::isa_name(isa), fused) && same;
  }
  return same;
}

/// A norm before the rotation: prints the lines of one finish, of each head or over all of them.
template <class X>
bool print_norm(bool finite, const char* kind, rw::NormFinish finish, bool over_token) {
  const Mix<X, float> mix(finite, std::string(finite ? "finite/norm/" : "all/norm/") +
                                      rwt::name_of(rwt::dtype_of<X>()) + "/" + kind);
  const std::vector<X> weight = values<X>(finite, 4 * 382, true, 77);
  const auto norm_of = [&](const auto& x) {
    const Index size = over_token ? x.heads() * x.head_dim() : x.head_dim();
    rw::RmsNorm<X> norm = rw::rms_norm_torch(weight.data(), size, 1e-6);
    norm.finish = finish;
    return over_token ? norm.over_token() : norm;
  };
  const std::uint64_t wanted = mix.print("strided", [&](auto out, auto x, auto table, rw::Stores) {
    rw::apply_strided(rw::serial, out, x, norm_of(x), table);
  });
  bool same = true;
  for (const rw::Isa isa : rw::available_isas()) {
    const auto fused = [&](auto out, auto x, auto table, rw::Stores stores) {
      rw::apply(rw::serial, out, x, norm_of(x), table, rw::interleaved_pairs, {stores, isa});
    };
    same = wanted == mix.print(std::string("fused@") + rw::isa_name(isa), fused) && same;
  }
  return same;
}

// Without the guards one pair of types is enough to show that hashes differ.
#if defined(ROPEWALK_TEST_UNGUARDED)
bool print_all(bool finite) {
  print_mix<float, float>(finite);
  print_norm<float>(finite, "one_rounding", rw::NormFinish::one_rounding, false);
  return true;
}
#else
// Each carrier and each way to round, with the tables that models use; mixes_test has the others.
bool print_all(bool finite) {
  bool same = print_mix<double, double>(finite);
  same = print_mix<float, float>(finite) && same;
  same = print_mix<Eigen::half, float>(finite) && same;
  same = print_mix<Eigen::bfloat16, float>(finite) && same;
  same = print_mix<Eigen::half, Eigen::half>(finite) && same;
  same = print_mix<Eigen::bfloat16, Eigen::bfloat16>(finite) && same;
  // Half pairs stand in other lanes, of bfloat16 two steps at once; wide ones are rounded once.
  same = print_mix<float, float>(finite, "/half", rw::half_pairs) && same;
  same = print_mix<Eigen::bfloat16, float>(finite, "/half", rw::half_pairs) && same;
  constexpr rw::FixedOptions<rw::Pairing::interleaved, rw::Compute::wide> wide;
  same = print_mix<Eigen::bfloat16, Eigen::bfloat16>(finite, "/wide", wide) && same;
  using rw::NormFinish;
  same = print_norm<float>(finite, "one_rounding", NormFinish::one_rounding, false) && same;
  same = print_norm<float>(finite, "over_token", NormFinish::one_plus_weight, true) && same;
  same = print_norm<Eigen::half>(finite, "one_plus", NormFinish::one_plus_weight, false) && same;
  return print_norm<Eigen::bfloat16>(finite, "twice", NormFinish::round_then_weight, false) && same;
}
#endif

/// Tables of positions that are not whole numbers, by each of the steps and a rule of many numbers.
template <class T>
void print_tables() {
  const rw::Positions positions = rw::sequence_positions(1000, 0.25);
  std::uint64_t hash = 0;
  for (const rw::AngleSteps steps :
       {rw::AngleSteps::f64, rw::AngleSteps::f32, rw::AngleSteps::f32_angles}) {
    const bool in_float = steps == rw::AngleSteps::f32;
    for (const rw::Scaling& rule : {rw::Scaling{rw::Unscaled{}}, rw::Scaling{rw::Yarn{4, 512}},
                                    rw::Scaling{rw::Llama3{8, 1, 4, 512}}}) {
      const rw::Frequencies list =
          rw::frequencies(64, 1e4, rule, {0, in_float ? rw::AngleSteps::f32 : rw::AngleSteps::f64});
      const rw::Table<T> table = rw::make_table<T>(positions, list, steps);
      hash = rwt::hash_bits(table.cos(0, 0), 1000 * 64, hash);
    }
  }
  std::printf("finite/tables/%s %016llx\n", rwt::name_of(rwt::dtype_of<T>()),
              static_cast<unsigned long long>(hash));
}

bool flushes_subnormals() {
  volatile float least_normal = rwt::from_bits<float>(0x00800000u);
  volatile float half = 0.5f;
  return rwt::to_bits(static_cast<float>(least_normal * half)) == 0;
}

}  // namespace

int main() {
  const bool flushes = flushes_subnormals();
  std::printf("ftz %d\n", flushes ? 1 : 0);
  print_tables<float>();
  print_tables<double>();
  const bool finite_same = print_all(true);
  bool all_same = print_all(false);
#if __FINITE_MATH_ONLY__
  all_same = true;
#endif
  if (flushes || (finite_same && all_same)) return EXIT_SUCCESS;
  std::fputs("forms or instruction sets gave different hashes\n", stderr);
  return EXIT_FAILURE;
}
