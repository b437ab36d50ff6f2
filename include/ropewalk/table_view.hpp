// TableView: cos and sin as data, read in place.
#ifndef ROPEWALK_TABLE_VIEW_HPP
#define ROPEWALK_TABLE_VIEW_HPP

#include <cinttypes>
#include <cstdint>
#include <type_traits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/base/tensor_kinds.hpp"
#include "ropewalk/shape.hpp"

ROPEWALK_BEGIN_TYPES

/// One coefficient of every pair of a table row: entry i is data[i * stride], or that with the
/// other sign.
template <class T>
struct CoefficientReader {
  ROPEWALK_INLINE constexpr CoefficientReader() = default;
  ROPEWALK_INLINE constexpr CoefficientReader(const T* entries, Index entry_stride = 1,
                                              bool other_sign = false)
      : data(entries), stride(entry_stride), negative(other_sign) {}

  const T* data = nullptr;
  Index stride = 1;
  bool negative = false;
};

/// The four coefficients of the pair rule
///   out_a = a * cos_a - b * sin_a,   out_b = b * cos_b + a * sin_b;
/// in an ordinary rotation cos_a and cos_b are one, and so are sin_a and sin_b.
template <class T>
struct PairReaders {
  ROPEWALK_INLINE constexpr PairReaders() = default;
  ROPEWALK_INLINE constexpr PairReaders(const CoefficientReader<T>& of_cos_a,
                                        const CoefficientReader<T>& of_cos_b,
                                        const CoefficientReader<T>& of_sin_a,
                                        const CoefficientReader<T>& of_sin_b)
      : cos_a(of_cos_a), cos_b(of_cos_b), sin_a(of_sin_a), sin_b(of_sin_b) {}

  CoefficientReader<T> cos_a, cos_b, sin_a, sin_b;
};

namespace detail {

/// Which row of a table each token takes: ids[b, s] of 32 or 64 bits; none: token s takes row s.
class RowIds {
 public:
  ROPEWALK_INLINE RowIds() = default;
  template <class Id>
  ROPEWALK_INLINE RowIds(const Id* data, Index batch_stride, Index seq_stride, Index first,
                         Index rows)
      : data_(data),
        is_given_(true),
        are_64_bit_(sizeof(Id) == 8),
        batch_stride_(batch_stride),
        seq_stride_(seq_stride),
        first_(first),
        rows_(rows) {
    static_assert(std::is_same_v<Id, std::int32_t> || std::is_same_v<Id, std::int64_t>,
                  "ropewalk: position ids must be int32_t or int64_t");
  }

  ROPEWALK_INLINE explicit operator bool() const { return is_given_; }
  ROPEWALK_INLINE const void* data() const { return data_; }
  ROPEWALK_INLINE bool are_64_bit() const { return are_64_bit_; }
  ROPEWALK_INLINE Index batch_stride() const { return batch_stride_; }
  ROPEWALK_INLINE Index seq_stride() const { return seq_stride_; }
  ROPEWALK_INLINE Index first() const { return first_; }
  ROPEWALK_INLINE Index rows() const { return rows_; }

  ROPEWALK_INLINE Index id(Index b, Index s) const {
    const Index at = b * batch_stride_ + s * seq_stride_;
    return are_64_bit_ ? static_cast<const std::int64_t*>(data_)[at]
                       : static_cast<const std::int32_t*>(data_)[at];
  }
  /// Not in [0, rows()) for an id outside the table, whatever it is: where the difference does not
  /// fit, unsigned arithmetic wraps it to a row that no table has.
  ROPEWALK_INLINE Index row(Index b, Index s) const {
    return static_cast<Index>(static_cast<std::uint64_t>(id(b, s)) -
                              static_cast<std::uint64_t>(first_));
  }

 private:
  const void* data_ = nullptr;
  bool is_given_ = false, are_64_bit_ = false;
  Index batch_stride_ = 0, seq_stride_ = 0;
  Index first_ = 0, rows_ = 0;
};

}  // namespace detail

ROPEWALK_END_TYPES

ROPEWALK_BEGIN_NESTED(detail)

template <class T>
CoefficientReader<T> moved(const CoefficientReader<T>& reader, Index offset) {
  return {reader.data + offset, reader.stride, reader.negative};
}

