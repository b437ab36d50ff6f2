// Views of 16-bit storage, and of DLPack's tensors.
#include "ropewalk/storage.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "ropewalk/apply.hpp"
#include "ropewalk/table_layouts.hpp"
#include "support/bits.hpp"
#include "support/dlpack.hpp"
#include "support/error_of.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using rw::Index;

using Bits16 = std::uint16_t;

template <class Data>
using HalfViewOf = decltype(rw::half_view(std::declval<Data>(), rw::Shape()));
template <class Data>
using Bfloat16ViewOf = decltype(rw::bfloat16_view(std::declval<Data>(), rw::Shape()));

static_assert(std::is_same_v<HalfViewOf<Bits16*>, rw::View<Eigen::half>>);
static_assert(std::is_same_v<HalfViewOf<const Bits16*>, rw::View<const Eigen::half>>);
static_assert(std::is_same_v<HalfViewOf<Bits16 (&)[4]>, rw::View<Eigen::half>>);
static_assert(std::is_same_v<HalfViewOf<const Eigen::half*>, rw::View<const Eigen::half>>);
static_assert(std::is_same_v<Bfloat16ViewOf<Bits16*>, rw::View<Eigen::bfloat16>>);
static_assert(std::is_same_v<Bfloat16ViewOf<const Bits16*>, rw::View<const Eigen::bfloat16>>);
static_assert(std::is_same_v<Bfloat16ViewOf<Eigen::bfloat16*>, rw::View<Eigen::bfloat16>>);
#if ROPEWALK_HAS_FLOAT16
static_assert(std::is_same_v<HalfViewOf<const _Float16*>, rw::View<const Eigen::half>>);
#endif
#if ROPEWALK_HAS_BF16
static_assert(std::is_same_v<Bfloat16ViewOf<const __bf16*>, rw::View<const Eigen::bfloat16>>);
#endif

TEST(StorageView, IsWhereTheNumbersAre) {
  std::vector<Bits16> numbers(64);
  const rw::Shape shape{1, 2, 3, 4};
  const auto half = rw::half_view(numbers.data(), shape);
  EXPECT_EQ(static_cast<void*>(half.data()), numbers.data());
  EXPECT_EQ(half.shape(), shape);
  EXPECT_EQ(half.strides(), (rw::Strides{24, 12, 4}));
  const auto strided = rw::bfloat16_view(numbers.data(), shape, {60, 30, 5});
  EXPECT_EQ(static_cast<void*>(strided.data()), numbers.data());
  EXPECT_EQ(strided.shape(), shape);
  EXPECT_EQ(strided.strides(), (rw::Strides{60, 30, 5}));
  EXPECT_EQ(rw::half_view(numbers.data(), shape, {60, 30, 5}).strides(), (rw::Strides{60, 30, 5}));
  EXPECT_EQ(rw::bfloat16_view(numbers.data(), shape).strides(), (rw::Strides{24, 12, 4}));
  EXPECT_EQ(rw::half_view(static_cast<Bits16*>(nullptr), shape).data(), nullptr);
}

/// Numbers as T holds them, and the same in Storage.
template <class Storage, class T>
std::vector<Storage> stored(const std::vector<T>& numbers) {
  static_assert(sizeof(Storage) == sizeof(T));
  std::vector<Storage> storage(numbers.size());
  std::memcpy(static_cast<void*>(storage.data()), static_cast<const void*>(numbers.data()),
              numbers.size() * sizeof(T));
  return storage;
}

template <class Storage>
auto view_as(rw::View<Eigen::half>*, Storage* data, const rw::Shape& shape) {
  return rw::half_view(data, shape);
}
template <class Storage>
auto view_as(rw::View<Eigen::bfloat16>*, Storage* data, const rw::Shape& shape) {
  return rw::bfloat16_view(data, shape);
}

/// x, table and out in Storage give the bits that they give in T, by every form.
template <class T, class Storage>
void expect_same_bits_as_eigens_type() {
  const rw::Shape shape{2, 5, 3, 36}, row{1, 5, 1, 14};  // features behind the pairs, too
  const auto x = random_values<T>(2 * 5 * 3 * 36, Values::uniform, 1);
  const auto cos = random_values<T>(5 * 14, Values::uniform, 2);
  const auto sin = random_values<T>(5 * 14, Values::uniform, 3);
  const auto of = [](auto& numbers, const rw::Shape& of_shape) {
    return view_as(static_cast<rw::View<T>*>(nullptr), numbers.data(), of_shape);
  };
  const auto x_stored = stored<Storage>(x);
  const auto cos_stored = stored<Storage>(cos), sin_stored = stored<Storage>(sin);
  const auto table = rw::half_table(of(cos, row), of(sin, row));
  const auto table_stored = rw::half_table(of(cos_stored, row), of(sin_stored, row));
  const auto check = [&](const auto& form) {
    std::vector<T> wanted(x.size());
    std::vector<Storage> out(x.size());
    form(of(wanted, shape), of(x, shape), table);
    form(of(out, shape), of(x_stored, shape), table_stored);
    EXPECT_TRUE(same_bits(stored<T>(out), wanted));
  };
  check([](auto out, auto from, auto by) { rw::apply_strided(rw::serial, out, from, by); });
  check([](auto out, auto from, auto by) { rw::apply_stack_flatten(rw::serial, out, from, by); });
  for (const rw::Isa isa : rw::available_isas()) {
    check([isa](auto out, auto from, auto by) {
      rw::apply(rw::serial, out, from, by, {}, {rw::Stores::automatic, isa});
    });
  }
}

