// rotate: a model's whole rule in one call, instead of apply with options of one's own.
#ifndef ROPEWALK_ROTATE_HPP
#define ROPEWALK_ROTATE_HPP

#include <tuple>
#include <type_traits>
#include <utility>

#include "ropewalk/apply.hpp"
#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/tensor_kinds.hpp"
#include "ropewalk/build/model_rule.hpp"
#include "ropewalk/call/arguments.hpp"
#include "ropewalk/call/cache_tensors.hpp"
#include "ropewalk/call/entry_types.hpp"
#include "ropewalk/cpu/fused.hpp"
#include "ropewalk/model.hpp"
#include "ropewalk/options.hpp"
#include "ropewalk/table_view.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// Rotates queries and keys in place as the model's own code does, to the bit:
///   rotate(device, std::tie(q, k), model, table)
/// The pairing, the arithmetic and the features that turn are the model's.
///
/// Shapes   xs: one tensor, or a tuple of several, each [batch, seq, heads, head_dim] with the
///          model's head_dim, or the features alone that follow its offset (DeepSeek's shared key);
///          heads as the caller has them (of a shard, of keys)
/// Table    made once by model_table<T>, where T is model.table_type; or what its rows, gather,
///          rows_of_each and heads give. Positions or a Grid instead: the table is made in this
///          call, which allocates
/// Model    a Model, or fixed_model<of a constant>, which compiles its own kernels alone; of a name
///          that is known when the program runs all are compiled: meant for ropewalk::compiled
/// Device, Alias   as apply_inplace; a pairing that moves features needs an output
/// Errors   std::invalid_argument before anything is written: what apply refuses; another head_dim
///          or width of table than the model's; a table of another type than the model's code
///          holds; positions on other axes
template <class Device, class X, class Of, class Tab>
void rotate(const Device& device, X&& xs, const Of& model, const Tab& table,
            const CpuOptions& cpu = {});

/// The same with outputs of their own, slots of a cache perhaps, which also take the features that
/// pass through:
///   rotate(device, std::tie(q_out, k_out), std::tie(q, k), model, table)
template <class Device, class Out, class X, class Of, class Tab,
          class = std::enable_if_t<detail::is_model<Of>>>
void rotate(const Device& device, Out&& outs, const X& xs, const Of& model, const Tab& table,
            const CpuOptions& cpu = {});

// Definitions -------------------------------------------------------------------------------------

ROPEWALK_END_NAMESPACE

ROPEWALK_BEGIN_NESTED(detail)

/// What stands for a table where one is made in the call.
template <class Tab>
inline constexpr bool makes_table = std::is_same_v<Tab, Positions> || std::is_same_v<Tab, Grid>;

/// Calls work(table) with the table itself, or with one made of positions or a grid in the type
/// that the model has.
template <class X, class Of, class Tab, class Work>
void with_table(const Of& of, const Tab& table, const Work& work) {
  if constexpr (makes_table<Tab>) {
    with_table_type<X>(
        of, [&](auto type) { work(model_table<typename decltype(type)::type>(of, table).view()); });
  } else {
    work(as_table(table));
  }
}

/// Of a Model options() asks it when the program runs.
template <class Of>
inline constexpr bool may_have_pairing = true;
template <const Model& Of>
inline constexpr bool may_have_pairing<FixedModel<Of>> = Of.has_pairing;

/// The arguments that a model's entries take; see entry_types.hpp.
template <class Of, class Tab>
constexpr bool takes_model() {
  static_assert(is_model<Of>,
                "ropewalk: the model must be a Model or fixed_model<of a constant>; with a table "
                "and options of your own call apply");
  static_assert(may_have_pairing<Of>,
                "ropewalk: the pairing of the model was never said, must be: "
                "with_pairing(Pairing::half), say");
  if constexpr (!is_model<Of> || !may_have_pairing<Of>) {
    return false;
  } else if constexpr (makes_table<Tab>) {
    return true;
  } else {
    return takes_table<Tab>();
  }
}

template <class Of>
struct OptionsOf {
  using type = Options;
};
template <const Model& Of>
struct OptionsOf<FixedModel<Of>> {
  using type = FixedOptions<Of.pairing, Of.compute>;
};

/// The scalar of the first x; float where that is no tensor, which is yet to be refused.
template <class X = void, class...>
constexpr auto first_scalar() {
  if constexpr (has_view<X>) {
    return TypeTag<std::remove_const_t<ViewElement<X>>>{};
  } else {
    return TypeTag<float>{};
  }
}

template <class... Xs>
using FirstScalar = typename decltype(first_scalar<Xs...>())::type;