template <class T>
PairReaders<T> moved(const PairReaders<T>& readers, Index offset) {
  return {moved(readers.cos_a, offset), moved(readers.cos_b, offset), moved(readers.sin_a, offset),
          moved(readers.sin_b, offset)};
}

template <class T>
CoefficientReader<T> checked_part(const Place& place, const char* property,
                                  const CoefficientReader<T>& reader, Index begin, Index stride) {
  return {checked_part(place, property, reader.data, begin, stride), reader.stride,
          reader.negative};
}

/// From entry `begin` on of an axis of that stride.
template <class T>
PairReaders<T> checked_part(const Place& place, const char* property, const PairReaders<T>& readers,
                            Index begin, Index stride) {
  return {checked_part(place, property, readers.cos_a, begin, stride),
          checked_part(place, property, readers.cos_b, begin, stride),
          checked_part(place, property, readers.sin_a, begin, stride),
          checked_part(place, property, readers.sin_b, begin, stride)};
}

/// From pair `begin` on.
template <class T>
PairReaders<T> checked_pairs(const Place& place, const PairReaders<T>& readers, Index begin) {
  const auto part = [&](const CoefficientReader<T>& reader) {
    return checked_part(place, "pairs", reader, begin, reader.stride);
  };
  return {part(readers.cos_a), part(readers.cos_b), part(readers.sin_a), part(readers.sin_b)};
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_TYPES

/// A table that somebody else owns: four coefficient readers and the strides from row to row.
///
/// Shapes   [batch | 1, seq, heads | 1, pairs]
/// Units    cos and sin of angles in radians, or whatever coefficients a model learned or pooled
/// Errors   std::invalid_argument where a sub-table is asked for that the table does not have; the
///          rest is checked by the function that reads it
/// Does not own, allocate or copy; never recomputes one coefficient from another. Valid as long as
/// what holds the coefficients is and stays where it is, position ids too: see gather.
template <class T>
class TableView {
 public:
  using Scalar = T;
  static_assert(detail::is_dtype<T>,
                "ropewalk: the scalar of a table must be float, double, half or bfloat16");

  ROPEWALK_INLINE TableView(const PairReaders<T>& readers, const TableShape& shape,
                            Index batch_stride, Index seq_stride, Index heads_stride)
      : readers_(readers),
        shape_(shape),
        // A table of no pairs may have null data: without strides no offset is added to it.
        batch_stride_(shape.batch == 1 || shape.pairs == 0 ? 0 : batch_stride),
        seq_stride_(shape.pairs == 0 ? 0 : seq_stride),
        heads_stride_(shape.heads == 1 || shape.pairs == 0 ? 0 : heads_stride) {}

  ROPEWALK_INLINE const PairReaders<T>& readers() const { return readers_; }
  ROPEWALK_INLINE const TableShape& shape() const { return shape_; }
  ROPEWALK_INLINE Index batch() const { return shape_.batch; }
  ROPEWALK_INLINE Index seq() const { return shape_.seq; }
  ROPEWALK_INLINE Index heads() const { return shape_.heads; }
  ROPEWALK_INLINE Index pairs() const { return shape_.pairs; }
  ROPEWALK_INLINE Index batch_stride() const { return batch_stride_; }
  ROPEWALK_INLINE Index seq_stride() const { return seq_stride_; }
  ROPEWALK_INLINE Index heads_stride() const { return heads_stride_; }
  ROPEWALK_INLINE const detail::RowIds& ids() const { return ids_; }

  /// The readers of one token and head.
  ROPEWALK_INLINE PairReaders<T> row(Index b, Index s, Index h) const {
    const Index r = ids_ ? ids_.row(b, s) : s;
    return detail::moved(readers_, b * batch_stride_ + r * seq_stride_ + h * heads_stride_);
  }

  /// The table of tokens at positions [position, position + count), of a table whose first row is
  /// position 0: a decode step or a sub-sequence.
  ROPEWALK_INLINE TableView rows(Index position, Index count) const {
    const detail::Place place{"rows", "the table"};
    if (ids_) detail::fail(place, "seq", "is gathered, must be cut before it is gathered");
    detail::check_range(place, "seq", position, count, seq());
    TableView part = *this;
    part.readers_ = detail::checked_part(place, "seq", readers_, position, seq_stride_);
    part.shape_.seq = count;
    return part;
  }

  /// The table whose one row serves `count` tokens.
  ROPEWALK_INLINE TableView repeated(Index count) const {
    const detail::Place place{"repeated", "the table"};
    if (ids_) detail::fail(place, "seq", "is gathered, must be one row");
    detail::check_equal(place, "seq", seq(), 1);
    detail::check_not_negative(place, "count", count);
    TableView part = *this;
    part.seq_stride_ = 0;
    part.shape_.seq = count;
    return part;
  }

  /// Heads [begin, begin + count) of a table that has a row for each head.
  ROPEWALK_INLINE TableView heads(Index begin, Index count) const {
    const detail::Place place{"heads", "the table"};
    detail::check_range(place, "heads", begin, count, heads());
    TableView part = *this;
    part.readers_ = detail::checked_part(place, "heads", readers_, begin, heads_stride_);
    part.shape_.heads = count;
    if (count == 1) part.heads_stride_ = 0;  // one that all heads share
    return part;
  }

  /// Pairs [begin, begin + count): one axis of a table, say.
  ROPEWALK_INLINE TableView pairs(Index begin, Index count) const {
    const detail::Place place{"pairs", "the table"};
    detail::check_range(place, "pairs", begin, count, pairs());
    TableView part(detail::checked_pairs(place, readers_, begin), {batch(), seq(), heads(), count},
                   batch_stride_, seq_stride_, heads_stride_);
    part.ids_ = ids_;
    return part;
  }

  /// The table whose token s takes the row of position ids[s] (or ids[b, s]).
  ///
  /// Shapes   ids [seq] or [batch, seq], row-major Eigen tensors or maps of int32 or int64
  /// Units    the id of the first row is `first`: negative ids, if the table has them
  /// Alias    the ids stay where they are and are read by each call of apply: they must live until
  ///          then, on a device until the stream has passed the call
  /// Errors   std::invalid_argument by the function that reads it: an id outside the table
  template <class Ids>
  ROPEWALK_INLINE TableView gather(const Ids& ids, Index first = 0) const {
    if constexpr (detail::takes_ids<Ids>()) {
      const detail::Place place{"gather", "the table"};
      if (ids_) detail::fail(place, "seq", "is gathered already, must not be");
      Index end = 0;
      if (__builtin_add_overflow(first, seq(), &end)) {
        detail::fail(place, "the first position",
                     "is %" PRId64 ", must be so that the last one fits 64 bits", first);
      }
      constexpr int rank = static_cast<int>(Ids::NumIndices);
      const Index count = ids.dimension(rank - 1);
      const Index id_rows = rank == 2 ? ids.dimension(0) : 1;
      if (batch() != 1) detail::check_one_or_equal({"gather", "ids"}, "batch", id_rows, batch());
      TableView gathered = *this;
      gathered.ids_ =
          detail::RowIds(static_cast<const std::remove_const_t<typename Ids::Scalar>*>(ids.data()),
                         id_rows == 1 ? 0 : count, 1, first, seq());
      gathered.shape_.seq = count;
      gathered.shape_.batch = id_rows == 1 ? batch() : id_rows;
      return gathered;
    } else {
      return *this;
    }
  }

  /// The table that turns by the opposite angles: undoes a rotation of unit length. Not one that
  /// moves features (interleaved_to_half), whose output has another pairing than its input.
  ROPEWALK_INLINE TableView inverse() const {
    TableView turned = *this;
    turned.readers_.sin_a.negative = !readers_.sin_a.negative;
    turned.readers_.sin_b.negative = !readers_.sin_b.negative;
    return turned;
  }

  /// The table that carries the gradient of out back to x: the transpose of each pair's 2x2 matrix,
  /// which for pooled or learned tables is not the inverse. For pairings that keep features in
  /// their places; autograd rounds each product to the type of x, this to what x and table promote
  /// to.
  ROPEWALK_INLINE TableView gradient() const {
    TableView turned = inverse();
    const CoefficientReader<T> sin_a = turned.readers_.sin_a;
    turned.readers_.sin_a = turned.readers_.sin_b;
    turned.readers_.sin_b = sin_a;
    return turned;
  }

 private:
  PairReaders<T> readers_;
  TableShape shape_;
  Index batch_stride_, seq_stride_, heads_stride_;
  detail::RowIds ids_;
};

ROPEWALK_END_TYPES

#endif  // ROPEWALK_TABLE_VIEW_HPP
