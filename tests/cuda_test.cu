// What only a device has: streams, capture, device memory, launches; and apply as a caller writes
// it. Every mix, layout and golden rotation is run by the CPU's own tests: see cuda.cmake.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <tuple>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "ropewalk/apply.hpp"
#include "ropewalk/cuda/apply.cuh"
#include "ropewalk/cuda/forms.cuh"
#include "ropewalk/table_layouts.hpp"
#include "support/bits.hpp"
#include "support/cuda_memory.cuh"
#include "support/error_of.hpp"
#include "support/forms.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using Eigen::bfloat16;
using Eigen::half;
using rw::Index;
using rw::Shape;

class Stream {
 public:
  Stream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { cudaStreamDestroy(stream_); }
  operator cudaStream_t() const { return stream_; }
  void wait() const { check(cudaStreamSynchronize(stream_)); }

 private:
  cudaStream_t stream_ = nullptr;
};

/// How many nodes the graph of what `call` does to a stream has.
std::size_t launches_of(const std::function<void(cudaStream_t)>& call) {
  Stream stream;
  cudaGraph_t graph = nullptr;
  std::size_t nodes = 0;
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  call(stream);
  check(cudaStreamEndCapture(stream, &graph));
  check(cudaGraphGetNodes(graph, nullptr, &nodes));
  check(cudaGraphDestroy(graph));
  return nodes;
}

/// x and a table of half width, on the host and on the device, and what x turns into by the strided
/// form of the CPU.
template <class X, class Tab = float>
struct Problem {
  Shape shape;
  Index pairs, tables;  // one for all samples, or one for each
  std::vector<X> x;
  std::vector<Tab> cos_sin;  // cos of all tokens, then sin
  DeviceMemory x_memory, out_memory, table_memory;

  explicit Problem(const Shape& of, Index of_pairs, std::uint64_t seed = 1, Index of_tables = 1)
      : shape(of),
        pairs(of_pairs),
        tables(of_tables),
        x(random_values<X>(size_of(of), Values::special, seed)),
        cos_sin(random_values<Tab>(static_cast<std::size_t>(2 * tables * of.seq * pairs),
                                   Values::uniform, seed + 1)),
        x_memory(x),
        out_memory(std::vector<X>(x.size(), from_bits<X>(0x5a5a5a5a5a5a5a5a))),
        table_memory(cos_sin) {}

  rw::TableView<Tab> table_at(const Tab* data) const {
    const Shape rows{tables, shape.seq, 1, pairs};
    return rw::half_table(rw::View<const Tab>(data, rows),
                          rw::View<const Tab>(data + tables * shape.seq * pairs, rows));
  }
  rw::TableView<Tab> table() const { return table_at(table_memory.as<Tab>()); }
  rw::View<X> x_view() const { return {x_memory.as<X>(), shape}; }
  rw::View<X> out_view() const { return {out_memory.as<X>(), shape}; }

  std::vector<X> wanted(const rw::Options& options = {}) const {
    std::vector<X> out(x.size());
    apply_definition(rw::View<X>(out.data(), shape), rw::View<const X>(x.data(), shape),
                     table_at(cos_sin.data()), options);
    return out;
  }
};

// As a caller writes it ---------------------------------------------------------------------------

template <class T>
class CudaApply : public testing::Test {};
TYPED_TEST_SUITE(CudaApply, Dtypes);

TYPED_TEST(CudaApply, OutOfPlaceAndInPlaceMatchTheCpu) {
  const Problem<TypeParam> of({2, 37, 5, 128}, 48);
  rw::cuda::apply(nullptr, of.out_view(), of.x_view(), of.table());
  EXPECT_TRUE(same_bits(of.out_memory.template values<TypeParam>(), of.wanted()));
  EXPECT_TRUE(same_bytes(of.x_memory.template values<TypeParam>(), of.x));
  rw::cuda::apply_inplace(nullptr, of.x_view(), of.table());
  EXPECT_TRUE(same_bits(of.x_memory.template values<TypeParam>(), of.wanted()));
}

TEST(CudaApply, TakesCudaTypesAndTensorMaps) {
  const Problem<bfloat16> of({1, 9, 4, 64}, 32);
  auto* data = reinterpret_cast<__nv_bfloat16*>(of.x_memory.as<bfloat16>());
  rw::cuda::apply(nullptr, of.out_view(), rw::cuda::view(data, of.shape), of.table());
  EXPECT_TRUE(same_bits(of.out_memory.values<bfloat16>(), of.wanted()));
  Eigen::TensorMap<Eigen::Tensor<bfloat16, 3, Eigen::RowMajor>> map(rw::cuda::as_eigen(data), 9, 4,
                                                                    64);
  rw::cuda::apply_inplace(nullptr, map, of.table());
  EXPECT_TRUE(same_bits(of.x_memory.values<bfloat16>(), of.wanted()));
}

// Sizes that leave tails of blocks, and grids that are long in each direction.
TEST(CudaApply, EveryShapeOfWork) {
  for (const Shape& shape :
       {Shape{1, 1, 1, 8},       Shape{1, 1, 41, 128},   Shape{3, 341, 3, 128},
        Shape{2, 2, 3, 6400},    Shape{64, 1, 8, 128},   Shape{3, 1500, 3, 64},
        Shape{2, 1025, 40, 128}, Shape{1, 70000, 1, 16}, Shape{70000, 1, 1, 8},
        Shape{1, 2, 3000, 64},   Shape{1, 33, 1, 5120},  Shape{5, 7, 3, 6},
        Shape{1, 1, 70000, 258}, Shape{2, 700, 16, 72},  Shape{1, 3, 16, 72},
        Shape{1, 1500, 11, 120}, Shape{1, 1100, 3, 32},  Shape{1, 1100, 5, 1024},
        Shape{1, 300, 13, 128},  Shape{400, 1, 7, 128},  Shape{1, 90, 2, 2000}}) {
    SCOPED_TRACE(testing::Message() << shape.batch << " " << shape.seq << " " << shape.heads);
    const Problem<half> of(shape, shape.head_dim / 2);
    for (const rw::Pairing pairing :
         {rw::Pairing::interleaved, rw::Pairing::half, rw::Pairing::interleaved_to_half}) {
      rw::Options options;
      options.pairing = pairing;
      rw::cuda::apply(nullptr, of.out_view(), of.x_view(), of.table(), options);
      EXPECT_TRUE(same_bits(of.out_memory.values<half>(), of.wanted(options)));
    }
  }
}

