// Properties of shapes, types and tables that RapidCheck draws, and shrinks where one fails.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "support/bits.hpp"
#include "support/forms.hpp"
#include "support/reader_tables.hpp"
#include "support/tables.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;

/// From low to high, both included.
Index drawn(Index low, Index high) { return *rc::gen::inRange(low, high + 1); }

template <class Check>
void with_types(const Check& check) {
  const Index which = drawn(0, 4);
  if (which == 0) check(float{}, float{});
  if (which == 1) check(double{}, double{});
  if (which == 2) check(Eigen::bfloat16{}, float{});
  if (which == 3) check(Eigen::half{}, Eigen::half{});
  if (which == 4) check(Eigen::bfloat16{}, Eigen::bfloat16{});
}

CallOptions drawn_options() {
  CallOptions options;
  options.pairing = static_cast<rw::Pairing>(drawn(0, 1));
  options.compute = static_cast<rw::Compute>(drawn(0, 1));
  options.stores = static_cast<rw::Stores>(drawn(0, 2));
  return options;
}

template <class X, class Tab>
struct Problem {
  rw::Shape shape{drawn(1, 3), drawn(1, 5), drawn(1, 4), 2 * drawn(1, 70)};
  Index pairs = drawn(0, shape.head_dim / 2);
  Layout layout = static_cast<Layout>(drawn(0, 5));
  rw::TableShape rows{drawn(0, 1) == 0 ? 1 : shape.batch, shape.seq,
                      drawn(0, 1) == 0 ? 1 : shape.heads, pairs};
  std::vector<X> x = random_values<X>(size_of(shape), Values::special, 1);
  std::vector<Tab> values =
      random_values<Tab>(count_of(table_size(layout, rows)), Values::special, 2);
  CallOptions options = drawn_options();

  rw::TableView<Tab> table() const { return table_over(values.data(), layout, rows); }
  rw::View<const X> view() const { return {x.data(), shape}; }
};

template <class X, class Tab>
std::vector<X> applied(const rw::View<const X>& x, const rw::TableView<Tab>& table,
                       const CallOptions& options,
                       const Form& form = {Form::fused, rw::default_isa()}) {
  std::vector<X> out(size_of(x.shape()));
  apply_form(form, Eigen::DefaultDevice{}, rw::View<X>(out.data(), x.shape()), x, table, options);
  return out;
}

template <class T>
std::vector<T> dense(const rw::View<const T>& view) {
  std::vector<T> values(size_of(view.shape()));
  copy_rows(rw::View<T>(values.data(), view.shape()), view);
  return values;
}

RC_GTEST_PROP(Forms, AgreeInPlaceAndOutOfPlace, ()) {
  with_types([](auto x, auto entry) {
    using X = decltype(x);
    const Problem<X, decltype(entry)> of;
    const auto wanted = applied(of.view(), of.table(), of.options);
    for (const Form& form : forms_of<X, X>()) {
      RC_ASSERT(same_bits(applied(of.view(), of.table(), of.options, form), wanted));
    }
  });
}

RC_GTEST_PROP(Parts, AreThoseOfTheWhole, ()) {
  with_types([](auto x, auto entry) {
    using X = decltype(x);
    const Problem<X, decltype(entry)> of;
    const auto whole = applied(of.view(), of.table(), of.options);
    const rw::View<const X> out(whole.data(), of.shape);
    const Index s = drawn(0, of.shape.seq), tokens = drawn(0, of.shape.seq - s);
    RC_ASSERT(same_bits(applied(of.view().seq(s, tokens), of.table().rows(s, tokens), of.options),
                        dense(out.seq(s, tokens))));
    const Index h = drawn(0, of.shape.heads - 1), heads = drawn(1, of.shape.heads - h);
    const auto table = of.rows.heads == 1 ? of.table() : of.table().heads(h, heads);
    RC_ASSERT(same_bits(applied(of.view().heads(h, heads), table, of.options),
                        dense(out.heads(h, heads))));
    if (of.options.pairing != rw::Pairing::interleaved) return;
    const Index pair = drawn(0, of.pairs), pairs = drawn(0, of.pairs - pair);
    RC_ASSERT(same_bits(
        applied(of.view().features(2 * pair, 2 * pairs), of.table().pairs(pair, pairs), of.options),
        dense(out.features(2 * pair, 2 * pairs))));
  });
}

/// Features 2i and 2i + 1 to i and i + pairs.
template <class T>
std::vector<T> moved_to_halves(const std::vector<T>& x, Index head_dim, Index pairs) {
  std::vector<T> moved = x;
  for (std::size_t row = 0; row < x.size(); row += count_of(head_dim)) {
    for (Index i = 0; i < 2 * pairs; ++i) {
      moved[row + count_of(i / 2 + i % 2 * pairs)] = x[row + count_of(i)];
    }
  }
  return moved;
}

