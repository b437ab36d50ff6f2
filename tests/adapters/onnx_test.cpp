// ONNX' RotaryEmbedding by Ropewalk, against the formula.
#include "examples/adapters/onnx.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/bits.hpp"
#include "support/error_of.hpp"
#include "support/reference.hpp"

namespace ropewalk_test {
namespace {

namespace onnx = adapters::onnx;
using onnx::Attributes;
using onnx::Tensor;

template <class T>
constexpr onnx::Type type_of = dtype_of<T>() == Dtype::f32
                                   ? onnx::Type::float32
                                   : (dtype_of<T>() == Dtype::f16 ? onnx::Type::float16
                                                                  : onnx::Type::bfloat16);

struct Sizes {
  std::size_t batch, heads, seq, head_size;
};

/// A node's inputs and outputs, and what its attributes say of them.
template <class T>
struct Node {
  Node(const Sizes& of, bool is_4d, bool has_ids, std::size_t rotary_dim, bool interleaved,
       Values values)
      : sizes(of),
        pairs((rotary_dim == 0 ? of.head_size : rotary_dim) / 2),
        rows(has_ids ? 50 : of.batch * of.seq),
        four_axes(is_4d) {
    const std::size_t count = of.batch * of.heads * of.seq * of.head_size;
    x = random_values<T>(count, values, count);
    cos = random_values<T>(rows * pairs, values, count + 1);
    sin = random_values<T>(rows * pairs, values, count + 2);
    Random random(count);
    if (has_ids) {
      for (std::size_t i = 0; i < of.batch * of.seq; ++i) {
        ids.push_back(static_cast<std::int64_t>(random.below(rows)));
      }
    }
    attributes.interleaved = interleaved ? 1 : 0;
    attributes.num_heads = is_4d ? 0 : static_cast<std::int64_t>(of.heads);
    attributes.rotary_embedding_dim = static_cast<std::int64_t>(rotary_dim);
  }

  static std::int64_t dim(std::size_t size) { return static_cast<std::int64_t>(size); }

  Tensor tensor(std::vector<T>& values) {
    if (four_axes) {
      return {type_of<T>,
              {dim(sizes.batch), dim(sizes.heads), dim(sizes.seq), dim(sizes.head_size)},
              values.data()};
    }
    return {type_of<T>,
            {dim(sizes.batch), dim(sizes.seq), dim(sizes.heads * sizes.head_size)},
            values.data()};
  }

  Tensor cache(std::vector<T>& values) {
    if (ids.empty()) {
      return {type_of<T>, {dim(sizes.batch), dim(sizes.seq), dim(pairs)}, values.data()};
    }
    return {type_of<T>, {dim(rows), dim(pairs)}, values.data()};
  }

  void run(std::vector<T>& to, std::vector<T>& from) {
    const Tensor positions{onnx::Type::int64, {dim(sizes.batch), dim(sizes.seq)}, ids.data()};
    onnx::rotary_embedding(ropewalk::serial, tensor(to), tensor(from), cache(cos), cache(sin),
                           ids.empty() ? nullptr : &positions, attributes);
  }

  std::vector<T> by_formula() const {
    std::vector<T> out = x;
    for (std::size_t b = 0; b < sizes.batch; ++b) {
      for (std::size_t s = 0; s < sizes.seq; ++s) {
        const std::size_t token = b * sizes.seq + s;
        const std::size_t row = ids.empty() ? token : static_cast<std::size_t>(ids[token]);
        for (std::size_t h = 0; h < sizes.heads; ++h) {
          const std::size_t at = four_axes ? (b * sizes.heads + h) * sizes.seq + s
                                           : (b * sizes.seq + s) * sizes.heads + h;
          for (std::size_t i = 0; i < pairs; ++i) {
            const bool interleaved = attributes.interleaved != 0;
            const std::size_t first = at * sizes.head_size + (interleaved ? 2 * i : i);
            const std::size_t second = first + (interleaved ? 1 : pairs);
            const T c = cos[row * pairs + i], n = sin[row * pairs + i];
            const Pair<T> turned =
                rotate_pair(Pair<T>{x[first], x[second]}, Coefficients<T>{c, c, n, n});
            out[first] = turned.a;
            out[second] = turned.b;
          }
        }
      }
    }
    return out;
  }