// Blocks of two tokens at least, as far as their threads go.
TEST(CudaApply, RowsWithGapsInPlace) {
  for (const Shape& shape : {Shape{1, 33, 16, 256}, Shape{2, 1500, 16, 128},
                             Shape{1, 1100, 3, 4096}, Shape{1, 40, 2, 4096}}) {
    for (const Index pairs : {shape.head_dim / 4, shape.head_dim * 3 / 8}) {
      for (const rw::Pairing pairing : {rw::Pairing::interleaved, rw::Pairing::half}) {
        const Problem<bfloat16> of(shape, pairs);
        const rw::Options options(pairing);
        rw::cuda::apply_inplace(nullptr, of.x_view(), of.table(), options);
        EXPECT_TRUE(same_bits(of.x_memory.values<bfloat16>(), of.wanted(options)))
            << shape.seq << " tokens, head_dim " << shape.head_dim << ", " << pairs << " pairs";
      }
    }
  }
}

// Which heads share: then a token's heads go by at once, although their rows are far apart.
TEST(CudaApply, ALargeTableWithTokensNextToEachOther) {
  for (const rw::Pairing pairing : {rw::Pairing::interleaved, rw::Pairing::half}) {
    const Problem<bfloat16> of({1, 24700, 3, 128}, 64);
    const rw::Options options(pairing);
    rw::cuda::apply(nullptr, rw::bhsd_view(of.out_memory.as<bfloat16>(), of.shape),
                    rw::bhsd_view(of.x_memory.as<bfloat16>(), of.shape), of.table(), options);
    std::vector<bfloat16> wanted(of.x.size());
    apply_definition(rw::bhsd_view(wanted.data(), of.shape), rw::bhsd_view(of.x.data(), of.shape),
                     of.table_at(of.cos_sin.data()), options);
    EXPECT_TRUE(same_bits(of.out_memory.values<bfloat16>(), wanted));
  }
}

// One row a block, so more rows than a grid has along its third axis.
TEST(CudaApply, MoreHeadsThanAGridHas) {
  const Problem<double> of({1, 1, 65537, 512}, 256);
  rw::cuda::apply(nullptr, of.out_view(), of.x_view(), of.table());
  EXPECT_TRUE(same_bits(of.out_memory.values<double>(), of.wanted()));
}

// Of few samples and of many, more than a grid has along its second axis.
TEST(CudaApply, ATableForEachSample) {
  for (const Shape& shape :
       {Shape{5, 7, 3, 128}, Shape{3, 900, 2, 64}, Shape{70000, 1, 1, 8}, Shape{70000, 1, 2, 6}}) {
    SCOPED_TRACE(testing::Message() << shape.batch << " " << shape.head_dim);
    const Problem<bfloat16> of(shape, shape.head_dim / 2, 1, shape.batch);
    rw::cuda::apply(nullptr, of.out_view(), of.x_view(), of.table());
    EXPECT_TRUE(same_bits(of.out_memory.values<bfloat16>(), of.wanted()));
  }
}

/// x of a shape, by a table with rows for every head, dense or [batch, heads, seq, head_dim].
template <class T>
void expect_a_table_for_each_head(const Shape& shape, Index pairs, bool heads_outside,
                                  rw::Pairing pairing) {
  const auto x = random_values<T>(size_of(shape), Values::uniform, 1);
  const std::size_t entries =
      static_cast<std::size_t>(shape.batch * shape.seq * shape.heads * pairs);
  const auto cos_sin = random_values<float>(2 * entries, Values::uniform, 2);
  const DeviceMemory x_memory(x), out_memory(x), table_memory(cos_sin);
  const auto table_at = [&](const float* data) {
    const Shape rows{shape.batch, shape.seq, shape.heads, pairs};
    return rw::half_table(rw::View<const float>(data, rows),
                          rw::View<const float>(data + entries, rows));
  };
  const auto view_of = [&](auto* data) {
    using Scalar = std::remove_pointer_t<decltype(data)>;
    return heads_outside ? rw::bhsd_view(data, shape) : rw::View<Scalar>(data, shape);
  };
  const rw::Options options(pairing);
  rw::cuda::apply(nullptr, view_of(out_memory.as<T>()), view_of(x_memory.as<T>()),
                  table_at(table_memory.as<float>()), options);
  std::vector<T> wanted(x.size());
  apply_definition(view_of(wanted.data()), view_of(x.data()), table_at(cos_sin.data()), options);
  EXPECT_TRUE(same_bits(out_memory.values<T>(), wanted))
      << shape.seq << " tokens, " << pairs << " pairs, pairing " << static_cast<int>(pairing)
      << (heads_outside ? ", heads outside" : "");
}

// Of few tokens and of many, whole and partial, by wide packs, by narrow ones and by single
// features.
TEST(CudaApply, ATableForEachHead) {
  for (const Shape& shape : {Shape{2, 5, 3, 128}, Shape{2, 600, 5, 128}, Shape{1, 1100, 4, 64}}) {
    for (const Index pairs : {shape.head_dim / 2, Index{24}, Index{28}, Index{31}}) {
      for (const rw::Pairing pairing :
           {rw::Pairing::interleaved, rw::Pairing::half, rw::Pairing::interleaved_to_half}) {
        for (const bool heads_outside : {false, true}) {
          expect_a_table_for_each_head<bfloat16>(shape, pairs, heads_outside, pairing);
          expect_a_table_for_each_head<float>(shape, pairs, heads_outside, pairing);
        }
      }
    }
  }
}

TEST(CudaApply, NothingToDoLaunchesNothing) {
  const Problem<float> of({1, 4, 2, 8}, 4);
  const rw::View<float> none(nullptr, {1, 4, 0, 8});
  EXPECT_EQ(
      launches_of([&](cudaStream_t stream) { rw::cuda::apply(stream, none, none, of.table()); }),
      0u);
}

