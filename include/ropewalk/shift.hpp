// shift: cached keys moved to other positions, a context shift.
#ifndef ROPEWALK_SHIFT_HPP
#define ROPEWALK_SHIFT_HPP

#include <cstddef>
#include <type_traits>

#include "ropewalk/apply.hpp"
#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/pairing.hpp"
#include "ropewalk/build/model_rule.hpp"
#include "ropewalk/build/steps.hpp"
#include "ropewalk/model.hpp"
#include "ropewalk/rotate.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// Moves cached keys, which rotate has turned, by `count` positions, forward or back (a context
/// shift), in place. What turns is what rotate turned; the length of a key stays, since a model's
/// attention factor is in it already.
///
/// Shapes   keys [batch, seq, heads, head_dim] as rotate has them; any number of tokens
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
  return Options(written_pairing(model.pairing));
}

template <const Model& Of>
constexpr FixedOptions<written_pairing(Of.pairing)> options_of_rotated(FixedModel<Of>) {
  return {};
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

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
    detail::fused(names, device, detail::in_place(detail::options_of_rotated(model)), cpu,
                  detail::rotation(turning, turning, row.view().repeated(view.seq())));
  }
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_SHIFT_HPP
