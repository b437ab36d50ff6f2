// The C boundary beside the same calls of the headers: the same bits, for every mix of types.
#include "support/bits.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "boundary.hpp"
#include "ropewalk/ropewalk.h"
#include "ropewalk/ropewalk.hpp"
#include "support/forms.hpp"
#include "support/typed_tests.hpp"

namespace rw = ropewalk;
using namespace ropewalk_test;

// What other languages write down by themselves ---------------------------------------------------

static_assert(sizeof(ropewalk_tensor) == 72 && offsetof(ropewalk_tensor, dtype) == 8 &&
              offsetof(ropewalk_tensor, shape) == 16 && offsetof(ropewalk_tensor, strides) == 48);
static_assert(sizeof(ropewalk_reader) == 24 && offsetof(ropewalk_reader, stride) == 8 &&
              offsetof(ropewalk_reader, negative) == 16);
static_assert(sizeof(ropewalk_table) == 232 && offsetof(ropewalk_table, dtype) == 8 &&
              offsetof(ropewalk_table, id_bits) == 12 && offsetof(ropewalk_table, shape) == 16 &&
              offsetof(ropewalk_table, strides) == 48 && offsetof(ropewalk_table, cos_a) == 72 &&
              offsetof(ropewalk_table, sin_b) == 144 && offsetof(ropewalk_table, ids) == 168 &&
              offsetof(ropewalk_table, id_shape) == 176 &&
              offsetof(ropewalk_table, id_batch_stride) == 192 &&
              offsetof(ropewalk_table, ids_are_starts) == 200 &&
              offsetof(ropewalk_table, leaves) == 204 && offsetof(ropewalk_table, left_id) == 208 &&
              offsetof(ropewalk_table, first_position) == 216 &&
              offsetof(ropewalk_table, owner) == 224);
static_assert(sizeof(ropewalk_threads) == 16 && offsetof(ropewalk_threads, context) == 8);
static_assert(sizeof(ropewalk_options) == 16 && offsetof(ropewalk_options, pairing) == 8 &&
              offsetof(ropewalk_options, compute) == 12);
static_assert(sizeof(ropewalk_norm) == 48 && offsetof(ropewalk_norm, weight) == 8 &&
              offsetof(ropewalk_norm, weight_size) == 16 && offsetof(ropewalk_norm, eps) == 24 &&
              offsetof(ropewalk_norm, weight_dtype) == 32 &&
              offsetof(ropewalk_norm, finish) == 36 && offsetof(ropewalk_norm, over) == 40 &&
              offsetof(ropewalk_norm, reserved) == 44);
static_assert(sizeof(ropewalk_model_info) == 88 && offsetof(ropewalk_model_info, name) == 8 &&
              offsetof(ropewalk_model_info, heads) == 24 &&
              offsetof(ropewalk_model_info, pairs) == 56 &&
              offsetof(ropewalk_model_info, pairing) == 72 &&
              offsetof(ropewalk_model_info, table_dtype) == 80);

namespace {

/// x [2, 5, 3, 38] with gaps between its heads, and a table of two samples, seven rows, 17 pairs.
template <class X, class Tab>
struct Case {
  static constexpr Index batch = 2, seq = 5, heads = 3, head_dim = 38, rows = 7, pairs = 17;

  std::vector<X> x = random_values<X>(batch * seq * heads * 40, Values::special, 1);
  std::vector<Tab> cos = random_values<Tab>(batch * rows * pairs, Values::special, 2);
  std::vector<Tab> sin = random_values<Tab>(batch * rows * pairs, Values::special, 3);
  // Of tokens in rows of 7, of samples every other one; positions 3 to 9, and -1 is left.
  std::vector<std::int32_t> ids = {3, 9, 4, -1, 5, 0, 0, 8, 8, -1, 3, 6};
  std::vector<std::int64_t> starts = {-1, 0, 5};

