// A norm before the rotation on a device: PyTorch's orders against the reference on bit patterns;
// all else by the order of a CPU, whose bits it must give. The outputs of PyTorch's own kernels:
// golden/cuda_golden_norm_test.cu.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "ropewalk/cuda/norm.cuh"
#include "ropewalk/norm.hpp"
#include "ropewalk/table_layouts.hpp"
#include "support/bits.hpp"
#include "support/cuda_memory.cuh"
#include "support/error_of.hpp"
#include "support/norm_reference.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using Eigen::bfloat16;
using Eigen::half;
using rw::Index;
using rw::NormFinish;
using rw::NormOrder;
using rw::Pairing;
using rw::Shape;

// On the device -----------------------------------------------------------------------------------

__global__ void reciprocal_roots(const float* from, float* to, unsigned count) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) asm("rsqrt.approx.f32 %0, %1;" : "=f"(to[i]) : "f"(from[i]));
}

/// rstd of a device for means: its own approximation, which the reference takes as given.
Row device_rstd(const Row& means, Single eps) {
  std::vector<float> squares;
  for (const Single mean : means) {
    squares.push_back(from_bits<float>(static_cast<std::uint32_t>((mean + eps).bits)));
  }
  const DeviceMemory from(squares), to(from.bytes());
  const auto count = static_cast<unsigned>(squares.size());
  reciprocal_roots<<<count / 128 + 1, 128>>>(from.as<float>(), to.as<float>(), count);
  check(cudaDeviceSynchronize());
  Row result;
  for (const float value : to.values<float>()) result.push_back({to_bits(value)});
  return result;
}

template <class X>
rw::View<X> dense(X* data, const Shape& shape) {
  return {data, shape};
}

/// A norm whose weight is on the device.
template <class W>
rw::RmsNorm<W> on_device(rw::RmsNorm<W> norm, const DeviceMemory& weight) {
  if (norm.weight != nullptr) norm.weight = weight.as<W>();
  return norm;
}

/// x by one call on the device: `call(out, x)` of views over device memory.
template <class X, class Call>
std::vector<X> by_device(const std::vector<X>& x, const Call& call) {
  const DeviceMemory from(x), to(x);
  call(to.as<X>(), static_cast<const X*>(from.as<X>()));
  check(cudaDeviceSynchronize());
  return to.values<X>();
}

template <class X, class W>
std::vector<X> normed_by_device(const std::vector<X>& x, const Shape& shape,
                                const rw::RmsNorm<W>& norm, Index offset = 0) {
  const std::vector<W> host(norm.weight, norm.weight + norm.weight_size);
  const DeviceMemory weight(host);
  const rw::View<const float> none(nullptr, {1, shape.seq, 1, 0});
  std::vector<X> moved(x.size() + static_cast<std::size_t>(offset));
  std::copy(x.begin(), x.end(), moved.begin() + offset);
  std::vector<X> out = by_device(moved, [&](X* to, const X* from) {
    rw::cuda::apply(nullptr, dense(to + offset, shape), dense(from + offset, shape),
                    on_device(norm, weight), rw::half_table(none, none));
  });
  out.erase(out.begin(), out.begin() + offset);
  return out;
}

// PyTorch's orders --------------------------------------------------------------------------------

template <class T>
Row row_of(const T* values, std::size_t count) {
  std::vector<Bits> patterns;
  for (std::size_t i = 0; i < count; ++i) patterns.push_back(to_bits(values[i]));
  return widened(dtype_of<T>(), patterns);
}

Finish finish_of(NormFinish finish) {
  if (finish == NormFinish::round_then_weight) return Finish::round_then_weight;
  return finish == NormFinish::one_plus_weight ? Finish::one_plus_weight : Finish::one_rounding;
}

/// Rows of `size` features, `heads` to a token, against the reference.
template <class X, class W>
void expect_reference(const std::vector<X>& x, Index size, rw::RmsNorm<W> norm, SumOrder order,
                      Index heads = 1, Index offset = 0, Index all_rows = 0) {
  const Index rows = static_cast<Index>(x.size()) / size;
  const auto features = static_cast<std::size_t>(size);
  Row means;
  for (Index r = 0; r < rows; ++r) {
    means.push_back(mean_of_squares(order, row_of(x.data() + r * size, features),
                                    all_rows == 0 ? rows : all_rows));
  }
  const Single eps{to_bits(static_cast<float>(norm.eps))};
  Row rstd = order == SumOrder::cpu ? Row{} : device_rstd(means, eps);
  if (order == SumOrder::cpu) {
    for (const Single mean : means) rstd.push_back(inverse_root(mean, eps));
  }
  const Row weight = row_of(norm.weight, static_cast<std::size_t>(norm.weight_size));
  std::vector<X> wanted;
  for (Index r = 0; r < rows; ++r) {
    const Row row = row_of(x.data() + r * size, features);
    for (const Bits bits : finished(finish_of(norm.finish), dtype_of<X>(), row,
                                    rstd[static_cast<std::size_t>(r)], weight)) {
      wanted.push_back(from_bits<X>(bits));
    }
  }
  const Shape shape{1, rows, heads, size / heads};
  EXPECT_TRUE(same_bits(normed_by_device(x, shape, norm, offset), wanted))
      << size << " features, " << rows << " rows";
}

