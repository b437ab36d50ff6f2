// What a model says of the tensors and the table of a call.
#ifndef ROPEWALK_BUILD_MODEL_RULE_HPP
#define ROPEWALK_BUILD_MODEL_RULE_HPP

#include <cinttypes>
#include <type_traits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/build/frequency_types.hpp"
#include "ropewalk/build/model_types.hpp"
#include "ropewalk/call/arguments.hpp"
#include "ropewalk/table_view.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NESTED(detail)

template <class T>
inline constexpr bool is_model = std::is_convertible_v<const T&, const Model&>;

template <class T>
constexpr const char* scalar_name() {
  if (std::is_same_v<T, double>) return "double";
  if (std::is_same_v<T, float>) return "float";
  return std::is_same_v<T, Eigen::half> ? "half" : "bfloat16";
}

/// The type of the table in which a model's code, given an X, holds cos and sin.
template <Model::TableType Type, class X>
using TableIn = std::conditional_t<Type == Model::TableType::f64, double,
                                   std::conditional_t<Type == Model::TableType::like_x, X, float>>;

/// Calls work(TypeTag<T>{}) with that type, and returns its result.
template <class X, class Work>
auto with_table_type(const Model& model, const Work& work) {
  using Type = Model::TableType;
  switch (model.table_type) {
    case Type::like_x:
      return work(TypeTag<TableIn<Type::like_x, X>>{});
    case Type::f64:
      return work(TypeTag<TableIn<Type::f64, X>>{});
    case Type::f32:
    default:
      return work(TypeTag<TableIn<Type::f32, X>>{});
  }
}

template <class X, const Model& Of, class Work>
auto with_table_type(FixedModel<Of>, const Work& work) {
  return work(TypeTag<TableIn<Of.table_type, X>>{});
}

/// How many pairs turn by a model's table.
inline Index pairs_of(const Model& model) {
  if (model.increasing) return model.shape.head_dim / 2;
  Index sum = 0;
  for (const Index features : model.axes) sum += features;
  const bool of_pairs =
      model.terms != TermRule::axis_after_axis && model.terms != TermRule::alternating;
  return of_pairs ? sum : sum / 2;
}

/// The first feature that turns, of a tensor with all of the model's features or with those alone
/// that follow its offset.
inline Index offset_in(const Model& model, Index head_dim) {
  return head_dim == model.shape.head_dim ? model.shape.offset : 0;
}

inline void check_head_dim(const Place& place, const Model& model, Index head_dim) {
  const Model::Shape& shape = model.shape;
  if (head_dim != shape.head_dim && head_dim != shape.head_dim - shape.offset) {
    fail(place, "head_dim", "is %" PRId64 ", %s has %" PRId64, head_dim, model.name,
         shape.head_dim);
  }
}

/// What a model says of one tensor and its table.
template <class X, class Tab>
void check_model(const Names& names, const Model& model, const View<X>& x,
                 const TableView<Tab>& table) {
  using Scalar = std::remove_const_t<X>;
  check_head_dim(names.x, model, x.head_dim());
  with_table_type<Scalar>(model, [&](auto wanted) {
    using Wanted = typename decltype(wanted)::type;
    if (std::is_same_v<Tab, Wanted>) return;
    const bool like_x = model.table_type == Model::TableType::like_x;
    fail(names.table, "type", "is %s, %s has %s%s", scalar_name<Tab>(), model.name,
         scalar_name<Wanted>(), like_x ? ", the type of what it rotates" : "");
  });
  if (table.pairs() != pairs_of(model)) {
    fail(names.table, "pairs", "is %" PRId64 ", %s has %" PRId64, table.pairs(), model.name,
         pairs_of(model));
  }
  if (table.heads() != 1 && table.heads() != x.heads()) {
    fail(names.x, "heads",
         "is %" PRId64 ", the table has a row for each of %" PRId64
         ": of a shard pass its part, table.heads(begin, count)",
         x.heads(), table.heads());
  }
}

/// The part of a view that turns.
template <class X>
View<X> turning_part(const Model& model, const View<X>& x) {
  const Index offset = offset_in(model, x.head_dim());
  return offset == 0 ? x : x.features(offset, x.head_dim() - offset);
}

/// What stands before it, and passes through.
template <class X>
View<X> passing_part(const Model& model, const View<X>& x) {
  return x.features(0, offset_in(model, x.head_dim()));
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_BUILD_MODEL_RULE_HPP
