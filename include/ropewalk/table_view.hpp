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

  /// The readers of its first row, and how far it is in elements to those of the others.
  ROPEWALK_INLINE TableView(const PairReaders<T>& readers, const TableShape& shape,
                            Index batch_stride, Index seq_stride, Index heads_stride)
      // A table of no pairs may have null data: without strides no offset is added to it.
      : raw_(readers, shape,
             {shape.batch == 1 || shape.pairs == 0 ? 0 : batch_stride,
              shape.pairs == 0 ? 0 : seq_stride,
              shape.heads == 1 || shape.pairs == 0 ? 0 : heads_stride}) {}

  ROPEWALK_INLINE PairReaders<T> readers() const {
    return {raw_.cos_a.of<T>(), raw_.cos_b.of<T>(), raw_.sin_a.of<T>(), raw_.sin_b.of<T>()};
  }
  ROPEWALK_INLINE const TableShape& shape() const { return raw_.shape; }
  ROPEWALK_INLINE Index batch() const { return raw_.shape.batch; }
  ROPEWALK_INLINE Index seq() const { return raw_.shape.seq; }
  ROPEWALK_INLINE Index heads() const { return raw_.shape.heads; }
  ROPEWALK_INLINE Index pairs() const { return raw_.shape.pairs; }
  ROPEWALK_INLINE Index batch_stride() const { return raw_.strides.batch; }
  ROPEWALK_INLINE Index seq_stride() const { return raw_.strides.seq; }
  ROPEWALK_INLINE Index heads_stride() const { return raw_.strides.heads; }
  ROPEWALK_INLINE const detail::RowIds& ids() const { return raw_.ids; }

  /// For the functions that read it, of any type of scalar.
  ROPEWALK_INLINE operator const detail::RawTable&() const { return raw_; }

  /// The readers of one token and head.
  ROPEWALK_INLINE PairReaders<T> row(Index b, Index s, Index h) const {
    const Index r = ids() ? ids().row(b, s) : s;
    return detail::moved(readers(), b * batch_stride() + r * seq_stride() + h * heads_stride());
  }

  /// The table of tokens at positions [position, position + count), of a table whose first row is
  /// position 0: a decode step or a sub-sequence. Its first row is that of id 0 where it is
  /// gathered next; first_position(position) keeps the positions.
  ROPEWALK_INLINE TableView rows(Index position, Index count) const {
    const detail::Place place = detail::place_without_ids("rows", ids());
    detail::check_range(place, "seq", position, count, seq());
    TableView part = *this;
    part.raw_.set_readers(detail::checked_part(place, "seq", readers(), position, seq_stride()));
    part.raw_.shape.seq = count;
    return part;
  }

  /// The table whose one row serves `count` tokens.
  ROPEWALK_INLINE TableView repeated(Index count) const {
    const detail::Place place = detail::place_without_ids("repeated", ids());
    detail::check_equal(place, "seq", seq(), 1);
    detail::check_not_negative(place, "count", count);
    TableView part = *this;
    part.raw_.strides.seq = 0;
    part.raw_.shape.seq = count;
    return part;
  }

  /// Heads [begin, begin + count) of a table that has a row for each head.
  ROPEWALK_INLINE TableView heads(Index begin, Index count) const {
    const detail::Place place{"heads", "the table"};
    detail::check_range(place, "heads", begin, count, heads());
    TableView part = *this;
    part.raw_.set_readers(detail::checked_part(place, "heads", readers(), begin, heads_stride()));
    part.raw_.shape.heads = count;
    if (count == 1) part.raw_.strides.heads = 0;  // one that all heads share
    return part;
  }

  /// Pairs [begin, begin + count): one axis of a table, say.
  ROPEWALK_INLINE TableView pairs(Index begin, Index count) const {
    const detail::Place place{"pairs", "the table"};
    detail::check_range(place, "pairs", begin, count, pairs());
    TableView part(detail::checked_pairs(place, readers(), begin), {batch(), seq(), heads(), count},
                   batch_stride(), seq_stride(), heads_stride());
    part.raw_.ids = ids();
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
      return gather(ids.data(), detail::batch_of_ids(ids), detail::seq_of_ids(ids));
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
      const TableShape& own = shape();
      detail::check_not_negative(place, "batch", batch.value);
      detail::check_not_negative(place, "seq", seq.value);
      if (own.batch != 1) detail::check_one_or_equal(place, "batch", batch.value, own.batch);
      const Index batch_stride = batch.value == 1 ? 0 : seq.value;
      return with_ids(place, {ids, detail::IdsOf::tokens, batch_stride, own.seq}, batch.value,
                      seq.value);
    } else {
      return *this;
    }
  }

  /// The table whose sample b takes the rows of positions starts[b], starts[b] + 1, ..., `count` of
  /// them: batched decode, each sample at its own position; more than one token a sample in
  /// speculative decode or chunked prefill. Their keys go to the slots of a cache by View::rows.
  ///   rows_of_each(starts, count)           [batch]: a container or an Eigen tensor or map
  ///   rows_of_each(starts, batch, count)    [batch], a pointer
  ///
  /// Units, Alias   as gather
  /// Errors   as gather; a batch of x that is not that of the starts
  template <class Starts>
  ROPEWALK_INLINE TableView rows_of_each(Starts&& starts, detail::Size count) const {
    if constexpr (detail::takes_ids<Starts, detail::IdsOf::samples>()) {
      return rows_of_each(starts.data(), detail::seq_of_ids(starts), count);
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
      if (shape().batch != 1) detail::check_equal(place, "batch", batch.value, shape().batch);
      const Index batch_stride = batch.value == 1 ? 0 : 1;
      return with_ids(place, {starts, detail::IdsOf::samples, batch_stride, shape().seq},
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
    numbered.raw_.ids.set_first(position);
    detail::check_said_of_ids("first_position", numbered.raw_.ids);
    return numbered;
  }

  /// After gather or rows_of_each: tokens of this id, or samples of this start, are left: nothing
  /// of them is written, in place or to an output of its own, which keeps what it holds there: the
  /// cache slot of a sample that has finished, say.
  ///
  /// Errors   std::invalid_argument: an id that is a position of the table; no ids
  ROPEWALK_INLINE TableView leaving(Index id) const {
    TableView some = *this;
    some.raw_.ids.set_left(id);
    detail::check_said_of_ids("leaving", some.raw_.ids);
    return some;
  }

  /// The table that turns by the opposite angles: undoes a rotation of unit length. Not one that
  /// moves features (interleaved_to_half), whose output has another pairing than its input.
  ROPEWALK_INLINE TableView inverse() const {
    PairReaders<T> turned = readers();
    turned.sin_a.negative = !turned.sin_a.negative;
    turned.sin_b.negative = !turned.sin_b.negative;
    return with_readers(turned);
  }

  /// The table that carries the gradient of out back to x: the transpose of each pair's 2x2 matrix,
  /// which for pooled or learned tables is not the inverse. For pairings that keep features in
  /// their places; autograd rounds each product to the type of x, this to what x and table promote
  /// to.
  ROPEWALK_INLINE TableView gradient() const {
    const PairReaders<T> turned = inverse().readers();
    return with_readers({turned.cos_a, turned.cos_b, turned.sin_b, turned.sin_a});
  }

 private:
  ROPEWALK_INLINE TableView with_readers(const PairReaders<T>& readers) const {
    TableView other = *this;
    other.raw_.set_readers(readers);
    return other;
  }

  /// For a batch of one the ids are everybody's.
  ROPEWALK_INLINE TableView with_ids(const detail::Place& place, const detail::RowIds& given,
                                     Index id_batch, Index seq) const {
    if (ids()) {
      detail::fail({place.function, "the table"}, "position ids",
                   "are given already, must be given once");
    }
    TableView gathered = *this;
    gathered.raw_.ids = given;
    gathered.raw_.shape.seq = seq;
    if (id_batch != 1) gathered.raw_.shape.batch = id_batch;
    return gathered;
  }

  detail::RawTable raw_;
};

ROPEWALK_END_TYPES

#endif  // ROPEWALK_TABLE_VIEW_HPP
