// Views: where a tensor lies, and what Eigen's maps become.
#include "ropewalk/view.hpp"

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <unsupported/Eigen/CXX11/Tensor>
#include <utility>
#include <vector>

#include "ropewalk/call/arguments.hpp"
#include "ropewalk/table_layouts.hpp"
#include "support/error_of.hpp"

// What an engine has: tensors with the members of Eigen's, and some that know better.
namespace engine {

/// Rank, layout, sizes and data by whatever integers and however they are spelt.
template <class T, int Rank>
struct Dense {
  using Scalar = T;
  static constexpr std::size_t NumIndices = Rank;
  static constexpr int Layout = Eigen::RowMajor;

  unsigned dimension(std::size_t axis) const { return sizes[axis]; }
  T* data() { return values.data(); }
  const T* data() const { return values.data(); }

  std::array<unsigned, Rank> sizes;
  std::vector<T> values;
};

/// Seen as one token, which no reading of the members gives.
template <class T>
ropewalk::View<T> as_one_token(T* data) {
  return {data, {1, 1, 1, 4}};
}

struct Derived : Eigen::TensorMap<Eigen::Tensor<float, 3, Eigen::RowMajor>> {
  using TensorMap::TensorMap;
};
ropewalk::View<float> as_view(const Derived& map) { return as_one_token(map.data()); }
struct Further : Derived {
  using Derived::Derived;
};

struct Owner : Eigen::Tensor<float, 4> {
  using Tensor::Tensor;
};
ropewalk::View<float> as_view(Owner& tensor) { return as_one_token(tensor.data()); }

template <class T>
struct Generic : Dense<T, 3> {};
template <class T>
ropewalk::View<const T> as_view(const Generic<T>& tensor) {
  return as_one_token(tensor.data());
}

/// Takes only what may be moved from.
struct Moved : Dense<float, 3> {};
ropewalk::View<const float> as_view(Moved&& tensor) {
  return as_one_token<const float>(tensor.data());
}

/// Has none of its own: that of Derived takes it, but only as a Derived that is made of it.
struct Plain : Eigen::Tensor<float, 3, Eigen::RowMajor> {
  using Tensor::Tensor;
};

/// Like std::mdspan, whose rank is known when it is compiled.
template <class T, std::size_t Rank>
struct Span {
  static constexpr std::size_t rank() { return Rank; }
  std::int64_t extent(std::size_t axis) const { return sizes[axis]; }
  std::int64_t stride(std::size_t axis) const { return strides[axis]; }
  T* data_handle() const { return data; }

  T* data;
  std::array<std::int64_t, Rank> sizes, strides;
};

/// Of any rank, by other integers.
template <class T>
struct AnySpan {
  int rank() const { return axes; }
  unsigned extent(std::size_t axis) const { return sizes[axis]; }
  long stride(std::size_t axis) const { return strides[axis]; }
  T* data_handle() { return data; }
  const T* data_handle() const { return data; }

  T* data;
  int axes;
  std::array<unsigned, 5> sizes;
  std::array<long, 5> strides;
};

struct OwnSpan : Span<float, 2> {};
ropewalk::View<float> as_view(const OwnSpan& span) { return as_one_token(span.data); }

/// As an engine's templates call it, where ours is not in sight.
template <class T>
auto seen(T& tensor) {
  return as_view(tensor);
}

}  // namespace engine

