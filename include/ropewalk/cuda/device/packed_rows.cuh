// A tensor whose rows are whole packs, as kernels read it.
#ifndef ROPEWALK_CUDA_DEVICE_PACKED_ROWS_CUH
#define ROPEWALK_CUDA_DEVICE_PACKED_ROWS_CUH

#include <cstddef>
#include <cstdint>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/pairing.hpp"
#include "ropewalk/cuda/device/arithmetic.cuh"
#include "ropewalk/cuda/device/packs.cuh"
#include "ropewalk/cuda/device/table_rows.cuh"
#include "ropewalk/cuda/device/units.cuh"
#include "ropewalk/options.hpp"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// A row of a tensor. Rows along the inner axis lie next to each other in the memory of x: those of
/// the heads of a token, or those of the tokens of a head.
struct RowAt {
  unsigned b, outer, inner;
};

/// From row to row, in 32 bits without a sign: one instruction for each product, where 64 bits take
/// four. Of x and out counted in the alignment of a pack, of a table in entries.
struct RowStrides {
  unsigned batch = 0, outer = 0, inner = 0;

  __device__ __forceinline__ std::uint64_t steps_to(const RowAt& row) const {
    return std::uint64_t{row.b} * batch + std::uint64_t{row.outer} * outer +
           std::uint64_t{row.inner} * inner;
  }
};

/// One tensor to rotate by packs of `Size` features. Parameters of a kernel beyond the first 112
/// bytes cost a small launch 0.05 to 0.1 us on an H200: those that every launch reads come first.
template <class ArithmeticType, Pairing Paired, int Size, class OutType, class XType, class TabType>
struct PackedRows {
  using Arithmetic = ArithmeticType;
  using Out = OutType;
  using X = XType;
  using Tab = TabType;
  static constexpr Pairing pairing = Paired;
  static constexpr bool has_slots = false;
  static constexpr int least_blocks = 0;  // see JobList
  using U = Unit<Paired, Size>;
  using Pairs = Coefficients<Arithmetic, U::pairs>;
  using XPack = Pack<X, Size>;
  using OutPack = Pack<Out, Size>;
  /// Rows that a thread of a kernel for heads reads before it writes the first. More hide more of
  /// the latency, but cost registers, so threads: on an H200 these are best (16 bits 1.03 of a
  /// copy; four rows 1.04 to 1.06, one 1.05 to 1.15; float 1.00, two rows 1.02).
  static constexpr int rows_at_once = sizeof(X) == 2 && U::packs == 1 ? 2 : 1;

  const Raw<X>* x = nullptr;
  Raw<Out>* out = nullptr;
  PackReader<Tab> cos, sin;
  RowStrides x_strides, out_strides;
  unsigned outer = 0, inner = 0;    // outer 0: nothing to do, and the table may have no packs
  int units = 0, pairs = 0;         // of a row; pairs that turn
  RowStrides table_strides;         // without ids
  int turned_units = 0, packs = 0;  // units from turned_units on are copied; packs of a row
  bool two_apart = false;           // entries of cos and of sin
  bool tokens_are_inner = false;    // or the heads of a token
  TableRows table;

  /// Whether features between the rows' units are left alone.
  ROPEWALK_ON_EVERY_DEVICE bool has_gaps() const { return units * U::packs < packs; }

  __device__ __forceinline__ unsigned token_of(const RowAt& row) const {
    return tokens_are_inner ? row.inner : row.outer;
  }

  /// Features at which the packs of a unit begin.
  struct Places {
    int at[std::size_t{U::packs}];
    bool has_second;
  };

  __device__ __forceinline__ Places places(int unit, Pairing of, bool turns) const {
    if constexpr (U::packs == 1) {
      return {{unit * Size}, false};
    } else {
      const bool by_halves = turns && of == Pairing::half;
      const int first = by_halves ? unit * Size : 2 * unit * Size;
      // Of the features that are copied there may be an odd number of packs.
      return {{first, first + (by_halves ? pairs : Size)}, turns || 2 * unit + 1 < packs};
    }
  }

  /// The offset of so many steps of a tensor's strides, in elements of T.
  template <class T>
  __device__ __forceinline__ static Index offset_of(std::uint64_t steps) {
    return static_cast<Index>(steps * (Pack<T, Size>::alignment / sizeof(T)));
  }
  __device__ __forceinline__ const Raw<X>* x_row(const RowAt& row) const {
    return x + offset_of<X>(x_strides.steps_to(row));
  }
  __device__ __forceinline__ Raw<Out>* out_row(const RowAt& row) const {
    return out + offset_of<Out>(out_strides.steps_to(row));
  }

  __device__ __forceinline__ static void read_unit(XPack (&to)[std::size_t{U::packs}],
                                                   const Raw<X>* row, const Places& places) {
    to[0] = load<X, Size>(row + places.at[0]);
    if constexpr (U::packs == 2) {
      if (places.has_second) to[1] = load<X, Size>(row + places.at[1]);
    }
  }

  /// Brings the rows of a thread's next passes over heads into the second cache: bytes in flight
  /// that take no registers, 0.5 to 1.5 % of the time of large tensors on an H200. Not for rows
  /// with gaps, whose bytes would come as well: 76 MB instead of 66 for 96 of 128 features in
  /// place.
  ///
  /// row: the first of this pass, which has `rows`, one every `step` heads of the `heads_left`;
  /// row_step: from one to the next
  __device__ __forceinline__ static void prefetch_rows(const Raw<X>* row, Index row_step,
                                                       const Places& places, int unit, int rows,
                                                       int step, int heads_left) {
    constexpr int bytes = 64, passes = 3;
    constexpr int units_each = bytes / XPack::bytes;
    const int first = rows * step;
    if (heads_left <= first || unit % units_each != 0) return;
    const int end = heads_left < (1 + passes) * first ? heads_left : (1 + passes) * first;
    row += rows * row_step;
    for (int h = first; h < end; h += step) {
      prefetch(row + places.at[0]);
      if constexpr (U::packs == 2) {
        if (places.has_second) prefetch(row + places.at[1]);
      }
      row += row_step;
    }
  }

  /// Turned by `with`, or copied.
  template <class Stores = AsWords>
  __device__ __forceinline__ static void write_unit(Raw<Out>* row, const Places& places,
                                                    const XPack (&unit)[std::size_t{U::packs}],
                                                    bool turns, const Pairs& with) {
    OutPack done[std::size_t{U::packs}];
    if (turns) {
      turn<Arithmetic, Paired>(done, unit, with);
    } else {
#pragma unroll
      for (int i = 0; i < U::packs; ++i) done[i] = converted_pack<Out>(unit[i]);
    }
    Stores::store_pack(row + places.at[0], done[0]);
    if constexpr (U::packs == 2) {
      if (places.has_second) Stores::store_pack(row + places.at[1], done[1]);
    }
  }

  /// Of a unit in the row of the table that begins at an offset.
  __device__ __forceinline__ Pairs coefficients(std::uint64_t offset, int unit,
                                                bool entries_are_two_apart) const {
    Pairs with;
    read(with, cos, sin, entries_are_two_apart, offset, static_cast<unsigned>(unit * U::pairs));
    return with;
  }

  /// The same of a token whose id may be bad.
  __device__ __forceinline__ Pairs coefficients(const TableRow& row, int unit) const {
    if (__builtin_expect(!row.is_there, false)) return Pairs::not_there();
    return coefficients(row.offset, unit, two_apart);
  }
};

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_DEVICE_PACKED_ROWS_CUH