template <class XType, class WType>
struct NormTypes {
  using X = XType;
  using Tab = WType;  // of the weight: the name is what the tests are printed by
};
template <class T>
class CudaNorm : public testing::Test {
 public:
  using X = typename T::X;
  using W = typename T::Tab;
  static constexpr bool promotes = !std::is_same_v<X, W>;

  /// A finish that the types have, whatever `i` is.
  static NormFinish finish(Index i) {
    constexpr NormFinish all[] = {NormFinish::one_rounding, NormFinish::one_plus_weight,
                                  NormFinish::round_then_weight};
    return all[i % (promotes ? 2 : 3)];
  }
  static rw::RmsNorm<W> norm(const std::vector<W>& weight, Index i, double eps = 1e-6) {
    auto result = rw::rms_norm_torch(weight.data(), static_cast<Index>(weight.size()), eps);
    result.finish = finish(i);
    return result;
  }
};
using Mixes = testing::Types<NormTypes<float, float>, NormTypes<half, half>, NormTypes<half, float>,
                             NormTypes<bfloat16, bfloat16>, NormTypes<bfloat16, float>>;
TYPED_TEST_SUITE(CudaNorm, Mixes, MixNames);

struct Ordered {
  NormOrder order;
  SumOrder reference;
};
constexpr Ordered orders[] = {{NormOrder::cpu, SumOrder::cpu},
                              {NormOrder::cuda_fused, SumOrder::cuda_fused},
                              {NormOrder::cuda_reduce, SumOrder::cuda_reduce}};

/// Whether the reference has rows of so many features in an order.
bool is_known(SumOrder order, Index size) { return order != SumOrder::cuda_reduce || size <= 8160; }

TYPED_TEST(CudaNorm, EveryLengthInEveryOrder) {
  using X = typename TypeParam::X;
  using W = typename TypeParam::Tab;
  std::vector<Index> sizes;
  for (Index size = 1; size <= 140; ++size) sizes.push_back(size);
  for (const Index size : {160, 192, 256, 320, 384, 508, 512, 516, 640, 768, 1024, 1536, 2048, 3072,
                           5120, 6144, 8192}) {
    sizes.push_back(size);
  }
  for (const Index size : sizes) {
    const auto weight = random_values<W>(static_cast<std::size_t>(size), Values::uniform, 9);
    for (const Values values : {Values::uniform, Values::special}) {
      const auto x = random_values<X>(static_cast<std::size_t>(17 * size), values, 3);
      for (const Ordered& of : orders) {
        if (!is_known(of.reference, size)) continue;
        const auto norm = TestFixture::norm(weight, size % 7).in_order(of.order);
        expect_reference(x, size, norm, of.reference);
        if (size % 4 == 0 && size <= 512) expect_reference(x, size, norm, of.reference, 1, 1);
        // Those that are added up in registers, by every finish.
        for (Index finish = 0; finish < 3 && (size == 64 || size == 128); ++finish) {
          expect_reference(x, size, TestFixture::norm(weight, finish).in_order(of.order),
                           of.reference);
        }
      }
    }
    if (this->HasFailure()) return;
  }
}

// The reduction's order depends on the rows below 16, also where they are a part of the tensor.
TYPED_TEST(CudaNorm, EveryCountOfRows) {
  using X = typename TypeParam::X;
  using W = typename TypeParam::Tab;
  for (const Index size : {16, 48, 64, 80, 96, 112, 128, 256, 1536, 5120}) {
    const auto weight = random_values<W>(static_cast<std::size_t>(size), Values::uniform, 9);
    const auto norm = TestFixture::norm(weight, 1).in_order(NormOrder::cuda_reduce);
    for (Index rows = 1; rows <= 20; ++rows) {
      const auto x = random_values<X>(static_cast<std::size_t>(rows * size), Values::uniform, 3);
      expect_reference(x, size, norm, SumOrder::cuda_reduce);
      expect_reference(x, size, norm.in_order(NormOrder::cuda_reduce, 40), SumOrder::cuda_reduce, 1,
                       0, 40);
    }
  }
}

// What order a norm has by itself: torch.nn.RMSNorm's for a weight of x's type, and none; or that
// which a model states.
TYPED_TEST(CudaNorm, TheOrderIsThatOfItsRule) {
  using X = typename TypeParam::X;
  using W = typename TypeParam::Tab;
  constexpr Index size = 256;
  const auto weight = random_values<W>(size, Values::uniform, 9);
  const auto x = random_values<X>(40 * size, Values::uniform, 3);
  for (Index i = 0; i < 3; ++i) {
    const auto norm = TestFixture::norm(weight, i);
    const bool fused = norm.finish == NormFinish::one_rounding && !TestFixture::promotes;
    expect_reference(x, size, norm, fused ? SumOrder::cuda_fused : SumOrder::cuda_reduce);
  }
  auto without_weight = rw::rms_norm_without_weight(1e-5);
  expect_reference(x, size, without_weight, SumOrder::cuda_fused);
  without_weight.on_cuda = NormOrder::cuda_reduce;
  expect_reference(x, size, without_weight, SumOrder::cuda_reduce);
  expect_reference(x, size, without_weight.in_order(NormOrder::cpu), SumOrder::cpu);
}

