// RowIds: which row of a table, or of a cache, each token takes, by ids in the caller's memory.
#ifndef ROPEWALK_BASE_ROW_IDS_HPP
#define ROPEWALK_BASE_ROW_IDS_HPP

#include <cinttypes>
#include <cstdint>
#include <limits>
#include <tuple>  // for tuple_size
#include <type_traits>
#include <utility>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/shape.hpp"
#include "ropewalk/base/tensor_kinds.hpp"

ROPEWALK_BEGIN_TYPES
namespace detail {

/// Whose positions ids are: of tokens, ids[b, s], or of the first token of samples, whose others
/// follow it: ids[b] + s.
enum class IdsOf { tokens, samples };

/// Ids of 32 or 64 bits; none: token s takes row s.
class RowIds {
 public:
  ROPEWALK_INLINE RowIds() = default;
  template <class Id>
  ROPEWALK_INLINE RowIds(const Id* data, IdsOf of, Index batch_stride, Index rows)
      : data_(data),
        is_given_(true),
        are_64_bit_(sizeof(Id) == 8),
        are_starts_(of == IdsOf::samples),
        batch_stride_(batch_stride),
        rows_(rows) {}

  ROPEWALK_INLINE explicit operator bool() const { return is_given_; }
  ROPEWALK_INLINE const void* data() const { return data_; }
  ROPEWALK_INLINE bool are_64_bit() const { return are_64_bit_; }
  ROPEWALK_INLINE bool are_starts() const { return are_starts_; }
  ROPEWALK_INLINE Index batch_stride() const { return batch_stride_; }
  ROPEWALK_INLINE Index seq_stride() const { return are_starts_ ? 0 : 1; }
  ROPEWALK_INLINE Index first() const { return first_; }
  ROPEWALK_INLINE Index rows() const { return rows_; }
  /// Whether there is an id that means "write nothing of this token", and which.
  ROPEWALK_INLINE bool leaves() const { return leaves_; }
  ROPEWALK_INLINE Index left() const { return left_; }

  ROPEWALK_INLINE void set_first(Index first) { first_ = first; }
  ROPEWALK_INLINE void set_left(Index left) { left_ = left, leaves_ = true; }

  /// What stands in memory for a token: its own id, or its sample's.
  ROPEWALK_INLINE Index given(Index b, Index s) const {
    const Index at = b * batch_stride_ + s * seq_stride();
    return are_64_bit_ ? static_cast<const Id64*>(data_)[at] : static_cast<const Id32*>(data_)[at];
  }
  ROPEWALK_INLINE bool leaves(Index b, Index s) const { return leaves_ && given(b, s) == left_; }

  ROPEWALK_INLINE bool has(Index row) const { return row >= 0 && row < rows_; }
  /// Not one that the table has for an id outside it, whatever it is: where the difference does not
  /// fit, unsigned arithmetic wraps it to a row that no table has.
  ROPEWALK_INLINE Index row_of(Index id) const {
    return static_cast<Index>(static_cast<std::uint64_t>(id) - static_cast<std::uint64_t>(first_));
  }
  /// Of a sample whose start is outside the table, that of the first token is outside, too. A token
  /// that is left takes row 0, so that there is one to point to.
  ROPEWALK_INLINE Index row(Index b, Index s) const {
    const Index id = given(b, s);
    if (leaves_ && id == left_) return 0;
    const auto steps = static_cast<std::uint64_t>(are_starts_ ? s : 0);
    return static_cast<Index>(static_cast<std::uint64_t>(row_of(id)) + steps);
  }

 private:
  // Of a long long, too, where int64_t is long, and the other way round.
  using Id32 [[gnu::may_alias]] = std::int32_t;
  using Id64 [[gnu::may_alias]] = std::int64_t;

  const void* data_ = nullptr;
  bool is_given_ = false, are_64_bit_ = false, are_starts_ = false, leaves_ = false;
  Index batch_stride_ = 0;
  Index first_ = 0, rows_ = 0, left_ = 0;
};

/// Where the rows of tokens [batch, seq] go: an id each of the slots of a cache.
struct SlotRows {
  /// The slot of a token; below 0: none, nothing is written of it.
  ROPEWALK_INLINE Index slot(Index b, Index s) const { return ids.given(b, s); }

  RowIds ids;
  Index batch, seq;
};

}  // namespace detail

/// Rows of a cache, one for each token: what View::rows gives, for an out of apply and rotate.
template <class T>
class SlotView {
 public:
  ROPEWALK_INLINE SlotView(const detail::RawView& cache, const detail::SlotRows& rows)
      : cache_(cache), rows_(rows) {}

  ROPEWALK_INLINE const detail::RawView& cache() const { return cache_; }
  ROPEWALK_INLINE const detail::SlotRows& rows() const { return rows_; }

 private:
  detail::RawView cache_;
  detail::SlotRows rows_;
};

ROPEWALK_END_TYPES

ROPEWALK_BEGIN_NESTED(detail)

/// Checks what has been said of ids since they were given: the first position, the id to leave.
inline void check_said_of_ids(const char* function, const RowIds& ids) {
  if (!ids) {
    fail(Place{function, "the table"}, "position ids",
         "are missing, must be given first, by gather or rows_of_each");
  }
  Index end = 0;
  if (__builtin_add_overflow(ids.first(), ids.rows(), &end)) {
    fail(Place{function, "the table"}, "the first position",
         "is %" PRId64 ", must be so that the last one fits 64 bits", ids.first());
  }
  if (ids.leaves() && ids.has(ids.row_of(ids.left()))) {
    fail(function,
         "the id to leave is %" PRId64 ", must be outside %" PRId64 " to %" PRId64
         ", the positions of the table",
         ids.left(), ids.first(), end - 1);
  }
}