template <class Device, class Of, class Tab, class... Xs>
void rotate_in_place(const Names& names, const Device& device, const Of& of, const Tab& table,
                     const CpuOptions& cpu, Xs&... xs) {
  using How = typename OptionsOf<Of>::type;
  if constexpr (takes_model<Of, Tab>() && takes_in_place<How, Device, Table<float>, Xs...>()) {
    const Model& model = of;
    with_table<FirstScalar<Xs...>>(of, table, [&](const auto& view) {
      Names named = names;
      ((check_model(named, model, as_view(xs), view), named.next()), ...);
      fused(names, device, in_place(of.options()), cpu,
            rotation(turning_part(model, as_view(xs)), view)...);
    });
  }
}

/// What a model says of an x that is only copied: nothing.
template <class X, class Tab>
void check_model(const Names&, const Model&, const Copied<X>&, const TableView<Tab>&) {}

template <class T>
SlotView<T> turning_part(const Model& model, const SlotView<T>& slots) {
  return {turning_part(model, cache_view(slots)), slots.rows()};
}
template <class T>
SlotView<T> passing_part(const Model& model, const SlotView<T>& slots) {
  return {passing_part(model, cache_view(slots)), slots.rows()};
}
template <class T>
Copied<T> turning_part(const Model& model, const Copied<T>& x) {
  return {turning_part(model, x.view)};
}
template <class T>
Copied<T> passing_part(const Model& model, const Copied<T>& x) {
  return {passing_part(model, x.view)};
}

/// Whole rotations of a model whose features before an offset pass through: all is checked as a
/// whole, then what turns is turned, and the rest is copied by a table of no pairs.
template <class Device, class How, class Tab, class... Outs, class... Xs>
void rotate_and_pass(const Names& names, const Device& device, const Model& model,
                     const How& options, const CpuOptions& cpu, const TableView<Tab>& table,
                     const std::tuple<Outs...>& outs, const Xs&... xs) {
  std::apply(
      [&](const Outs&... out) {
        const InPlace in_place = in_place_by(options.pairing);
        Names named = names;
        ((check_rotation(named, rotation(out, xs, table), in_place), named.next()), ...);
        check_all_apart(names, rotation(out, xs, table)...);
        check_all_filling(names, cpu.slots, rotation(out, xs, table)...);
        fused(names, device, options, cpu,
              rotation(turning_part(model, out), turning_part(model, xs), table)...);
        fused(names, device, options, cpu,
              rotation(passing_part(model, out), passing_part(model, xs), table.pairs(0, 0))...);
      },
      outs);
}

template <class Device, class Of, class Tab, class... Outs, class... Xs>
void rotate_apart(const Names& names, const Device& device, const Of& of, const Tab& table,
                  const CpuOptions& cpu, std::tuple<Outs&...> outs, std::tuple<Xs&...> xs) {
  // Where the table is made in the call, out has the type of x.
  using Checked = std::conditional_t<makes_table<Tab>, Table<FirstScalar<Xs...>>, Tab>;
  if constexpr (takes_model<Of, Tab>() &&
                takes_tuples<Options, Device, Checked, Outs...>(TypeTag<std::tuple<Xs...>>{})) {
    const Model& model = of;
    with_table<FirstScalar<Xs...>>(of, table, [&](const auto& view) {
      const auto rotate_all = [&](const auto& outs_of, const auto&... each_x) {
        std::apply(
            [&](const auto&... each_out) {
              Names named = names;
              ((check_model(named, model, each_x, view), named.next()), ...);
              if (model.shape.offset == 0) {
                fused(names, device, of.options(), cpu, rotation(each_out, each_x, view)...);
              } else {
                rotate_and_pass(names, device, model, of.options(), cpu, view, outs_of, each_x...);
              }
            },
            outs_of);
      };
      std::apply(
          [&](auto&... each_out) {
            const std::tuple<std::decay_t<decltype(as_view(each_out))>...> views{
                as_view(each_out)...};
            std::apply([&](auto&... each_x) { rotate_all(views, as_view(each_x)...); }, xs);
          },
          outs);
    });
  }
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

template <class Device, class X, class Of, class Tab>
void rotate(const Device& device, X&& xs, const Of& model, const Tab& table,
            const CpuOptions& cpu) {
  if constexpr (detail::is_tuple<std::decay_t<X>>) {
    std::apply(
        [&](auto&... each) {
          detail::rotate_in_place({"rotate", "xs", nullptr, 0}, device, model, table, cpu, each...);
        },
        detail::tied(std::forward<X>(xs)));
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
    detail::rotate_apart({"rotate", "xs", "outs", 0}, device, model, table, cpu,
                         detail::tied(std::forward<Out>(outs)), detail::tied(xs));
  } else if constexpr (are_alike) {
    detail::rotate_apart({"rotate", "x", "out"}, device, model, table, cpu, std::tie(outs),
                         std::tie(xs));
  }
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_ROTATE_HPP