TYPED_TEST(CudaNorm, OverAllHeadsOfAToken) {
  using X = typename TypeParam::X;
  using W = typename TypeParam::Tab;
  struct Heads {
    Index heads, head_dim;
  };
  for (const Heads of :
       {Heads{40, 128}, Heads{3, 80}, Heads{24, 64}, Heads{5, 6}, Heads{64, 128}}) {
    const Index size = of.heads * of.head_dim;
    const auto weight = random_values<W>(static_cast<std::size_t>(size), Values::uniform, 9);
    const auto x = random_values<X>(static_cast<std::size_t>(17 * size), Values::uniform, 3);
    for (const Ordered& ordered : orders) {
      if (!is_known(ordered.reference, size)) continue;
      for (const Index finish : {0, 1}) {
        const auto norm = TestFixture::norm(weight, finish).over_token().in_order(ordered.order);
        expect_reference(x, size, norm, ordered.reference, of.heads);
      }
    }
  }
}

// Means below float's normal numbers, of which a device has reciprocal roots as of others.
TEST(CudaNormOfFloat, SubnormalMeans) {
  Random random(7);
  for (const Index size : {64, 96, 128, 1024}) {
    const auto weight = random_values<float>(static_cast<std::size_t>(size), Values::uniform, 9);
    std::vector<float> x;
    for (Index i = 0; i < 17 * size; ++i) {
      x.push_back(std::ldexp(1 + static_cast<float>(random.below(256)) / 256, -65));
    }
    for (const Ordered& of : orders) {
      const auto norm = rw::rms_norm_torch(weight.data(), size, 0).in_order(of.order);
      expect_reference(x, size, norm, of.reference);
    }
  }
}

template <class T>
class CudaNormOf16Bits : public testing::Test {};
TYPED_TEST_SUITE(CudaNormOf16Bits, SixteenBitDtypes, DtypeNames);

TYPED_TEST(CudaNormOf16Bits, EveryValue) {
  const std::vector<TypeParam> x = every_value<TypeParam>();
  const auto weight = random_values<TypeParam>(64, Values::uniform, 9);
  for (const auto finish :
       {NormFinish::one_rounding, NormFinish::round_then_weight, NormFinish::one_plus_weight}) {
    auto norm = rw::rms_norm_torch(weight.data(), 64, 1e-6);
    norm.finish = finish;
    for (const Ordered& of : orders) expect_reference(x, 64, norm.in_order(of.order), of.reference);
  }
}

// Layouts, pairings, tables: by the order of a CPU ------------------------------------------------

enum class Lies { dense, heads_outside, packed, misaligned };

template <class X>
rw::View<X> placed(X* data, const Shape& shape, Lies lies) {
  if (lies == Lies::heads_outside) return rw::bhsd_view(data, shape);
  if (lies == Lies::packed) return rw::qkv_view(data, shape, 1);
  if (lies == Lies::misaligned) return {data + 1, shape};
  return {data, shape};
}

/// A norm's weight on the device, so many elements into its memory.
template <class W>
struct DeviceWeight {
  DeviceMemory memory;
  Index offset;

  DeviceWeight(const rw::RmsNorm<W>& norm, Index of_offset)
      : memory(moved(norm, of_offset)), offset(of_offset) {}

  static std::vector<W> moved(const rw::RmsNorm<W>& norm, Index offset) {
    std::vector<W> values(static_cast<std::size_t>(offset));
    values.insert(values.end(), norm.weight, norm.weight + norm.weight_size);
    return values;
  }
  rw::RmsNorm<W> of(rw::RmsNorm<W> norm) const {
    if (norm.weight != nullptr) norm.weight = memory.as<W>() + offset;
    return norm;
  }
};

/// One call against ropewalk::apply of the same arguments, and the orders of CUDA against a norm
/// alone that is rotated by a second call. The table is given on the host and on the device.
template <class X, class How, class W, class Tab>
void expect_of_cpu(const Shape& shape, Lies lies, const How& options, const rw::RmsNorm<W>& norm,
                   const rw::TableView<Tab>& table, const rw::TableView<Tab>& device_table,
                   Index weight_offset = 0) {
  const auto size =
      static_cast<std::size_t>(shape.batch * shape.seq * shape.heads * shape.head_dim);
  const auto x = random_values<X>((lies == Lies::packed ? 3 : 1) * size + 1, Values::special, 1);
  const DeviceWeight<W> weight(norm, weight_offset);
  const auto normed = weight.of(norm);

  std::vector<X> wanted = x;
  rw::apply_strided(rw::serial, placed(wanted.data(), shape, lies), placed(x.data(), shape, lies),
                    norm, table, options);
  const auto out = by_device(x, [&](X* to, const X* from) {
    rw::cuda::apply(nullptr, placed(to, shape, lies), placed(from, shape, lies),
                    normed.in_order(NormOrder::cpu), device_table, options);
  });
  EXPECT_TRUE(same_bits(out, wanted)) << "as on a CPU";
  if (rw::Options(options).pairing != Pairing::interleaved_to_half) {
    const auto in_place = by_device(x, [&](X* to, const X*) {
      rw::cuda::apply_inplace(nullptr, placed(to, shape, lies), normed.in_order(NormOrder::cpu),
                              device_table, options);
    });
    EXPECT_TRUE(same_bits(in_place, wanted)) << "as on a CPU, in place";
  }
  const rw::View<const float> none(nullptr, {1, shape.seq, 1, 0});
  const auto at_once = by_device(x, [&](X* to, const X* from) {
    rw::cuda::apply(nullptr, placed(to, shape, lies), placed(from, shape, lies), normed,
                    device_table, options);
  });
  const DeviceMemory between(x);
  const auto one_by_one = by_device(x, [&](X* to, const X* from) {
    rw::cuda::apply(nullptr, placed(between.as<X>(), shape, lies), placed(from, shape, lies),
                    normed, rw::half_table(none, none));
    rw::cuda::apply(nullptr, placed(to, shape, lies), placed(between.as<X>(), shape, lies),
                    device_table, options);
  });
  EXPECT_TRUE(same_bits(at_once, one_by_one)) << "as a norm and a rotation";
}

