// rotate: a model's whole rule in one call, instead of apply with options of one's own.
#ifndef ROPEWALK_ROTATE_HPP
#define ROPEWALK_ROTATE_HPP

#include <cinttypes>
#include <tuple>
#include <type_traits>
#include <utility>

#include "ropewalk/apply.hpp"
#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/tensor_kinds.hpp"
#include "ropewalk/call/arguments.hpp"
#include "ropewalk/call/entry_types.hpp"
#include "ropewalk/cpu/fused.hpp"
#include "ropewalk/model.hpp"
#include "ropewalk/options.hpp"
#include "ropewalk/table_view.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NESTED(detail)

template <class T>
inline constexpr bool is_model = std::is_convertible_v<const T&, const Model&>;

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

/// Rotates queries and keys in place as the model's own code does, to the bit:
///   rotate(device, std::tie(q, k), model, table)
/// The pairing, the arithmetic and the features that turn are the model's.
///
/// Shapes   xs: one tensor, or a tuple of several, each [batch, seq, heads, head_dim] with the
///          model's head_dim, or the features alone that follow its offset (DeepSeek's shared key);
///          heads as the caller has them (of a shard, of keys)
/// Table    made once by model_table<T>, where T is model.table_type; or what its rows, gather and
///          heads give. Positions or a Grid instead: the table is made in this call, which
///          allocates
/// Model    a Model, or fixed_model<of a constant>, which compiles its own kernels alone; of a name
///          that is known when the program runs all are compiled: meant for ropewalk::compiled
/// Device, Alias   as apply_inplace; a pairing that moves features needs an output
/// Errors   std::invalid_argument before anything is written: what apply refuses; another head_dim
///          or width of table than the model's; a table of another type than the model's code
///          holds; positions on other axes
template <class Device, class X, class Of, class Tab>
void rotate(const Device& device, X&& xs, const Of& model, const Tab& table,
            const CpuOptions& cpu = {});

/// The same with outputs of their own, which also take the features that pass through:
///   rotate(device, std::tie(q_out, k_out), std::tie(q, k), model, table)
template <class Device, class Out, class X, class Of, class Tab,
          class = std::enable_if_t<detail::is_model<Of>>>
void rotate(const Device& device, Out&& outs, const X& xs, const Of& model, const Tab& table,
            const CpuOptions& cpu = {});

/// Moves cached keys, which rotate has turned, by `count` positions, forward or back (a context
/// shift), in place. What turns is what rotate turned; the length of a key stays, since a model's
/// attention factor is in it already.
///
/// Shapes   keys [batch, seq, heads, head_dim] as rotate has them; any number of tokens
/// Units    positions, the same on every axis
/// Table    one row for all tokens, made in this call, which allocates: of float, of double for
/// keys
///          of double; keys of 16 bits are rounded once more
/// Errors   std::invalid_argument: as rotate; a model whose tokens have no whole positions
template <class Device, class X, class Of>
void shift(const Device& device, X&& keys, const Of& model, Index count,
           const CpuOptions& cpu = {});

// Definitions -------------------------------------------------------------------------------------

ROPEWALK_END_NAMESPACE

ROPEWALK_BEGIN_NESTED(detail)

template <class T>
constexpr const char* scalar_name() {
  if (std::is_same_v<T, double>) return "double";
  if (std::is_same_v<T, float>) return "float";
  return std::is_same_v<T, Eigen::half> ? "half" : "bfloat16";
}

template <class Of>
inline constexpr bool is_fixed_model = false;
template <const Model& Of>
inline constexpr bool is_fixed_model<FixedModel<Of>> = true;

/// What stands for a table where one is made in the call.
template <class Tab>
inline constexpr bool makes_table = std::is_same_v<Tab, Positions> || std::is_same_v<Tab, Grid>;