// The readable forms ------------------------------------------------------------------------------

template <class X, class Tab>
void expect_forms(const Shape& shape, Index pairs) {
  const Problem<X, Tab> of(shape, pairs);
  for (const rw::Pairing pairing :
       {rw::Pairing::interleaved, rw::Pairing::half, rw::Pairing::interleaved_to_half}) {
    SCOPED_TRACE(testing::Message() << pairs << " pairs, " << static_cast<int>(pairing));
    const rw::Options options(pairing);
    const auto wanted = of.wanted(options);
    rw::cuda::apply_strided(nullptr, of.out_view(), of.x_view(), of.table(), options);
    EXPECT_TRUE(same_bits(of.out_memory.template values<X>(), wanted));
    check(cudaMemset(of.out_memory.template as<X>(), 0x5a, of.x.size() * sizeof(X)));
    rw::cuda::apply_stack_flatten(nullptr, of.out_view(), of.x_view(), of.table(), options);
    EXPECT_TRUE(same_bits(of.out_memory.template values<X>(), wanted));
  }
}

template <class T>
class CudaForms : public testing::Test {};
TYPED_TEST_SUITE(CudaForms, Dtypes);

// 61 pairs have no packs of halves, nor of 16-bit entries; of 60 some features pass through.
TYPED_TEST(CudaForms, MatchTheCpu) {
  for (const Index pairs : {64, 60, 61}) {
    expect_forms<TypeParam, float>({2, 3, 5, 128}, pairs);
    expect_forms<TypeParam, TypeParam>({2, 700, 3, 128}, pairs);
  }
}

TEST(CudaForms, AreOneLaunchEachAndRefuseX) {
  const Problem<bfloat16> of({1, 2000, 4, 128}, 64);
  EXPECT_EQ(launches_of([&](cudaStream_t stream) {
              rw::cuda::apply_strided(stream, of.out_view(), of.x_view(), of.table());
              rw::cuda::apply_stack_flatten(stream, of.out_view(), of.x_view(), of.table());
            }),
            2u);
  EXPECT_EQ(
      error_of([&] { rw::cuda::apply_strided(nullptr, of.x_view(), of.x_view(), of.table()); }),
      error_of([&] {
        rw::apply_strided(rw::serial, of.x_view(), of.x_view(), of.table());
      }).insert(0, "cuda::"));
}

// Several tensors ---------------------------------------------------------------------------------

TEST(CudaSeveral, QueriesAndKeysInOneLaunch) {
  for (const Index pairs : {64, 61}) {  // by packs, and by single features
    const Problem<bfloat16> q({2, 50, 40, 128}, pairs), k({2, 50, 8, 128}, pairs, 7);
    auto q_out = q.out_view(), k_out = k.out_view();
    auto q_x = q.x_view(), k_x = k.x_view();
    const auto rotate = [&](cudaStream_t stream) {
      rw::cuda::apply(stream, std::tie(q_out, k_out), std::tie(q_x, k_x), q.table());
    };
    EXPECT_EQ(launches_of(rotate), 1u);
    Stream stream;
    rotate(stream);
    stream.wait();
    EXPECT_TRUE(same_bits(q.out_memory.values<bfloat16>(), q.wanted()));
    std::vector<bfloat16> k_by_q(k.x.size());
    apply_definition(rw::View<bfloat16>(k_by_q.data(), k.shape),
                     rw::View<const bfloat16>(k.x.data(), k.shape), q.table_at(q.cos_sin.data()));
    EXPECT_TRUE(same_bits(k.out_memory.values<bfloat16>(), k_by_q));
    rw::cuda::apply_inplace(stream, std::tie(q_x, k_x), q.table());
    stream.wait();
    EXPECT_TRUE(same_bits(q.x_memory.values<bfloat16>(), q.wanted()));
    EXPECT_TRUE(same_bits(k.x_memory.values<bfloat16>(), k_by_q));
  }
}

// Queries whose heads lie next to each other, keys whose tokens do, and nothing.
TEST(CudaSeveral, LayoutsOfTheirOwn) {
  for (const Index seq : {9, 700}) {
    for (const rw::Pairing pairing : {rw::Pairing::interleaved, rw::Pairing::half}) {
      const Problem<bfloat16> q({2, seq, 12, 128}, 64), k({2, seq, 3, 128}, 64, 7);
      const rw::Options options(pairing);
      const auto q_x = q.x_view(), q_out = q.out_view();
      const auto k_x = rw::bhsd_view(k.x_memory.as<bfloat16>(), k.shape);
      const auto k_out = rw::bhsd_view(k.out_memory.as<bfloat16>(), k.shape);
      const rw::View<bfloat16> nothing(nullptr, {2, seq, 0, 128});
      rw::cuda::apply(nullptr, std::tuple{k_out, q_out, nothing}, std::tuple{k_x, q_x, nothing},
                      q.table(), options);
      EXPECT_TRUE(same_bits(q.out_memory.values<bfloat16>(), q.wanted(options)));
      std::vector<bfloat16> wanted(k.x.size());
      apply_definition(rw::bhsd_view(wanted.data(), k.shape), rw::bhsd_view(k.x.data(), k.shape),
                       q.table_at(q.cos_sin.data()), options);
      EXPECT_TRUE(same_bits(k.out_memory.values<bfloat16>(), wanted));
    }
  }
}

TEST(CudaSeveral, EachOfThreeHasItsOwn) {
  const Problem<float> a({1, 9, 2, 64}, 32, 1), b({1, 9, 5, 64}, 32, 2), c({1, 9, 3, 64}, 32, 3);
  auto a_x = a.x_view(), b_x = b.x_view(), c_x = c.x_view();
  rw::cuda::apply_inplace(nullptr, std::tie(a_x, b_x, c_x), a.table());
  for (const auto* of : {&a, &b, &c}) {
    std::vector<float> wanted(of->x.size());
    apply_definition(rw::View<float>(wanted.data(), of->shape),
                     rw::View<const float>(of->x.data(), of->shape), a.table_at(a.cos_sin.data()));
    EXPECT_TRUE(same_bits(of->x_memory.values<float>(), wanted)) << of->shape.heads << " heads";
  }
}