/// cos and sin [1, seq, heads, pairs], on the host and on the device.
template <class Tab>
struct CosSin {
  Shape rows;
  std::vector<Tab> cos, sin;
  DeviceMemory device_cos, device_sin;

  CosSin(Index seq, Index heads, Index pairs)
      : rows{1, seq, heads, pairs},
        cos(random_values<Tab>(count(rows), Values::uniform, 3)),
        sin(random_values<Tab>(count(rows), Values::uniform, 4)),
        device_cos(cos),
        device_sin(sin) {}

  static std::size_t count(const Shape& rows) {
    return static_cast<std::size_t>(rows.seq * rows.heads * rows.head_dim);
  }
  /// By a maker of table_layouts.hpp.
  template <class Make>
  auto on_cpu(const Make& make) const {
    return make(rw::View<const Tab>(cos.data(), rows), rw::View<const Tab>(sin.data(), rows));
  }
  template <class Make>
  auto on_device(const Make& make) const {
    return make(rw::View<const Tab>(device_cos.as<Tab>(), rows),
                rw::View<const Tab>(device_sin.as<Tab>(), rows));
  }
};

constexpr auto by_half_table = [](const auto& cos, const auto& sin) {
  return rw::half_table(cos, sin);
};

/// By a table of half width.
template <class X, class W>
void expect_of_cpu(const Shape& shape, Lies lies, Pairing pairing, Index pairs,
                   const rw::RmsNorm<W>& norm, Index weight_offset = 0) {
  const CosSin<float> table(shape.seq, 1, pairs);
  expect_of_cpu<X>(shape, lies, rw::Options(pairing), norm, table.on_cpu(by_half_table),
                   table.on_device(by_half_table), weight_offset);
}

constexpr Pairing pairings[] = {Pairing::interleaved, Pairing::half, Pairing::interleaved_to_half};

template <class W>
std::vector<W> weights_of(const Shape& shape, bool over_token) {
  const Index size = over_token ? shape.heads * shape.head_dim : shape.head_dim;
  return random_values<W>(static_cast<std::size_t>(size), Values::uniform, 9);
}

TYPED_TEST(CudaNorm, EveryLayoutAndPairing) {
  using X = typename TypeParam::X;
  using W = typename TypeParam::Tab;
  const Shape shapes[] = {{2, 37, 5, 128}, {1, 9, 40, 64}, {2, 3, 3, 80}, {1, 33, 1, 72},
                          {1, 5, 12, 96},  {1, 3, 2, 10},  {1, 2, 4, 512}};
  Random random(5);  // of finishes and of pairs, so that neither follows the pairing
  for (const Shape& shape : shapes) {
    for (const Lies lies : {Lies::dense, Lies::heads_outside, Lies::packed, Lies::misaligned}) {
      for (const Pairing pairing : pairings) {
        for (const bool over_token : {false, true}) {
          const auto weight = weights_of<W>(shape, over_token);
          const auto finish = static_cast<Index>(random.below(3));
          const bool is_partial = random.below(3) == 0;
          auto norm = TestFixture::norm(weight, finish);
          if (over_token) norm = norm.over_token();
          SCOPED_TRACE(testing::Message()
                       << "head_dim " << shape.head_dim << ", lies " << static_cast<int>(lies)
                       << ", pairing " << static_cast<int>(pairing) << ", over token " << over_token
                       << ", finish " << finish << ", partial " << is_partial);
          expect_of_cpu<X>(shape, lies, pairing,
                           is_partial ? shape.head_dim / 4 : shape.head_dim / 2, norm);
          if (this->HasFailure()) return;
        }
      }
    }
  }
}

// Rows whose sums are in registers: every finish in its own order, by every pairing.
TYPED_TEST(CudaNorm, EveryFinishAndPairingOfSumsInRegisters) {
  using X = typename TypeParam::X;
  using W = typename TypeParam::Tab;
  for (const Shape& shape : {Shape{2, 19, 5, 128}, Shape{1, 21, 6, 64}, Shape{1, 1, 32, 128}}) {
    const auto weight = weights_of<W>(shape, false);
    for (const Pairing pairing : pairings) {
      for (Index finish = 0; finish < 3; ++finish) {
        SCOPED_TRACE(testing::Message() << "head_dim " << shape.head_dim << ", finish " << finish
                                        << ", pairing " << static_cast<int>(pairing));
        expect_of_cpu<X>(shape, Lies::dense, pairing, shape.head_dim / 2,
                         TestFixture::norm(weight, finish));
        expect_of_cpu<X>(shape, Lies::dense, pairing, shape.head_dim / 4,
                         TestFixture::norm(weight, finish));
      }
    }
    if (this->HasFailure()) return;
  }
}