  rw::View<const X> view() const {
    return {x.data(), {batch, seq, heads, head_dim}, {seq * heads * 40, heads * 40, 40}};
  }
  rw::View<const Tab> source(const std::vector<Tab>& values) const {
    return {values.data(), {batch, rows, 1, pairs}};
  }
  ropewalk_table c_table(bool of_samples = false) const {
    const ropewalk_tensor c = tensor_of(source(cos)), s = tensor_of(source(sin));
    ropewalk_table table = empty_table();
    expect_ok(ropewalk_table_set(&table, ROPEWALK_LAYOUT_HALF, &c, &s));
    expect_ok(of_samples
                  ? ropewalk_table_rows_of_each(&table, &table, starts.data(), 64, batch, seq)
                  : ropewalk_table_gather(&table, &table, ids.data(), 32, batch, seq));
    table.id_batch_stride = of_samples ? 2 : 7;
    table.first_position = 3;
    table.leaves = 1;
    table.left_id = -1;
    return table;
  }
};

template <class T>
std::vector<T> zeros(const rw::Shape& shape) {
  return std::vector<T>(size_of(shape), from_bits<T>(0));
}

/// Both with ids of tokens and of samples, by every pairing and arithmetic; with outs of type Out.
template <class Out, class X, class Tab>
void expect_same_bits() {
  const Case<X, Tab> of;
  const std::vector<std::int32_t> ids = {3, 9, 4, -1, 5, 8, 8, -1, 3, 6};
  const std::vector<std::int64_t> starts = {-1, 5};
  const auto rows = rw::half_table(of.source(of.cos), of.source(of.sin));
  const rw::TableView<Tab> tables[] = {rows.gather(ids.data(), of.batch, of.seq),
                                       rows.rows_of_each(starts, of.seq)};
  for (std::int32_t choice = 0; choice < 2 * 3 * 2 * 2; ++choice) {
    const std::int32_t of_samples = choice % 2, pairing = choice / 2 % 3, compute = choice / 6 % 2;
    SCOPED_TRACE(std::to_string(of_samples) + " " + std::to_string(pairing) + " " +
                 std::to_string(compute));
    const rw::Shape shape = of.view().shape();
    std::vector<Out> wanted(size_of(shape), Out(3)), got = wanted;
    rw::apply(rw::serial, rw::View<Out>(wanted.data(), shape), of.view(),
              tables[of_samples].first_position(3).leaving(-1),
              rw::Options(static_cast<rw::Pairing>(pairing), static_cast<rw::Compute>(compute)));
    const ropewalk_tensor x = tensor_of(of.view());
    const ropewalk_tensor out = tensor_of(rw::View<Out>(got.data(), shape));
    const ropewalk_table table = of.c_table(of_samples == 1);
    const ropewalk_options options = {sizeof(options), pairing, compute};
    expect_ok(ropewalk_apply(choice / 12 == 0 ? nullptr : &threads, &out, &x, 1, &table, &options));
    EXPECT_TRUE(same_bits(wanted, got));
  }
}

template <class Mix>
struct CBoundary : testing::Test {};
TYPED_TEST_SUITE(CBoundary, Mixes, MixNames);

TYPED_TEST(CBoundary, GivesTheBitsOfTheHeaders) {
  using X = typename TypeParam::X;
  using Tab = typename TypeParam::Tab;
  expect_same_bits<X, X, Tab>();
  if (!std::is_same_v<X, rw::Promoted<X, Tab>>) {
    expect_same_bits<rw::Promoted<X, Tab>, X, Tab>();
  }
}

// Models ------------------------------------------------------------------------------------------

struct Preset {
  const char* name;
  std::int32_t weights;
  rw::Positions positions;
};

std::vector<Preset> presets() {
  const rw::Positions line = rw::sequence_positions(4, 3);
  const rw::Positions samples =
      rw::stack({rw::sequence_positions(4, 3), rw::sequence_positions(4, 7)});
  return {{"Llama 3.1 8B", ROPEWALK_WEIGHTS_ANY, samples},
          {"Llama 3.1 8B", ROPEWALK_WEIGHTS_META, line},
          {"DeepSeek-V3", ROPEWALK_WEIGHTS_ANY, line},
          {"Qwen3-VL 8B", ROPEWALK_WEIGHTS_ANY, rw::zip_axes({line, line, line})},
          {"LTX-2", ROPEWALK_WEIGHTS_ANY, rw::grid_positions({{0.25}, {0.5, 1}, {0.125, 0.75}})},
          {"Lumina2", ROPEWALK_WEIGHTS_ANY, rw::zip_axes({line, line, line})}};
}

const ropewalk_model* c_model(const Preset& preset) {
  const ropewalk_model* model = nullptr;
  expect_ok(ropewalk_model_find(&model, preset.name, preset.weights));
  return model;
}

template <class X>
ropewalk_table c_table(const Preset& preset) {
  const rw::Positions& of = preset.positions;
  const std::int64_t shape[3] = {of.batch, of.seq, static_cast<Index>(of.axes.size())};
  std::vector<double> positions;
  for (Index b = 0; b < of.batch; ++b) {
    for (Index s = 0; s < of.seq; ++s) {
      for (Index axis = 0; axis < shape[2]; ++axis) positions.push_back(of.at(axis, b, s));
    }
  }
  ropewalk_table table = empty_table();
  expect_ok(ropewalk_model_table(&table, c_model(preset), number_of<X>(), positions.data(), shape));
  return table;
}

/// Queries and keys of a model.
template <class X>
struct Tensors {
  Tensors(const rw::Model& model, Index batch)
      : q_shape(batch, 4, model.shape.heads, model.shape.head_dim),
        k_shape(batch, 4, model.shape.kv_heads, model.shape.head_dim),
        q(random_values<X>(size_of(q_shape), Values::uniform, 1)),
        k(random_values<X>(size_of(k_shape), Values::uniform, 2)) {}