// The one with more heads has fewer threads for each.
TEST(CudaSeveral, EachHasItsOwnType) {
  const Problem<float> a({2, 9, 2, 128}, 64, 1);
  const Problem<bfloat16> b({2, 9, 25, 128}, 64, 2);
  auto a_x = a.x_view();
  auto b_x = b.x_view();
  rw::cuda::apply_inplace(nullptr, std::tie(b_x, a_x), b.table());
  std::vector<float> wanted(a.x.size());
  apply_definition(rw::View<float>(wanted.data(), a.shape),
                   rw::View<const float>(a.x.data(), a.shape), b.table_at(b.cos_sin.data()));
  EXPECT_TRUE(same_bits(a.x_memory.values<float>(), wanted));
  EXPECT_TRUE(same_bits(b.x_memory.values<bfloat16>(), b.wanted()));
}

// The table's rows of 184 bytes are packs for float, not for bfloat16, of which there is nothing.
TEST(CudaSeveral, NothingBesideATensorOfAnotherType) {
  const Problem<float> of({1, 2000, 4, 92}, 46);
  const rw::View<bfloat16> nothing(nullptr, {1, 2000, 0, 92});
  auto x = of.x_view();
  rw::cuda::apply_inplace(nullptr, std::tie(x, nothing), of.table());
  EXPECT_TRUE(same_bits(of.x_memory.values<float>(), of.wanted()));
}

// Of packed [batch, seq, 3, heads, head_dim]; values stay as they are.
TEST(CudaSeveral, PackedQueriesAndKeysInPlace) {
  const Shape shape{2, 31, 4, 128};
  const Problem<half> of(shape, 64);
  const auto packed = random_values<half>(3 * size_of(shape), Values::uniform, 5);
  const DeviceMemory memory(packed);
  auto wanted = packed;
  for (const Index which : {0, 1}) {
    const auto part = rw::qkv_view(wanted.data(), shape, which);
    const auto from = rw::qkv_view(packed.data(), shape, which);
    apply_definition(part, from, of.table_at(of.cos_sin.data()));
  }
  auto q = rw::qkv_view(memory.as<half>(), shape, 0), k = rw::qkv_view(memory.as<half>(), shape, 1);
  rw::cuda::apply_inplace(nullptr, std::tie(q, k), of.table());
  EXPECT_TRUE(same_bytes(memory.values<half>(), wanted));
}

// Position ids on the device ----------------------------------------------------------------------

/// A third of the ids are bad. The others' rows are those that the CPU turns by their ids; a bad
/// one's have NaN in place of what turns.
template <class T, class Id>
void expect_bad_ids_give_nan(const Problem<T>& of, Index id_batch, Index first,
                             rw::Pairing pairing) {
  const auto [batch, seq, heads, head_dim] = of.shape;
  const Id bad[] = {static_cast<Id>(first - 1), static_cast<Id>(first + seq),
                    std::numeric_limits<Id>::min(), std::numeric_limits<Id>::max()};
  std::mt19937 engine(7);
  std::vector<Id> sound, given;
  for (Index i = 0; i < id_batch * seq; ++i) {
    sound.push_back(static_cast<Id>(first + static_cast<Index>(engine()) % seq));
    given.push_back(i % 3 == 1 ? bad[engine() % 4] : sound.back());
  }
  const DeviceMemory ids(given);
  using Map = Eigen::TensorMap<Eigen::Tensor<const Id, 2, Eigen::RowMajor>>;
  rw::Options options;
  options.pairing = pairing;
  rw::cuda::apply(nullptr, of.out_view(), of.x_view(),
                  of.table().gather(Map(ids.as<Id>(), id_batch, seq)).first_position(first),
                  options);

  std::vector<T> wanted(of.x.size());
  const rw::View<T> to(wanted.data(), of.shape);
  const auto table =
      of.table_at(of.cos_sin.data()).gather(Map(sound.data(), id_batch, seq)).first_position(first);
  apply_definition(to, rw::View<const T>(of.x.data(), of.shape), table, options);
  for (Index b = 0; b < batch; ++b) {
    for (Index s = 0; s < seq; ++s) {
      const auto at = static_cast<std::size_t>((id_batch == 1 ? 0 : b * seq) + s);
      for (Index h = 0; given[at] != sound[at] && h < heads; ++h) {
        std::fill_n(to.row(b, s, h), 2 * of.pairs, std::numeric_limits<T>::quiet_NaN());
      }
    }
  }
  EXPECT_TRUE(same_bits(of.out_memory.template values<T>(), wanted))
      << of.shape.seq << " tokens, " << of.pairs << " pairs, " << id_batch << " rows of ids from "
      << first << ", pairing " << static_cast<int>(pairing);
}

template <class T>
class CudaIds : public testing::Test {};
TYPED_TEST_SUITE(CudaIds, Dtypes);

// By the kernel for units and the one for heads, by packs and by single features.
TYPED_TEST(CudaIds, BadIdsGiveNanAndReadNothingOutside) {
  for (const Shape& shape : {Shape{3, 12, 5, 128}, Shape{3, 400, 2, 128}}) {
    for (const Index pairs : {64, 48, 63}) {
      const Problem<TypeParam> shared(shape, pairs), own(shape, pairs, 1, shape.batch);
      for (const rw::Pairing pairing :
           {rw::Pairing::interleaved, rw::Pairing::half, rw::Pairing::interleaved_to_half}) {
        expect_bad_ids_give_nan<TypeParam, std::int32_t>(shared, 1, 0, pairing);
        expect_bad_ids_give_nan<TypeParam, std::int32_t>(own, shape.batch, -4, pairing);
        expect_bad_ids_give_nan<TypeParam, std::int64_t>(shared, shape.batch, 3, pairing);
        expect_bad_ids_give_nan<TypeParam, std::int64_t>(own, 1, -4, pairing);
      }
    }
  }
}