// Launches of 1,024 tokens or more have other grids.
TYPED_TEST(CudaNorm, ManyTokens) {
  using X = typename TypeParam::X;
  using W = typename TypeParam::Tab;
  Random random(6);
  for (const Shape& shape : {Shape{1, 1031, 40, 128}, Shape{2, 600, 5, 128}, Shape{1, 1025, 3, 64},
                             Shape{1, 1027, 2, 72}}) {
    for (const Pairing pairing : pairings) {
      for (const bool over_token : {false, true}) {
        const auto weight = weights_of<W>(shape, over_token);
        auto norm = TestFixture::norm(weight, static_cast<Index>(random.below(3)));
        if (over_token) norm = norm.over_token();
        SCOPED_TRACE(testing::Message()
                     << shape.seq << " tokens, pairing " << static_cast<int>(pairing)
                     << ", over token " << over_token);
        expect_of_cpu<X>(shape, Lies::dense, pairing,
                         random.below(3) == 0 ? shape.head_dim / 4 : shape.head_dim / 2, norm);
        if (this->HasFailure()) return;
      }
    }
  }
}

// More units than a block has threads.
TYPED_TEST(CudaNorm, WideRows) {
  using X = typename TypeParam::X;
  using W = typename TypeParam::Tab;
  const Index head_dim = 16 / static_cast<Index>(sizeof(X)) * 800 + 16;
  for (const Shape& shape : {Shape{1, 3, 2, head_dim}, Shape{1, 1030, 1, head_dim}}) {
    const auto weight = weights_of<W>(shape, false);
    for (const Pairing pairing : pairings) {
      expect_of_cpu<X>(shape, Lies::dense, pairing, head_dim / 2, TestFixture::norm(weight, 0));
      expect_of_cpu<X>(shape, Lies::dense, pairing, head_dim / 4, TestFixture::norm(weight, 1));
    }
  }
}

// A weight that begins where packs of it cannot be read.
TYPED_TEST(CudaNorm, MisalignedWeight) {
  using X = typename TypeParam::X;
  using W = typename TypeParam::Tab;
  const Shape shape{1, 7, 3, 128};
  for (const bool over_token : {false, true}) {
    const auto weight = weights_of<W>(shape, over_token);
    auto norm = TestFixture::norm(weight, 0);
    if (over_token) norm = norm.over_token();
    for (const Pairing pairing : pairings) {
      expect_of_cpu<X>(shape, Lies::dense, pairing, 64, norm, 1);
    }
  }
}

// Tables ------------------------------------------------------------------------------------------

/// Of one kind of table: rows of packs whose sums are in registers or not, and rows of any view.
template <class X, class Tab, class Make, class How>
void expect_of_cpu_by(const Make& make, Index width, bool per_head, const How& options,
                      const char* what) {
  for (const Shape& shape : {Shape{1, 19, 4, 128}, Shape{2, 7, 3, 80}, Shape{1, 5, 2, 12}}) {
    const CosSin<Tab> table(shape.seq, per_head ? shape.heads : 1, width * shape.head_dim / 2);
    for (const bool over_token : {false, true}) {
      const auto weight = weights_of<X>(shape, over_token);
      auto norm = rw::rms_norm_torch(weight.data(), static_cast<Index>(weight.size()));
      if (over_token) norm = norm.over_token();
      SCOPED_TRACE(testing::Message()
                   << what << ", head_dim " << shape.head_dim << ", over token " << over_token);
      expect_of_cpu<X>(shape, Lies::dense, options, norm, table.on_cpu(make),
                       table.on_device(make));
    }
  }
}

template <class T>
class CudaNormByTables : public testing::Test {};
using NormedDtypes = testing::Types<float, bfloat16>;
TYPED_TEST_SUITE(CudaNormByTables, NormedDtypes, DtypeNames);

// One pairing for each type: the kernels of all take minutes to compile.
TYPED_TEST(CudaNormByTables, OfEveryTypeAndWidth) {
  const auto two_apart = [](const auto& cos, const auto& sin) {
    return rw::even_odd_table(cos, sin);
  };
  for (const Pairing pairing : pairings) {
    const rw::Options options(pairing);
    expect_of_cpu_by<TypeParam, float>(two_apart, 2, false, options, "entries two apart");
    expect_of_cpu_by<TypeParam, float>(by_half_table, 1, true, options, "a row for each head");
  }
  expect_of_cpu_by<TypeParam, bfloat16>(by_half_table, 1, false, rw::half_pairs, "bfloat16");
  expect_of_cpu_by<TypeParam, half>(by_half_table, 1, false, rw::interleaved_pairs, "half");
  expect_of_cpu_by<TypeParam, double>(by_half_table, 1, false, rw::half_pairs, "double");
}

