// ropewalk_rotate and ropewalk_shift: a model's whole rule.
#include <type_traits>

#include "border.hpp"
#include "models.hpp"
#include "turns.hpp"

namespace ropewalk_c {

/// Features [begin, begin + count) of a tensor that has them.
static detail::RawView features(detail::RawView view, Index begin, Index count) {
  if (view.data != nullptr) {
    view.data = static_cast<const char*>(view.data) + begin * view.element_bytes;
  }
  view.shape.head_dim = count;
  return view;
}

static detail::RawView turning_part(const rw::Model& model, const detail::RawView& view) {
  const Index offset = detail::offset_in(model, view.shape.head_dim);
  return features(view, offset, view.shape.head_dim - offset);
}

static detail::RawView passing_part(const rw::Model& model, const detail::RawView& view) {
  return features(view, 0, detail::offset_in(model, view.shape.head_dim));
}

/// A table of no pairs, by which everything passes.
static detail::RawTable no_pairs(detail::RawTable table) {
  table.shape.pairs = 0;
  return table;
}

/// What a model says of each tensor and the table.
static void check_models(const detail::Names& names, const rw::Model& model,
                         const ropewalk_tensor* xs, const ropewalk_table& table,
                         const Turns& turns) {
  with_table(names.table, table, [&](const auto& view) {
    for (std::size_t i = 0; i < turns.size(); ++i) {
      const detail::Names named = names_of(names, i);
      with_dtype(named.x, turns[i].x, [&](auto x) {
        detail::check_model(named, model, view_of<const typename decltype(x)::type>(xs[i]), view);
      });
    }
  });
}

/// Turns the part of every tensor that turns, and copies the rest where outs are apart.
static void rotate(Memory& memory, const detail::Names& names, const Device& device,
                   const rw::Model& model, const Turns& whole) {
  const rw::Options options = model.options();
  if (names.has_out) check(names, whole, detail::in_place_by(options.pairing));
  Turns turning = memory.list<Turn>(static_cast<Index>(whole.size()));
  Turns passing = memory.list<Turn>(static_cast<Index>(whole.size()));
  for (const Turn& turn : whole) {
    const RawArguments& of = turn.of;
    turning.push_back(turn);
    turning.back().of = {turning_part(model, of.out), turning_part(model, of.x), of.table};
    passing.push_back(turn);
    passing.back().of = {passing_part(model, of.out), passing_part(model, of.x),
                         no_pairs(of.table)};
  }
  fused(memory, names, device, options, turning);
  if (names.has_out && model.shape.offset != 0) fused(memory, names, device, options, passing);
}

template <class T>
static void shift(const detail::Names& names, const Device& device, const rw::Model& model,
                  const ropewalk_tensor& keys, Index positions) {
  Memory memory;
  const rw::Table<T> row =
      detail::shift_table<T>(names.function, model, rw::model_frequencies(model), positions);
  detail::check_head_dim(names.x, model, keys.shape[3]);
  const auto turning = turning_part(model, raw_view(names.x, keys));
  Turns turns = memory.list<Turn>(1);
  turns.push_back({keys.dtype,
                   keys.dtype,
                   dtype_of<T>(),
                   {turning, turning, row.view().repeated(keys.shape[1])}});
  fused(memory, names, device, detail::options_of_rotated(model), turns);
}

}  // namespace ropewalk_c

using namespace ropewalk_c;

int32_t ropewalk_rotate(const ropewalk_threads* threads, const ropewalk_tensor* outs,
                        const ropewalk_tensor* xs, int64_t count, const ropewalk_model* model,
                        const ropewalk_table* table) {
  return guarded([&] {
    const char* const function = "ropewalk_rotate";
    const detail::Names names(function, "xs", outs != nullptr ? "outs" : nullptr, 0);
    const Device device(function, threads);
    const rw::Model& of = model_of(function, model);
    const ropewalk_table& rows = given_sized(function, "the table", table);
    Memory memory;
    const Turns turns =
        turns_of(memory, names, outs, xs, count, rows.dtype, raw_table(names.table, rows));
    check_models(names, of, xs, rows, turns);
    rotate(memory, names, device, of, turns);
  });
}

int32_t ropewalk_shift(const ropewalk_threads* threads, const ropewalk_tensor* keys,
                       const ropewalk_model* model, int64_t positions) {
  return guarded([&] {
    const char* const function = "ropewalk_shift";
    const detail::Names names(function, "keys");
    const Device device(function, threads);
    const rw::Model& of = model_of(function, model);
    const ropewalk_tensor& given_keys = given(function, "keys", keys);
    if (given_keys.dtype == ROPEWALK_DTYPE_F64) {
      shift<double>(names, device, of, given_keys, positions);
    } else {
      shift<float>(names, device, of, given_keys, positions);
    }
  });
}