// Every third token is left, of rows that lie along tokens.
TEST(CudaIds, OfTokensNextToEachOther) {
  for (const Index seq : {7, 800}) {
    for (const Index pairs : {64, 48, 63}) {
      const Problem<float> of({2, seq, 5, 128}, pairs);
      std::vector<std::int32_t> given;
      for (Index i = 0; i < seq; ++i) {
        given.push_back(static_cast<std::int32_t>(i % 3 == 1 ? -1 : (5 * i) % seq));
      }
      const DeviceMemory ids(given);
      rw::cuda::apply(nullptr, rw::bhsd_view(of.out_memory.as<float>(), of.shape),
                      rw::bhsd_view(of.x_memory.as<float>(), of.shape),
                      of.table().gather(ids.as<std::int32_t>(), Index{1}, seq).leaving(-1));
      std::vector<float> wanted(of.x.size(), from_bits<float>(0x5a5a5a5a5a5a5a5a));
      apply_definition(
          rw::bhsd_view(wanted.data(), of.shape), rw::bhsd_view(of.x.data(), of.shape),
          of.table_at(of.cos_sin.data()).gather(given.data(), Index{1}, seq).leaving(-1));
      EXPECT_TRUE(same_bits(of.out_memory.values<float>(), wanted)) << seq << " " << pairs;
    }
  }
}

/// What every token of a sample is: turned by the row behind the start, left, or NaN.
template <class T, class Id>
void expect_starts(const Problem<T>& of, rw::Pairing pairing) {
  const Shape& shape = of.shape;
  const Index rows = shape.seq;
  // All but its last token are in the table, none is, left, all are, far outside.
  const std::vector<Id> given = {1, static_cast<Id>(rows), -1, 0, std::numeric_limits<Id>::min()};
  const DeviceMemory starts(given);
  const rw::Options options(pairing);
  const auto table = of.table().rows_of_each(starts.as<Id>(), given.size(), rows).leaving(-1);
  const auto before = of.out_memory.template values<T>();
  rw::cuda::apply(nullptr, of.out_view(), of.x_view(), table, options);

  const auto rotated_over = [&](std::vector<T> out) {
    for (Index b = 0; b < shape.batch; ++b) {
      const Index start = given[static_cast<std::size_t>(b)];
      for (Index s = 0; start != -1 && s < shape.seq; ++s) {
        const Shape token{1, 1, shape.heads, shape.head_dim};
        const auto offset =
            static_cast<std::size_t>((b * shape.seq + s) * shape.heads * shape.head_dim);
        const rw::View<T> to(out.data() + offset, token);
        const rw::View<const T> from(of.x.data() + offset, token);
        const bool is_there = start >= 0 && start + s < rows;
        const auto row = of.table_at(of.cos_sin.data()).rows(is_there ? start + s : 0, 1);
        apply_definition(to, from, row, options);
        for (Index h = 0; !is_there && h < shape.heads; ++h) {
          std::fill_n(to.row(0, 0, h), 2 * of.pairs, std::numeric_limits<T>::quiet_NaN());
        }
      }
    }
    return out;
  };
  EXPECT_TRUE(same_bits(of.out_memory.template values<T>(), rotated_over(before)))
      << shape.seq << " tokens, " << of.pairs << " pairs, pairing " << static_cast<int>(pairing);
  if (pairing == rw::Pairing::interleaved_to_half) return;
  rw::cuda::apply_inplace(nullptr, of.x_view(), table, options);
  EXPECT_TRUE(same_bits(of.x_memory.template values<T>(), rotated_over(of.x))) << "in place";
}

// By the kernel for units and the one for heads, by packs and by single features.
TYPED_TEST(CudaIds, StartsTurnLeaveOrGiveNan) {
  for (const Shape& shape : {Shape{5, 3, 5, 128}, Shape{5, 400, 2, 128}}) {
    for (const Index pairs : {64, 48, 63}) {
      for (const rw::Pairing pairing :
           {rw::Pairing::interleaved, rw::Pairing::half, rw::Pairing::interleaved_to_half}) {
        expect_starts<TypeParam, std::int32_t>(Problem<TypeParam>(shape, pairs), pairing);
        expect_starts<TypeParam, std::int64_t>(Problem<TypeParam>(shape, pairs), pairing);
      }
    }
  }
}

// By every kernel, in place or not; no byte, whatever it holds.
TYPED_TEST(CudaIds, NothingIsWrittenOfWhatIsLeft) {
  for (const Shape& shape : {Shape{3, 2, 5, 128}, Shape{3, 400, 2, 128}}) {
    for (const Index pairs : {64, 48, 63}) {
      const Problem<TypeParam> of(shape, pairs);
      const DeviceMemory ids(std::vector<std::int32_t>(static_cast<std::size_t>(shape.seq), -1));
      const auto table = of.table().gather(ids.as<std::int32_t>(), shape.seq).leaving(-1);
      const auto before = of.out_memory.template values<TypeParam>();
      rw::cuda::apply(nullptr, of.out_view(), of.x_view(), table);
      EXPECT_TRUE(same_bytes(of.out_memory.template values<TypeParam>(), before)) << pairs;
      rw::cuda::apply_inplace(nullptr, of.x_view(), table);
      EXPECT_TRUE(same_bytes(of.x_memory.template values<TypeParam>(), of.x)) << pairs;
    }
  }
}

// Streams and graphs ------------------------------------------------------------------------------

TEST(CudaStreams, CaptureAndReplay) {
  Problem<bfloat16> of({1, 16, 32, 128}, 64);
  Stream stream;
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t replay = nullptr;
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  rw::cuda::apply(stream, of.out_view(), of.x_view(), of.table());
  check(cudaStreamEndCapture(stream, &graph));
  check(cudaGraphInstantiate(&replay, graph, 0));
  EXPECT_FALSE(same_bits(of.out_memory.values<bfloat16>(), of.wanted()));  // recorded, not run
  for (int round = 0; round < 3; ++round) {
    of.x = random_values<bfloat16>(of.x.size(), Values::special, 20 + round);
    check(cudaMemcpy(of.x_memory.as<bfloat16>(), of.x.data(), of.x_memory.bytes(),
                     cudaMemcpyHostToDevice));
    check(cudaStreamSynchronize(nullptr));  // see DeviceMemory
    check(cudaGraphLaunch(replay, stream));
    stream.wait();
    EXPECT_TRUE(same_bits(of.out_memory.values<bfloat16>(), of.wanted()));
  }
  check(cudaGraphExecDestroy(replay));
  check(cudaGraphDestroy(graph));
}