// Rows by position ids, some of which leave their token.
TYPED_TEST(CudaNormByTables, GatheredAndLeaving) {
  for (const Shape& shape :
       {Shape{1, 19, 4, 128}, Shape{1, 1030, 2, 128}, Shape{1, 7, 3, 80}, Shape{1, 5, 2, 10}}) {
    const CosSin<float> table(64, 1, shape.head_dim / 2);
    for (const bool leaves : {false, true}) {
      std::vector<int> positions;
      for (Index s = 0; s < shape.seq; ++s) {
        positions.push_back(leaves && s % 4 == 1 ? -7 : static_cast<int>(s * 5 % 64));
      }
      const DeviceMemory ids(positions);
      const auto gathered = [&](const rw::TableView<float>& view, const int* of) {
        const auto rows = view.gather(of, shape.seq);
        return leaves ? rows.leaving(-7) : rows;
      };
      for (const bool over_token : {false, true}) {
        const auto weight = weights_of<TypeParam>(shape, over_token);
        auto norm = rw::rms_norm_torch(weight.data(), static_cast<Index>(weight.size()));
        if (over_token) norm = norm.over_token();
        for (const Pairing pairing : pairings) {
          SCOPED_TRACE(testing::Message()
                       << shape.seq << " tokens, head_dim " << shape.head_dim << ", leaves "
                       << leaves << ", pairing " << static_cast<int>(pairing));
          expect_of_cpu<TypeParam>(shape, Lies::dense, rw::Options(pairing), norm,
                                   gathered(table.on_cpu(by_half_table), positions.data()),
                                   gathered(table.on_device(by_half_table), ids.as<int>()));
        }
      }
    }
  }
}

// A bad id makes what its row turns NaN, and nothing else.
TYPED_TEST(CudaNormByTables, BadIdsGiveNotANumber) {
  for (const Shape& shape : {Shape{1, 9, 4, 128}, Shape{1, 9, 2, 10}}) {
    const Index pairs = shape.head_dim / 4 / 2 * 2;
    const CosSin<float> table(16, 1, pairs);
    const std::vector<int> good = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    const std::vector<int> bad = {0, 16, 2, -1, 4, 5, std::numeric_limits<int>::max(), 7, 8};
    const DeviceMemory ids(bad);
    const auto weight = weights_of<TypeParam>(shape, false);
    const auto norm = rw::rms_norm_torch(weight.data(), shape.head_dim);
    const DeviceWeight<TypeParam> device_weight(norm, 0);
    const auto x = random_values<TypeParam>(
        static_cast<std::size_t>(shape.seq * shape.heads * shape.head_dim), Values::uniform, 1);
    auto wanted = x;
    const auto to_cpu = dense(wanted.data(), shape);
    rw::apply_strided(rw::serial, to_cpu, dense(x.data(), shape), norm,
                      table.on_cpu(by_half_table).gather(good), rw::half_pairs);
    for (const Index s : {1, 3, 6}) {
      for (Index h = 0; h < shape.heads; ++h) {
        for (Index i = 0; i < 2 * pairs; ++i) {
          to_cpu.row(0, s, h)[i] = std::numeric_limits<TypeParam>::quiet_NaN();
        }
      }
    }
    const auto out = by_device(x, [&](TypeParam* to, const TypeParam* from) {
      rw::cuda::apply(nullptr, dense(to, shape), dense(from, shape),
                      device_weight.of(norm).in_order(NormOrder::cpu),
                      table.on_device(by_half_table).gather(ids.as<int>(), shape.seq),
                      rw::half_pairs);
    });
    EXPECT_TRUE(same_bits(out, wanted));
  }
}

// Several tensors ---------------------------------------------------------------------------------

TEST(CudaNormOfSeveral, EachHasItsOwn) {
  const Shape q_shape{2, 19, 8, 128}, k_shape{2, 19, 2, 128};
  const auto q = random_values<bfloat16>(2 * 19 * 8 * 128, Values::special, 1);
  const auto k = random_values<bfloat16>(2 * 19 * 2 * 128, Values::special, 2);
  const auto q_weight = random_values<bfloat16>(128, Values::uniform, 3);
  const auto k_weight = random_values<bfloat16>(2 * 128, Values::uniform, 4);
  const auto cos = random_values<float>(19 * 64, Values::uniform, 5);
  const auto sin = random_values<float>(19 * 64, Values::uniform, 6);
  const auto q_norm = rw::rms_norm_hf(q_weight.data(), 128).in_order(NormOrder::cpu);
  const auto k_norm =
      rw::rms_norm_torch(k_weight.data(), 256).over_token().in_order(NormOrder::cpu);
  const auto table = [&](const float* c, const float* s) {
    const Shape rows{1, 19, 1, 64};
    return rw::half_table(rw::View<const float>(c, rows), rw::View<const float>(s, rows));
  };
  const DeviceMemory cos_there(cos), sin_there(sin), q_there(q), k_there(k), v_there(k);
  const DeviceMemory q_weight_there(q_weight), k_weight_there(k_weight);
  auto wanted_q = q, wanted_k = k, wanted_v = k;
  rw::apply_inplace(rw::serial,
                    std::tuple{dense(wanted_q.data(), q_shape), dense(wanted_k.data(), k_shape),
                               dense(wanted_v.data(), k_shape)},
                    std::tuple{q_norm, k_norm, rw::no_norm}, table(cos.data(), sin.data()));
  rw::cuda::apply_inplace(
      nullptr,
      std::tuple{dense(q_there.as<bfloat16>(), q_shape), dense(k_there.as<bfloat16>(), k_shape),
                 dense(v_there.as<bfloat16>(), k_shape)},
      std::tuple{on_device(q_norm, q_weight_there), on_device(k_norm, k_weight_there), rw::no_norm},
      table(cos_there.as<float>(), sin_there.as<float>()));
  check(cudaDeviceSynchronize());
  EXPECT_TRUE(same_bits(q_there.values<bfloat16>(), wanted_q));
  EXPECT_TRUE(same_bits(k_there.values<bfloat16>(), wanted_k));
  EXPECT_TRUE(same_bits(v_there.values<bfloat16>(), wanted_v));
}

