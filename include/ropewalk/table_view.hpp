// TableView: cos and sin as data, read in place.
#ifndef ROPEWALK_TABLE_VIEW_HPP
#define ROPEWALK_TABLE_VIEW_HPP

#include <type_traits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/readers.hpp"
#include "ropewalk/base/row_ids.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/base/shape.hpp"

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
  /// position 0: a decode step or a sub-sequence. Its first row is that of id 0 where it is
  /// gathered next; first_position(position) keeps the positions.
  ROPEWALK_INLINE TableView rows(Index position, Index count) const {
    const detail::Place place = detail::place_without_ids("rows", ids_);
    detail::check_range(place, "seq", position, count, seq());
    TableView part = *this;
    part.readers_ = detail::checked_part(place, "seq", readers_, position, seq_stride_);
    part.shape_.seq = count;
    return part;
  }

  /// The table whose one row serves `count` tokens.
  ROPEWALK_INLINE TableView repeated(Index count) const {
    const detail::Place place = detail::place_without_ids("repeated", ids_);
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

  /// The table whose token s takes the row of position ids[s], whatever the sample, or ids[b, s]:
  ///   gather(ids)                 [seq]: a std::vector or any container with data() and size();
  ///                               [seq] or [batch, seq]: a row-major Eigen tensor or map
  ///   gather(ids, seq)            [seq], a pointer
  ///   gather(ids, batch, seq)     [batch, seq], a pointer
  ///
  /// Units    ids of int, long or long long; 0 is the first row, unless first_position is another
  /// Alias    the ids stay where they are and are read by each call of apply: while the view is
  ///          used their memory must not move, so a vector must not grow; on a device until the
  ///          stream has passed the call. A temporary container of them does not compile
  /// Errors   std::invalid_argument: negative sizes, another batch than the table's; by what reads
  ///          it: null, an id outside the table
  template <class Ids>
  ROPEWALK_INLINE TableView gather(Ids&& ids) const {
    if constexpr (detail::takes_ids<Ids, detail::IdsOf::tokens>()) {
      if constexpr (detail::is_list<std::remove_reference_t<Ids>>) {
        return gather(ids.data(), ids.size());
      } else if constexpr (static_cast<int>(std::decay_t<Ids>::NumIndices) == 1) {
        return gather(ids.data(), ids.dimension(0));
      } else {
        return gather(ids.data(), ids.dimension(0), ids.dimension(1));
      }
    } else {
      return *this;
    }
  }
  template <class Pointer>
  ROPEWALK_INLINE TableView gather(Pointer ids, detail::Size seq) const {
    return gather(ids, 1, seq);
  }
  template <class Pointer>
  ROPEWALK_INLINE TableView gather(Pointer ids, detail::Size batch, detail::Size seq) const {
    if constexpr (detail::takes_pointer_to_ids<Pointer>()) {
      const detail::Place place{"gather", "ids"};
      detail::check_not_negative(place, "batch", batch.value);
      detail::check_not_negative(place, "seq", seq.value);
      if (shape_.batch != 1) detail::check_one_or_equal(place, "batch", batch.value, shape_.batch);
      const Index batch_stride = batch.value == 1 ? 0 : seq.value;
      return with_ids(place, {ids, detail::IdsOf::tokens, batch_stride, shape_.seq}, batch.value,
                      seq.value);
    } else {
      return *this;
    }
  }

  /// The table whose sample b takes the rows of positions starts[b], starts[b] + 1, ..., `count` of
  /// them: batched decode, each sample at its own position; more than one token a sample in
  /// speculative decode or chunked prefill. The cache slots of samples at different positions are
  /// not one View: rotate keys in place, then store them.
  ///   rows_of_each(starts, count)           [batch]: a container or an Eigen tensor or map
  ///   rows_of_each(starts, batch, count)    [batch], a pointer
  ///
  /// Units, Alias   as gather
  /// Errors   as gather; a batch of x that is not that of the starts
  template <class Starts>
  ROPEWALK_INLINE TableView rows_of_each(Starts&& starts, detail::Size count) const {
    if constexpr (detail::takes_ids<Starts, detail::IdsOf::samples>()) {
      if constexpr (detail::is_dense_tensor<std::remove_reference_t<Starts>>) {
        return rows_of_each(starts.data(), starts.dimension(0), count);
      } else {
        return rows_of_each(starts.data(), starts.size(), count);
      }
    } else {
      return *this;
    }
  }
  template <class Pointer>
  ROPEWALK_INLINE TableView rows_of_each(Pointer starts, detail::Size batch,
                                         detail::Size count) const {
    if constexpr (detail::takes_pointer_to_ids<Pointer>()) {
      const detail::Place place{"rows_of_each", "starts"};
      detail::check_not_negative(place, "batch", batch.value);
      detail::check_not_negative(place, "count", count.value);
      if (shape_.batch != 1) detail::check_equal(place, "batch", batch.value, shape_.batch);
      const Index batch_stride = batch.value == 1 ? 0 : 1;
      return with_ids(place, {starts, detail::IdsOf::samples, batch_stride, shape_.seq},
                      batch.value, count.value);
    } else {
      return *this;
    }
  }

  /// After gather or rows_of_each: the first row is that of `position`, below 0 perhaps.
  ///
  /// Errors   std::invalid_argument: a last position that does not fit 64 bits; no ids
  ROPEWALK_INLINE TableView first_position(Index position) const {
    TableView numbered = *this;
    numbered.ids_.set_first(position);
    detail::check_said_of_ids("first_position", numbered.ids_);
    return numbered;
  }

  /// After gather or rows_of_each: tokens of this id, or samples of this start, are left: nothing
  /// of them is written, in place or to an output of its own, which keeps what it holds there: the
  /// cache slot of a sample that has finished, say.
  ///
  /// Errors   std::invalid_argument: an id that is a position of the table; no ids
  ROPEWALK_INLINE TableView leaving(Index id) const {
    TableView some = *this;
    some.ids_.set_left(id);
    detail::check_said_of_ids("leaving", some.ids_);
    return some;
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
  /// For a batch of one the ids are everybody's.
  ROPEWALK_INLINE TableView with_ids(const detail::Place& place, const detail::RowIds& ids,
                                     Index id_batch, Index seq) const {
    if (ids_) {
      detail::fail({place.function, "the table"}, "position ids",
                   "are given already, must be given once");
    }
    TableView gathered = *this;
    gathered.ids_ = ids;
    gathered.shape_.seq = seq;
    if (id_batch != 1) gathered.shape_.batch = id_batch;
    return gathered;
  }

  PairReaders<T> readers_;
  TableShape shape_;
  Index batch_stride_, seq_stride_, heads_stride_;
  detail::RowIds ids_;
};

ROPEWALK_END_TYPES

#endif  // ROPEWALK_TABLE_VIEW_HPP
