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

static ropewalk_table& given_part(const char* function, ropewalk_table* part,
                                  const ropewalk_table* table) {
  return part == table ? given_sized(function, "part", part) : given_to_set(function, "part", part);
}

/// A table over the rows of another, which keeps its memory unless it is the same struct.
static void set_part(ropewalk_table& part, ropewalk_table made, const ropewalk_table& table) {
  if (&part != &table) made.owner = nullptr;
  part = made;
}

static ropewalk_table with_ids(ropewalk_table rows, const void* ids, std::int32_t id_bits,
                               Index batch, Index seq) {
  rows.ids = ids;
  rows.id_bits = id_bits;
  rows.id_shape[0] = batch, rows.id_shape[1] = seq;
  return rows;
}

/// A table of the rows that the ids of `made` name, which is `table` otherwise.
static void set_gathered(const char* function, ropewalk_table& part, const ropewalk_table& made,
                         const ropewalk_table& table) {
  const Place place{function, "the table"};
  with_table(place, table, [&](const auto& rows) { gathered(place, rows, made); });
  set_part(part, made, table);
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
    set_table(given_to_set(function, "the table", table), layout, given(function, "cos", cos), sin);
  });
}

int32_t ropewalk_frequency_table(ropewalk_table* table, int32_t dtype, int64_t rotary_dim,
                                 double theta, int64_t seq) {
  return guarded([&] {
    const Place place{"ropewalk_frequency_table", "the table"};
    ropewalk_table& of = given_to_set(place.function, place.argument, table);
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
    ropewalk_table& to = given_part(place.function, part, table);
    const ropewalk_table& from = given_sized(place.function, place.argument, table);
    ropewalk_table made = from;
    with_table(place, from, [&](const auto& view) { set_rows(made, view.rows(position, count)); });
    made.owner = from.owner;
    set_part(to, made, from);
  });
}

int32_t ropewalk_table_gather(ropewalk_table* part, const ropewalk_table* table, const void* ids,
                              int32_t id_bits, int64_t batch, int64_t seq) {
  return guarded([&] {
    const char* const function = "ropewalk_table_gather";
    ropewalk_table& to = given_part(function, part, table);
    const ropewalk_table& from = given_sized(function, "the table", table);
    ropewalk_table made = with_ids(from, ids, id_bits, batch, seq);
    made.id_batch_stride = seq;
    set_gathered(function, to, made, from);
  });
}

int32_t ropewalk_table_rows_of_each(ropewalk_table* part, const ropewalk_table* table,
                                    const void* starts, int32_t id_bits, int64_t batch,
                                    int64_t count) {
  return guarded([&] {
    const char* const function = "ropewalk_table_rows_of_each";
    ropewalk_table& to = given_part(function, part, table);
    const ropewalk_table& from = given_sized(function, "the table", table);
    ropewalk_table made = with_ids(from, starts, id_bits, batch, count);
    made.id_batch_stride = 1;
    made.ids_are_starts = 1;
    set_gathered(function, to, made, from);
  });
}

void ropewalk_table_free(ropewalk_table* table) {
  if (table == nullptr || table->owner == nullptr) return;
  delete static_cast<Owner*>(table->owner);
  const std::int64_t size = table->struct_size;
  *table = {};  // null data is refused by whatever reads it
  table->struct_size = size;
}