  Sizes sizes;
  std::size_t pairs, rows;
  bool four_axes;
  std::vector<T> x, cos, sin;
  std::vector<std::int64_t> ids;
  Attributes attributes;
};

template <class T>
class OnnxAdapter : public testing::Test {};
using Types = testing::Types<float, Eigen::half, Eigen::bfloat16>;
TYPED_TEST_SUITE(OnnxAdapter, Types, );

TYPED_TEST(OnnxAdapter, MatchesTheFormulaBitForBit) {
  using T = TypeParam;
  const Sizes all_sizes[] = {{2, 4, 3, 8}, {1, 3, 5, 34}, {3, 1, 2, 96}, {2, 2, 1, 160}};
  for (const Sizes& sizes : all_sizes) {
    for (const std::size_t rotary_dim : {std::size_t{0}, std::size_t{4}, sizes.head_size - 2}) {
      for (int flags = 0; flags < 8; ++flags) {
        const bool is_4d = flags % 2 != 0, has_ids = flags / 2 % 2 != 0, interleaved = flags >= 4;
        for (const Values values : {Values::uniform, Values::any}) {
          Node<T> node(sizes, is_4d, has_ids, rotary_dim, interleaved, values);
          const std::vector<T> wanted = node.by_formula();
          std::vector<T> out(node.x.size()), here = node.x;
          node.run(out, node.x);
          EXPECT_TRUE(same_bits(out, wanted))
              << sizes.head_size << ' ' << rotary_dim << ' ' << flags;
          node.run(here, here);
          EXPECT_TRUE(same_bits(here, wanted)) << "in place";
        }
      }
    }
  }
}

/// The text that a changed node is refused with; nothing is written.
template <class Change>
std::string refused(const Change& change) {
  Node<float> node({2, 4, 3, 8}, true, true, 0, false, Values::uniform);
  std::vector<float> out(node.x.size(), 7);
  Tensor y = node.tensor(out), x = node.tensor(node.x);
  Tensor cos = node.cache(node.cos), sin = node.cache(node.sin);
  Tensor ids{onnx::Type::int64, {2, 3}, node.ids.data()};
  change(y, x, cos, sin, ids, node.attributes);
  const std::string text = error_of(
      [&] { onnx::rotary_embedding(ropewalk::serial, y, x, cos, sin, &ids, node.attributes); });
  EXPECT_EQ(out, std::vector<float>(node.x.size(), 7));
  return text;
}

TEST(OnnxAdapterErrors, NameWhatIsWrong) {
  const auto error = [](auto change) {
    return refused([&](Tensor& y, Tensor& x, Tensor& cos, Tensor& sin, Tensor& ids,
                       Attributes& attributes) { change(y, x, cos, sin, ids, attributes); });
  };
  using A = Attributes;
  EXPECT_EQ(error([](Tensor&, Tensor& x, auto&&...) { x.type = onnx::Type::int64; }),
            "RotaryEmbedding: type of X is 7, must be 1 (float), 10 (float16) or 16 (bfloat16)");
  EXPECT_EQ(error([](Tensor&, Tensor& x, auto&&...) {
              x.dims = {2, 96};
            }),
            "RotaryEmbedding: rank of X is 2, must be 3 or 4");
  EXPECT_EQ(error([](Tensor& y, auto&&...) {
              y.dims = {2, 4, 3, 9};
            }),
            "RotaryEmbedding: shape of Y is [2, 4, 3, 9], must be [2, 4, 3, 8]");
  EXPECT_EQ(error([](Tensor& y, Tensor& x, auto&&...) {
              x.dims = y.dims = {2, 3, 32};
            }),
            "RotaryEmbedding: num_heads is 0, must divide the 32 of X [batch, seq, hidden]");
  EXPECT_EQ(error([](Tensor&, Tensor&, Tensor&, Tensor&, Tensor&, A& a) { a.num_heads = 3; }),
            "RotaryEmbedding: num_heads is 3, must be 0 or the 4 of X");
  EXPECT_EQ(
      error([](Tensor&, Tensor&, Tensor&, Tensor&, Tensor&, A& a) { a.rotary_embedding_dim = 10; }),
      "RotaryEmbedding: rotary_embedding_dim is 10, must be even, of the 8 of a head");
  EXPECT_EQ(
      error([](Tensor&, Tensor&, Tensor&, Tensor&, Tensor&, A& a) { a.rotary_embedding_dim = 4; }),
      "RotaryEmbedding: shape of cos_cache is [50, 4], must be [50, 2]");
  EXPECT_EQ(error([](Tensor&, Tensor&, Tensor& cos, auto&&...) {
              cos.dims = {2, 3, 4};
            }),
            "RotaryEmbedding: rank of cos_cache is 3, must be 2 beside ids");
  EXPECT_EQ(error([](Tensor&, Tensor&, Tensor&, Tensor& sin, auto&&...) {
              sin.dims = {49, 4};
            }),
            "RotaryEmbedding: shape of sin_cache is [49, 4], must be [50, 4]");
  EXPECT_EQ(error([](Tensor&, Tensor&, Tensor&, Tensor& sin, auto&&...) {
              sin.type = onnx::Type::float16;
            }),
            "RotaryEmbedding: type of sin_cache is 10, must be 1");
  EXPECT_EQ(error([](Tensor&, Tensor&, Tensor&, Tensor&, Tensor& ids, A&) {
              ids.dims = {3, 2};
            }),
            "RotaryEmbedding: shape of position_ids is [3, 2], must be [2, 3]");
  EXPECT_EQ(error([](Tensor&, Tensor&, Tensor&, Tensor&, Tensor& ids, A&) {
              static_cast<std::int64_t*>(ids.data)[1] = 50;
            }),
            "apply: position id [0, 1] of the table is 50, must be from 0 to 49");
}

}  // namespace
}  // namespace ropewalk_test
