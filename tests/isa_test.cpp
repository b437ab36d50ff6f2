// Instruction sets: listing, naming, forcing one, and the environment variable ROPEWALK_ISA.
#include "ropewalk/isa.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>  // for setenv

#include <Eigen/Core>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <set>
#include <string>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "ropewalk/apply.hpp"
#include "ropewalk/base/caches.hpp"
#include "support/bits.hpp"
#include "support/error_of.hpp"
#include "support/forms.hpp"

namespace {

namespace rw = ropewalk;
using ropewalk_test::error_of;
using ropewalk_test::forced;
using ropewalk_test::random_values;
using ropewalk_test::same_bits;
using ropewalk_test::same_bytes;
using ropewalk_test::Values;

// Three heads of a width with every tail.
constexpr rw::Shape shape{1, 4, 3, 94};

struct Problem {
  std::vector<float> x = random_values<float>(4 * 3 * 94, Values::special, 1);
  std::vector<float> out = random_values<float>(x.size(), Values::any, 2);
  rw::Table<float> table{{1, 4, 1, 47}};

  Problem() { ropewalk_test::fill(table.cos(0, 0), 4 * 94, Values::special, 3); }

  rw::View<float> x_view() { return {x.data(), shape}; }
  rw::View<float> out_view() { return {out.data(), shape}; }

  void apply(const rw::CpuOptions& cpu = {}) {
    rw::apply(Eigen::DefaultDevice(), out_view(), x_view(), table, {}, cpu);
  }
};

std::string names_of(const std::vector<rw::Isa>& isas) {
  std::string names;
  for (const rw::Isa isa : isas) {
    if (!names.empty()) names += ", ";
    names += rw::isa_name(isa);
  }
  return names;
}

std::vector<rw::Isa> unavailable_isas() {
  std::vector<rw::Isa> result;
  for (const rw::Isa isa : rw::all_isas) {
    if (!rw::detail::isa_available(isa)) result.push_back(isa);
  }
  return result;
}

TEST(Isa, EveryOneHasAName) {
  std::set<std::string> names;
  for (const rw::Isa isa : rw::all_isas) names.insert(rw::isa_name(isa));
  EXPECT_EQ(names,
            (std::set<std::string>{"scalar", "neon", "sse2", "avx2", "avx512", "avx512bf16",
                                   "avx512fp16"}));
  EXPECT_STREQ(rw::isa_name(static_cast<rw::Isa>(99)), "unknown");
}

TEST(Isa, AvailableOnesAreListedFromLeastToMost) {
  const std::vector<rw::Isa> isas = rw::available_isas();
  ASSERT_FALSE(isas.empty());
  EXPECT_EQ(isas.front(), rw::Isa::scalar);
  EXPECT_TRUE(std::is_sorted(isas.begin(), isas.end()));
  EXPECT_EQ(std::adjacent_find(isas.begin(), isas.end()), isas.end());
  for (const rw::Isa isa : isas) EXPECT_TRUE(rw::detail::isa_available(isa)) << rw::isa_name(isa);
  std::printf("note: instruction sets of this machine: %s\n", names_of(isas).c_str());
}

TEST(Isa, BaselineOfTheTargetIsAvailable) {
#if defined(__x86_64__)
  EXPECT_TRUE(rw::detail::isa_available(rw::Isa::sse2));
  EXPECT_FALSE(rw::detail::isa_available(rw::Isa::neon));
#elif defined(__aarch64__)
  EXPECT_TRUE(rw::detail::isa_available(rw::Isa::neon));
  EXPECT_FALSE(rw::detail::isa_available(rw::Isa::sse2));
#else
  EXPECT_EQ(rw::available_isas().size(), 1u);
#endif
}

TEST(Isa, NameLeadsBack) {
  for (const rw::Isa isa : rw::available_isas()) {
    EXPECT_EQ(rw::isa_from_name(rw::isa_name(isa)), isa);
  }
}

TEST(Isa, OtherNamesAreErrorsThatSayWhatThereIs) {
  std::vector<std::string> names = {"", "mmx", "AVX2", "avx", "avx5123", " sse2", "unknown"};
  for (const rw::Isa isa : unavailable_isas()) names.push_back(rw::isa_name(isa));
  for (const std::string& name : names) {
    EXPECT_EQ(error_of([&] { rw::isa_from_name(name); }),
              "isa_from_name: the instruction set is \"" + name + "\", must be one of " +
                  names_of(rw::available_isas()));
  }
}

TEST(Isa, ForcedOneGivesTheBitsOfStrided) {
  Problem problem;
  std::vector<float> wanted(problem.x.size());
  rw::apply_strided(Eigen::DefaultDevice(), rw::View<float>(wanted.data(), shape), problem.x_view(),
                    problem.table);
  problem.apply();
  EXPECT_TRUE(same_bits(problem.out, wanted)) << "default";
  for (const rw::Isa isa : rw::available_isas()) {
    Problem again;
    again.apply(forced(isa));
    EXPECT_TRUE(same_bits(again.out, wanted)) << rw::isa_name(isa);
  }
}

TEST(Isa, ForcingAnUnavailableOneThrowsBeforeAnythingIsWritten) {
  ASSERT_FALSE(unavailable_isas().empty());
  for (const rw::Isa isa : unavailable_isas()) {
    Problem problem;
    const Problem before = problem;
    const rw::CpuOptions cpu = forced(isa);
    const std::string text = std::string(": the instruction set is \"") + rw::isa_name(isa) +
                             "\", must be one of " + names_of(rw::available_isas());
    EXPECT_EQ(error_of([&] { problem.apply(cpu); }), "apply" + text);
    EXPECT_EQ(error_of([&] {
                rw::apply_inplace(Eigen::DefaultDevice(), problem.x_view(), problem.table, {}, cpu);
              }),
              "apply_inplace" + text);
    EXPECT_TRUE(same_bytes(problem.out, before.out));
    EXPECT_TRUE(same_bytes(problem.x, before.x));
  }
}

// The variable is read once a process, so each of these runs in a fresh one -----------------------

constexpr int as_wanted = 7;

int exit_code(bool good) { return good ? as_wanted : 1; }

/// In the child: the first call and the next throw, the text goes to stderr, out stays as it was.
[[noreturn]] void call_with_bad_name(const char* name) {
  setenv("ROPEWALK_ISA", name, 1);
  Problem problem;
  const Problem before = problem;
  const std::string text = error_of([&] { problem.apply(); });
  std::fprintf(stderr, "%s\n", text.c_str());
  const bool again = error_of([&] { problem.apply(); }) == text;
  exit(exit_code(again && same_bytes(problem.out, before.out)));
}

/// In the child: the variable's first value holds, whatever it becomes.
[[noreturn]] void call_with_good_name(rw::Isa isa) {
  setenv("ROPEWALK_ISA", rw::isa_name(isa), 1);
  Problem problem;
  problem.apply();
  setenv("ROPEWALK_ISA", "mmx", 1);
  problem.apply();
  exit(exit_code(rw::default_isa() == isa));
}

#if ROPEWALK_X86
// As the system tells it; under qemu it tells of the machine that runs it.
TEST(CacheSizes, KnowAZen4) {
  std::ifstream file("/proc/cpuinfo");
  bool is_amd = false, has_avx512 = false;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("vendor_id", 0) == 0) is_amd = line.find("AuthenticAMD") != std::string::npos;
    if (line.rfind("flags", 0) == 0) has_avx512 = line.find(" avx512f") != std::string::npos;
  }
  EXPECT_EQ(rw::detail::ask_cache_sizes().of_zen4, is_amd && has_avx512);
}
#endif