TEST(StorageView, GivesTheBitsOfEigensType) {
  expect_same_bits_as_eigens_type<Eigen::half, Bits16>();
  expect_same_bits_as_eigens_type<Eigen::bfloat16, Bits16>();
#if ROPEWALK_HAS_FLOAT16
  expect_same_bits_as_eigens_type<Eigen::half, _Float16>();
#endif
#if ROPEWALK_HAS_BF16
  expect_same_bits_as_eigens_type<Eigen::bfloat16, __bf16>();
#endif
}

TEST(StorageView, OfACacheIsMadeByTheMakersOfLayouts) {
  std::vector<Bits16> cache(2 * 3 * 8 * 4);
  const auto keys = rw::bhsd_view(rw::as_bfloat16(cache.data()), {2, 8, 3, 4});
  static_assert(std::is_same_v<decltype(keys), const rw::View<Eigen::bfloat16>>);
  EXPECT_EQ(static_cast<void*>(keys.row(1, 5, 2)), cache.data() + ((1 * 3 + 2) * 8 + 5) * 4);
}

// DLPack ------------------------------------------------------------------------------------------

using namespace ropewalk_test::dlpack;

class DlpackView : public testing::Test {
 protected:
  alignas(8) std::array<float, 400> values{};
  std::array<std::int64_t, 5> shape{2, 3, 4, 5}, strides{200, 50, 10, 1};
  DlTensor tensor{values.data(), {cpu, 0}, 4, {2, 32, 1}, shape.data(), strides.data(), 0};

  template <class T = float>
  std::string error() const {
    return error_of([this] { rw::dlpack_view<T>(tensor); });
  }
};

TEST_F(DlpackView, IsWhereTheTensorIs) {
  const auto four = rw::dlpack_view<float>(tensor);
  static_assert(std::is_same_v<decltype(four), const rw::View<float>>);
  EXPECT_EQ(four.data(), values.data());
  EXPECT_EQ(four.shape(), (rw::Shape{2, 3, 4, 5}));
  EXPECT_EQ(four.strides(), (rw::Strides{200, 50, 10}));
  tensor.byte_offset = 12;
  const auto offset = rw::dlpack_view<const float>(tensor);
  static_assert(std::is_same_v<decltype(offset), const rw::View<const float>>);
  EXPECT_EQ(offset.data(), values.data() + 3);
  tensor.ndim = 3;
  strides = {4, 8, 1};
  EXPECT_EQ(rw::dlpack_view<float>(tensor).shape(), (rw::Shape{1, 2, 3, 4}));
  EXPECT_EQ(rw::dlpack_view<float>(tensor).strides(), (rw::Strides{0, 4, 8}));
  tensor.ndim = 2;
  strides = {7, 1};
  EXPECT_EQ(rw::dlpack_view<float>(tensor).shape(), (rw::Shape{1, 2, 1, 3}));
  tensor.data = nullptr;  // for the call to refuse, unless there is nothing to do
  EXPECT_EQ(rw::dlpack_view<float>(tensor).data(), nullptr);
}

TEST_F(DlpackView, WithoutStridesIsDense) {
  tensor.strides = nullptr;
  EXPECT_EQ(rw::dlpack_view<float>(tensor).strides(), (rw::Strides{60, 20, 5}));
  shape = {2, 0, 4, 5};
  EXPECT_TRUE(rw::dlpack_view<float>(tensor).empty());
}

TEST_F(DlpackView, ReadsNoStrideThatTakesNoStep) {
  shape = {1, 3, 1, 1};
  strides = {-7, 50, 0, 9};
  EXPECT_EQ(rw::dlpack_view<float>(tensor).strides(), (rw::Strides{3, 50, 1}));
  shape = {2, 0, 4, 5};
  strides = {-1, -1, -1, -1};
  EXPECT_TRUE(rw::dlpack_view<float>(tensor).empty());
}