  rw::View<X> q_view() { return {q.data(), q_shape}; }
  rw::View<X> k_view() { return {k.data(), k_shape}; }

  rw::Shape q_shape, k_shape;
  std::vector<X> q, k;
};

template <class X>
struct CModels : testing::Test {};
TYPED_TEST_SUITE(CModels, Dtypes, DtypeNames);

TYPED_TEST(CModels, RotateAsTheHeadersDo) {
  using X = TypeParam;
  for (const Preset& preset : presets()) {
    SCOPED_TRACE(preset.name);
    const rw::Model& base = rw::model_named(preset.name);
    const bool is_meta = preset.weights == ROPEWALK_WEIGHTS_META;
    const rw::Model model = is_meta ? base.with_weights(rw::Model::Weights::meta) : base;
    Tensors<X> wanted(model, preset.positions.batch), got = wanted, out = wanted;
    auto wanted_q = wanted.q_view(), wanted_k = wanted.k_view();
    auto x_q = got.q_view(), x_k = got.k_view();
    rw::rotate(rw::serial, std::tie(wanted_q, wanted_k), std::tie(x_q, x_k), model,
               preset.positions);

    ropewalk_table table = c_table<X>(preset);
    const ropewalk_tensor xs[] = {tensor_of(x_q), tensor_of(x_k)};
    const ropewalk_tensor outs[] = {tensor_of(out.q_view()), tensor_of(out.k_view())};
    expect_ok(ropewalk_rotate(&threads, outs, xs, 2, c_model(preset), &table));
    EXPECT_TRUE(same_bits(wanted.q, out.q));
    EXPECT_TRUE(same_bits(wanted.k, out.k));
    if (model.pairing != rw::Pairing::interleaved_to_half) {
      expect_ok(ropewalk_rotate(nullptr, nullptr, xs, 2, c_model(preset), &table));
      EXPECT_TRUE(same_bits(wanted.q, got.q));
      EXPECT_TRUE(same_bits(wanted.k, got.k));
    }
    ropewalk_table_free(&table);
  }
}

TYPED_TEST(CModels, ShiftAsTheHeadersDo) {
  using X = TypeParam;
  for (const Preset& preset : presets()) {
    if (std::string(preset.name) == "LTX-2" || preset.weights != ROPEWALK_WEIGHTS_ANY) continue;
    SCOPED_TRACE(preset.name);
    const rw::Model& model = rw::model_named(preset.name);
    Tensors<X> wanted(model, 2), got = wanted;
    rw::shift(rw::serial, wanted.k_view(), model, -70);
    const ropewalk_tensor keys = tensor_of(got.k_view());
    expect_ok(ropewalk_shift(&threads, &keys, c_model(preset), -70));
    EXPECT_TRUE(same_bits(wanted.k, got.k));
  }
}

// The border --------------------------------------------------------------------------------------

/// What a call returns whose threads throw what throw_it throws.
std::int32_t status_where_threads_throw(void (*throw_it)()) {
  const ropewalk_threads throwing = {
      [](void* context, std::int64_t, std::int64_t, void (*)(void*, std::int64_t, std::int64_t),
         void*) { (*static_cast<void (**)()>(context))(); },
      &throw_it};
  const Case<float, float> of;
  const ropewalk_table table = of.c_table();
  std::vector<float> out = zeros<float>(of.view().shape());
  const ropewalk_tensor x = tensor_of(of.view());
  const ropewalk_tensor to = tensor_of(rw::View<float>(out.data(), of.view().shape()));
  return ropewalk_apply(&throwing, &to, &x, 1, &table, nullptr);
}

TEST(CBorder, LetsNothingThrough) {
  EXPECT_EQ(status_where_threads_throw([] { throw std::bad_alloc(); }), ROPEWALK_OUT_OF_MEMORY);
  EXPECT_STREQ(ropewalk_last_error(), "out of memory");
  EXPECT_EQ(status_where_threads_throw([] { throw std::length_error("a vector"); }),
            ROPEWALK_OUT_OF_MEMORY);
  EXPECT_EQ(status_where_threads_throw([] { throw std::runtime_error("of a pool"); }),
            ROPEWALK_INTERNAL);
  EXPECT_STREQ(ropewalk_last_error(), "of a pool");
  EXPECT_EQ(status_where_threads_throw([] { throw 1; }), ROPEWALK_INTERNAL);
  EXPECT_STREQ(ropewalk_last_error(), "an exception that is none of std");
  EXPECT_EQ(status_where_threads_throw([] { throw std::runtime_error(std::string(9999, 'x')); }),
            ROPEWALK_INTERNAL);
  EXPECT_EQ(std::string(ropewalk_last_error()), std::string(4095, 'x'));
}

// One token has a way of its own, on which nothing else may pass and nothing be written first.
TEST(CBorder, RefusesOfOneTokenWhatItRefusesOfMore) {
  const std::vector<float> cos = {0}, sin = {1};
  std::vector<float> x(4, 1), out(4, 1);
  const auto token = [](std::vector<float>& of, std::ptrdiff_t at) {
    return tensor_of(rw::View<float>(of.data() + at, {1, 1, 1, 2}));
  };
  ropewalk_tensor xs[] = {token(x, 0), token(x, 2)}, outs[] = {token(out, 0), token(out, 2)};
  const ropewalk_tensor c = tensor_of(rw::View<const float>(cos.data(), {1, 1, 1, 1}));
  const ropewalk_tensor s = tensor_of(rw::View<const float>(sin.data(), {1, 1, 1, 1}));
  ropewalk_table table = empty_table();
  expect_ok(ropewalk_table_set(&table, ROPEWALK_LAYOUT_HALF, &c, &s));
  const auto refused = [&](const ropewalk_tensor* to, const ropewalk_options* options) {
    const std::int32_t status = ropewalk_apply(nullptr, to, xs, 2, &table, options);
    EXPECT_EQ(status, ROPEWALK_INVALID_ARGUMENT);
    EXPECT_EQ(x, std::vector<float>(4, 1));
    EXPECT_EQ(out, std::vector<float>(4, 1));
    return std::string(ropewalk_last_error());
  };
  const ropewalk_options moving = {sizeof(moving), ROPEWALK_PAIRING_INTERLEAVED_TO_HALF, 0};
  EXPECT_EQ(refused(nullptr, &moving),
            "ropewalk_apply: pairing of the options is interleaved_to_half, which moves features: "
            "pass an output apart from xs[0]");
  outs[1].dtype = ROPEWALK_DTYPE_F64;
  EXPECT_EQ(refused(outs, nullptr), "ropewalk_apply: dtype of outs[1] is 1, must be 0 as of xs[1]");
  outs[1] = outs[0];
  EXPECT_EQ(refused(outs, nullptr),
            "ropewalk_apply: memory of outs[1] overlaps that of outs[0], must be apart from it");
  xs[1] = token(x, 1);
  EXPECT_EQ(refused(nullptr, nullptr),
            "ropewalk_apply: memory of xs[1] overlaps that of xs[0], must be apart from it");
  xs[1] = token(x, 2);
  xs[1].data = nullptr;
  EXPECT_EQ(refused(nullptr, nullptr),
            "ropewalk_apply: data of xs[1] is null, must point to the elements");
}

// More tensors than a call has room for on the stack.
TEST(CBorder, TakesManyTensors) {
  constexpr std::size_t count = 20;
  const std::vector<float> cos = {0}, sin = {1};
  std::vector<float> x(2 * count, 1);
  std::vector<ropewalk_tensor> xs;
  for (std::size_t i = 0; i < count; ++i) {
    xs.push_back(tensor_of(rw::View<float>(x.data() + 2 * i, {1, 1, 1, 2})));
  }
  const ropewalk_tensor c = tensor_of(rw::View<const float>(cos.data(), {1, 1, 1, 1}));
  const ropewalk_tensor s = tensor_of(rw::View<const float>(sin.data(), {1, 1, 1, 1}));
  ropewalk_table table = empty_table();
  expect_ok(ropewalk_table_set(&table, ROPEWALK_LAYOUT_HALF, &c, &s));
  expect_ok(ropewalk_apply(nullptr, nullptr, xs.data(), count, &table, nullptr));
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(x[2 * i], -1);
    EXPECT_EQ(x[2 * i + 1], 1);
  }
}

}  // namespace
