// A norm before the rotation on a device: PyTorch's orders against the reference on bit patterns;
// all else by the order of a CPU, whose bits it must give. The outputs of PyTorch's own kernels:
// golden/cuda_golden_norm_test.cu.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <vector>

#include "ropewalk/cuda/norm.cuh"
#include "ropewalk/norm.hpp"
#include "ropewalk/table_layouts.hpp"
#include "support/bits.hpp"
#include "support/cuda_memory.cuh"
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
using Mixes = testing::Types<NormTypes<float, float>, NormTypes<half, half>,
                             NormTypes<bfloat16, bfloat16>, NormTypes<bfloat16, float>>;
TYPED_TEST_SUITE(CudaNorm, Mixes, MixNames);

struct Ordered {
  NormOrder order;
  SumOrder reference;
};
constexpr Ordered orders[] = {{NormOrder::cpu, SumOrder::cpu},
                              {NormOrder::cuda_fused, SumOrder::cuda_fused},
                              {NormOrder::cuda_reduce, SumOrder::cuda_reduce}};

/// Whether PyTorch's kernels take rows of so many features in the order that norm.order names.
bool is_torchs(SumOrder order, Index size) {
  if (order == SumOrder::cuda_fused) return size % 4 == 0;
  return order == SumOrder::cpu || (size <= 8160 && (size < 128 || size % 4 == 0));
}

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
        if (!is_torchs(of.reference, size)) continue;
        const auto norm = TestFixture::norm(weight, size % 7).in_order(of.order);
        expect_reference(x, size, norm, of.reference);
        if (size % 4 == 0 && size <= 512) expect_reference(x, size, norm, of.reference, 1, 1);
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

// What order a norm has by itself: torch.nn.RMSNorm's for a weight of x's type, and none.
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
  expect_reference(x, size, rw::rms_norm_without_weight(1e-5), SumOrder::cuda_fused);
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
      if (!is_torchs(ordered.reference, size)) continue;
      const auto norm = TestFixture::norm(weight, 1).over_token().in_order(ordered.order);
      expect_reference(x, size, norm, ordered.reference, of.heads);
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

/// One call against ropewalk::apply of the same arguments, and the orders of CUDA against a norm
/// alone that is rotated by a second call.
template <class X, class W>
void expect_of_cpu(const Shape& shape, Lies lies, Pairing pairing, Index pairs,
                   rw::RmsNorm<W> norm) {
  const auto size =
      static_cast<std::size_t>(shape.batch * shape.seq * shape.heads * shape.head_dim);
  const auto x = random_values<X>(3 * size + 1, Values::special, 1);
  const auto of_table = static_cast<std::size_t>(shape.seq * pairs);
  const auto cos = random_values<float>(of_table, Values::uniform, 3);
  const auto sin = random_values<float>(of_table, Values::uniform, 4);
  const rw::Options options(pairing);
  const auto table = [&](const float* c, const float* s) {
    const Shape rows{1, shape.seq, 1, pairs};
    return rw::half_table(rw::View<const float>(c, rows), rw::View<const float>(s, rows));
  };
  const std::vector<W> host(norm.weight, norm.weight + norm.weight_size);
  const DeviceMemory device_cos(cos), device_sin(sin), weight(host);
  const auto device_table = table(device_cos.as<float>(), device_sin.as<float>());
  const auto normed = on_device(norm, weight);

  std::vector<X> wanted = x;
  rw::apply_strided(rw::serial, placed(wanted.data(), shape, lies), placed(x.data(), shape, lies),
                    norm, table(cos.data(), sin.data()), options);
  const auto out = by_device(x, [&](X* to, const X* from) {
    rw::cuda::apply(nullptr, placed(to, shape, lies), placed(from, shape, lies),
                    normed.in_order(NormOrder::cpu), device_table, options);
  });
  EXPECT_TRUE(same_bits(out, wanted)) << "as on a CPU";
  if (pairing != Pairing::interleaved_to_half) {
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

TYPED_TEST(CudaNorm, EveryLayoutAndPairing) {
  using X = typename TypeParam::X;
  using W = typename TypeParam::Tab;
  const Shape shapes[] = {{2, 37, 5, 128}, {1, 9, 40, 64}, {2, 3, 3, 80}, {1, 33, 1, 72},
                          {1, 5, 12, 96},  {1, 3, 2, 10},  {1, 2, 4, 512}};
  Index i = 0;
  for (const Shape& shape : shapes) {
    for (const Lies lies : {Lies::dense, Lies::heads_outside, Lies::packed, Lies::misaligned}) {
      for (const Pairing pairing :
           {Pairing::interleaved, Pairing::half, Pairing::interleaved_to_half}) {
        for (const bool over_token : {false, true}) {
          const Index features = over_token ? shape.heads * shape.head_dim : shape.head_dim;
          const auto weight =
              random_values<W>(static_cast<std::size_t>(features), Values::uniform, 9);
          auto norm = TestFixture::norm(weight, ++i);
          if (over_token) norm = norm.over_token();
          SCOPED_TRACE(testing::Message() << "case " << i << ", head_dim " << shape.head_dim);
          expect_of_cpu<X>(shape, lies, pairing,
                           i % 3 == 0 ? shape.head_dim / 4 : shape.head_dim / 2, norm);
          if (this->HasFailure()) return;
        }
      }
    }
  }
}

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

}  // namespace
}  // namespace ropewalk_test
