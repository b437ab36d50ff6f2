// What a call leaves behind: nothing. No form allocates, or writes a variable of the program.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <tuple>
#include <type_traits>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "ropewalk/ropewalk.hpp"
#include "support/allocations.hpp"
#include "support/bits.hpp"
#include "support/every_call.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;

// What is passed by value into threads and containers can be moved there without a way to fail.
static_assert(std::is_nothrow_copy_constructible_v<rw::View<float>>);
static_assert(std::is_nothrow_copy_constructible_v<rw::TableView<float>>);
static_assert(std::is_nothrow_move_constructible_v<rw::Table<float>>);
static_assert(std::is_nothrow_move_assignable_v<rw::Table<float>>);

/// Queries and keys in one call, as Eigen tensors and maps.
class TwoTensors {
 public:
  void operator()() {
    const Eigen::DefaultDevice device;
    const Eigen::TensorMap<Eigen::Tensor<float, 3, Eigen::RowMajor>> q_map(q_.data(), 5, 3, 94);
    auto q_out = q_map, q = q_map;
    rw::apply_inplace(device, std::tie(q, k_), table_);
    rw::apply(device, std::tie(q_out, k_), std::tie(q, k_), table_);
  }

 private:
  std::vector<float> q_ = random_values<float>(5 * 3 * 94, Values::special, 1);
  Eigen::Tensor<float, 3, Eigen::RowMajor> k_{5, 1, 94};
  rw::Table<float> table_{{1, 5, 1, 47}};
};

/// How often call() asks for memory.
template <class Call>
std::size_t allocations_in(Call& call) {
  const std::size_t before = allocations();
  call();
  return allocations() - before;
}

// Before main and so before any other call: the choice of an instruction set is part of it.
const std::size_t allocations_in_first_call = [] {
  TwoTensors call;
  return allocations_in(call);
}();

template <class T>
class Traces : public testing::Test {};
TYPED_TEST_SUITE(Traces, Dtypes);

// Allocations ----------------------------------------------------------------------------------

TEST(Allocations, AreCounted) {
  if (!can_count_allocations) GTEST_SKIP() << "a sanitizer's or another C library's malloc";
  const auto expect_counted = [](auto allocate) { EXPECT_EQ(allocations_in(allocate), 1u); };
  void* volatile memory = nullptr;
  expect_counted([&] { memory = std::malloc(8); });
  expect_counted([&] { memory = std::realloc(memory, 800); });
  std::free(memory);
  expect_counted([&] { memory = std::calloc(8, 8); });
  std::free(memory);
  expect_counted([&] { memory = std::aligned_alloc(64, 64); });
  std::free(memory);
  expect_counted([&] { memory = ::operator new(8); });
  ::operator delete(memory);
  expect_counted([&] { memory = Eigen::internal::aligned_malloc(8); });
  Eigen::internal::aligned_free(memory);
}

TEST(Allocations, NoneInTheFirstCall) {
  if (!can_count_allocations) GTEST_SKIP() << "a sanitizer's or another C library's malloc";
  EXPECT_EQ(allocations_in_first_call, 0u);
}

TYPED_TEST(Traces, NoneIsAllocated) {
  if (!can_count_allocations) GTEST_SKIP() << "a sanitizer's or another C library's malloc";
  with_every_table<TypeParam>([](auto calls) { EXPECT_EQ(allocations_in(calls), 0u); });
}

// Variables ------------------------------------------------------------------------------------

#if defined(__linux__) && !defined(ROPEWALK_TESTS_SANITIZED)
constexpr bool can_read_variables = true;

// Set by the linker: where the variables of this program begin and end, ours, Eigen's and
// GoogleTest's.
extern "C" char __data_start, _end;

std::vector<char> variables() { return {&__data_start, &_end}; }
#else
constexpr bool can_read_variables = false;
std::vector<char> variables() { return {}; }
#endif

int written_by_a_test = 0;

TEST(Variables, AreCompared) {
  if (!can_read_variables) GTEST_SKIP() << "a sanitizer's or another system's layout";
  const std::vector<char> before = variables();
  const bool same = variables() == before;
  ++const_cast<volatile int&>(written_by_a_test);
  EXPECT_TRUE(same);
  EXPECT_FALSE(variables() == before);
}

// Only the first call settles something: the instruction set, the size of the cache, and where the
// C library's functions are.
TYPED_TEST(Traces, NoVariableIsWrittenAfterFirstUse) {
  if (!can_read_variables) GTEST_SKIP() << "a sanitizer's or another system's layout";
  with_every_table<TypeParam>([](auto calls) {
    calls();
    const std::vector<char> before = variables();
    calls();
    const bool same = variables() == before;
    EXPECT_TRUE(same);
  });
}

}  // namespace
}  // namespace ropewalk_test