/// Where what is asked of rows must be asked before ids choose among them.
inline Place place_without_ids(const char* function, const RowIds& ids) {
  const Place place{function, "the table"};
  if (ids) fail(place, "position ids", "are given already, must be given after %s", function);
  return place;
}

// What may be passed as ids -----------------------------------------------------------------------

template <class T, class = void>
inline constexpr bool is_list = false;
template <class T>
inline constexpr bool is_list<
    T, std::void_t<decltype(*std::declval<T&>().data()), decltype(std::declval<T&>().size())>> =
    !is_dense_tensor<T> && !is_matrix<T>;  // a matrix may have gaps

/// std::array, whose data is const in both if its elements are.
template <class T, class = void>
inline constexpr bool is_array = false;
template <class T>
inline constexpr bool is_array<T, std::void_t<decltype(std::tuple_size<T>::value)>> = true;

/// A const container has const data; a map or span, whose memory is another's, has the same data
/// const or not.
template <class T>
inline constexpr bool owns_data =
    is_array<std::remove_const_t<T>> ||
    !std::is_same_v<decltype(std::declval<std::remove_const_t<T>&>().data()),
                    decltype(std::declval<const T&>().data())>;

template <class Pointer>
constexpr bool points_to_ids() {
  using Id = std::remove_const_t<std::remove_pointer_t<Pointer>>;
  constexpr bool is_id =
      std::is_same_v<Id, int> || std::is_same_v<Id, long> || std::is_same_v<Id, long long>;
  static_assert(
      is_id,
      "ropewalk: position ids and slots must be int32_t or int64_t (int, long or long long)");
  return is_id;
}

template <class Tensor, IdsOf Of>
constexpr bool takes_axes_of_ids() {
  if constexpr (is_dense_tensor<Tensor>) {
    constexpr int rank = static_cast<int>(Tensor::NumIndices);
    constexpr bool is_ranked = rank == 1 || (rank == 2 && Of == IdsOf::tokens);
    constexpr bool is_dense_rows = rank != 2 || is_row_major<Tensor>;
    static_assert(is_ranked || Of != IdsOf::tokens,
                  "ropewalk: position ids and slots must be [seq] or [batch, seq]");
    static_assert(is_ranked || Of != IdsOf::samples,
                  "ropewalk: starts must be [batch], a position of each sample");
    static_assert(!is_ranked || is_dense_rows,
                  "ropewalk: position ids and slots must be row-major (Eigen::RowMajor)");
    return is_ranked && is_dense_rows;
  } else {
    return true;
  }
}

/// Of an Ids&&, so that a temporary has no reference in its type. Asserts what it returns, as do
/// the others of entry_types.hpp.
template <class Ids, IdsOf Of>
constexpr bool takes_ids() {
  using Object = std::remove_reference_t<Ids>;
  constexpr bool is_known = is_dense_tensor<Object> || is_list<Object>;
  static_assert(
      is_known,
      "ropewalk: position ids and slots must be a std::vector or another container with data() and "
      "size(), an Eigen TensorMap or Tensor, or a pointer with its sizes");
  if constexpr (is_known) {
    constexpr bool stays = std::is_lvalue_reference_v<Ids> || !owns_data<Object>;
    static_assert(stays,
                  "ropewalk: position ids and slots are read by the call, must not be a temporary "
                  "container or tensor: name it");
    if constexpr (stays && points_to_ids<decltype(std::declval<Object&>().data())>()) {
      return takes_axes_of_ids<Object, Of>();
    }
  }
  return false;
}

/// The sizes of what takes_ids lets pass: [seq] or [batch, seq].
template <class Ids>
Size seq_of_ids(const Ids& ids) {
  if constexpr (is_dense_tensor<Ids>) {
    return ids.dimension(static_cast<int>(Ids::NumIndices) - 1);
  } else {
    return ids.size();
  }
}

template <class Ids>
Size batch_of_ids(const Ids& ids) {
  if constexpr (is_dense_tensor<Ids>) {
    if constexpr (static_cast<int>(Ids::NumIndices) == 2) return ids.dimension(0);
  }
  return 1;
}

template <class Pointer>
constexpr bool takes_pointer_to_ids() {
  constexpr bool is_pointer = std::is_pointer_v<Pointer>;
  static_assert(
      is_pointer,
      "ropewalk: position ids and slots that come with sizes must be a pointer: containers and "
      "tensors have their own, and first_position says what the first row is called");
  if constexpr (is_pointer) return points_to_ids<Pointer>();
  return false;
}

// Slots -------------------------------------------------------------------------------------------

/// A cache whose blocks follow one another without a gap is one block of all its slots.
inline RawView with_blocks_joined(RawView cache) {
  Shape& shape = cache.shape;
  if (cache.strides.batch == saturating_product(shape.seq, cache.strides.seq)) {
    shape.seq = saturating_product(shape.batch, shape.seq);
    shape.batch = 1;
  }
  return cache;
}

template <class T, class Id>
SlotView<T> slot_view(const RawView& cache, const Id* slots, Index batch, Index seq) {
  const Place place{"rows", "slots"};
  check_not_negative(place, "batch", batch);
  check_not_negative(place, "seq", seq);
  check_at_most(place, "batch * seq", saturating_product(batch, seq),
                std::numeric_limits<Index>::max() / 16);
  const Index all = saturating_product(cache.shape.batch, cache.shape.seq);
  return {with_blocks_joined(cache),
          {{slots, IdsOf::tokens, batch == 1 ? 0 : seq, all}, batch, seq}};
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_BASE_ROW_IDS_HPP
