// Tensors and tables: what fills their structs.
#include "border.hpp"
#include "owned.hpp"

#define ROPEWALK_TEXT_2(text) #text
#define ROPEWALK_TEXT(text) ROPEWALK_TEXT_2(text)

namespace ropewalk_c {

template <class T>
static rw::TableView<T> of_two(std::int32_t layout, const rw::View<const T>& cos,
                               const rw::View<const T>& sin) {
  switch (layout) {
    case ROPEWALK_LAYOUT_REPEATED:
      return rw::repeated_table(cos, sin);
    case ROPEWALK_LAYOUT_DUPLICATED:
      return rw::duplicated_table(cos, sin);
    case ROPEWALK_LAYOUT_EVEN_ODD:
      return rw::even_odd_table(cos, sin);
    case ROPEWALK_LAYOUT_PER_FEATURE_INTERLEAVED:
      return rw::per_feature_table(cos, sin, rw::Pairing::interleaved);
    case ROPEWALK_LAYOUT_PER_FEATURE_HALF:
      return rw::per_feature_table(cos, sin, rw::Pairing::half);
    case ROPEWALK_LAYOUT_HALF:
    default:
      return rw::half_table(cos, sin);
  }
}

template <class T>
static rw::TableView<T> of_one(std::int32_t layout, const rw::View<const T>& packed) {
  switch (layout) {
    case ROPEWALK_LAYOUT_PACKED_COS_SIN:
      return rw::packed_cos_sin_table(packed);
    case ROPEWALK_LAYOUT_PACKED_SIN_COS:
      return rw::packed_sin_cos_table(packed);
    case ROPEWALK_LAYOUT_PACKED_SIN_COS_REPEATED:
      return rw::packed_sin_cos_repeated_table(packed);
    case ROPEWALK_LAYOUT_COMPLEX:
      return rw::complex_table(packed);
    case ROPEWALK_LAYOUT_MATRIX:
      return rw::matrix_table(packed);
    case ROPEWALK_LAYOUT_PACKED:
    default:
      return rw::packed_table(packed);
  }
}

static void set_table(ropewalk_table& table, std::int32_t layout, const ropewalk_tensor& cos,
                      const ropewalk_tensor* sin) {
  const char* const function = "ropewalk_table_set";
  const Place of_cos{function, "cos"}, of_sin{function, "sin"};
  checked_number({function, "the table"}, "layout", layout, ROPEWALK_LAYOUT_MATRIX);
  raw_view(of_cos, cos);
  const bool one = layout >= ROPEWALK_LAYOUT_PACKED;
  if (one && sin != nullptr) {
    detail::fail(function, "sin is given, must be null: layout %" PRId32 " is one tensor, cos",
                 layout);
  }
  if (!one) {
    raw_view(of_sin, given(function, "sin", sin));
    detail::check_equal(of_sin, "dtype", sin->dtype, cos.dtype);
  }
  with_dtype(of_cos, cos.dtype, [&](auto type) {
    using T = const typename decltype(type)::type;
    set_rows(table, one ? of_one(layout, view_of<T>(cos))
                        : of_two(layout, view_of<T>(cos), view_of<T>(*sin)));
  });
}

/// A table over the rows of another, which keeps its memory unless it is the same struct.
static void set_part(ropewalk_table& part, ropewalk_table made, const ropewalk_table& table) {
  if (&part != &table) made.owner = nullptr;
  part = made;
}

}  // namespace ropewalk_c

using namespace ropewalk_c;

const char* ropewalk_version(void) {
  return ROPEWALK_TEXT(ROPEWALK_VERSION_MAJOR) "." ROPEWALK_TEXT(
      ROPEWALK_VERSION_MINOR) "." ROPEWALK_TEXT(ROPEWALK_VERSION_PATCH);
}

int32_t ropewalk_tensor_set(ropewalk_tensor* tensor, void* data, int32_t dtype,
                            const int64_t shape[4]) {
  return guarded([&] {
    const char* const function = "ropewalk_tensor_set";
    ropewalk_tensor& of = given(function, "tensor", tensor);
    given(function, "shape", shape);
    checked_number({function, "the tensor"}, "dtype", dtype, ROPEWALK_DTYPE_BF16);
    const rw::Strides strides =
        detail::contiguous_strides({shape[0], shape[1], shape[2], shape[3]});
    of = {data,
          dtype,
          0,
          {shape[0], shape[1], shape[2], shape[3]},
          {strides.batch, strides.seq, strides.heads}};
  });
}

int32_t ropewalk_table_set(ropewalk_table* table, int32_t layout, const ropewalk_tensor* cos,
                           const ropewalk_tensor* sin) {
  return guarded([&] {
    const char* const function = "ropewalk_table_set";
    set_table(given_sized(function, "the table", table), layout, given(function, "cos", cos), sin);
  });
}

int32_t ropewalk_frequency_table(ropewalk_table* table, int32_t dtype, int64_t rotary_dim,
                                 double theta, int64_t seq) {
  return guarded([&] {
    const Place place{"ropewalk_frequency_table", "the table"};
    ropewalk_table& of = given_sized(place.function, place.argument, table);
    with_dtype(place, dtype, [&](auto type) {
      set_owned(of, rw::make_table<typename decltype(type)::type>(
                        rw::sequence_positions(seq), rw::frequencies(rotary_dim, theta)));
    });
  });
}

int32_t ropewalk_table_rows(ropewalk_table* part, const ropewalk_table* table, int64_t position,
                            int64_t count) {
  return guarded([&] {
    const Place place{"ropewalk_table_rows", "the table"};
    ropewalk_table& to = given_sized(place.function, "part", part);
    const ropewalk_table& from = given_sized(place.function, place.argument, table);
    ropewalk_table made = from;
    with_table(place, from, [&](const auto& view) { set_rows(made, view.rows(position, count)); });
    made.owner = from.owner;
    set_part(to, made, from);
  });
}

int32_t ropewalk_table_gather(ropewalk_table* part, const ropewalk_table* table, const void* ids,
                              int32_t id_bits, const int64_t shape[2], int64_t first) {
  return guarded([&] {
    const Place place{"ropewalk_table_gather", "the table"};
    ropewalk_table& to = given_sized(place.function, "part", part);
    const ropewalk_table& from = given_sized(place.function, place.argument, table);
    given(place.function, "shape", shape);
    with_table(place, from,
               [&](const auto& view) { gathered(place, view, id_bits, ids, shape, first); });
    ropewalk_table made = from;
    made.id_bits = id_bits;
    made.ids = ids;
    made.id_shape[0] = shape[0], made.id_shape[1] = shape[1];
    made.id_batch_stride = shape[0] == 1 ? 0 : shape[1];
    made.first_id = first;
    set_part(to, made, from);
  });
}

void ropewalk_table_free(ropewalk_table* table) {
  if (table == nullptr || table->owner == nullptr) return;
  delete static_cast<Owner*>(table->owner);
  // Null data is refused by whatever reads it.
  *table = {
      table->struct_size, table->dtype, 0, {}, {}, {}, {}, {}, {}, nullptr, {}, 0, 0, nullptr};
}