/// Copies late, after it has let what follows begin.
__global__ void copy_late(uint4* to, const uint4* from, Index count) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;");
#endif
  const long long begin = clock64();
  while (clock64() - begin < 500000) {
  }
  for (Index i = threadIdx.x; i < count; i += blockDim.x) to[i] = from[i];
}

enum class Late { x, table, ids };

/// What a call reads is written by `do_before`, and all of it is there, though a call before has
/// read what was there before.
void expect_comes_after(
    const Shape& shape, Late late, bool captured,
    const std::function<void(const Stream&, void* to, const DeviceMemory&)>& do_before) {
  const Problem<bfloat16> of(shape, 64);
  std::vector<std::int32_t> ids;
  for (Index s = shape.seq; s > 0; --s) ids.push_back(static_cast<std::int32_t>(s - 1));
  const DeviceMemory id_memory(ids);
  const auto gathered = [&](const rw::TableView<float>& table, const std::int32_t* data) {
    using Map = Eigen::TensorMap<Eigen::Tensor<const std::int32_t, 1, Eigen::RowMajor>>;
    return table.gather(Map(data, shape.seq));
  };
  const auto table = gathered(of.table(), id_memory.as<std::int32_t>());
  std::vector<bfloat16> wanted(of.x.size());
  apply_definition(rw::View<bfloat16>(wanted.data(), shape),
                   rw::View<const bfloat16>(of.x.data(), shape),
                   gathered(of.table_at(of.cos_sin.data()), ids.data()));

  const DeviceMemory& to = late == Late::x       ? of.x_memory
                           : late == Late::table ? of.table_memory
                                                 : id_memory;
  const DeviceMemory from(to.values<char>());
  check(cudaMemset(to.as<char>(), 0xff, to.bytes()));
  check(cudaDeviceSynchronize());
  Stream stream;
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t replay = nullptr;
  if (captured) check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
  rw::cuda::apply(stream, of.out_view(), of.x_view(), table);
  do_before(stream, to.as<char>(), from);
  rw::cuda::apply(stream, of.out_view(), of.x_view(), table);
  if (captured) {
    check(cudaStreamEndCapture(stream, &graph));
    check(cudaGraphInstantiate(&replay, graph, 0));
    check(cudaGraphLaunch(replay, stream));
  }
  stream.wait();
  EXPECT_TRUE(same_bits(of.out_memory.values<bfloat16>(), wanted));
  if (captured) {
    check(cudaGraphExecDestroy(replay));
    check(cudaGraphDestroy(graph));
  }
}

TEST(CudaStreams, WaitsForWhatTheStreamDidBefore) {
  const auto by_kernel = [](const Stream& stream, void* to, const DeviceMemory& from) {
    copy_late<<<1, 512, 0, static_cast<cudaStream_t>(stream)>>>(
        static_cast<uint4*>(to), from.as<uint4>(), static_cast<Index>(from.bytes() / 16));
    check(cudaGetLastError());
  };
  const auto by_copy = [](const Stream& stream, void* to, const DeviceMemory& from) {
    check(cudaMemcpyAsync(to, from.as<char>(), from.bytes(), cudaMemcpyDeviceToDevice, stream));
  };
  Stream other;
  cudaEvent_t fork = nullptr, join = nullptr;
  check(cudaEventCreate(&fork));
  check(cudaEventCreate(&join));
  const auto by_another_stream = [&](const Stream& stream, void* to, const DeviceMemory& from) {
    check(cudaEventRecord(fork, stream));
    check(cudaStreamWaitEvent(other, fork, 0));
    by_kernel(other, to, from);
    check(cudaEventRecord(join, other));
    check(cudaStreamWaitEvent(stream, join, 0));
  };
  // By the kernel for few tokens, and by the one for many.
  for (const Shape& shape : {Shape{1, 16, 32, 128}, Shape{2, 800, 2, 128}}) {
    for (const bool captured : {false, true}) {
      SCOPED_TRACE(testing::Message() << shape.seq << (captured ? " captured" : " at once"));
      for (const Late late : {Late::x, Late::table, Late::ids}) {
        SCOPED_TRACE(static_cast<int>(late));
        expect_comes_after(shape, late, captured, by_kernel);
        expect_comes_after(shape, late, captured, by_copy);
        expect_comes_after(shape, late, captured, by_another_stream);
      }
    }
  }
  check(cudaEventDestroy(fork));
  check(cudaEventDestroy(join));
}

TEST(CudaStreams, SeveralAtOnce) {
  const Problem<float> a({1, 3000, 8, 128}, 64, 1), b({1, 3000, 8, 128}, 64, 11);
  Stream first, second;
  for (int round = 0; round < 20; ++round) {
    rw::cuda::apply(first, a.out_view(), a.x_view(), a.table());
    rw::cuda::apply(second, b.out_view(), b.x_view(), b.table());
  }
  first.wait();
  second.wait();
  EXPECT_TRUE(same_bits(a.out_memory.values<float>(), a.wanted()));
  EXPECT_TRUE(same_bits(b.out_memory.values<float>(), b.wanted()));
}

TEST(CudaStreams, CallsOfOneStreamComeOneAfterTheOther) {
  const Problem<double> of({1, 500, 8, 64}, 32);
  Stream stream;
  rw::cuda::apply(stream, of.out_view(), of.x_view(), of.table());
  rw::cuda::apply_inplace(stream, of.out_view(), of.table().inverse());
  stream.wait();
  std::vector<double> wanted = of.wanted();
  const rw::View<double> view(wanted.data(), of.shape);
  const auto once = wanted;
  apply_definition(view, rw::View<const double>(once.data(), of.shape),
                   of.table_at(of.cos_sin.data()).inverse());
  EXPECT_TRUE(same_bits(of.out_memory.values<double>(), wanted));
}

// Threads and devices -----------------------------------------------------------------------------

