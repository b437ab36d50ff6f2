// Models: found, described, their positions and tables.
#include "models.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>

#include "border.hpp"
#include "owned.hpp"

namespace ropewalk_c {

/// The presets in the order of weights that they do not have by themselves; others as they are.
static constexpr auto of_meta = [] {
  auto list = rw::models;
  for (rw::Model& model : list.list) {
    if (model.weights != rw::Model::Weights::any) {
      model = model.with_weights(rw::Model::Weights::meta);
    }
  }
  return list;
}();

template <class List>
static bool is_in(const List& list, const rw::Model* model) {
  const std::less<> before;
  if (before(model, list.begin()) || !before(model, list.end())) return false;
  const auto bytes =
      reinterpret_cast<const char*>(model) - reinterpret_cast<const char*>(list.begin());
  return static_cast<std::size_t>(bytes) % sizeof(rw::Model) == 0;
}

const rw::Model& model_of(const char* function, const ropewalk_model* model) {
  given(function, "the model", model);
  const auto* const of = reinterpret_cast<const rw::Model*>(model);
  if (!is_in(rw::models, of) && !is_in(of_meta, of)) {
    detail::fail(function, "the model is none that ropewalk_model_find gave, must be");
  }
  return *of;
}

static const rw::Model& found(const char* name, std::int32_t weights) {
  const rw::Model& preset = rw::model_named(name);
  if (weights == ROPEWALK_WEIGHTS_ANY) return preset;
  if (preset.weights == rw::Model::Weights::any) detail::fail_weights(preset.name);
  return weights == ROPEWALK_WEIGHTS_META
             ? of_meta[static_cast<std::size_t>(&preset - rw::models.begin())]
             : preset;
}

static std::int32_t table_dtype(const rw::Model& model) {
  switch (model.table_type) {
    case rw::Model::TableType::like_x:
      return -1;
    case rw::Model::TableType::f64:
      return ROPEWALK_DTYPE_F64;
    case rw::Model::TableType::f32:
    default:
      return ROPEWALK_DTYPE_F32;
  }
}

/// The positions [batch, seq, axes] of a caller.
static rw::Positions positions_of(const char* function, const double* positions,
                                  const std::int64_t shape[3]) {
  const Place place{function, "positions"};
  const Index batch = shape[0], seq = shape[1], axes = shape[2];
  detail::check_at_least(place, "batch", batch, 1);
  detail::check_not_negative(place, "seq", seq);
  detail::check_at_least(place, "axes", axes, 1);
  detail::check_at_most(place, "axes", axes, 4);
  rw::List<rw::Positions> samples;
  for (Index b = 0; b < batch; ++b) {
    rw::List<rw::Positions> along;
    for (Index axis = 0; axis < axes; ++axis) {
      along.push_back(rw::id_positions(positions + axis, seq, axes));
    }
    samples.push_back(rw::zip_axes(along));
    positions += seq * axes;
  }
  return rw::stack(samples);
}

}  // namespace ropewalk_c

using namespace ropewalk_c;

int64_t ropewalk_model_count(void) { return static_cast<int64_t>(rw::models.size()); }

const char* ropewalk_model_name(int64_t index) {
  const auto at = static_cast<std::size_t>(index);  // a negative one is beyond the last, too
  return at < rw::models.size() ? rw::models[at].name : nullptr;
}

int32_t ropewalk_model_find(const ropewalk_model** model, const char* name, int32_t weights) {
  return guarded([&] {
    const char* const function = "ropewalk_model_find";
    const ropewalk_model*& to = given(function, "model", model);
    given(function, "name", name);
    checked_number({function, "the model"}, "weights", weights, ROPEWALK_WEIGHTS_META);
    to = reinterpret_cast<const ropewalk_model*>(&found(name, weights));
  });
}

int32_t ropewalk_model_describe(ropewalk_model_info* info, const ropewalk_model* model) {
  return guarded([&] {
    const char* const function = "ropewalk_model_describe";
    ropewalk_model_info& to = given_sized(function, "info", info);
    const rw::Model& of = model_of(function, model);
    const auto axes = std::count_if(std::begin(of.axes), std::end(of.axes),
                                    [](Index features) { return features != 0; });
    to = {to.struct_size,
          of.name,
          of.source,
          of.shape.heads,
          of.shape.kv_heads,
          of.shape.head_dim,
          of.shape.offset,
          detail::pairs_of(of),
          axes,
          static_cast<int32_t>(of.pairing),
          static_cast<int32_t>(of.compute),
          table_dtype(of),
          0};
  });
}

int32_t ropewalk_model_positions(double* positions, const ropewalk_model* model,
                                 const int64_t* sizes, int64_t axes) {
  return guarded([&] {
    const Place place{"ropewalk_model_positions", "sizes"};
    double* to = &given(place.function, "positions", positions);
    const rw::Model& of = model_of(place.function, model);
    const int64_t* const first = &given(place.function, place.argument, sizes);
    detail::check_at_least(place, "axes", axes, 1);
    detail::check_at_most(place, "axes", axes, 4);
    const rw::Positions made =
        rw::model_positions(of, rw::Grid(rw::List<Index>(first, first + axes)));
    for (Index s = 0; s < made.seq; ++s) {
      for (Index axis = 0; axis < axes; ++axis) *to++ = made.at(axis, 0, s);
    }
  });
}

int32_t ropewalk_model_table(ropewalk_table* table, const ropewalk_model* model, int32_t dtype,
                             const double* positions, const int64_t shape[3]) {
  return guarded([&] {
    const char* const function = "ropewalk_model_table";
    ropewalk_table& to = given_to_set(function, "the table", table);
    const rw::Model& of = model_of(function, model);
    given(function, "positions", positions);
    given(function, "shape", shape);
    with_dtype({function, "what is rotated"}, dtype, [&](auto x) {
      detail::with_table_type<typename decltype(x)::type>(of, [&](auto type) {
        set_owned(to, rw::model_table<typename decltype(type)::type>(
                          of, positions_of(function, positions, shape)));
      });
    });
  });
}