/// Queries and keys of other numbers of heads, in place, by every order.
template <class X>
void expect_queries_and_keys(const Shape& q_shape, const Shape& k_shape, Pairing pairing,
                             bool over_token) {
  const auto size_of = [](const Shape& shape) {
    return static_cast<std::size_t>(shape.batch * shape.seq * shape.heads * shape.head_dim);
  };
  const auto q = random_values<X>(size_of(q_shape), Values::special, 1);
  const auto k = random_values<X>(size_of(k_shape), Values::special, 2);
  const auto q_weight = weights_of<X>(q_shape, over_token);
  const auto k_weight = weights_of<X>(k_shape, over_token);
  auto q_norm = rw::rms_norm_torch(q_weight.data(), static_cast<Index>(q_weight.size()));
  auto k_norm = rw::rms_norm_torch(k_weight.data(), static_cast<Index>(k_weight.size()));
  if (over_token) q_norm = q_norm.over_token(), k_norm = k_norm.over_token();
  const CosSin<float> table(q_shape.seq, 1, q_shape.head_dim / 2);
  const rw::Options options(pairing);
  const DeviceWeight<X> q_weight_there(q_norm, 0), k_weight_there(k_norm, 0);
  auto wanted_q = q, wanted_k = k;
  rw::apply_strided(rw::serial, dense(wanted_q.data(), q_shape), dense(q.data(), q_shape), q_norm,
                    table.on_cpu(by_half_table), options);
  rw::apply_strided(rw::serial, dense(wanted_k.data(), k_shape), dense(k.data(), k_shape), k_norm,
                    table.on_cpu(by_half_table), options);
  for (const NormOrder order : {NormOrder::cpu, NormOrder::automatic}) {
    const DeviceMemory q_there(q), k_there(k), q_alone(q), k_alone(k);
    const auto q_with = q_weight_there.of(q_norm).in_order(order);
    const auto k_with = k_weight_there.of(k_norm).in_order(order);
    const auto by = table.on_device(by_half_table);
    rw::cuda::apply_inplace(
        nullptr, std::tuple{dense(q_there.as<X>(), q_shape), dense(k_there.as<X>(), k_shape)},
        std::tuple{q_with, k_with}, by, options);
    rw::cuda::apply_inplace(nullptr, dense(q_alone.as<X>(), q_shape), q_with, by, options);
    rw::cuda::apply_inplace(nullptr, dense(k_alone.as<X>(), k_shape), k_with, by, options);
    check(cudaDeviceSynchronize());
    const auto q_out = q_there.values<X>(), k_out = k_there.values<X>();
    EXPECT_TRUE(same_bits(q_out, q_alone.values<X>())) << "as alone";
    EXPECT_TRUE(same_bits(k_out, k_alone.values<X>())) << "as alone";
    if (order == NormOrder::cpu) {
      EXPECT_TRUE(same_bits(q_out, wanted_q)) << "as on a CPU";
      EXPECT_TRUE(same_bits(k_out, wanted_k)) << "as on a CPU";
    }
  }
}

TEST(CudaNormOfSeveral, OtherNumbersOfHeads) {
  for (const Index seq : {1, 19, 1031}) {
    for (const bool over_token : {false, true}) {
      for (const Pairing pairing : {Pairing::interleaved, Pairing::half}) {
        expect_queries_and_keys<bfloat16>({1, seq, 40, 128}, {1, seq, 8, 128}, pairing, over_token);
        expect_queries_and_keys<bfloat16>({2, seq, 8, 128}, {2, seq, 4, 128}, pairing, over_token);
        expect_queries_and_keys<bfloat16>({1, seq, 5, 80}, {1, seq, 2, 80}, pairing, over_token);
      }
    }
  }
}

TEST(CudaNormOfSeveral, EmptyTensorsAreLeft) {
  const Shape shape{1, 9, 4, 128}, empty{1, 9, 0, 128}, no_tokens{1, 0, 4, 128};
  const CosSin<float> table(9, 1, 64);
  const auto x = random_values<float>(9 * 4 * 128, Values::uniform, 1);
  const auto weight = weights_of<float>(shape, false);
  const auto norm = rw::rms_norm_torch(weight.data(), 128);
  const DeviceWeight<float> there(norm, 0);
  const auto with = there.of(norm);
  const auto by = table.on_device(by_half_table);
  float* null = nullptr;
  const auto alone = by_device(x, [&](float* to, const float*) {
    rw::cuda::apply_inplace(nullptr, dense(to, shape), with, by);
  });
  const auto beside = by_device(x, [&](float* to, const float*) {
    rw::cuda::apply_inplace(nullptr,
                            std::tuple{dense(null, empty), dense(to, shape), dense(null, empty)},
                            std::tuple{with, with, rw::no_norm}, by);
  });
  EXPECT_TRUE(same_bits(beside, alone));
  // Values whose rows are wider than a token's threads, beside norms of nothing.
  const Shape wide{1, 9, 2, 1024};
  const DeviceMemory values(std::vector<float>(9 * 2 * 1024, 0.5f)), copy(values.bytes());
  rw::cuda::apply(nullptr, std::tuple{dense(null, empty), dense(copy.as<float>(), wide)},
                  std::tuple{dense<const float>(nullptr, empty),
                             rw::copied(dense<const float>(values.as<const float>(), wide))},
                  std::tuple{with, rw::no_norm}, by);
  EXPECT_TRUE(same_bits(copy.values<float>(), values.values<float>()));
  const rw::View<const float> none(nullptr, {1, 0, 1, 64});
  rw::cuda::apply_inplace(nullptr, dense(null, empty), with, by);
  rw::cuda::apply_inplace(nullptr, std::tuple{dense(null, no_tokens)}, std::tuple{with},
                          rw::half_table(none, none));
  check(cudaDeviceSynchronize());
}

