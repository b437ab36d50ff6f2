// Table: cos and sin that own their memory.
#ifndef ROPEWALK_TABLE_HPP
#define ROPEWALK_TABLE_HPP

#include <cstddef>
#include <cstring>
#include <limits>
#include <new>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/table_view.hpp"

ROPEWALK_BEGIN_NESTED(detail)

inline std::size_t numbers_in(const TableShape& shape) {
  return static_cast<std::size_t>(shape.batch * shape.seq * shape.heads * 2 * shape.pairs);
}

/// How many numbers a table of that shape holds, if they fit memory.
inline std::size_t checked_numbers(const TableShape& shape, std::size_t bytes_each) {
  const Place place{"Table", "the shape"};
  check_not_negative(place, "batch", shape.batch);
  check_not_negative(place, "seq", shape.seq);
  check_not_negative(place, "heads", shape.heads);
  check_not_negative(place, "pairs", shape.pairs);
  // Sizes must fit even where an axis is empty: strides are products of the other sizes.
  const auto at_least_one = [](Index axis) { return axis > 1 ? axis : Index{1}; };
  Index size = saturating_product(at_least_one(shape.batch), at_least_one(shape.seq));
  size = saturating_product(size, at_least_one(shape.heads));
  size = saturating_product(size, saturating_product(2, at_least_one(shape.pairs)));
  if (size > std::numeric_limits<Index>::max() / static_cast<Index>(bytes_each)) {
    fail(place, "size", "overflows 64 bits, must fit memory");
  }
  return numbers_in(shape);
}

/// Memory of so many, unset: zeroing a table first costs a third of the time of building it.
template <class T>
T* new_numbers(std::size_t count) {
  return count == 0 ? nullptr : static_cast<T*>(::operator new(count * sizeof(T)));
}

template <class T>
void copy_numbers(T* to, const T* from, std::size_t count) {
  if (count != 0) {
    std::memcpy(static_cast<void*>(to), static_cast<const void*>(from), count * sizeof(T));
  }
}

template <class T>
T* copied_numbers(const T* from, std::size_t count) {
  T* to = new_numbers<T>(count);
  copy_numbers(to, from, count);
  return to;
}

/// Zeros have no bits set, whatever the type.
template <class T>
void zero_numbers(T* data, std::size_t count) {
  if (count != 0) std::memset(static_cast<void*>(data), 0, count * sizeof(T));
}

