// Views and tables whose types are forgotten: what checks, plans and jobs are about.
#ifndef ROPEWALK_CALL_RAW_HPP
#define ROPEWALK_CALL_RAW_HPP

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/shape.hpp"
#include "ropewalk/table_view.hpp"
#include "ropewalk/view.hpp"

// A function that takes these is compiled once, not once for each type of scalar. Strides count
// elements, of `element_bytes`.

ROPEWALK_BEGIN_TYPES
namespace detail {

struct RawView {
  template <class T>
  ROPEWALK_INLINE RawView(const View<T>& view)
      : data(view.data()), shape(view.shape()), strides(view.strides()), element_bytes(sizeof(T)) {}

  ROPEWALK_INLINE bool empty() const {
    return shape.batch == 0 || shape.seq == 0 || shape.heads == 0 || shape.head_dim == 0;
  }

  const void* data;
  Shape shape;
  Strides strides;
  Index element_bytes;
};

struct RawReader {
  const void* data;
  Index stride;
  bool negative;
};

struct RawTable {
  template <class T>
  ROPEWALK_INLINE RawTable(const TableView<T>& table)
      : cos_a(raw(table.readers().cos_a)),
        cos_b(raw(table.readers().cos_b)),
        sin_a(raw(table.readers().sin_a)),
        sin_b(raw(table.readers().sin_b)),
        shape(table.shape()),
        strides(table.batch_stride(), table.seq_stride(), table.heads_stride()),
        ids(table.ids()),
        element_bytes(sizeof(T)) {}

  template <class T>
  ROPEWALK_INLINE static RawReader raw(const CoefficientReader<T>& reader) {
    return {reader.data, reader.stride, reader.negative};
  }
  /// Rows in memory: a gathered table has any number of tokens.
  ROPEWALK_INLINE Index rows() const { return ids ? ids.rows() : shape.seq; }

  RawReader cos_a, cos_b, sin_a, sin_b;
  TableShape shape;
  Strides strides;
  RowIds ids;
  Index element_bytes;
};

/// What a call says of one tensor.
struct RawArguments {
  RawView out, x;
  RawTable table;
};

}  // namespace detail
ROPEWALK_END_TYPES

#endif  // ROPEWALK_CALL_RAW_HPP