// Errors ------------------------------------------------------------------------------------------

// As on a CPU: the text names what is wrong, and nothing is launched.
TEST(CudaNormErrors, NameWhatIsWrong) {
  const Shape shape{1, 2, 3, 8};
  const CosSin<float> table(2, 1, 4);
  const std::vector<bfloat16> before(48, bfloat16(1));
  const DeviceMemory x(before), weight(std::vector<bfloat16>(24, bfloat16(1)));
  const DeviceMemory wide(std::vector<float>(24, 1.0f));
  const auto text = [&](const auto& norm) {
    const std::string error = error_of([&] {
      rw::cuda::apply_inplace(nullptr, dense(x.as<bfloat16>(), shape), norm,
                              table.on_device(by_half_table));
    });
    check(cudaDeviceSynchronize());
    EXPECT_TRUE(same_bytes(x.values<bfloat16>(), before)) << "written before it was refused";
    return error;
  };
  const auto norm = [&](Index size, double eps = 1e-6) {
    return rw::rms_norm_torch(weight.as<const bfloat16>(), size, eps);
  };
  const std::string call = "cuda::apply_inplace: ";
  EXPECT_EQ(text(norm(24)), call + "size of the norm's weight is 24, must be 8, the head_dim of x");
  EXPECT_EQ(text(norm(8).over_token()),
            call + "size of the norm's weight is 8, must be 24, the heads * head_dim of x");
  EXPECT_EQ(text(rw::rms_norm_torch<bfloat16>(nullptr, 8)),
            call + "data of the norm's weight is null, must point to the 8 weights");
  EXPECT_EQ(text(rw::rms_norm_hf(wide.as<const float>(), 8)),
            call +
                "type of the norm's weight is float, must be that of x: PyTorch's "
                "round_then_weight would return float");
  EXPECT_EQ(text(norm(8, -1)),
            call + "eps of the norm is -1, must be 0 or more and finite, as a float, too");
  EXPECT_EQ(text(norm(8, std::numeric_limits<double>::infinity())),
            call + "eps of the norm is inf, must be 0 or more and finite, as a float, too");
  EXPECT_EQ(text(norm(8, std::numeric_limits<double>::quiet_NaN())),
            call + "eps of the norm is nan, must be 0 or more and finite, as a float, too");
  rw::RmsNorm<float> gemma = rw::rms_norm_without_weight(1e-6);
  gemma.finish = NormFinish::one_plus_weight;
  EXPECT_EQ(text(gemma), call +
                             "finish of the norm is one_plus_weight, must be another where "
                             "there is no weight");
  EXPECT_EQ(text(norm(8).in_order(NormOrder::automatic, -1)),
            call + "rows of the norm is -1, must be 0 or more");
  EXPECT_EQ(text(rw::rms_norm_torch(x.as<const bfloat16>() + 16, 8)),
            call + "memory of x overlaps that of the norm's weight, must be apart from it");
}

TEST(CudaNormErrors, HostMemoryWhereThatIsChecked) {
  const Shape shape{1, 9, 4, 128};
  const CosSin<float> table(9, 1, 64);
  const std::vector<float> x(9 * 4 * 128), weight(128, 1.0f);
  const DeviceMemory there(x), out(x), weight_there(weight);
  const auto norm = rw::rms_norm_torch(weight.data(), 128);
  const auto norm_there = rw::rms_norm_torch(weight_there.as<const float>(), 128);
  rw::cuda::CudaOptions checked;
  checked.check_pointers = true;
  const auto error = [&](const float* from, const rw::RmsNorm<float>& by,
                         const rw::TableView<float>& turned_by) {
    return error_of([&] {
      rw::cuda::apply(nullptr, dense(out.as<float>(), shape), dense(from, shape), by, turned_by,
                      rw::half_pairs, checked);
    });
  };
  const auto by = table.on_device(by_half_table);
  const auto of = [&](const char* what) {
    return std::string("cuda::apply: data of ") + what +
           " is host memory that CUDA does not know, must be device memory";
  };
  EXPECT_EQ(error(there.as<float>(), norm_there, by), "");
  EXPECT_EQ(error(there.as<float>(), norm, by), of("the norm's weight"));
  EXPECT_EQ(error(x.data(), norm_there, by), of("x"));
  EXPECT_EQ(error(there.as<float>(), norm_there, table.on_cpu(by_half_table)), of("the table"));
  check(cudaDeviceSynchronize());
}

}  // namespace
}  // namespace ropewalk_test
