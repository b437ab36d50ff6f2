// Table: cos and sin that own their memory.
#ifndef ROPEWALK_TABLE_HPP
#define ROPEWALK_TABLE_HPP

#include <algorithm>  // for copy_n
#include <cstddef>
#include <cstring>
#include <limits>
#include <new>
#include <utility>
#include <vector>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/list.hpp"
#include "ropewalk/table_view.hpp"

ROPEWALK_BEGIN_NAMESPACE

namespace detail {

/// Leaves new entries unset: zeroing a table first costs a third of the time of building it.
template <class T>
struct UnsetAllocator : ListAllocator<T> {
  template <class U>
  struct rebind {
    using other = UnsetAllocator<U>;
  };
  UnsetAllocator() = default;
  template <class U>
  UnsetAllocator(const UnsetAllocator<U>&) {}
  template <class U>
  void construct(U* entry) {
    ::new (static_cast<void*>(entry)) U;
  }
  template <class U, class From>
  void construct(U* entry, const From& from) {
    ::new (static_cast<void*>(entry)) U(from);
  }
};

/// Zeros have no bits set, whatever the type.
template <class T>
void zero(T* data, Index count) {
  if (count > 0) {
    std::memset(static_cast<void*>(data), 0, static_cast<std::size_t>(count) * sizeof(T));
  }
}

}  // namespace detail

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
  explicit Table(const TableShape& shape) : Table(shape, Unset{}) {
    detail::zero(data_.data(), static_cast<Index>(data_.size()));
  }

  Table(const TableShape& shape, Unset) : shape_(shape) {
    const detail::Place place{"Table", "the shape"};
    detail::check_not_negative(place, "batch", shape.batch);
    detail::check_not_negative(place, "seq", shape.seq);
    detail::check_not_negative(place, "heads", shape.heads);
    detail::check_not_negative(place, "pairs", shape.pairs);
    // Sizes must fit even where an axis is empty: strides are products of the other sizes.
    const auto at_least_one = [](Index axis) { return axis > 1 ? axis : Index{1}; };
    Index size = detail::saturating_product(at_least_one(shape.batch), at_least_one(shape.seq));
    size = detail::saturating_product(size, at_least_one(shape.heads));
    size =
        detail::saturating_product(size, detail::saturating_product(2, at_least_one(shape.pairs)));
    if (size > std::numeric_limits<Index>::max() / static_cast<Index>(sizeof(T))) {
      detail::fail(place, "size", "overflows 64 bits, must fit memory");
    }
    data_.resize(static_cast<std::size_t>(batch() * seq() * heads() * 2 * pairs()));
  }

  Table(const Table&) = default;
  Table& operator=(const Table&) = default;
  Table(Table&& other) noexcept
      : shape_(std::exchange(other.shape_, TableShape{})), data_(std::move(other.data_)) {}
  Table& operator=(Table&& other) noexcept {
    Table taken(std::move(other));
    std::swap(shape_, taken.shape_);
    data_.swap(taken.data_);
    return *this;
  }

  Index batch() const { return shape_.batch; }
  Index seq() const { return shape_.seq; }
  Index heads() const { return shape_.heads; }
  Index pairs() const { return shape_.pairs; }

  T* cos(Index b, Index s, Index h = 0) { return data_.data() + offset(b, s, h); }
  const T* cos(Index b, Index s, Index h = 0) const { return data_.data() + offset(b, s, h); }
  T* sin(Index b, Index s, Index h = 0) { return cos(b, s, h) + pairs(); }
  const T* sin(Index b, Index s, Index h = 0) const { return cos(b, s, h) + pairs(); }

  /// Puts the rows of `more` behind the tokens of each batch entry; those there are kept as they
  /// are. With batch 1 the cost is that of the new rows, on average over many calls; with more,
  /// every call copies the whole table.
  ///
  /// Alias    views of the table are no longer valid, and nobody may read it meanwhile
  /// Errors   std::invalid_argument: another batch, heads or pairs
  void append(const Table& more) {
    const detail::Place place{"Table::append", "more"};
    detail::check_equal(place, "batch", more.batch(), batch());
    detail::check_equal(place, "heads", more.heads(), heads());
    detail::check_equal(place, "pairs", more.pairs(), pairs());
    const Index kept = seq() * heads() * 2 * pairs();
    const Index added = more.seq() * heads() * 2 * pairs();
    // The shape changes last: without memory the table stays what it was.
    if (batch() == 1) {
      data_.resize(static_cast<std::size_t>(kept + added));
      std::copy_n(more.data_.begin(), added, data_.begin() + kept);
      shape_.seq += more.seq();
      return;
    }
    Storage all;
    all.reserve(static_cast<std::size_t>(batch() * (kept + added)));
    for (Index b = 0; b < batch(); ++b) {
      all.insert(all.end(), data_.begin() + b * kept, data_.begin() + (b + 1) * kept);
      all.insert(all.end(), more.data_.begin() + b * added, more.data_.begin() + (b + 1) * added);
    }
    data_.swap(all);
    shape_.seq += more.seq();
  }

  /// Valid until the table is destroyed, assigned, moved from or appended to; of a temporary table,
  /// in the statement that makes it.
  TableView<T> view() const {
    const Index row = 2 * pairs();
    const CoefficientReader<T> cos{data_.data(), 1};
    // Without rows there may be no data, and from null no step is allowed.
    const CoefficientReader<T> sin{data_.empty() ? nullptr : data_.data() + pairs(), 1};
    return {{cos, cos, sin, sin}, shape_, seq() * heads() * row, heads() * row, row};
  }

 private:
  Index offset(Index b, Index s, Index h) const {
    return ((b * seq() + s) * heads() + h) * 2 * pairs();
  }

  using Storage = std::vector<T, detail::UnsetAllocator<T>>;

  TableShape shape_;
  Storage data_;
};

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

#endif  // ROPEWALK_TABLE_HPP
