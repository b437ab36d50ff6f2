// Tests of the test support itself: an oracle that is wrong would bless a library that is.
#include <gtest/gtest.h>
#include <unistd.h>  // for getpid

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "golden/folders.hpp"
#include "golden/keys.hpp"
#include "golden/pack.hpp"
#include "golden/rule.hpp"
#include "support/bits.hpp"
#include "support/fault_pages.hpp"
#include "support/reference.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk_test {
namespace {

using Eigen::bfloat16;
using Eigen::half;

// Arithmetic of the machine, for the reference to be held against. Volatile: one operation at a
// time, whatever the flags allow. What is narrower than float is computed there and rounded by
// Eigen, which is right for one operation on so few bits.

template <class T>
using Machine = std::conditional_t<std::is_same_v<T, double>, double, float>;

template <class T>
T machine_product(T a, T b) {
  volatile auto x = static_cast<Machine<T>>(a);
  volatile auto y = static_cast<Machine<T>>(b);
  volatile Machine<T> product = x * y;
  return static_cast<T>(static_cast<Machine<T>>(product));
}

template <class T>
T machine_sum(T a, T b) {
  volatile auto x = static_cast<Machine<T>>(a);
  volatile auto y = static_cast<Machine<T>>(b);
  volatile Machine<T> sum = x + y;
  return static_cast<T>(static_cast<Machine<T>>(sum));
}

template <class T>
T machine_difference(T a, T b) {
  volatile auto x = static_cast<Machine<T>>(a);
  volatile auto y = static_cast<Machine<T>>(b);
  volatile Machine<T> difference = x - y;
  return static_cast<T>(static_cast<Machine<T>>(difference));
}

template <class To, class From>
To machine_convert(From value) {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (std::is_same_v<From, double> && sizeof(To) == 2) {
    return static_cast<To>(static_cast<float>(value));
  } else if constexpr (sizeof(From) == 2) {
    return static_cast<To>(static_cast<float>(value));
  } else {
    return static_cast<To>(value);
  }
}

template <class T>
std::vector<T> operands(std::size_t count, std::uint64_t seed) {
  std::vector<T> all;
  for (const Values kind :
       {Values::uniform, Values::bounded, Values::finite, Values::any, Values::special}) {
    const auto part = random_values<T>(count / 5, kind, seed + static_cast<std::uint64_t>(kind));
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

template <class T>
class Arithmetic : public testing::Test {};
TYPED_TEST_SUITE(Arithmetic, Dtypes);

template <class T>
testing::AssertionResult steps_match_machine(const std::vector<T>& a, const std::vector<T>& b) {
  constexpr Dtype dtype = dtype_of<T>();
  using Step = Bits (*)(Dtype, Bits, Bits);
  using MachineStep = T (*)(T, T);
  const std::pair<Step, MachineStep> steps[] = {
      {multiply, machine_product<T>}, {add, machine_sum<T>}, {subtract, machine_difference<T>}};
  for (const auto& [step, machine_step] : steps) {
    std::vector<T> reference;
    std::vector<T> machine;
    for (std::size_t i = 0; i < a.size(); ++i) {
      reference.push_back(from_bits<T>(step(dtype, to_bits(a[i]), to_bits(b[i]))));
      machine.push_back(machine_step(a[i], b[i]));
    }
    const auto same = same_bits(reference, machine);
    if (!same) return same;
  }
  return testing::AssertionSuccess();
}

TYPED_TEST(Arithmetic, MatchesMachineOnRandomValues) {
  const auto a = operands<TypeParam>(300'000, 1);
  auto b = operands<TypeParam>(300'000, 2);
  EXPECT_TRUE(steps_match_machine(a, b));
  // Every kind of value with every other one.
  std::rotate(b.begin(), b.begin() + static_cast<std::ptrdiff_t>(b.size() / 5 * 2), b.end());
  EXPECT_TRUE(steps_match_machine(a, b));
}

TYPED_TEST(Arithmetic, MatchesMachineOnAllPairsOfSpecialValues) {
  std::vector<TypeParam> a;
  std::vector<TypeParam> b;
  for (const TypeParam& first : special_values<TypeParam>()) {
    for (const TypeParam& second : special_values<TypeParam>()) {
      a.push_back(first);
      b.push_back(second);
    }
  }
  EXPECT_TRUE(steps_match_machine(a, b));
}

// Sums that cancel and sums at every distance of exponents, the switch at 64 places included.
TYPED_TEST(Arithmetic, MatchesMachineAtEveryDistanceOfExponents) {
  constexpr Dtype dtype = dtype_of<TypeParam>();
  const Format format = format_of(dtype);
  Random random(3);
  std::vector<TypeParam> a;
  std::vector<TypeParam> b;
  const Bits exponents = format.infinity() >> format.fraction_bits;
  for (Bits distance = 0; distance < std::min<Bits>(exponents, 200); ++distance) {
    for (int i = 0; i < 400; ++i) {
      const Bits low = random.below(exponents - distance) << format.fraction_bits;
      const Bits fractions = format.hidden() - 1;
      const Bits sign = random.next() & format.sign();
      // Now and then a power of two, below which the spacing is finer.
      const Bits fraction = i % 4 == 0 ? 0 : random.next() & fractions;
      a.push_back(from_bits<TypeParam>(sign | low | (random.next() & fractions)));
      b.push_back(from_bits<TypeParam>((low + (distance << format.fraction_bits)) | fraction));
    }
  }
  EXPECT_TRUE(steps_match_machine(a, b));
}

// Conversions ----------------------------------------------------------------------------------

template <class From, class To>
testing::AssertionResult conversion_matches_machine(const std::vector<From>& values) {
  std::vector<To> reference;
  std::vector<To> machine;
  for (const From& value : values) {
    const Bits bits = convert(dtype_of<From>(), dtype_of<To>(), to_bits(value));
    reference.push_back(from_bits<To>(bits));
    machine.push_back(machine_convert<To>(value));
  }
  return same_bits(reference, machine) << ", converting from " << name_of(dtype_of<From>());
}

TYPED_TEST(Arithmetic, ConvertsAsTheMachine) {
  const auto values = operands<TypeParam>(200'000, 4);
  EXPECT_TRUE((conversion_matches_machine<TypeParam, double>(values)));
  EXPECT_TRUE((conversion_matches_machine<TypeParam, float>(values)));
  EXPECT_TRUE((conversion_matches_machine<TypeParam, half>(values)));
  EXPECT_TRUE((conversion_matches_machine<TypeParam, bfloat16>(values)));
}

template <class T>
class SixteenBits : public testing::Test {};
TYPED_TEST_SUITE(SixteenBits, SixteenBitDtypes);

TYPED_TEST(SixteenBits, EveryValueWidensExactlyAndComesBack) {
  const auto values = every_value<TypeParam>();
  EXPECT_TRUE((conversion_matches_machine<TypeParam, float>(values)));
  EXPECT_TRUE((conversion_matches_machine<TypeParam, double>(values)));
  constexpr Dtype dtype = dtype_of<TypeParam>();
  for (const Dtype wide : {Dtype::f32, Dtype::f64}) {
    for (Bits bits = 0; bits < 65536; ++bits) {
      const Bits back = convert(wide, dtype, convert(dtype, wide, bits));
      ASSERT_EQ(back, canonical(dtype, bits)) << name_of(wide);
    }
  }
}

// The midpoint of neighbours goes to the even one, the floats beside it to the nearer one; beyond
// the largest stands infinity, as if it were the next power of two.
TYPED_TEST(SixteenBits, EveryMidpointRoundsToEven) {
  constexpr Dtype dtype = dtype_of<TypeParam>();
  const Format format = format_of(dtype);
  const auto value = [&](Bits bits) {
    if (bits == format.infinity()) return std::ldexp(1.0, format.bias() + 1);
    return from_bits<double>(convert(dtype, Dtype::f64, bits));
  };
  for (Bits low = 0; low < format.infinity(); ++low) {
    const double midpoint = (value(low) + value(low + 1)) / 2;
    const Bits middle = to_bits(static_cast<float>(midpoint));
    ASSERT_EQ(static_cast<double>(from_bits<float>(middle)), midpoint);
    for (const Bits sign : {Bits{0}, format.sign()}) {
      const Bits negative = sign != 0 ? format_of(Dtype::f32).sign() : 0;
      ASSERT_EQ(convert(Dtype::f32, dtype, negative | middle), sign | (low + (low & 1)));
      ASSERT_EQ(convert(Dtype::f32, dtype, negative | (middle - 1)), sign | low);
      ASSERT_EQ(convert(Dtype::f32, dtype, negative | (middle + 1)), sign | (low + 1));
    }
  }
}

TEST(Convert, DoubleGoesToSixteenBitsByWayOfFloat) {
  const Bits above_tie = to_bits(1 + 0x1p-8 + 0x1p-40);
  EXPECT_EQ(convert(Dtype::f64, Dtype::bf16, above_tie), 0x3f80u);
  EXPECT_EQ(rounded(Dtype::bf16, unpack(Dtype::f64, above_tie)), 0x3f81u);  // not by way of float
  EXPECT_EQ(convert(Dtype::f64, Dtype::f16, to_bits(1 + 0x1p-11 + 0x1p-40)), 0x3c00u);
  EXPECT_EQ(convert(Dtype::f64, Dtype::f16, to_bits(1 + 0x1p-11 + 0x1p-23)), 0x3c01u);
}

// The rotation ---------------------------------------------------------------------------------

TEST(Promoted, FollowsPyTorch) {
  const auto [f64, f32, f16, bf16] = every_dtype;
  EXPECT_EQ(promoted(f16, f16), f16);
  EXPECT_EQ(promoted(bf16, bf16), bf16);
  EXPECT_EQ(promoted(f16, bf16), f32);
  EXPECT_EQ(promoted(bf16, f16), f32);
  for (const Dtype other : every_dtype) {
    EXPECT_EQ(promoted(f64, other), f64);
    EXPECT_EQ(promoted(other, f64), f64);
    if (other != f64) {
      EXPECT_EQ(promoted(f32, other), f32);
      EXPECT_EQ(promoted(other, f32), f32);
    }
  }
  EXPECT_EQ(computed_in_float(bf16, bf16).compute, f32);
  EXPECT_EQ(computed_in_float(f64, f16).compute, f64);
}

// The contract once more, by the machine: in P, rounded to Out.
template <class Out, class P, class X, class Tab>
Pair<Out> machine_pair(const Pair<X>& x, const Coefficients<Tab>& table) {
  const P a = machine_convert<P>(x.a);
  const P b = machine_convert<P>(x.b);
  const P cosines[] = {machine_product(a, machine_convert<P>(table.cos_a)),
                       machine_product(b, machine_convert<P>(table.cos_b))};
  const P sines[] = {machine_product(b, machine_convert<P>(table.sin_a)),
                     machine_product(a, machine_convert<P>(table.sin_b))};
  return {machine_convert<Out>(machine_difference(cosines[0], sines[0])),
          machine_convert<Out>(machine_sum(cosines[1], sines[1]))};
}

template <class Out, class P, class X, class Tab>
testing::AssertionResult rotation_matches_machine(bool compute_in_float) {
  constexpr std::size_t count = 20'000;
  std::vector<Out> reference;
  std::vector<Out> machine;
  for (const Values kind : {Values::uniform, Values::finite, Values::special}) {
    const auto x = random_values<X>(2 * count, kind, 5);
    const auto table = random_values<Tab>(4 * count, kind, 6);
    for (std::size_t i = 0; i < count; ++i) {
      const Pair<X> pair{x[2 * i], x[2 * i + 1]};
      const Coefficients<Tab> readers{table[4 * i], table[4 * i + 1], table[4 * i + 2],
                                      table[4 * i + 3]};
      const auto from_reference = rotate_pair<Out>(pair, readers, compute_in_float);
      const auto from_machine = machine_pair<Out, P>(pair, readers);
      for (const auto& [result, to] :
           {std::pair(from_reference, &reference), std::pair(from_machine, &machine)}) {
        to->push_back(result.a);
        to->push_back(result.b);
      }
    }
  }
  return same_bits(reference, machine);
}

template <class X, class Tab>
void expect_rotation_matches_machine() {
  using Same = std::conditional_t<std::is_same_v<X, Tab>, X, float>;
  constexpr bool with_double = std::is_same_v<X, double> || std::is_same_v<Tab, double>;
  using P = std::conditional_t<with_double, double, Same>;
  using Wide = std::conditional_t<with_double, double, float>;
  SCOPED_TRACE(std::string(name_of(dtype_of<X>())) + " with " + name_of(dtype_of<Tab>()));
  EXPECT_TRUE((rotation_matches_machine<X, P, X, Tab>(false)));
  EXPECT_TRUE((rotation_matches_machine<P, P, X, Tab>(false)));
  EXPECT_TRUE((rotation_matches_machine<X, Wide, X, Tab>(true)));
}

TYPED_TEST(Arithmetic, RotationMatchesMachineWithEveryTable) {
  expect_rotation_matches_machine<TypeParam, double>();
  expect_rotation_matches_machine<TypeParam, float>();
  expect_rotation_matches_machine<TypeParam, half>();
  expect_rotation_matches_machine<TypeParam, bfloat16>();
}

TEST(Rotation, DiffersFromFusedArithmeticWhereItMust) {
  const auto values = random_values<float>(4 * 10'000, Values::uniform, 7);
  int different = 0;
  for (std::size_t i = 0; i < values.size(); i += 4) {
    const float* v = values.data() + i;
    const auto out =
        rotate_pair(Pair<float>{v[0], v[1]}, Coefficients<float>{v[2], v[2], v[3], v[3]});
    const float fused = std::fma(-v[1], v[3], machine_product(v[0], v[2]));
    different += to_bits(out.a) != to_bits(fused) ? 1 : 0;
  }
  EXPECT_GT(different, 2'000);  // of 10'000
}

TEST(Rotation, TransposeIsTheGradientAndInverseTurnsBack) {
  constexpr Dtype f32 = Dtype::f32;
  const Coefficients<Bits> table{to_bits(2.0f), to_bits(3.0f), to_bits(5.0f), to_bits(7.0f)};
  const Pair<Bits> g{to_bits(11.0f), to_bits(13.0f)};
  const Pair<Bits> gradient = rotate_pair(eager(f32, f32), g, transpose(f32, table));
  EXPECT_EQ(from_bits<float>(gradient.a), 11 * 2 + 13 * 7);
  EXPECT_EQ(from_bits<float>(gradient.b), 13 * 3 - 11 * 5);
  const Pair<Bits> back = rotate_pair(eager(f32, f32), g, inverse(f32, table));
  EXPECT_EQ(from_bits<float>(back.a), 11 * 2 + 13 * 5);
  EXPECT_EQ(from_bits<float>(back.b), 13 * 3 - 11 * 7);
}

// Bits -----------------------------------------------------------------------------------------

TEST(SameBits, TakesAnyNanForAnyNanAndKeepsZerosApart) {
  const std::vector<float> nans = {from_bits<float>(0x7fc00000), from_bits<float>(0xff800001)};
  const std::vector<float> others = {from_bits<float>(0xffc12345), from_bits<float>(0x7fc00000)};
  EXPECT_TRUE(same_bits(nans, others));
  EXPECT_FALSE(same_bytes(nans, others));
  EXPECT_TRUE(same_bytes(nans, nans));
  EXPECT_FALSE(same_bits(std::vector<double>{0.0}, std::vector<double>{-0.0}));
  EXPECT_FALSE(same_bits(std::vector<float>{1}, std::vector<float>{1, 2}));
}

TEST(SameBits, ReportsTheFirstDifference) {
  const std::vector<bfloat16> a = {bfloat16(1), bfloat16(2), bfloat16(3)};
  const std::vector<bfloat16> b = {bfloat16(1), bfloat16(-2), bfloat16(4)};
  const std::string text = same_bits(a, b).message();
  EXPECT_EQ(text, "2 of 3 values (bf16) differ, first at index 1: 0x4000 and 0xc000");
}

TEST(HashBits, SeesValuesOrderSignAndTypeButNotNanPayloads) {
  const std::vector<float> values = {1, 2, from_bits<float>(0x7fc00000)};
  const std::uint64_t hash = hash_bits(values);
  EXPECT_EQ(hash, hash_bits(std::vector<float>{1, 2, from_bits<float>(0xff800001)}));
  EXPECT_EQ(hash, hash_bits(values.data(), values.size()));
  EXPECT_NE(hash, hash_bits(std::vector<float>{2, 1, values[2]}));
  EXPECT_NE(hash, hash_bits(std::vector<float>{1, 2}));
  EXPECT_NE(hash, hash_bits(values, 1));
  EXPECT_NE(hash_bits(std::vector<float>{0.0f}), hash_bits(std::vector<float>{-0.0f}));
  EXPECT_NE(hash_bits(std::vector<half>{half(0)}), hash_bits(std::vector<bfloat16>{bfloat16(0)}));
}

TEST(RandomNumbers, AreThoseOfSplitmix64) {
  Random random(1234567);
  EXPECT_EQ(random.next(), 6457827717110365317u);
  EXPECT_EQ(random.next(), 3203168211198807973u);
  EXPECT_EQ(random.next(), 9817491932198370423u);
}

TYPED_TEST(Arithmetic, FillsKeepTheirPromises) {
  constexpr Dtype dtype = dtype_of<TypeParam>();
  const Bits infinity = format_of(dtype).infinity();
  const Bits one = magnitude_of(dtype, to_bits(TypeParam(1)));
  constexpr std::size_t count = 100'000;
  for (const auto& v : random_values<TypeParam>(count, Values::uniform, 8)) {
    ASSERT_LE(magnitude_of(dtype, to_bits(v)), one);
  }
  for (const auto& v : random_values<TypeParam>(count, Values::finite, 8)) {
    ASSERT_LT(magnitude_of(dtype, to_bits(v)), infinity);
  }
  const auto bounded = random_values<TypeParam>(count, Values::bounded, 8);
  for (std::size_t i = 0; i + 6 <= count; i += 6) {
    const TypeParam* v = bounded.data() + i;
    const auto out =
        rotate_pair(Pair<TypeParam>{v[0], v[1]}, Coefficients<TypeParam>{v[2], v[3], v[4], v[5]});
    ASSERT_LT(magnitude_of(dtype, to_bits(out.a)), infinity);
    ASSERT_LT(magnitude_of(dtype, to_bits(out.b)), infinity);
  }
  const auto special = random_values<TypeParam>(count, Values::special, 8);
  for (const TypeParam& wanted : special_values<TypeParam>()) {
    const auto is_wanted = [&](const TypeParam& v) { return to_bits(v) == to_bits(wanted); };
    ASSERT_TRUE(std::any_of(special.begin(), special.end(), is_wanted));
  }
}

// One hash per type and kind, so that a platform on which the fills differ is found here and not
// in the tests that use them.
TEST(Fills, AreTheSameEverywhere) {
  std::uint64_t hash = 0;
  for (const Values kind :
       {Values::uniform, Values::bounded, Values::finite, Values::any, Values::special}) {
    hash = hash_bits(random_values<double>(1000, kind, 9), hash);
    hash = hash_bits(random_values<float>(1000, kind, 9), hash);
    hash = hash_bits(random_values<half>(1000, kind, 9), hash);
    hash = hash_bits(random_values<bfloat16>(1000, kind, 9), hash);
  }
  EXPECT_EQ(hash, 9656076308331604349u);
}

// Pages that fault -------------------------------------------------------------------------------

float read(const float* from) { return *static_cast<const volatile float*>(from); }
void write(float* to) { *static_cast<volatile float*>(to) = 1; }

TEST(FaultPagesDeathTest, FaultAtTheFirstValueOutside) {
  for (const std::size_t count : {std::size_t{1}, std::size_t{37}, std::size_t{5000}}) {
    FaultPages<float> ends(count, Against::end);
    FaultPages<float> starts(count, Against::start);
    for (FaultPages<float>* pages : {&ends, &starts}) {
      for (float& value : *pages) value = 2;
      EXPECT_EQ(read(pages->data()) + read(pages->end() - 1), 4);
      EXPECT_TRUE(pages->surroundings_kept());
    }
    EXPECT_DEATH(read(ends.end()), "");
    EXPECT_DEATH(write(ends.end()), "");
    EXPECT_DEATH(read(starts.begin() - 1), "");
    EXPECT_DEATH(write(starts.begin() - 1), "");
  }
}

TEST(FaultPagesDeathTest, ForbiddenWritesFault) {
  FaultPages<float> pages(3, Against::end);
  pages[1] = 5;
  pages.forbid_writing();
  EXPECT_EQ(read(pages.data() + 1), 5);
  EXPECT_DEATH(write(pages.data() + 1), "");
  pages.allow_writing();
  write(pages.data() + 1);
  EXPECT_EQ(pages[1], 1);
}

TEST(FaultPages, GapsMisalignAndAreWatched) {
  for (const std::size_t gap : {std::size_t{0}, std::size_t{1}, std::size_t{7}}) {
    FaultPages<bfloat16> starts(9, Against::start, gap);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(starts.data()) % 64, 2 * gap);
    FaultPages<bfloat16> ends(9, Against::end, gap);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(ends.end() + gap) % 4096, 0u);
    EXPECT_TRUE(starts.surroundings_kept());
    *starts.end() = bfloat16(1);
    EXPECT_FALSE(starts.surroundings_kept());
  }
}

// The pack ---------------------------------------------------------------------------------------

/// A folder that holds the given files while it lives.
class PackFolder {
 public:
  PackFolder(const std::string& cases, const std::string& index, const std::string& data)
      : path_(testing::TempDir() + "ropewalk_pack_" + std::to_string(getpid())) {
    std::filesystem::create_directories(path_);
    write("cases.tsv", cases);
    write("index.tsv", index);
    write("data.bin", data);
  }
  PackFolder(const PackFolder&) = delete;
  PackFolder& operator=(const PackFolder&) = delete;
  ~PackFolder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  void write(const std::string& file, const std::string& text) const {
    std::ofstream(path_ + "/" + file, std::ios::binary) << text;
  }
  std::string path_;
};

TEST(Pack, GivesCasesKeysAndTensors) {
  std::string data("\x00\x00\x80\x3f\x00\x00\x00\xc0", 8);
  data += std::string(56, '\0') + std::string("\xfe\xff\xff\xff\xff\xff\xff\xff", 8);
  const PackFolder folder(
      "a\tkind\trotate\na\tio\tq>r,k>l\nb\tsource\ttwo words\n",
      "a\tq\tf32\t2x1\t0\t8\na\tids\ti64\t1\t64\t8\nb\tnone\tbf16\t0x3\t128\t0\n",
      data + std::string(56, '\0'));
  const Pack pack = read_pack(folder.path());
  ASSERT_EQ(pack.cases.size(), 2u);
  const Case& a = pack.cases[0];
  EXPECT_EQ(a.at("kind"), "rotate");
  EXPECT_EQ(a.io(), (std::vector<std::pair<std::string, std::string>>{{"q", "r"}, {"k", "l"}}));
  EXPECT_EQ(a.tensor("q").shape, (std::vector<std::int64_t>{2, 1}));
  EXPECT_EQ(a.tensor("q").values<float>(), (std::vector<float>{1, -2}));
  EXPECT_EQ(a.tensor("q").patterns(), (std::vector<Bits>{0x3f800000, 0xc0000000}));
  EXPECT_EQ(a.tensor("ids").values<std::int64_t>(), (std::vector<std::int64_t>{-2}));
  EXPECT_EQ(pack.cases[1].tensor("none").size(), 0u);
  EXPECT_EQ(pack.cases[1].at("source"), "two words");
  EXPECT_THROW(a.at("layout"), PackError);
  EXPECT_THROW(a.tensor("x"), PackError);
  EXPECT_THROW(a.tensor("q").values<double>(), PackError);
  std::vector<unsigned char> bytes = {1, 2, 3, 4};
  detail::reverse_elements(bytes, 2);
  EXPECT_EQ(bytes, (std::vector<unsigned char>{2, 1, 4, 3}));
}

TEST(Pack, SaysWhatIsMalformed) {
  struct Malformed {
    const char* cases;
    const char* index;
    const char* message;
  };
  const Malformed packs[] = {
      {"a\tkind\n", "", "cases.tsv:1: 2 fields, must be 3"},
      {"a\tkind\tgrad\n\n", "", "cases.tsv:2: 1 fields, must be 3"},
      {"a\tkind\tgrad\na\tkind\tgrad\n", "", "cases.tsv:2: key 'kind' a second time"},
      {"a\tk\tv\n", "a\tx\tf32\t4\t0\n", "index.tsv:1: 5 fields, must be 6"},
      {"a\tk\tv\n", "b\tx\tf32\t4\t0\t16\n", "case 'b' is not in cases.tsv"},
      {"a\tk\tv\n", "a\tx\tf8\t4\t0\t4\n", "dtype is 'f8'"},
      {"a\tk\tv\n", "a\tx\tf32\t2*2\t0\t16\n", "'2*2' is not a whole number"},
      {"a\tk\tv\n", "a\tx\tf32\t\t0\t16\n", "'' is not a whole number"},
      {"a\tk\tv\n", "a\tx\tf32\t4\t-64\t16\n", "'-64' is not a whole number"},
      {"a\tk\tv\n", "a\tx\tf32\t4\t0\t12\n", "byte count is 12, must be 16"},
      {"a\tk\tv\n", "a\tx\tf32\t4294967296x4294967296\t0\t0\n", "too large"},
      {"a\tk\tv\n", "a\tx\tf32\t4\t99999999999999999999\t16\n", "is not a whole number"},
      {"a\tk\tv\n", "a\tx\tf32\t4\t32\t16\n", "offset 32 is not a multiple of 64"},
      {"a\tk\tv\n", "a\tx\tf32\t4\t0\t16\na\ty\tf32\t4\t0\t16\n", "index.tsv:2: offset 0"},
      {"a\tk\tv\n", "a\tx\tf32\t4\t0\t16\na\tx\tf32\t4\t64\t16\n", "'x' a second time"},
      {"a\tk\tv\n", "a\tx\tf32\t4\t64\t16\n", "goes past the end of data.bin"},
      {"a\tk\tv\n", "a\tx\tf32\t32\t0\t128\n", "goes past the end of data.bin"},
  };
  for (const Malformed& malformed : packs) {
    const PackFolder folder(malformed.cases, malformed.index, std::string(64, '\0'));
    try {
      read_pack(folder.path());
      ADD_FAILURE() << "accepted, wanted: " << malformed.message;
    } catch (const PackError& error) {
      EXPECT_NE(std::string(error.what()).find(malformed.message), std::string::npos)
          << error.what() << "\nwanted: " << malformed.message;
    }
  }
  EXPECT_THROW(read_pack(testing::TempDir() + "ropewalk_no_such_pack"), PackError);
}

TEST(Keys, UnknownKeysAndRuleValuesAreFound) {
  Case of{"a", {{"pairing", "half"}, {"theta", "any"}, {"source", "any"}, {"cos", "c"}}, {}};
  EXPECT_TRUE(unknown_rules(of).empty());
  of.keys["twist"] = "1";
  EXPECT_EQ(unknown_rules(of),
            (std::vector<std::string>{"case a: unknown key 'twist', its value is '1'"}));
  const std::pair<const char*, const char*> values[] = {
      {"kind", "rotation"},  {"layout", "BSXD"},    {"layout", "BBSD"},   {"layout", "SDH"},
      {"pairing", "thirds"}, {"rotary_dim", "7"},   {"rotary_dim", "-2"}, {"rotary_offset", "x"},
      {"table_axes", "T"},   {"table_kind", "log"}, {"table_cast", "f8"}, {"arith", "x"},
      {"out_dtype", "i64"},  {"exact", "maybe"},    {"tol_ulp", "few"},   {"tol_ulp", "."},
      {"fma", "both"}};
  for (const auto& [key, value] : values) {
    of.keys = {{key, value}};
    EXPECT_EQ(unknown_rules(of),
              (std::vector<std::string>{"case a: unknown value '" + std::string(value) +
                                        "' of rule key '" + key + "'"}));
  }
}

TEST(Keys, TheRuleOfACaseNamesWhatIsUnknown) {
  const auto error_of = [](const char* key, const char* value) {
    Case of{"made here", {{"kind", "tables"}, {"rotary_dim", "2"}, {"table_kind", "full_dup"}}, {}};
    for (const char* name : {"cos", "sin"}) of.tensors.push_back({name, "f32", {0}, {}});
    EXPECT_EQ(rule_of(of).pairs(), 1);
    of.keys[key] = value;
    try {
      rule_of(of);
    } catch (const PackError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(error_of("twist", "1"), "case made here: unknown key 'twist', its value is '1'");
  EXPECT_EQ(error_of("pairing", "thirds"),
            "case made here: unknown value 'thirds' of rule key 'pairing'");
  EXPECT_EQ(error_of("kind", "rotate"), "case made here has no key 'pairing'");
  EXPECT_EQ(error_of("cos", "cosine"), "case made here has no tensor 'cosine'");
}

// One pair in three features: the third, and the token outside the range, pass through bit for
// bit, payload of the NaN included.
TEST(Rule, CopiesWhatIsNotTurned) {
  const std::string f32_1("\x00\x00\x80\x3f", 4);
  const std::string nan("\x01\x00\x80\x7f", 4);
  const std::string x = f32_1 + f32_1 + nan + nan + f32_1 + nan;
  const PackFolder folder(
      "a\tkind\trotate\na\tio\tx>x\na\tlayout\tSD\na\tpairing\thalf\na\trotary_dim\t2\n"
      "a\ttoken_offset\t0\na\ttoken_count\t1\na\ttable_kind\thalf\na\ttable_axes\tS\n"
      "a\tarith\tf32\na\tout_dtype\tx\na\texact\tbit\n",
      "a\tx\tf32\t2x3\t0\t24\na\tcos\tf32\t1x1\t64\t4\na\tsin\tf32\t1x1\t128\t4\n",
      x + std::string(40, '\0') + f32_1 + std::string(60, '\0') + f32_1);
  const Case of = read_pack(folder.path()).cases[0];
  EXPECT_EQ(expected_output(rule_of(of), of.tensor("x")).bits,
            (std::vector<Bits>{0, to_bits(2.0f), 0x7f800001, 0x7f800001, 0x3f800000, 0x7f800001}));
}

TEST(Golden, EveryKeyAndRuleValueIsKnown) {
  for (const Case& of : golden_cases()) {
    for (const std::string& unknown : unknown_rules(of)) ADD_FAILURE() << unknown;
  }
}

// PyTorch's bits and the reference's: each proves the other. Where the peer fused a product into
// the sum, its bits are those of its CPU's kernel: the README's 4 units.
TEST(Golden, ReferenceMatchesPyTorch) {
  int compared = 0;
  int within_units = 0;
  int norms_alone = 0;  // which golden_norm_test compares
  for (const Case& of : golden_cases()) {
    if (!has_rotation(of)) {
      ++norms_alone;
      continue;
    }
    const Rule rule = rule_of(of);
    SCOPED_TRACE(rule.name);
    for (const auto& [input, stored] : rule.io) {
      const Expected expected = expected_output(rule, *input);
      if (rule.fused || !rule.bit_exact) {
        EXPECT_EQ(stored->dtype, name_of(expected.dtype));
        EXPECT_EQ(stored->shape, expected.shape);
        EXPECT_LE(worst_units(expected, *stored, rule.arith), rule.fused ? 4 : rule.tol_ulp);
        ++within_units;
        continue;
      }
      EXPECT_EQ(difference(expected, *stored), "");
      ++compared;
    }
    if (rule.kind == Kind::grad) {
      EXPECT_EQ(difference(expected_gradient(rule), *rule.gradients[1], true), "");
      ++compared;
    }
  }
  std::cout << "note: golden: the reference: " << compared << " tensors bit for bit, "
            << within_units << " within units, " << norms_alone << " norms alone\n";
  EXPECT_GT(compared + norms_alone, 0);
}

}  // namespace
}  // namespace ropewalk_test