TEST_F(DlpackView, OfCoefficientsHasABatchAtRankThree) {
  EXPECT_EQ(rw::dlpack_coefficients<float>(tensor).shape(), (rw::Shape{2, 3, 4, 5}));
  tensor.ndim = 3;
  strides = {40, 8, 1};
  const auto three = rw::dlpack_coefficients<const float>(tensor);
  EXPECT_EQ(three.shape(), (rw::Shape{2, 3, 1, 4}));
  EXPECT_EQ(three.strides(), (rw::Strides{40, 8, 0}));
  EXPECT_EQ(rw::half_table(three, three).batch(), 2);
  tensor.ndim = 2;
  strides = {7, 1};
  EXPECT_EQ(rw::dlpack_coefficients<float>(tensor).shape(), (rw::Shape{1, 2, 1, 3}));
  tensor.ndim = 1;
  EXPECT_EQ(error_of([this] { rw::dlpack_coefficients<float>(tensor); }),
            "dlpack_coefficients: rank of the tensor is 1, must be 2, 3 or 4");
}

TEST_F(DlpackView, KnowsEveryType) {
  const auto errors = [this](std::uint8_t code, std::uint8_t bits) {
    tensor.dtype = {code, bits, 1};
    return std::array{error<double>(), error<float>(), error<Eigen::half>(),
                      error<Eigen::bfloat16>()};
  };
  EXPECT_EQ(errors(2, 64)[0], "");
  EXPECT_EQ(errors(2, 32)[1], "");
  EXPECT_EQ(errors(2, 16)[2], "");
  EXPECT_EQ(errors(4, 16)[3], "");
  EXPECT_EQ(errors(2, 16)[1],
            "dlpack_view: dtype of the tensor is code 2 of 16 bits, must be code 2 of 32 bits "
            "(kDLFloat)");
  EXPECT_EQ(errors(2, 16)[3],
            "dlpack_view: dtype of the tensor is code 2 of 16 bits, must be code 4 of 16 bits "
            "(kDLBfloat)");
  EXPECT_NE(errors(4, 16)[2], "");
  EXPECT_NE(errors(0, 32)[1], "");
  EXPECT_NE(errors(2, 32)[0], "");
  tensor.dtype = {2, 32, 4};
  EXPECT_EQ(error(), "dlpack_view: dtype.lanes of the tensor is 4, must be 1");
}

TEST_F(DlpackView, IsOfMemoryThatTheCpuReads) {
  for (const DeviceType type : {cpu, cuda_host, rocm_host, cuda_managed}) {
    tensor.device.device_type = type;
    EXPECT_EQ(error(), "");
  }
  tensor.device.device_type = cuda;
  EXPECT_EQ(error(),
            "dlpack_view: device_type of the tensor is 2, must be 1 (CPU), 3 or 11 (host memory of "
            "CUDA or ROCm) or 13 (managed by CUDA)");
  tensor.device.device_type = rocm;
  EXPECT_NE(error(), "");
}

TEST_F(DlpackView, RefusesShapesThatNoViewHas) {
  tensor.ndim = 1;
  EXPECT_EQ(error(), "dlpack_view: rank of the tensor is 1, must be 2, 3 or 4");
  tensor.ndim = 5;
  EXPECT_EQ(error(), "dlpack_view: rank of the tensor is 5, must be 2, 3 or 4");
  tensor.ndim = 4;
  strides = {200, 50, 1, 4};
  EXPECT_EQ(error(), "dlpack_view: innermost stride of the tensor is 4, must be 1");
  strides = {200, -50, 10, 1};
  EXPECT_EQ(error(), "dlpack_view: stride of axis[1] is -50, must be 0 or more");
  strides = {200, 50, 10, 1};
  shape[0] = -1;
  EXPECT_EQ(error(), "dlpack_view: size of axis[0] is -1, must be 0 or more");
  tensor.shape = nullptr;
  EXPECT_EQ(error(), "dlpack_view: shape of the tensor is null, must point to the sizes");
}

TEST_F(DlpackView, RefusesAddressesThatHoldNoElement) {
  tensor.byte_offset = 2;
  EXPECT_EQ(error(),
            "dlpack_view: byte_offset of the tensor is 2, must lead to an address that is a "
            "multiple of 4");
  tensor.byte_offset = std::numeric_limits<std::uint64_t>::max() - 3;
  EXPECT_EQ(error(),
            "dlpack_view: byte_offset of the tensor is 18446744073709551612, must lead to an "
            "address of 64 bits");
  tensor.byte_offset = 0;
  tensor.data = reinterpret_cast<char*>(values.data()) + 1;
  tensor.dtype = {4, 16, 1};
  EXPECT_EQ(error<Eigen::bfloat16>(),
            "dlpack_view: data of the tensor is not aligned, must be an address that is a multiple "
            "of 2");
  tensor.byte_offset = 1;
  EXPECT_EQ(error<Eigen::bfloat16>(), "");
}

// What is sound for a view may be too large for memory: the function that reads it says so.
TEST_F(DlpackView, WithSizesThatOverflowIsRefusedByTheCall) {
  shape = {std::int64_t{1} << 40, std::int64_t{1} << 40, 4, 4};
  tensor.strides = nullptr;
  const auto view = rw::dlpack_view<float>(tensor);
  const auto table = rw::half_table(view, view);
  EXPECT_NE(error_of([&] { rw::apply_inplace(rw::serial, view, table); }), "");
}

}  // namespace
}  // namespace ropewalk_test