namespace {

namespace rw = ropewalk;
using Eigen::RowMajor;
using Eigen::Tensor;
using Eigen::TensorMap;
using ropewalk_test::error_of;

template <class From>
using ViewOf = decltype(rw::as_view(std::declval<From>()));

// What may be written through the source may be written through its view, and nothing else.
static_assert(std::is_same_v<ViewOf<TensorMap<Tensor<float, 4, RowMajor>>&>, rw::View<float>>);
static_assert(
    std::is_same_v<ViewOf<TensorMap<Tensor<const float, 4, RowMajor>>&>, rw::View<const float>>);
static_assert(std::is_same_v<ViewOf<Tensor<Eigen::half, 3, RowMajor>&>, rw::View<Eigen::half>>);
static_assert(std::is_same_v<ViewOf<const Tensor<double, 2, RowMajor>&>, rw::View<const double>>);
// A temporary tensor is read, a map of any kind writes where its memory may be written.
static_assert(std::is_same_v<ViewOf<Tensor<float, 4, RowMajor>>, rw::View<const float>>);
static_assert(std::is_same_v<ViewOf<TensorMap<Tensor<float, 4, RowMajor>>>, rw::View<float>>);
static_assert(
    std::is_same_v<ViewOf<const TensorMap<Tensor<float, 3, RowMajor>>&>, rw::View<float>>);
static_assert(
    std::is_same_v<ViewOf<TensorMap<const Tensor<float, 3, RowMajor>>&>, rw::View<const float>>);
static_assert(std::is_same_v<ViewOf<const TensorMap<const Tensor<float, 3, RowMajor>>&>,
                             rw::View<const float>>);
static_assert(
    std::is_same_v<ViewOf<Eigen::TensorRef<Tensor<float, 3, RowMajor>>&>, rw::View<const float>>);
static_assert(std::is_same_v<ViewOf<Eigen::TensorFixedSize<float, Eigen::Sizes<2, 4>, RowMajor>&>,
                             rw::View<float>>);
static_assert(std::is_same_v<ViewOf<const rw::View<float>&>, rw::View<float>>);
static_assert(std::is_same_v<ViewOf<rw::View<float>&>, rw::View<float>>);

template <class T>
constexpr bool is_viewed = rw::detail::has_view<T>;
static_assert(!is_viewed<std::vector<float>> && !is_viewed<float*> && !is_viewed<int>);
static_assert(!is_viewed<Eigen::MatrixXf> && !is_viewed<Eigen::Map<Eigen::ArrayXXf>>);
static_assert(!is_viewed<Eigen::DefaultDevice>);

static_assert(std::is_same_v<rw::View<const float>::Scalar, float>);
static_assert(std::is_convertible_v<rw::View<float>, rw::View<const float>>);
static_assert(!std::is_convertible_v<rw::View<const float>, rw::View<float>>);
static_assert(!std::is_convertible_v<rw::View<float>, rw::View<double>>);
static_assert(std::is_trivially_copyable_v<rw::View<float>>);

TEST(AsView, NamesTheAxesOfEveryRank) {
  Tensor<float, 2, RowMajor> two(3, 4);
  Tensor<float, 3, RowMajor> three(2, 3, 4);
  Tensor<float, 4, RowMajor> four(5, 2, 3, 4);
  EXPECT_EQ(rw::as_view(two).shape(), (rw::Shape{1, 3, 1, 4}));
  EXPECT_EQ(rw::as_view(three).shape(), (rw::Shape{1, 2, 3, 4}));
  EXPECT_EQ(rw::as_view(four).shape(), (rw::Shape{5, 2, 3, 4}));
  EXPECT_EQ(rw::as_view(four).strides(), (rw::Strides{24, 12, 4}));
  EXPECT_EQ(rw::as_view(four).data(), four.data());
}

TEST(AsView, RowsAreThoseOfTheTensor) {
  Tensor<float, 4, RowMajor> tensor(2, 3, 4, 6);
  const TensorMap<Tensor<float, 4, RowMajor>> map(tensor.data(), 2, 3, 4, 6);
  const auto view = rw::as_view(map);
  for (Eigen::Index b = 0; b < 2; ++b) {
    for (Eigen::Index s = 0; s < 3; ++s) {
      for (Eigen::Index h = 0; h < 4; ++h) {
        EXPECT_EQ(view.row(b, s, h), &tensor(b, s, h, 0));
      }
    }
  }
}

// Whoever finds both takes the engine's: as the entries do, and as a caller does who named ours.
template <class T>
auto found(T&& tensor) {
  using rw::as_view;
  return as_view(std::forward<T>(tensor));
}

TEST(AsView, OfATypesOwnComesFirst) {
  std::vector<float> values(24);
  engine::Derived derived(values.data(), 2, 3, 4);
  const engine::Derived& read = derived;
  engine::Owner owner(1, 2, 3, 4);
  const rw::Shape one_token{1, 1, 1, 4};
  EXPECT_EQ(found(derived).shape(), one_token);
  EXPECT_EQ(found(read).shape(), one_token);
  EXPECT_EQ(found(engine::Derived(values.data(), 2, 3, 4)).shape(), one_token);
  EXPECT_EQ(found(engine::Further(values.data(), 2, 3, 4)).shape(), one_token);
  EXPECT_EQ(found(owner).shape(), one_token);
  EXPECT_EQ(engine::seen(derived).shape(), one_token);
  EXPECT_EQ(found(engine::Generic<float>{{{2, 3, 4}, values}}).shape(), one_token);
  EXPECT_EQ(found(engine::Moved{{{2, 3, 4}, values}}).shape(), one_token);
}
// What its own does not take is not read by its members, which it may mean otherwise.
static_assert(!is_viewed<const engine::Owner> && !is_viewed<engine::Moved>);
static_assert(is_viewed<engine::Owner> && is_viewed<const engine::Derived>);
static_assert(is_viewed<engine::Generic<float>> && is_viewed<const engine::Generic<double>>);

TEST(AsView, TakesWhatHasTheMembersOfATensor) {
  engine::Dense<float, 3> dense{{2, 3, 4}, std::vector<float>(24)};
  static_assert(std::is_same_v<ViewOf<engine::Dense<float, 3>&>, rw::View<float>>);
  static_assert(std::is_same_v<ViewOf<const engine::Dense<float, 3>&>, rw::View<const float>>);
  static_assert(std::is_same_v<ViewOf<engine::Dense<float, 3>>, rw::View<const float>>);
  EXPECT_EQ(found(dense).shape(), (rw::Shape{1, 2, 3, 4}));
  EXPECT_EQ(found(dense).data(), dense.values.data());
  EXPECT_EQ(found(engine::Plain(2, 3, 4)).shape(), (rw::Shape{1, 2, 3, 4}));
  const engine::Dense<Eigen::half, 2> two{{5, 6}, std::vector<Eigen::half>(30)};
  EXPECT_EQ(found(two).shape(), (rw::Shape{1, 5, 1, 6}));
  // A type of ours in its name: our as_view is among those of its own, and cannot be told apart.
  static_assert(!is_viewed<engine::Dense<rw::Shape, 3>>);
}

TEST(AsView, TakesWhatHasTheMembersOfAnMdspan) {
  std::vector<float> values(400);
  const engine::Span<float, 4> four{values.data(), {2, 3, 4, 5}, {200, 50, 10, 1}};
  static_assert(std::is_same_v<ViewOf<const engine::Span<float, 4>&>, rw::View<float>>);
  static_assert(std::is_same_v<ViewOf<engine::Span<const float, 4>>, rw::View<const float>>);
  EXPECT_EQ(found(four).data(), values.data());
  EXPECT_EQ(found(four).shape(), (rw::Shape{2, 3, 4, 5}));
  EXPECT_EQ(found(four).strides(), (rw::Strides{200, 50, 10}));
  const engine::Span<float, 3> three{values.data(), {3, 4, 5}, {10, 100, 1}};
  EXPECT_EQ(found(three).shape(), (rw::Shape{1, 3, 4, 5}));
  EXPECT_EQ(found(three).strides(), (rw::Strides{0, 10, 100}));
  // Of one feature, any distance to the next.
  engine::AnySpan<float> any{values.data(), 2, {3, 1}, {7, 9}};
  static_assert(std::is_same_v<ViewOf<engine::AnySpan<float>&>, rw::View<float>>);
  static_assert(std::is_same_v<ViewOf<const engine::AnySpan<float>&>, rw::View<const float>>);
  EXPECT_EQ(found(any).shape(), (rw::Shape{1, 3, 1, 1}));
  EXPECT_EQ(found(any).strides(), (rw::Strides{0, 7, 0}));
  const engine::OwnSpan own{{values.data(), {3, 4}, {4, 1}}};
  EXPECT_EQ(found(own).shape(), (rw::Shape{1, 1, 1, 4}));
}

TEST(AsView, RefusesWhatNoViewCanBeOf) {
  std::vector<float> values(400);
  const auto error = [&](int rank, std::array<unsigned, 5> sizes, std::array<long, 5> strides) {
    return error_of([&] {
      rw::as_view(engine::AnySpan<float>{values.data(), rank, sizes, strides});
    });
  };
  EXPECT_EQ(error(2, {3, 4}, {4, 1}), "");
  EXPECT_EQ(error(1, {3}, {1}), "as_view: rank of the tensor is 1, must be 2, 3 or 4");
  EXPECT_EQ(error(5, {3}, {1}), "as_view: rank of the tensor is 5, must be 2, 3 or 4");
  EXPECT_EQ(error(3, {3, 4, 5}, {1, 3, 12}),
            "as_view: innermost stride of the tensor is 12, must be 1");
  EXPECT_EQ(error(3, {3, 4, 5}, {20, -5, 1}),
            "as_view: stride of axis[1] is -5, must be 0 or more");
  const engine::Span<float, 2> negative{values.data(), {-3, 4}, {4, 1}};
  EXPECT_EQ(error_of([&] { rw::as_view(negative); }),
            "as_view: size of axis[0] is -3, must be 0 or more");
}

// A table of three axes is [batch, seq, width], as of Eigen's tensors.
TEST(AsView, OfATableKnowsItsAxes) {
  std::vector<float> values(400);
  const engine::Span<float, 2> two{values.data(), {3, 4}, {9, 1}};
  const engine::Span<const float, 3> three{values.data(), {2, 3, 4}, {100, 9, 1}};
  const engine::AnySpan<float> four{values.data(), 4, {2, 3, 5, 4}, {100, 30, 6, 1}};
  const auto check = [&](const rw::TableView<float>& table, const rw::TableShape& shape,
                         const rw::Strides& strides) {
    EXPECT_EQ(table.batch(), shape.batch);
    EXPECT_EQ(table.seq(), shape.seq);
    EXPECT_EQ(table.heads(), shape.heads);
    EXPECT_EQ(table.pairs(), shape.pairs);
    EXPECT_EQ((rw::Strides{table.batch_stride(), table.seq_stride(), table.heads_stride()}),
              strides);
    EXPECT_EQ(table.readers().cos_a.data, values.data());
  };
  check(rw::half_table(two, two), {1, 3, 1, 4}, {0, 9, 0});
  check(rw::packed_cos_sin_table(three), {2, 3, 1, 2}, {100, 9, 0});
  check(rw::complex_table(four), {2, 3, 5, 2}, {100, 30, 6});
  const engine::AnySpan<float> wide{values.data(), 2, {3, 4}, {1, 3}};
  EXPECT_EQ(error_of([&] { rw::complex_table(wide); }),
            "as_view: innermost stride of the table is 3, must be 1");
}

// A tensor behind a TensorRef has data; what is computed behind one has none, which the checks see.
TEST(AsView, OfATensorRefIsThatOfItsTensor) {
  Tensor<float, 3, RowMajor> tensor(2, 3, 4);
  const Eigen::TensorRef<Tensor<float, 3, RowMajor>> ref(tensor);
  EXPECT_EQ(rw::as_view(ref).data(), tensor.data());
  EXPECT_EQ(rw::as_view(ref).shape(), rw::as_view(tensor).shape());
  const Eigen::TensorRef<Tensor<float, 3, RowMajor>> sum(tensor + tensor);
  EXPECT_EQ(error_of([&] {
              rw::detail::checked_extent({"apply", "x"}, rw::as_view(sum));
            }),
            "apply: data of x is null, must point to the elements");
}

// What Eigen computes when it is assigned has no memory: seen without its header.
TEST(IsTensorExpression, KnowsThemByTheirMembers) {
  Tensor<float, 3, RowMajor> tensor(2, 3, 4);
  const std::array<Eigen::Index, 3> axes{0, 1, 2};
  const auto check = [](const auto& expression) {
    using Expression = std::decay_t<decltype(expression)>;
    static_assert(rw::detail::is_tensor_expression<Expression>);
    static_assert(rw::detail::is_tensor_expression<const Expression>);
    static_assert(!is_viewed<Expression>);
  };
  check(tensor.slice(axes, axes));
  check(tensor.chip(0, 0));
  check(tensor + tensor);
  check(-tensor);
  check(tensor * 2.0f);
  check(tensor.shuffle(axes));
  check(tensor.reshape(std::array<Eigen::Index, 2>{6, 4}));
  check(tensor.cast<double>());
  check(tensor.sum());
  check(tensor.eval());
  check(tensor.swap_layout());
  check(tensor.constant(1.0f));
  static_assert(!rw::detail::is_tensor_expression<Tensor<float, 3, RowMajor>>);
  static_assert(!rw::detail::is_tensor_expression<Eigen::MatrixXf>);
  static_assert(!rw::detail::is_tensor_expression<decltype(Eigen::MatrixXf() * 2.0f)>);
  static_assert(!rw::detail::is_tensor_expression<rw::View<float>>);
  static_assert(!rw::detail::is_tensor_expression<std::vector<float>>);
  static_assert(!rw::detail::is_tensor_expression<float*>);
}

TEST(AsView, OfAViewIsTheSameView) {
  std::vector<float> values(100);
  const rw::View<float> view(values.data(), {1, 2, 3, 4}, {50, 20, 5});
  const auto same = rw::as_view(view);
  EXPECT_EQ(same.data(), view.data());
  EXPECT_EQ(same.shape(), view.shape());
  EXPECT_EQ(same.strides(), view.strides());
}

// [batch, heads, seq, head_dim] in memory.
TEST(View, StridesSayWhereRowsAre) {
  std::vector<float> values(2 * 3 * 5 * 4);
  const rw::View<float> view(values.data(), {2, 5, 3, 4}, {60, 4, 20});
  EXPECT_EQ(view.row(1, 4, 2) - values.data(), 60 + 16 + 40);
  EXPECT_EQ(view.batch(), 2);
  EXPECT_EQ(view.seq(), 5);
  EXPECT_EQ(view.heads(), 3);
  EXPECT_EQ(view.head_dim(), 4);
}

// Text or image tokens, some heads, a rotary suffix: the same rows, fewer of them.
TEST(View, PartsAreWhereTheyWere) {
  std::vector<float> values(2 * 5 * 3 * 8);
  const rw::View<float> view(values.data(), {2, 5, 3, 8});
  EXPECT_EQ(view.seq(1, 3).shape(), (rw::Shape{2, 3, 3, 8}));
  EXPECT_EQ(view.heads(2, 1).shape(), (rw::Shape{2, 5, 1, 8}));
  EXPECT_EQ(view.features(6, 2).shape(), (rw::Shape{2, 5, 3, 2}));
  const rw::View<float> part = view.seq(1, 3).heads(1, 2).features(4, 4);
  EXPECT_EQ(part.shape(), (rw::Shape{2, 3, 2, 4}));
  EXPECT_EQ(part.strides(), view.strides());
  EXPECT_EQ(part.row(1, 2, 1), view.row(1, 3, 2) + 4);
  EXPECT_EQ(view.batch(1, 1).shape(), (rw::Shape{1, 5, 3, 8}));
  EXPECT_EQ(view.batch(1, 1).row(0, 2, 1), view.row(1, 2, 1));
  EXPECT_TRUE(view.seq(5, 0).empty());
}

TEST(View, PartsOutsideAreRefused) {
  const rw::View<float> view(nullptr, {2, 5, 3, 8});
  constexpr rw::Index most = std::numeric_limits<rw::Index>::max();
  EXPECT_EQ(error_of([&] { view.seq(3, 3); }),
            "seq: seq of the view from 3, 3 of them, must be within 5");
  EXPECT_EQ(error_of([&] { view.batch(1, 2); }),
            "batch: batch of the view from 1, 2 of them, must be within 2");
  EXPECT_EQ(error_of([&] { view.heads(-1, 2); }),
            "heads: heads of the view from -1, 2 of them, must be within 3");
  EXPECT_EQ(error_of([&] { view.features(2, -1); }),
            "features: head_dim of the view from 2, -1 of them, must be within 8");
  EXPECT_NE(error_of([&] { view.seq(1, most); }), "");
  EXPECT_NE(error_of([&] { view.seq(most, most); }), "");
}

TEST(Makers, KnowTheLayoutsOfModels) {
  std::vector<float> values(1000);
  float* data = values.data();
  const rw::Shape shape{2, 5, 3, 8};
  const auto at = [data](const rw::View<float>& view, rw::Index b, rw::Index s, rw::Index h) {
    return view.row(b, s, h) - data;
  };
  EXPECT_EQ(at(rw::bhsd_view(data, shape), 1, 4, 2), ((1 * 3 + 2) * 5 + 4) * 8);
  EXPECT_EQ(at(rw::thd_view(data, 10, 3, 8), 0, 9, 2), (9 * 3 + 2) * 8);
  EXPECT_EQ(at(rw::bsc_view(data, 2, 5, 24), 1, 4, 0), (1 * 5 + 4) * 24);
  EXPECT_EQ(rw::bsc_view(data, 2, 5, 24).shape(), (rw::Shape{2, 5, 1, 24}));
  for (rw::Index which = 0; which < 3; ++which) {
    const auto view = rw::qkv_view(data, shape, which);
    EXPECT_EQ(view.shape(), shape);
    EXPECT_EQ(at(view, 1, 4, 2), (((1 * 5 + 4) * 3 + which) * 3 + 2) * 8);
  }
  EXPECT_EQ(rw::qkv_view<float>(nullptr, shape, 2).data(), nullptr);
  EXPECT_EQ(error_of([&] { rw::qkv_view(data, shape, 3); }),
            "qkv_view: index of packed queries, keys and values from 3, 1 of them, must be within "
            "3");
}

TEST(Makers, KnowGroupedQueriesKeysAndValues) {
  std::vector<float> values(2 * 5 * (6 + 2 * 3) * 8);
  const auto views = rw::grouped_qkv_view(values.data(), {2, 5, 6, 8}, 3);
  EXPECT_EQ(views.q.shape(), (rw::Shape{2, 5, 6, 8}));
  EXPECT_EQ(views.k.shape(), (rw::Shape{2, 5, 3, 8}));
  EXPECT_EQ(views.v.shape(), (rw::Shape{2, 5, 3, 8}));
  const auto row = [&](rw::Index b, rw::Index s, rw::Index h) {
    return values.data() + ((b * 5 + s) * 12 + h) * 8;
  };
  EXPECT_EQ(views.q.row(1, 4, 5), row(1, 4, 5));
  EXPECT_EQ(views.k.row(1, 4, 2), row(1, 4, 6 + 2));
  EXPECT_EQ(views.v.row(1, 4, 2), row(1, 4, 6 + 3 + 2));
  // With as many keys as queries it is what qkv_view sees.
  const rw::Shape equal{2, 5, 4, 8};
  EXPECT_EQ(rw::grouped_qkv_view(values.data(), equal, 4).v.row(1, 2, 3),
            rw::qkv_view(values.data(), equal, 2).row(1, 2, 3));
  static_assert(std::is_trivially_copyable_v<rw::QkvViews<float>>);
}

TEST(Makers, RefuseGroupsThatAreNone) {
  constexpr rw::Index most = std::numeric_limits<rw::Index>::max();
  float value = 0;
  const auto error = [&](const rw::Shape& shape, rw::Index kv_heads) {
    return error_of([&] { rw::grouped_qkv_view(&value, shape, kv_heads); });
  };
  EXPECT_EQ(error({1, 1, 8, 4}, 0),
            "grouped_qkv_view: kv_heads of the keys is 0, must be 1 or more");
  EXPECT_EQ(
      error({1, 1, 8, 32}, 32),
      "grouped_qkv_view: heads of the queries is 8, must be a multiple of the 32 of the keys");
  EXPECT_EQ(error({1, 1, -8, 4}, 2),
            "grouped_qkv_view: heads of the queries is -8, must be 0 or more");
  EXPECT_EQ(
      error({1, 1, most - 1, 4}, most / 2),
      "grouped_qkv_view: heads of the queries begins after 9223372036854775806 entries 4 apart, "
      "must fit 64 bits");
  EXPECT_EQ(
      error({1, 1, 0, 4}, most),
      "grouped_qkv_view: kv_heads of the keys begins after 9223372036854775807 entries 4 apart, "
      "must fit 64 bits");
  // Strides that do not fit are the largest, which every check refuses.
  const auto wide = rw::grouped_qkv_view(&value, {2, most / 2, 2, 4}, 1);
  EXPECT_NE(error_of([&] { rw::detail::checked_extent({"apply", "x"}, wide.k); }), "");
}

TEST(View, IsEmptyWhereAnyAxisIs) {
  EXPECT_FALSE(rw::View<float>(nullptr, {1, 1, 1, 1}).empty());
  EXPECT_TRUE(rw::View<float>(nullptr, {0, 1, 1, 1}).empty());
  EXPECT_TRUE(rw::View<float>(nullptr, {1, 0, 1, 1}).empty());
  EXPECT_TRUE(rw::View<float>(nullptr, {1, 1, 0, 1}).empty());
  EXPECT_TRUE(rw::View<float>(nullptr, {1, 1, 1, 0}).empty());
}

TEST(Shape, EqualsWhereEverySizeDoes) {
  const rw::Shape shape{2, 3, 4, 6};
  EXPECT_TRUE(shape == (rw::Shape{2, 3, 4, 6}));
  EXPECT_FALSE(shape == (rw::Shape{1, 3, 4, 6}));
  EXPECT_FALSE(shape == (rw::Shape{2, 1, 4, 6}));
  EXPECT_FALSE(shape == (rw::Shape{2, 3, 1, 6}));
  EXPECT_FALSE(shape == (rw::Shape{2, 3, 4, 1}));
}

// Of a vector's size, of int or of what an interface in C gives, in braces and in constants.
TEST(Shape, TakesEveryInteger) {
  const std::vector<float> values(64);
  const int narrow = 2;
  const unsigned unsigned_narrow = 4;
  EXPECT_EQ((rw::Shape{1, values.size(), narrow, unsigned_narrow}), (rw::Shape{1, 64, 2, 4}));
  EXPECT_EQ((rw::Strides{values.size(), narrow, std::uint8_t{3}}), (rw::Strides{64, 2, 3}));
  const rw::View<const float> view(values.data(), {1, 2, values.size() / 8, unsigned_narrow},
                                   {values.size(), values.size() / 2, unsigned_narrow});
  EXPECT_EQ(view.shape(), (rw::Shape{1, 2, 8, 4}));
  EXPECT_EQ(view.strides(), (rw::Strides{64, 32, 4}));
  constexpr rw::Shape shape{1, std::size_t{5}, 3, 8ll};
  static_assert(shape == rw::Shape(1, 5, 3, 8) && rw::Shape() == rw::Shape{1, 1, 1, 0});
  static_assert(rw::Strides{} == rw::Strides{0, 0, 0});
  constexpr rw::TableShape rows{1, std::size_t{7}, 3, 2u};
  static_assert(rows.batch == 1 && rows.seq == 7 && rows.heads == 3 && rows.pairs == 2);
  static_assert(rw::TableShape().batch == 1 && rw::TableShape{}.seq == 0);
}

// Nothing but integers: 0.5 tokens are an error of the compiler, as they were.
static_assert(std::is_constructible_v<rw::Shape, std::size_t, int, long long, unsigned char>);
static_assert(!std::is_constructible_v<rw::Shape, int, double, int, int>);
static_assert(!std::is_constructible_v<rw::Strides, float*, int, int>);
static_assert(!std::is_convertible_v<int, rw::Shape>);
enum Sizes { head_dim_of_enum = 64 };
enum class Scoped { size };
static_assert(rw::Shape{1, 1, 1, head_dim_of_enum}.head_dim == 64);
static_assert(!std::is_constructible_v<rw::Shape, Scoped>);

// A size of 2^63 or more is negative in 64 bits, and refused as such.
TEST(Shape, WhatDoesNotFitIsRefused) {
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  float value = 0;
  const auto error = [&value](const rw::Shape& shape, const rw::Strides& strides) {
    return error_of([&] {
      rw::detail::checked_extent({"apply", "x"}, rw::View<float>(&value, shape, strides));
    });
  };
  EXPECT_EQ(error({1, most, 1, 2}, {2, 2, 2}), "apply: seq of x is -1, must be 0 or more");
  EXPECT_EQ(error({1, 1, 1, most / 2 + 1}, {2, 2, 2}),
            "apply: head_dim of x is -9223372036854775808, must be 0 or more");
  EXPECT_EQ(error({1, 1, 1, 2}, {2, most - 1, 2}),
            "apply: seq stride of x is -2, must be 0 or more");
}

TEST(Strides, EqualsWhereEveryStrideDoes) {
  const rw::Strides strides{2, 3, 4};
  EXPECT_TRUE(strides == (rw::Strides{2, 3, 4}));
  EXPECT_FALSE(strides == (rw::Strides{1, 3, 4}));
  EXPECT_FALSE(strides == (rw::Strides{2, 1, 4}));
  EXPECT_FALSE(strides == (rw::Strides{2, 3, 1}));
}

// A product that does not fit becomes the largest stride, which every check refuses.
TEST(ContiguousStrides, SaturateInsteadOfOverflowing) {
  constexpr rw::Index most = std::numeric_limits<rw::Index>::max();
  EXPECT_EQ(rw::detail::contiguous_strides({1, 1, most / 2, 4}), (rw::Strides{most, most, 4}));
  EXPECT_EQ(rw::detail::contiguous_strides({1, most / 2, 1, 4}), (rw::Strides{most, 4, 4}));
}

}  // namespace