// The first call of each kernel asks the device about it: here by all threads at once, and no other
// test has this mix of types.
TEST(CudaThreads, ManyCallAtOnce) {
  constexpr std::uint64_t count = 8;
  std::vector<std::unique_ptr<Problem<half, half>>> problems;
  for (std::uint64_t i = 0; i < count; ++i) {
    problems.push_back(std::make_unique<Problem<half, half>>(Shape{1, 900, 4, 128}, 64, 2 * i));
  }
  std::atomic<bool> go{false};
  std::vector<std::string> errors(count);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      while (!go) std::this_thread::yield();
      errors[i] = error_of<std::exception>([&] {
        const Problem<half, half>& of = *problems[i];
        Stream stream;
        for (int round = 0; round < 20; ++round) {
          rw::cuda::apply(stream, of.out_view(), of.x_view(), of.table());
        }
        stream.wait();
      });
    });
  }
  go = true;
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(errors[i], "");
    EXPECT_TRUE(same_bits(problems[i]->out_memory.values<half>(), problems[i]->wanted()));
  }
}

TEST(CudaDevices, EachRotatesItsOwn) {
  int devices = 0;
  check(cudaGetDeviceCount(&devices));
  if (devices < 2) GTEST_SKIP() << "one device here";
  struct OnDevice {
    Problem<float> of;
    Stream stream;
    explicit OnDevice(std::uint64_t seed) : of({1, 3000, 8, 128}, 64, seed) {}
  };
  std::vector<std::unique_ptr<OnDevice>> all;
  for (int device = 0; device < devices; ++device) {
    check(cudaSetDevice(device));
    all.push_back(std::make_unique<OnDevice>(static_cast<std::uint64_t>(2 * device)));
  }
  for (int round = 0; round < 20; ++round) {
    for (int device = 0; device < devices; ++device) {
      check(cudaSetDevice(device));
      const OnDevice& on = *all[static_cast<std::size_t>(device)];
      rw::cuda::apply(on.stream, on.of.out_view(), on.of.x_view(), on.of.table());
    }
  }
  for (int device = 0; device < devices; ++device) {
    check(cudaSetDevice(device));
    const OnDevice& on = *all[static_cast<std::size_t>(device)];
    on.stream.wait();
    EXPECT_TRUE(same_bits(on.of.out_memory.values<float>(), on.of.wanted())) << "device " << device;
  }
  all.clear();
  check(cudaSetDevice(0));
}

// More than 2^32 elements -------------------------------------------------------------------------

/// Every row of x is the first row of its token's head: what the last tokens must become is known.
template <class T>
__global__ void repeat_rows(T* to, const T* row, Index rows, Index head_dim) {
  for (Index r = blockIdx.x; r < rows; r += gridDim.x) {
    for (Index i = threadIdx.x; i < head_dim; i += blockDim.x) to[r * head_dim + i] = row[i];
  }
}

/// In place, in one tensor of more than 2^32 elements; by packs and by single features.
void expect_far_rows_turn(const Shape& shape, Index pairs, const rw::Strides& strides,
                          rw::Pairing pairing = rw::Pairing::interleaved) {
  std::size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total));
  const std::size_t bytes = size_of(shape) * sizeof(bfloat16);
  if (free < bytes + (std::size_t{1} << 28)) GTEST_SKIP() << "needs " << bytes << " bytes";
  const Problem<bfloat16> row({1, 1, 1, shape.head_dim}, pairs);
  const DeviceMemory memory(bytes);
  repeat_rows<<<4096, 128>>>(memory.as<std::uint16_t>(), row.x_memory.as<std::uint16_t>(),
                             shape.batch * shape.seq * shape.heads, shape.head_dim);
  check(cudaDeviceSynchronize());
  const auto table = row.table();  // one row for all tokens
  const rw::TableView<float> for_all(table.readers(), {1, shape.seq, 1, pairs}, 0, 0, 0);
  const rw::Options options(pairing);
  rw::cuda::apply_inplace(nullptr, rw::View<bfloat16>(memory.as<bfloat16>(), shape, strides),
                          for_all, options);
  const auto wanted = row.wanted(options);
  std::vector<bfloat16> some(wanted.size());
  const Index rows = shape.batch * shape.seq * shape.heads;
  const Index border = (Index{1} << 31) / shape.head_dim, far = 2 * border;
  for (const Index at : {Index{0}, Index{1}, border - 1, border, far - 1, far, far + 1, rows / 2,
                         rows - 2, rows - 1}) {
    check(cudaMemcpy(static_cast<void*>(some.data()), memory.as<bfloat16>() + at * shape.head_dim,
                     some.size() * sizeof(bfloat16), cudaMemcpyDeviceToHost));
    EXPECT_TRUE(same_bits(some, wanted)) << "row " << at;
  }
}

TEST(CudaLarge, TokensBeyond32Bits) {
  const Shape shape{1, 860000, 40, 128};
  expect_far_rows_turn(shape, 64, rw::detail::contiguous_strides(shape));
  expect_far_rows_turn(shape, 63, rw::detail::contiguous_strides(shape));
  // More blocks of tokens than a grid has along its second axis.
  expect_far_rows_turn(shape, 64, rw::detail::contiguous_strides(shape), rw::Pairing::half);
}

TEST(CudaLarge, BatchesAndHeadsBeyond32Bits) {
  const Shape batches{5, 180000, 40, 128};
  expect_far_rows_turn(batches, 64, rw::detail::contiguous_strides(batches));
  const Shape heads{1, 860000, 40, 128};
  expect_far_rows_turn(heads, 64, {0, 128, 860000 * 128});
  expect_far_rows_turn(heads, 64, {0, 128, 860000 * 128}, rw::Pairing::half);
}

// Errors ------------------------------------------------------------------------------------------

/// Errors leave nothing in CUDA's record, and the device works on.
class CudaErrors : public testing::Test {
 protected:
  void TearDown() override {
    EXPECT_EQ(cudaGetLastError(), cudaSuccess);
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  }
  const Problem<float> of{{1, 4, 2, 8}, 4};
};

