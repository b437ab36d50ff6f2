// TableView: cos and sin as data, read where they lie; Table: one that owns its rows.
#ifndef ROPEWALK_TABLE_HPP
#define ROPEWALK_TABLE_HPP

#include <algorithm>
#include <limits>
#include <memory>
#include <new>
#include <type_traits>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "ropewalk/check.hpp"
#include "ropewalk/config.hpp"
#include "ropewalk/dtype.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// Where one coefficient of every pair of a table row lies: entry i is data[i * stride].
template <class T>
struct Lanes {
  const T* data = nullptr;
  Index stride = 1;
};

/// The four coefficients of the pair rule
///   out_a = a * cos_a - b * sin_a,   out_b = b * cos_b + a * sin_b;
/// in an ordinary rotation cos_a and cos_b are one, and so are sin_a and sin_b.
template <class T>
struct PairLanes {
  Lanes<T> cos_a, cos_b, sin_a, sin_b;
};

/// Sizes of a table; batch and heads are 1 where one row serves all of them.
struct TableShape {
  Index batch = 1;
  Index seq = 0;
  Index heads = 1;
  Index pairs = 0;
};

/// A table that somebody else owns: four lane readers and the strides from row to row.
///
/// Shapes   [batch | 1, seq, heads | 1, pairs]
/// Units    cos and sin of angles in radians, or whatever coefficients a model learned or pooled
/// Errors   none here: the function that reads it checks it first
/// Does not own, allocate or copy; never recomputes one coefficient from another.
template <class T>
class TableView {
 public:
  using Scalar = T;
  static_assert(detail::is_dtype<T>,
                "ropewalk: the scalar of a table must be float, double, half or bfloat16");

  TableView(const PairLanes<T>& lanes, const TableShape& shape, Index batch_stride,
            Index seq_stride, Index heads_stride)
      : lanes_(lanes),
        shape_(shape),
        batch_stride_(shape.batch == 1 ? 0 : batch_stride),
        seq_stride_(seq_stride),
        heads_stride_(shape.heads == 1 ? 0 : heads_stride) {}

  const PairLanes<T>& lanes() const { return lanes_; }
  const TableShape& shape() const { return shape_; }
  Index batch() const { return shape_.batch; }
  Index seq() const { return shape_.seq; }
  Index heads() const { return shape_.heads; }
  Index pairs() const { return shape_.pairs; }
  Index batch_stride() const { return batch_stride_; }
  Index seq_stride() const { return seq_stride_; }
  Index heads_stride() const { return heads_stride_; }

  /// The lanes of one token and head.
  PairLanes<T> row(Index b, Index s, Index h) const {
    const Index offset = b * batch_stride_ + s * seq_stride_ + h * heads_stride_;
    return {moved(lanes_.cos_a, offset), moved(lanes_.cos_b, offset),
            moved(lanes_.sin_a, offset), moved(lanes_.sin_b, offset)};
  }

 private:
  static Lanes<T> moved(const Lanes<T>& lanes, Index offset) {
    return {lanes.data + offset, lanes.stride};
  }

  PairLanes<T> lanes_;
  TableShape shape_;
  Index batch_stride_, seq_stride_, heads_stride_;
};

namespace detail {

/// Leaves new entries unset: zeroing a table first costs a third of the time of building it.
template <class T>
struct UnsetAllocator : std::allocator<T> {
  template <class U>
  struct rebind {
    using other = UnsetAllocator<U>;
  };
  template <class U>
  void construct(U* entry) {
    ::new (static_cast<void*>(entry)) U;
  }
};

}  // namespace detail

/// A table that owns its rows; each is [cos of all pairs | sin of all pairs], so that a token's
/// coefficients are one stretch of memory. Plain data: movable, safe to read from many threads.
///
/// Shapes   [batch, seq, heads, pairs]
/// Errors   std::invalid_argument for a negative size, std::bad_alloc
template <class T>
class Table {
 public:
  using Scalar = T;

  /// A tag: rows whose maker writes them all need no zeros first.
  struct Unset {};

  /// All entries 0.
  explicit Table(const TableShape& shape) : Table(shape, Unset{}) {
    std::fill(data_.begin(), data_.end(), detail::narrow<T>(0.0f));
  }

