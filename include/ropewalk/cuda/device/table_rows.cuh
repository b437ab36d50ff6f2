// A table as kernels read it: which row a token takes, and the coefficients of its pairs.
#ifndef ROPEWALK_CUDA_DEVICE_TABLE_ROWS_CUH
#define ROPEWALK_CUDA_DEVICE_TABLE_ROWS_CUH

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/cuda/device/arithmetic.cuh"
#include "ropewalk/cuda/device/packs.cuh"
#include "ropewalk/cuda/device/twos.cuh"
#include "ropewalk/table_view.hpp"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// The position ids, if the table is gathered; see RowIds.
struct DeviceIds {
  const void* data = nullptr;
  Index batch_stride = 0, first = 0, rows = 0, left = 0;
  bool are_64_bit = false, are_starts = false, leaves = false;
};

/// From row to row, in entries.
struct TableRows {
  std::uint64_t batch_stride = 0, seq_stride = 0, heads_stride = 0;
  DeviceIds ids;
};

/// Where a token's coefficients begin, from the coefficient readers' data on; not there: the id is
/// bad.
struct TableRow {
  std::uint64_t offset;
  bool is_there;
};

/// What stands in memory for a token: its own id, or its sample's.
__device__ __forceinline__ Index given_id(const DeviceIds& ids, std::uint64_t b, std::uint64_t s) {
  const auto at =
      static_cast<Index>(b) * ids.batch_stride + (ids.are_starts ? 0 : static_cast<Index>(s));
  return ids.are_64_bit ? static_cast<const std::int64_t*>(ids.data)[at]
                        : static_cast<const std::int32_t*>(ids.data)[at];
}

/// Whether nothing of a token is to be written. Asked before all else: the id that other tokens are
/// then found by is read anew, which only tables that leave some pay for.
__device__ __forceinline__ bool leaves(const TableRows& table, std::uint64_t b, std::uint64_t s) {
  return table.ids.leaves && given_id(table.ids, b, s) == table.ids.left;
}

/// Of a batch entry and a row of the table.
__device__ __forceinline__ TableRow row_at(const TableRows& table, std::uint64_t b,
                                           std::uint64_t row) {
  return {b * table.batch_stride + row * table.seq_stride, true};
}

/// Of a batch entry and a token, by its id if the table is gathered.
__device__ __forceinline__ TableRow row_of(const TableRows& table, std::uint64_t b,
                                           std::uint64_t s) {
  if (table.ids.data != nullptr) {
    const Index id = given_id(table.ids, b, s);
    // Without a sign, so that ids below the first are beyond the last.
    const auto rows = static_cast<std::uint64_t>(table.ids.rows);
    const auto row = static_cast<std::uint64_t>(id) - static_cast<std::uint64_t>(table.ids.first);
    if (row >= rows) return {0, false};
    s = table.ids.are_starts ? row + s : row;
    if (s >= rows) return {0, false};
  }
  return row_at(table, b, s);
}

// Coefficient readers -----------------------------------------------------------------------------

/// One entry at a time, whatever the layout.
template <class Tab>
struct RawReader {
  const Raw<Tab>* data = nullptr;
  Index stride = 0;
  bool negative = false;
};

template <class Arithmetic, class Tab>
__device__ __forceinline__ Value<Arithmetic> coefficient(const RawReader<Tab>& reader,
                                                         const TableRow& row, Index pair) {
  if (!row.is_there) return {not_a_number<Arithmetic>()};
  const Raw<Tab> raw = reader.data[row.offset + static_cast<std::uint64_t>(pair * reader.stride)];
  return {with_sign<Arithmetic>(in_carrier<Carrier<Arithmetic>>(widened<Tab>(raw)),
                                reader.negative ? sign_bit : 0)};
}

/// Entries one apart, or two apart from the first or from the second of a row on, read in
/// packs; rows begin where packs can be read.
template <class Tab>
struct PackReader {
  const Raw<Tab>* data = nullptr;
  std::uint32_t sign = 0;  // flips the sign of every entry, or not
  bool from_second = false;
};

template <class Arithmetic, int Pairs>
struct Coefficients {
  static constexpr int operands = Pairs / numbers_of_operand<Arithmetic>;
  Operand<Arithmetic> cos[std::size_t{operands}], sin[std::size_t{operands}];

  __device__ __forceinline__ static Coefficients not_there() {
    Coefficients result;
#pragma unroll
    for (int i = 0; i < operands; ++i) {
      result.cos[i] = result.sin[i] = no_operand<Arithmetic>();
    }
    return result;
  }
};

/// Operand i of a pack of entries with the reader's sign.
template <bool TwoApart, class Arithmetic, class Tab, int Size>
__device__ __forceinline__ Operand<Arithmetic> operand(const PackReader<Tab>& reader,
                                                       const Pack<Tab, Size>& pack, int i) {
  if constexpr (numbers_of_operand<Arithmetic> == 1) {
    const auto signed_value = [&](int at) -> Operand<Arithmetic> {
      const auto value = in_carrier<Carrier<Arithmetic>>(value_at(pack, at));
      return {with_sign<Arithmetic>(value, reader.sign)};
    };
    if constexpr (!TwoApart) return signed_value(i);
    return reader.from_second ? signed_value(2 * i + 1) : signed_value(2 * i);
  } else {
    static_assert(std::is_same_v<Tab, Arithmetic>, "ropewalk: entries of what is computed with");
    const std::uint32_t signs = reader.sign | reader.sign >> 16;
    if constexpr (!TwoApart) return {pack.word[i] ^ signs};
    const std::uint32_t a = pack.word[2 * i], b = pack.word[2 * i + 1];
    return {(reader.from_second ? high_halves(a, b) : low_halves(a, b)) ^ signs};
  }
}

/// Entries `first` to `first + Pairs - 1` of cos and sin in the row at `offset`, all of them one or
/// two apart. Both are asked for before either is used: one wait, not two.
///
/// Two apart, whole packs are read: an entry outside the reader's own may be among them, but is
/// in the same 16 bytes as one of its own, so in the same allocation.
template <class Arithmetic, int Pairs, class Tab>
__device__ __forceinline__ void read(Coefficients<Arithmetic, Pairs>& to,
                                     const PackReader<Tab>& cos, const PackReader<Tab>& sin,
                                     bool two_apart, std::uint64_t offset, unsigned first) {
  const auto read_operands = [&](auto two_apart) {
    constexpr bool apart = decltype(two_apart)::value;
    constexpr int size = apart ? 2 * Pairs : Pairs;
    const std::uint64_t at = offset + (apart ? 2 * first : first);
    const auto c = load<Tab, size>(cos.data + at);
    const auto s = load<Tab, size>(sin.data + at);
#pragma unroll
    for (int i = 0; i < to.operands; ++i) {
      to.cos[i] = operand<apart, Arithmetic>(cos, c, i);
      to.sin[i] = operand<apart, Arithmetic>(sin, s, i);
    }
  };
  two_apart ? read_operands(std::true_type{}) : read_operands(std::false_type{});
}

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_DEVICE_TABLE_ROWS_CUH