RC_GTEST_PROP(Pairings, DifferByAPermutation, ()) {
  with_types([](auto x, auto entry) {
    using X = decltype(x);
    const Problem<X, decltype(entry)> of;
    const auto by = [&](rw::Pairing pairing, const std::vector<X>& values) {
      rw::Options options = of.options;
      options.pairing = pairing;
      return applied(rw::View<const X>(values.data(), of.shape), of.table(), options);
    };
    const auto moved = [&](const std::vector<X>& values) {
      return moved_to_halves(values, of.shape.head_dim, of.pairs);
    };
    const auto wanted = moved(by(rw::Pairing::interleaved, of.x));
    RC_ASSERT(same_bits(by(rw::Pairing::half, moved(of.x)), wanted));
    RC_ASSERT(same_bits(by(rw::Pairing::interleaved_to_half, of.x), wanted));
  });
}

RC_GTEST_PROP(Gathering, TakesTheRowOfTheId, ()) {
  with_types([](auto x, auto entry) {
    using X = decltype(x);
    const Problem<X, decltype(entry)> of;
    const Index stored = drawn(1, 9), first = drawn(-5, 5);
    const auto rows =
        random_values<decltype(entry)>(count_of(stored * 2 * of.pairs), Values::special, 3);
    const auto table = table_over(rows.data(), Layout::half, {1, stored, 1, of.pairs});
    std::vector<std::int64_t> ids;
    for (Index s = 0; s < of.shape.seq; ++s) ids.push_back(first + drawn(0, stored - 1));
    const Map<const std::int64_t, 1> map(ids.data(), of.shape.seq);
    const auto whole = applied(of.view(), table.gather(map).first_position(first), of.options);
    for (Index s = 0; s < of.shape.seq; ++s) {
      const auto row = table.rows(ids[count_of(s)] - first, 1);
      RC_ASSERT(same_bits(applied(of.view().seq(s, 1), row, of.options),
                          dense(rw::View<const X>(whole.data(), of.shape).seq(s, 1))));
    }
  });
}

// Of numbers whose products are far from subnormal; those of half are not.
RC_GTEST_PROP(Rotation, IsLinearInPowersOfTwo, ()) {
  with_types([](auto tag, auto entry) {
    using X = decltype(tag);
    if constexpr (!std::is_same_v<X, Eigen::half>) {
      Problem<X, decltype(entry)> of;
      fill(of.x, Values::uniform, 4);
      fill(of.values, Values::uniform, 5);
      const X scale = static_cast<X>(std::ldexp(1.0f, static_cast<int>(drawn(-20, 20))));
      auto wanted = applied(of.view(), of.table(), of.options);
      for (auto* values : {&wanted, &of.x}) {
        for (X& value : *values) value = value * scale;
      }
      RC_ASSERT(same_bits(applied(of.view(), of.table(), of.options), wanted));
    }
  });
}

// Each turn rounds two products and a sum, and cos^2 + sin^2 is 1 but for the rounding of both: of
// |a| + |b| less than 16 half units in the last place.
RC_GTEST_PROP(Rotation, IsUndoneByItsInverse, ()) {
  const rw::Shape shape{1, drawn(1, 9), drawn(1, 3), 2 * drawn(1, 40)};
  const auto table = rw::make_table<float>(
      rw::sequence_positions(shape.seq, static_cast<double>(drawn(-1000, 1000))),
      rw::frequencies(shape.head_dim, 1e4));
  const auto x = random_values<float>(size_of(shape), Values::uniform, 1);
  const auto turned = applied(rw::View<const float>(x.data(), shape), table.view(), {});
  const auto back =
      applied(rw::View<const float>(turned.data(), shape), table.view().inverse(), {});
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float length = std::fabs(x[i]) + std::fabs(x[i ^ 1]);
    RC_ASSERT(std::fabs(back[i] - x[i]) <= 16 * 0x1p-24f * length);
  }
}

RC_GTEST_PROP(Builders, OfJoinedTokensAreJoinedTables, ()) {
  const auto part = [] {
    return rw::sequence_positions(drawn(0, 9), static_cast<double>(drawn(-99, 99)) / 4);
  };
  const rw::Positions history = part(), chunk = part();
  const rw::Frequencies of = rw::frequencies(2 * drawn(1, 40), 1e4);
  const auto steps = static_cast<rw::AngleSteps>(drawn(0, 2));
  const auto joined = rw::make_table<float>(rw::concatenate({history, chunk}), of, steps);
  auto appended = rw::make_table<float>(history, of, steps);
  appended.append(rw::make_table<float>(chunk, of, steps));
  RC_ASSERT(joined.seq() == appended.seq());
  const auto size = count_of(joined.seq() * 2 * joined.pairs());
  RC_ASSERT(same_bits(joined.cos(0, 0), appended.cos(0, 0), size));
}

}  // namespace
}  // namespace ropewalk_test