/// For each batch entry what it kept, then what is added; room for `room` in all.
template <class T>
T* joined_numbers(Index batch, const T* data, std::size_t kept, const T* more, std::size_t added,
                  std::size_t room) {
  T* all = new_numbers<T>(room);
  T* to = all;
  for (Index b = 0; b < batch; ++b, data += kept, more += added, to += kept + added) {
    copy_numbers(to, data, kept);
    copy_numbers(to + kept, more, added);
  }
  return all;
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_TYPES

/// A table that owns its rows; each is [cos of all pairs | sin of all pairs], so that a token's
/// coefficients are one stretch of memory. Plain data, safe to read from many threads; what it was
/// moved from is empty, of no rows and no pairs.
///
/// Shapes   [batch, seq, heads, pairs]
/// Errors   std::invalid_argument: a negative size, or sizes that overflow; std::bad_alloc
template <class T>
class Table {
 public:
  using Scalar = T;

  /// A tag: rows whose maker writes them all need no zeros first.
  struct Unset {};

  /// All entries 0.
  ROPEWALK_INLINE explicit Table(const TableShape& shape) : Table(shape, Unset{}) {
    detail::zero_numbers(data_, room_);
  }
  /// Entries of any value.
  ROPEWALK_INLINE Table(const TableShape& shape, Unset)
      : shape_(shape),
        room_(detail::checked_numbers(shape, sizeof(T))),
        data_(detail::new_numbers<T>(room_)) {}

  ROPEWALK_INLINE Table(const Table& other)
      : shape_(other.shape_),
        room_(detail::numbers_in(shape_)),
        data_(detail::copied_numbers<T>(other.data_, room_)) {}
  ROPEWALK_INLINE Table(Table&& other) noexcept { swap(other); }
  ROPEWALK_INLINE Table& operator=(const Table& other) {
    Table copy(other);
    swap(copy);
    return *this;
  }
  ROPEWALK_INLINE Table& operator=(Table&& other) noexcept {
    Table taken(static_cast<Table&&>(other));
    swap(taken);
    return *this;
  }
  ROPEWALK_INLINE ~Table() { ::operator delete(data_); }

  ROPEWALK_INLINE Index batch() const { return shape_.batch; }
  ROPEWALK_INLINE Index seq() const { return shape_.seq; }
  ROPEWALK_INLINE Index heads() const { return shape_.heads; }
  ROPEWALK_INLINE Index pairs() const { return shape_.pairs; }

  /// The cos of all pairs of one token and head; the sin stand behind them.
  ROPEWALK_INLINE T* cos(Index b, Index s, Index h = 0) { return data_ + offset(b, s, h); }
  ROPEWALK_INLINE const T* cos(Index b, Index s, Index h = 0) const {
    return data_ + offset(b, s, h);
  }
  ROPEWALK_INLINE T* sin(Index b, Index s, Index h = 0) { return cos(b, s, h) + pairs(); }
  ROPEWALK_INLINE const T* sin(Index b, Index s, Index h = 0) const {
    return cos(b, s, h) + pairs();
  }

  /// Puts the rows of `more` behind the tokens of each batch entry; those there are kept as they
  /// are. With batch 1 the cost is that of the new rows, on average over many calls; with more,
  /// every call copies the whole table.
  ///
  /// Alias    views of the table are no longer valid, and nobody may read it meanwhile
  /// Errors   std::invalid_argument: another batch, heads or pairs
  ROPEWALK_INLINE void append(const Table& more) {
    const detail::Place place{"Table::append", "more"};
    detail::check_equal(place, "batch", more.batch(), batch());
    detail::check_equal(place, "heads", more.heads(), heads());
    detail::check_equal(place, "pairs", more.pairs(), pairs());
    const std::size_t kept = detail::numbers_in({1, seq(), heads(), pairs()});
    const std::size_t added = detail::numbers_in({1, more.seq(), heads(), pairs()});
    if (batch() == 1 && kept + added <= room_) {
      detail::copy_numbers(data_ + kept, more.data_, added);
    } else {
      // The table changes last: without memory it stays what it was.
      const std::size_t room =
          batch() == 1 ? 2 * (kept + added) : static_cast<std::size_t>(batch()) * (kept + added);
      T* all = detail::joined_numbers<T>(batch(), data_, kept, more.data_, added, room);
      ::operator delete(data_);
      data_ = all;
      room_ = room;
    }
    shape_.seq += more.seq();
  }

  /// Valid until the table is destroyed, assigned, moved from or appended to; of a temporary table,
  /// in the statement that makes it.
  ROPEWALK_INLINE TableView<T> view() const ROPEWALK_LIFETIME_BOUND {
    const Index row = 2 * pairs();
    const CoefficientReader<T> cos{data_, 1};
    // Without rows there may be no data, and from null no step is allowed.
    const CoefficientReader<T> sin{data_ == nullptr ? nullptr : data_ + pairs(), 1};
    return {{cos, cos, sin, sin}, shape_, seq() * heads() * row, heads() * row, row};
  }

 private:
  ROPEWALK_INLINE Index offset(Index b, Index s, Index h) const {
    return ((b * seq() + s) * heads() + h) * 2 * pairs();
  }

  ROPEWALK_INLINE void swap(Table& other) noexcept {
    const TableShape shape = shape_;
    const std::size_t room = room_;
    T* const data = data_;
    shape_ = other.shape_, room_ = other.room_, data_ = other.data_;
    other.shape_ = shape, other.room_ = room, other.data_ = data;
  }

  TableShape shape_;
  std::size_t room_ = 0;  ///< numbers that fit the memory
  T* data_ = nullptr;
};

ROPEWALK_END_TYPES

ROPEWALK_BEGIN_NAMESPACE

/// A table as the forms read it; a type in another namespace may have an as_table of its own there.
template <class T>
TableView<T> as_table(const TableView<T>& table) {
  return table;
}

/// Valid as long as table.view() is.
template <class T>
TableView<T> as_table(const Table<T>& table) {
  return table.view();
}

ROPEWALK_END_NAMESPACE

ROPEWALK_BEGIN_NESTED(detail)

/// The same, but a view where it is: a copy of it costs a tenth of a small call.
template <class T>
const TableView<T>& table_of(const TableView<T>& table) {
  return table;
}
template <class Tab>
auto table_of(const Tab& table) {
  return as_table(table);
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_TABLE_HPP