  Table(const TableShape& shape, Unset) : shape_(shape) {
    const detail::Place place{"Table", "the shape"};
    detail::check_not_negative(place, "batch", shape.batch);
    detail::check_not_negative(place, "seq", shape.seq);
    detail::check_not_negative(place, "heads", shape.heads);
    detail::check_not_negative(place, "pairs", shape.pairs);
    const Index rows = detail::saturating_product(
        shape.batch, detail::saturating_product(shape.seq, shape.heads));
    const Index size = detail::saturating_product(rows, detail::saturating_product(2, shape.pairs));
    if (size > std::numeric_limits<Index>::max() / static_cast<Index>(sizeof(T))) {
      detail::fail(place, "size", "overflows 64 bits, must fit memory");
    }
    data_.resize(static_cast<std::size_t>(size));
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
  /// are. With batch 1 the cost is that of the new rows, on average over many calls.
  ///
  /// Errors   std::invalid_argument: another batch, heads or pairs
  void append(const Table& more) {
    const detail::Place place{"Table::append", "more"};
    detail::check_equal(place, "batch", more.batch(), batch());
    detail::check_equal(place, "heads", more.heads(), heads());
    detail::check_equal(place, "pairs", more.pairs(), pairs());
    const Index kept = seq() * heads() * 2 * pairs();
    const Index added = more.seq() * heads() * 2 * pairs();
    shape_.seq += more.seq();
    if (batch() == 1) {
      data_.resize(static_cast<std::size_t>(kept + added));
      std::copy_n(more.data_.begin(), added, data_.begin() + kept);
      return;
    }
    Storage all;
    all.reserve(static_cast<std::size_t>(batch() * (kept + added)));
    for (Index b = 0; b < batch(); ++b) {
      all.insert(all.end(), data_.begin() + b * kept, data_.begin() + (b + 1) * kept);
      all.insert(all.end(), more.data_.begin() + b * added, more.data_.begin() + (b + 1) * added);
    }
    data_.swap(all);
  }

  TableView<T> view() const {
    const Index row = 2 * pairs();
    const Lanes<T> cos{data_.data(), 1};
    const Lanes<T> sin{data_.data() + pairs(), 1};
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

namespace detail {

template <class T>
TableView<T> rotation_table(const T* cos, const T* sin, Index lane_stride, const TableShape& shape,
                            Index row) {
  const Lanes<T> c{cos, lane_stride};
  const Lanes<T> s{sin, lane_stride};
  return {{c, c, s, s}, shape, shape.seq * row, row, row};
}

/// [seq, width] or [batch, seq, width] of a row-major Eigen tensor or map.
template <class Map>
TableShape table_shape(const Map& map) {
  constexpr int rank = static_cast<int>(Map::NumIndices);
  static_assert(rank == 2 || rank == 3,
                "ropewalk: a table must have rank 2 [seq, .] or 3 [batch, seq, .]");
  static_assert(static_cast<int>(Map::Layout) == static_cast<int>(Eigen::RowMajor),
                "ropewalk: a table must be row-major (Eigen::RowMajor)");
  TableShape shape;
  shape.pairs = map.dimension(rank - 1);
  shape.seq = map.dimension(rank - 2);
  if constexpr (rank == 3) shape.batch = map.dimension(0);
  return shape;
}

}  // namespace detail

/// The table whose cos and sin each have one entry a pair.
///
/// Shapes   cos, sin [seq, pairs] or [batch, seq, pairs], row-major Eigen tensors or maps
/// Errors   std::invalid_argument: shapes that differ
template <class Map>
auto half_table(const Map& cos, const Map& sin) {
  const detail::Place place{"half_table", "sin"};
  const TableShape shape = detail::table_shape(cos);
  const TableShape other = detail::table_shape(sin);
  detail::check_equal(place, "batch", other.batch, shape.batch);
  detail::check_equal(place, "seq", other.seq, shape.seq);
  detail::check_equal(place, "pairs", other.pairs, shape.pairs);
  return detail::rotation_table<std::remove_const_t<typename Map::Scalar>>(
      cos.data(), sin.data(), 1, shape, shape.pairs);
}

/// Helios' table: [cos | sin], each as wide as a head; cos is read at its even lanes, sin at its
/// odd lanes, the other lanes never.
///
/// Shapes   packed [seq, 2 * head_dim] or [batch, seq, 2 * head_dim]; head_dim = 2 * pairs
/// Errors   std::invalid_argument: a width that is not a multiple of 4
/// Source   apply_rotary_emb_helios in vllm-omni and diffusers
template <class Map>
auto packed_table(const Map& packed) {
  TableShape shape = detail::table_shape(packed);
  const Index width = shape.pairs;
  if (width % 4 != 0) {
    detail::fail_value({"packed_table", "packed"}, "width", width,
                       "2 * head_dim with an even head_dim");
  }
  shape.pairs = width / 4;
  const auto* cos = packed.data();
  const auto* sin = cos == nullptr ? cos : cos + width / 2 + 1;
  return detail::rotation_table<std::remove_const_t<typename Map::Scalar>>(cos, sin, 2, shape,
                                                                           width);
}

template <class T>
TableView<T> as_table(const TableView<T>& table) {
  return table;
}

template <class T>
TableView<T> as_table(const Table<T>& table) {
  return table.view();
}

namespace detail {

/// Checks sizes, strides and data; returns the elements that a lane reader spans.
template <class T>
Index checked_extent(const Place& place, const TableView<T>& table) {
  check_not_negative(place, "batch", table.batch());
  check_not_negative(place, "seq", table.seq());
  check_not_negative(place, "heads", table.heads());
  check_not_negative(place, "pairs", table.pairs());
  check_not_negative(place, "batch stride", table.batch_stride());
  check_not_negative(place, "seq stride", table.seq_stride());
  check_not_negative(place, "heads stride", table.heads_stride());
  if (table.batch() == 0 || table.seq() == 0 || table.heads() == 0 || table.pairs() == 0) return 0;
  Index lane_stride = 0;
  const PairLanes<T>& lanes = table.lanes();
  for (const Lanes<T>& lane : {lanes.cos_a, lanes.cos_b, lanes.sin_a, lanes.sin_b}) {
    check_not_null(place, lane.data);
    check_not_negative(place, "lane stride", lane.stride);
    if (lane.stride > lane_stride) lane_stride = lane.stride;
  }
  Index end = checked_reach(place, "pairs", 1, table.pairs(), lane_stride);
  end = checked_reach(place, "heads", end, table.heads(), table.heads_stride());
  end = checked_reach(place, "seq", end, table.seq(), table.seq_stride());
  end = checked_reach(place, "batch", end, table.batch(), table.batch_stride());
  checked_reach(place, "bytes", end, static_cast<Index>(sizeof(T)), end);
  return end;
}

}  // namespace detail

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_TABLE_HPP