class IsaDeathTest : public testing::Test {
 protected:
  // Runs the program anew, up to here, instead of forking it.
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(IsaDeathTest, EnvironmentNamesTheDefault) {
  for (const rw::Isa isa : rw::available_isas()) {
    EXPECT_EXIT(call_with_good_name(isa), testing::ExitedWithCode(as_wanted), "")
        << rw::isa_name(isa);
  }
}

TEST_F(IsaDeathTest, WithoutEnvironmentTheMostCapableIsTheDefault) {
  const auto call = [] {
    unsetenv("ROPEWALK_ISA");
    exit(exit_code(rw::default_isa() == rw::available_isas().back()));
  };
  EXPECT_EXIT(call(), testing::ExitedWithCode(as_wanted), "");
}

TEST_F(IsaDeathTest, UnknownNameInTheEnvironmentThrowsBeforeAnythingIsWritten) {
  EXPECT_EXIT(call_with_bad_name("mmx"), testing::ExitedWithCode(as_wanted),
              "^ROPEWALK_ISA: the instruction set is \"mmx\", must be one of scalar");
}

TEST_F(IsaDeathTest, UnsupportedNameInTheEnvironmentThrowsBeforeAnythingIsWritten) {
  const std::string name = rw::isa_name(unavailable_isas().front());
  EXPECT_EXIT(call_with_bad_name(name.c_str()), testing::ExitedWithCode(as_wanted),
              "^ROPEWALK_ISA: the instruction set is \"" + name + "\", must be one of scalar");
}

// An instruction set that a call names itself does not ask the environment.
TEST_F(IsaDeathTest, OptionsGoBeforeTheEnvironment) {
  const auto call = [] {
    setenv("ROPEWALK_ISA", "mmx", 1);
    Problem problem;
    problem.apply(forced(rw::Isa::scalar));
    exit(as_wanted);
  };
  EXPECT_EXIT(call(), testing::ExitedWithCode(as_wanted), "");
}

}  // namespace
