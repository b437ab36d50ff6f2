// Readers: where the coefficients of a table's row are in memory.
#ifndef ROPEWALK_BASE_READERS_HPP
#define ROPEWALK_BASE_READERS_HPP

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/row_ids.hpp"
#include "ropewalk/base/shape.hpp"

ROPEWALK_BEGIN_TYPES

/// One coefficient of every pair of a table row: entry i is data[i * stride], where `negative` says
/// so with the other sign.
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

/// A reader whose type is forgotten: see RawView.
struct RawReader {
  template <class T>
  ROPEWALK_INLINE RawReader(const CoefficientReader<T>& reader)
      : data(reader.data), stride(reader.stride), negative(reader.negative) {}
  ROPEWALK_INLINE RawReader(const void* entries, Index entry_stride, bool other_sign)
      : data(entries), stride(entry_stride), negative(other_sign) {}

  template <class T>
  ROPEWALK_INLINE CoefficientReader<T> of() const {
    return {static_cast<const T*>(data), stride, negative};
  }
  /// Whether its entries stand one after the other as they are meant.
  ROPEWALK_INLINE bool is_plain() const { return stride == 1 && !negative; }

  const void* data;
  Index stride;
  bool negative;
};

ROPEWALK_INLINE bool operator==(const RawReader& a, const RawReader& b) {
  return a.data == b.data && a.stride == b.stride && a.negative == b.negative;
}

/// A table whose type is forgotten: see RawView.
struct RawTable {
  template <class T>
  ROPEWALK_INLINE RawTable(const PairReaders<T>& readers, const TableShape& table_shape,
                           const Strides& table_strides)
      : cos_a(readers.cos_a),
        cos_b(readers.cos_b),
        sin_a(readers.sin_a),
        sin_b(readers.sin_b),
        shape(table_shape),
        strides(table_strides),
        element_bytes(sizeof(T)) {
    settle_readers();
  }

  template <class T>
  ROPEWALK_INLINE void set_readers(const PairReaders<T>& readers) {
    cos_a = readers.cos_a, cos_b = readers.cos_b, sin_a = readers.sin_a, sin_b = readers.sin_b;
    settle_readers();
  }
  /// What a call asks of all readers together is asked here, once.
  ROPEWALK_INLINE void settle_readers() {
    is_rotation = cos_a == cos_b && sin_a == sin_b;
    is_plain = cos_a.is_plain() && cos_b.is_plain() && sin_a.is_plain() && sin_b.is_plain();
    pair_stride = cos_a.stride;
    if (cos_b.stride > pair_stride) pair_stride = cos_b.stride;
    if (sin_a.stride > pair_stride) pair_stride = sin_a.stride;
    if (sin_b.stride > pair_stride) pair_stride = sin_b.stride;
    if ((cos_a.stride | cos_b.stride | sin_a.stride | sin_b.stride) < 0 || cos_a.data == nullptr ||
        cos_b.data == nullptr || sin_a.data == nullptr || sin_b.data == nullptr) {
      pair_stride = -1;
    }
  }
  /// Rows in memory: a gathered table has any number of tokens.
  ROPEWALK_INLINE Index rows() const { return ids ? ids.rows() : shape.seq; }

  RawReader cos_a, cos_b, sin_a, sin_b;
  TableShape shape;
  Strides strides;
  RowIds ids;
  Index element_bytes;
  Index pair_stride;  ///< the largest of the readers'; negative if one is, or one has no data
  bool is_rotation;   ///< whether both features of a pair have the same readers
  bool is_plain;      ///< whether all readers are
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

#endif  // ROPEWALK_BASE_READERS_HPP