TEST_F(CudaErrors, AreThoseOfTheCpu) {
  const auto x = of.x_view();
  const auto out = of.out_view();
  const auto table = of.table();
  EXPECT_EQ(error_of([&] { rw::cuda::apply(nullptr, out.seq(0, 3), x, table); }),
            "cuda::apply: seq of out is 3, must be 4");
  EXPECT_EQ(
      error_of([&] { rw::cuda::apply(nullptr, out.features(0, 5), x.features(0, 5), table); }),
      "cuda::apply: head_dim of x is 5, must be even");
  EXPECT_EQ(error_of([&] { rw::cuda::apply_inplace(nullptr, x.seq(0, 3), table); }),
            "cuda::apply_inplace: seq of the table is 4, must be 3: of a longer table pass its "
            "rows(position, count)");
  EXPECT_EQ(
      error_of([&] { rw::cuda::apply(nullptr, out, rw::View<float>(nullptr, x.shape()), table); }),
      "cuda::apply: data of x is null, must point to the elements");
  EXPECT_EQ(error_of([&] {
              rw::cuda::apply(nullptr, rw::View<float>(x.data() + 2, x.shape()), x, table);
            }),
            "cuda::apply: memory of out overlaps that of x, must be apart from it or the same "
            "tensor");
  rw::Options moves;
  moves.pairing = rw::Pairing::interleaved_to_half;
  EXPECT_EQ(error_of([&] { rw::cuda::apply_inplace(nullptr, x, table, moves); }),
            "cuda::apply_inplace: pairing of the options is interleaved_to_half, which moves "
            "features: pass an output apart from x");
  const std::int32_t ids[4] = {};
  const Eigen::TensorMap<Eigen::Tensor<const std::int32_t, 1, Eigen::RowMajor>> map(ids, 4);
  EXPECT_EQ(error_of([&] { rw::cuda::apply_inplace(nullptr, x, table.rows(0, 0).gather(map)); }),
            "cuda::apply_inplace: seq of the table is 0, must be more to be gathered");
  const rw::View<const float> rows(x.data(), {1, -5, 1, 2});
  EXPECT_EQ(
      error_of([&] { rw::cuda::apply(nullptr, out, x, rw::half_table(rows, rows).gather(map)); }),
      "cuda::apply: seq of the table is -5, must be 0 or more");
  EXPECT_TRUE(same_bytes(of.x_memory.values<float>(), of.x)) << "x has changed";
}

TEST_F(CudaErrors, SeveralTensorsMustBeApart) {
  auto x = of.x_view(), out = of.out_view();
  auto first = out.heads(0, 1), both = out;
  auto x_first = x.heads(0, 1);
  EXPECT_EQ(error_of([&] {
              rw::cuda::apply(nullptr, std::tie(first, both), std::tie(x_first, x), of.table());
            }),
            "cuda::apply: memory of outs[1] overlaps that of outs[0], must be apart from it");
  EXPECT_EQ(error_of([&] { rw::cuda::apply_inplace(nullptr, std::tie(x_first, x), of.table()); }),
            "cuda::apply_inplace: memory of xs[1] overlaps that of xs[0], must be apart from it");
}

TEST_F(CudaErrors, HostMemoryIsRefusedWhereAsked) {
  rw::cuda::CudaOptions device;
  device.check_pointers = true;
  std::vector<float> host(of.x.size());
  const rw::View<float> on_host(host.data(), of.shape);
  EXPECT_EQ(
      error_of([&] { rw::cuda::apply(nullptr, of.out_view(), on_host, of.table(), {}, device); }),
      "cuda::apply: data of x is host memory that CUDA does not know, must be device memory");
  EXPECT_EQ(
      error_of([&] { rw::cuda::apply(nullptr, on_host, of.x_view(), of.table(), {}, device); }),
      "cuda::apply: data of out is host memory that CUDA does not know, must be device memory");
  EXPECT_EQ(error_of([&] {
              rw::cuda::apply(nullptr, of.out_view(), of.x_view(), of.table_at(of.cos_sin.data()),
                              {}, device);
            }),
            "cuda::apply: data of the table is host memory that CUDA does not know, must be device "
            "memory");
  const std::vector<std::int32_t> ids(4);
  const Eigen::TensorMap<Eigen::Tensor<const std::int32_t, 1, Eigen::RowMajor>> map(ids.data(), 4);
  EXPECT_EQ(error_of([&] {
              rw::cuda::apply(nullptr, of.out_view(), of.x_view(), of.table().gather(map), {},
                              device);
            }),
            "cuda::apply: data of the position ids is host memory that CUDA does not know, must be "
            "device memory");
  EXPECT_EQ(error_of([&] {
              rw::cuda::apply(nullptr, of.out_view(), of.x_view(), of.table(), {}, device);
            }),
            "");
}

TEST_F(CudaErrors, AFailedLaunchCarriesCudasText) {
  // The legacy stream may not be used while a stream that waits for it is captured.
  cudaGraph_t graph = nullptr;
  cudaStream_t blocking = nullptr;
  check(cudaStreamCreate(&blocking));
  check(cudaStreamBeginCapture(blocking, cudaStreamCaptureModeGlobal));
  const std::string text = error_of<rw::cuda::Error>(
      [&] { rw::cuda::apply(cudaStreamLegacy, of.out_view(), of.x_view(), of.table()); });
  EXPECT_EQ(text.rfind("cuda::apply: the launch failed: ", 0), 0u) << text;
  EXPECT_NE(text.find(cudaGetErrorString(cudaErrorStreamCaptureImplicit)), std::string::npos)
      << text;
  EXPECT_NE(text.find("cudaErrorStreamCaptureImplicit"), std::string::npos) << text;
  EXPECT_EQ(cudaGetLastError(), cudaSuccess) << "left behind";
  cudaStreamEndCapture(blocking, &graph);  // fails: the capture has been spoilt
  cudaGetLastError();
  check(cudaStreamDestroy(blocking));
}

// What the caller has left in CUDA's record is the caller's.
TEST_F(CudaErrors, OlderErrorsStayWhereTheyAre) {
  EXPECT_EQ(cudaSetDevice(12345), cudaErrorInvalidDevice);
  EXPECT_NO_THROW(rw::cuda::apply(nullptr, of.out_view(), of.x_view(), of.table()));
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidDevice);
}

}  // namespace
}  // namespace ropewalk_test
