// Readers: where the coefficients of a table's row are in memory.
#ifndef ROPEWALK_BASE_READERS_HPP
#define ROPEWALK_BASE_READERS_HPP

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"

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
