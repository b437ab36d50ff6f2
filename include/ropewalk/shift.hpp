// shift: cached keys moved to other positions, a context shift.
#ifndef ROPEWALK_SHIFT_HPP
#define ROPEWALK_SHIFT_HPP

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "ropewalk/apply.hpp"
#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/pairing.hpp"
#include "ropewalk/build/model_rule.hpp"
#include "ropewalk/build/steps.hpp"
#include "ropewalk/model.hpp"
#include "ropewalk/rotate.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// Turns cached keys, which rotate has turned, to positions that are `count` more or less (a
/// context shift), where they are in memory: to move keys and values there is the caller's. What
/// turns is what rotate turned; the length of a key stays, since a model's attention factor is in
/// it already.
///
/// Shapes   keys [batch, seq, heads, head_dim] as rotate has them: one tensor, or a tuple of
///          several of one batch and seq, as those of many layers are
/// Units    positions, the same on every axis
/// Table    one row for all tokens, made in this call, which allocates: of float, of double where
///          keys are of double; keys of 16 bits are rounded once more
/// Errors   std::invalid_argument: as rotate; a model whose tokens have no whole positions
template <class Device, class X, class Of>
void shift(const Device& device, X&& keys, const Of& model, Index count,
           const CpuOptions& cpu = {});

// Definition --------------------------------------------------------------------------------------

ROPEWALK_END_NAMESPACE

ROPEWALK_BEGIN_NESTED(detail)

/// One row that moves keys by `count` positions along every axis, of unit length: the keys have the
/// attention factor already.
template <class T>
Table<T> shift_table(const char* function, const Model& model, const Frequencies& of, Index count) {
  if (model.cells != Model::Cells::integers) {
    fail(function, "the tokens of %s do not follow one another at whole positions", model.name);
  }
  Frequencies list = of;
  list.attention_factor = 1;
  const Positions by = sequence_positions(1, as_double(count));
  return make_table<T>(zip_axes(List<Positions>(static_cast<std::size_t>(list.axes), by)), list,
                       model.steps);
}

/// The options for what a model has rotated, which has the pairing of its output.
inline Options options_of_rotated(const Model& model) {
  return Options(written_pairing(model.options().pairing));
}

template <const Model& Of>
constexpr FixedOptions<written_pairing(Of.pairing)> options_of_rotated(FixedModel<Of>) {
  return {};
}

template <class Device, class Of, class... Xs>
void shift_all(const Names& names, const Device& device, const Of& of, Index count,
               const CpuOptions& cpu, Xs&... keys) {
  if constexpr (takes_model<Of, Grid>() && takes_in_place<Options, Device, Table<float>, Xs...>()) {
    constexpr bool has_double = (std::is_same_v<ViewElement<Xs>, double> || ...);
    using T = std::conditional_t<has_double, double, float>;
    const Model& model = of;
    const Table<T> row = shift_table<T>(names.function, model, model_frequencies(model), count);
    Names named = names;
    ((check_head_dim(named.x, model, as_view(keys).head_dim()), named.next()), ...);
    fused(
        names, device, in_place(options_of_rotated(of)), cpu,
        rotation(turning_part(model, as_view(keys)), row.view().repeated(as_view(keys).seq()))...);
  }
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

template <class Device, class X, class Of>
void shift(const Device& device, X&& keys, const Of& model, Index count, const CpuOptions& cpu) {
  if constexpr (detail::is_tuple<std::decay_t<X>>) {
    std::apply(
        [&](auto&... each) {
          detail::shift_all({"shift", "keys", nullptr, 0}, device, model, count, cpu, each...);
        },
        detail::tied(std::forward<X>(keys)));
  } else {
    detail::shift_all({"shift", "keys"}, device, model, count, cpu, keys);
  }
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_SHIFT_HPP