/// Whether a table of Tab is of the type in which the model's code, given an X, holds it.
template <class X, class Tab>
constexpr bool is_table_type(const Model& model) {
  switch (model.table_type) {
    case Model::TableType::like_x:
      return std::is_same_v<Tab, X>;
    case Model::TableType::f64:
      return std::is_same_v<Tab, double>;
    case Model::TableType::f32:
    default:
      return std::is_same_v<Tab, float>;
  }
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
  if (!is_table_type<Scalar, Tab>(model)) {
    const bool like_x = model.table_type == Model::TableType::like_x;
    const char* wanted = model.table_type == Model::TableType::f64 ? "double" : "float";
    fail(names.table, "type", "is %s, %s has %s%s", scalar_name<Tab>(), model.name,
         like_x ? scalar_name<Scalar>() : wanted, like_x ? ", the type of what it rotates" : "");
  }
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

/// Calls work(table) with the table itself, or with one made of positions or a grid in the type
/// that the model has.
template <class X, class Of, class Tab, class Work>
void with_table(const Of& of, const Tab& table, const Work& work) {
  using Type = Model::TableType;
  if constexpr (!makes_table<Tab>) {
    work(as_table(table));
  } else if constexpr (is_fixed_model<Of>) {
    using InX = std::conditional_t<Of::table_type == Type::like_x, X, float>;
    using T = std::conditional_t<Of::table_type == Type::f64, double, InX>;
    work(model_table<T>(of, table).view());
  } else {
    const Model& model = of;
    switch (model.table_type) {
      case Type::like_x:
        return work(model_table<X>(model, table).view());
      case Type::f64:
        return work(model_table<double>(model, table).view());
      case Type::f32:
      default:
        return work(model_table<float>(model, table).view());
    }
  }
}

/// The arguments that a model's entries take; see entry_types.hpp.
template <class Of, class Tab>
constexpr bool takes_model() {
  static_assert(is_model<Of>,
                "ropewalk: the model must be a Model or fixed_model<of a constant>; with a table "
                "and options of your own call apply");
  if constexpr (is_model<Of>) {
    if constexpr (makes_table<Tab>) {
      return true;
    } else {
      return takes_table<Tab>();
    }
  } else {
    return false;
  }
}

template <class... Xs>
using FirstScalar = std::remove_const_t<ViewElement<std::tuple_element_t<0, std::tuple<Xs...>>>>;

/// The table whose types are checked: where it is made in the call, out has the type of x.
template <class Tab, class... Xs>
struct CheckedTable {
  using type = Tab;
};
template <class... Xs>
struct CheckedTable<Positions, Xs...> {
  using type = Table<FirstScalar<Xs...>>;
};
template <class... Xs>
struct CheckedTable<Grid, Xs...> : CheckedTable<Positions, Xs...> {};

template <class Device, class Of, class Tab, class... Xs>
void rotate_in_place(const Names& names, const Device& device, const Of& of, const Tab& table,
                     const CpuOptions& cpu, Xs&... xs) {
  if constexpr (takes_model<Of, Tab>() && takes_in_place<Options, Device, Table<float>, Xs...>()) {
    const Model& model = of;
    with_table<FirstScalar<Xs...>>(of, table, [&](const auto& view) {
      Names named = names;
      ((check_model(named, model, as_view(xs), view), named.next()), ...);
      fused(names, device, of.options(), cpu,
            rotation(turning_part(model, as_view(xs)), turning_part(model, as_view(xs)), view)...);
    });
  }
}

/// Whole rotations of a model whose features before an offset pass through: all is checked as a
/// whole, then what turns is turned, and the rest is copied by a table of no pairs.
template <class Device, class How, class... Rotations>
void rotate_and_pass(const Names& names, const Device& device, const Model& model,
                     const How& options, const CpuOptions& cpu, const Rotations&... whole) {
  const InPlace in_place =
      moves_features(options.pairing) ? InPlace::features_move : InPlace::allowed;
  Names named = names;
  ((check_arguments(named, whole.out, whole.x, whole.table, in_place), named.next()), ...);
  check_all_apart(names, whole...);
  fused(names, device, options, cpu,
        rotation(turning_part(model, whole.out), turning_part(model, whole.x), whole.table)...);
  fused(names, device, options, cpu,
        rotation(passing_part(model, whole.out), passing_part(model, whole.x),
                 whole.table.pairs(0, 0))...);
}

template <class Device, class Of, class Tab, class... Outs, class... Xs>
void rotate_apart(const Names& names, const Device& device, const Of& of, const Tab& table,
                  const CpuOptions& cpu, std::tuple<Outs&...> outs, std::tuple<Xs&...> xs) {
  using Checked = typename CheckedTable<Tab, Xs...>::type;
  if constexpr (takes_model<Of, Tab>() &&
                takes_tuples<Options, Device, Checked, Outs...>(TypeTag<std::tuple<Xs...>>{})) {
    const Model& model = of;
    with_table<FirstScalar<Xs...>>(of, table, [&](const auto& view) {
      const auto rotate_all = [&](const auto& outs_of, const auto&... x) {
        std::apply(
            [&](const auto&... out) {
              Names named = names;
              ((check_model(named, model, x, view), named.next()), ...);
              if (model.shape.offset == 0) {
                fused(names, device, of.options(), cpu, rotation(out, x, view)...);
              } else {
                rotate_and_pass(names, device, model, of.options(), cpu, rotation(out, x, view)...);
              }
            },
            outs_of);
      };
      std::apply(
          [&](auto&... out) {
            const std::tuple<View<ViewElement<Outs>>...> views{as_view(out)...};
            std::apply([&](auto&... x) { rotate_all(views, as_view(x)...); }, xs);
          },
          outs);
    });
  }
}

/// The options for what a model has rotated, which has the pairing of its output.
inline Options options_of_rotated(const Model& model) {
  return Options(written_pairing(model.pairing));
}

template <const Model& Of>
constexpr FixedOptions<written_pairing(Of.pairing)> options_of_rotated(FixedModel<Of>) {
  return {};
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

template <class Device, class X, class Of, class Tab>
void rotate(const Device& device, X&& xs, const Of& model, const Tab& table,
            const CpuOptions& cpu) {
  if constexpr (detail::is_tuple<std::decay_t<X>>) {
    std::apply(
        [&](auto&... x) {
          detail::rotate_in_place({"rotate", "xs", nullptr, 0}, device, model, table, cpu, x...);
        },
        xs);
  } else {
    detail::rotate_in_place({"rotate", "x"}, device, model, table, cpu, xs);
  }
}

template <class Device, class Out, class X, class Of, class Tab, class>
void rotate(const Device& device, Out&& outs, const X& xs, const Of& model, const Tab& table,
            const CpuOptions& cpu) {
  constexpr bool are_tuples = detail::is_tuple<std::decay_t<X>>;
  constexpr bool are_alike = are_tuples == detail::is_tuple<std::decay_t<Out>>;
  static_assert(are_alike,
                "ropewalk: outs must be a tuple where xs is one, and one tensor otherwise");
  if constexpr (are_alike && are_tuples) {
    std::apply(
        [&](auto&... x) {
          std::apply(
              [&](auto&... out) {
                detail::rotate_apart({"rotate", "xs", "outs", 0}, device, model, table, cpu,
                                     std::tie(out...), std::tie(x...));
              },
              outs);
        },
        xs);
  } else if constexpr (are_alike) {
    detail::rotate_apart({"rotate", "x", "out"}, device, model, table, cpu, std::tie(outs),
                         std::tie(xs));
  }
}

template <class Device, class X, class Of>
void shift(const Device& device, X&& keys, const Of& model, Index count, const CpuOptions& cpu) {
  if constexpr (detail::takes_model<Of, Grid>() &&
                detail::takes_in_place<Options, Device, Table<float>,
                                       std::remove_reference_t<X>>()) {
    using Key = detail::FirstScalar<std::remove_reference_t<X>>;
    using T = std::conditional_t<std::is_same_v<Key, double>, double, float>;
    const Model& of = model;
    const auto view = as_view(keys);
    const Table<T> row = detail::shift_table<T>("shift", of, model_frequencies(of), count);
    const detail::Names names("shift", "keys");
    detail::check_head_dim(names.x, of, view.head_dim());
    const auto turning = detail::turning_part(of, view);
    detail::fused(names, device, detail::options_of_rotated(model), cpu,
                  detail::rotation(turning, turning, row.view().repeated(view.seq())));
  }
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_ROTATE_HPP
