// From views to what kernels read: a tensor as a kernel takes it, if that kernel can.
#ifndef ROPEWALK_CUDA_JOBS_CUH
#define ROPEWALK_CUDA_JOBS_CUH

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>  // for in_place

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/row_ids.hpp"
#include "ropewalk/cuda/device/packed_rows.cuh"
#include "ropewalk/cuda/device/slots.cuh"
#include "ropewalk/cuda/device/table_rows.cuh"
#include "ropewalk/cuda/device/units.cuh"
#include "ropewalk/cuda/grids.cuh"
#include "ropewalk/cuda/kernels/any_kernel.cuh"
#include "ropewalk/cuda/kernels/heads_kernel.cuh"
#include "ropewalk/cuda/kernels/unit_kernel.cuh"
#include "ropewalk/options.hpp"
#include "ropewalk/table_view.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

template <class T>
const Raw<T>* raw(const T* data) {
  return reinterpret_cast<const Raw<T>*>(data);
}
template <class T>
Raw<T>* raw(T* data) {
  return reinterpret_cast<Raw<T>*>(data);
}

// Tables ------------------------------------------------------------------------------------------

inline bool is_aligned(const void* data, Index alignment) {
  return reinterpret_cast<std::uintptr_t>(data) % static_cast<std::uintptr_t>(alignment) == 0;
}

inline DeviceIds device_ids(const RowIds& ids) {
  DeviceIds result;
  result.data = ids.data();
  result.batch_stride = ids.batch_stride();
  result.first = ids.first();
  result.rows = ids.rows();
  result.left = ids.left();
  result.are_64_bit = ids.are_64_bit();
  result.are_starts = ids.are_starts();
  result.leaves = ids.leaves();
  return result;
}

template <class Tab>
TableRows table_rows(const TableView<Tab>& table) {
  TableRows rows;
  rows.batch_stride = static_cast<std::uint64_t>(table.batch_stride());
  rows.seq_stride = static_cast<std::uint64_t>(table.seq_stride());
  rows.heads_stride = static_cast<std::uint64_t>(table.heads_stride());
  rows.ids = device_ids(table.ids());
  return rows;
}

template <class Tab>
RawReader<Tab> raw_reader(const CoefficientReader<Tab>& reader) {
  return {raw(reader.data), reader.stride, reader.negative};
}

/// Whether data is the first of entries of which packs of `Pairs` can be read in every row.
template <int Pairs, class Tab>
bool holds_packs(const TableView<Tab>& table, const Tab* data, Index stride) {
  constexpr Index bytes = sizeof(Tab);
  const Index entries = std::min(16 / bytes, stride * Pairs);
  return is_aligned(data, entries * bytes) && table.batch_stride() % entries == 0 &&
         table.seq_stride() % entries == 0 && table.heads_stride() % entries == 0;
}

/// A reader of packs; without data if the layout has no packs.
template <int Pairs, class Tab>
PackReader<Tab> pack_reader(const TableView<Tab>& table, const CoefficientReader<Tab>& reader) {
  const bool two_apart = reader.stride == 2;
  const std::uint32_t sign = reader.negative ? sign_bit : 0;
  if (reader.stride == 1 || two_apart) {
    if (holds_packs<Pairs>(table, reader.data, reader.stride)) {
      return {raw(reader.data), sign, false};
    }
    if (two_apart && holds_packs<Pairs>(table, reader.data - 1, 2)) {
      return {raw(reader.data - 1), sign, true};
    }
  }
  return {nullptr, 0, false};
}

// Jobs --------------------------------------------------------------------------------------------

/// Says where in a cache rows go, if a call's out is one.
template <class Rows, class T>
void set_slots([[maybe_unused]] Rows& rows, [[maybe_unused]] const T& tensors) {
  if constexpr (T::has_slots) {
    const Shape& cache = tensors.out.shape();
    rows.slots = {device_ids(tensors.slots()->ids),
                  static_cast<std::uint64_t>(cache.batch == 1 ? 0 : cache.seq)};
  }
}

/// Features of a pack, which is 16 bytes. It is 8 bytes of 16-bit types where halves of rows are
/// not whole 16 bytes, and where arithmetic in double leaves no registers for more; and 32 where
/// the entries of one pair would be less than a word.
template <class Arithmetic, Pairing Of, bool Narrow, class T>
constexpr int pack_size() {
  constexpr int whole = 16 / static_cast<int>(sizeof(typename T::X));
  if (whole == 8) {
    return Narrow || (sizeof(Arithmetic) == 8 && Of != Pairing::interleaved) ? 4 : 8;
  }
  return whole == 2 && sizeof(typename T::Tab) == 2 ? 4 : whole;
}

/// Whether there are packs of 8 bytes beside those of 16.
template <class Arithmetic, Pairing Of, class T>
constexpr bool has_narrow_packs =
    pack_size<Arithmetic, Of, true, T>() != pack_size<Arithmetic, Of, false, T>();

/// Strides counted in the alignment of a pack; an axis of one entry needs none.
template <int Size, class T>
RowStrides pack_strides(const View<T>& view, bool tokens_are_inner) {
  const auto steps = [](Index size, Index stride) {
    constexpr Index step = Pack<T, Size>::alignment / static_cast<Index>(sizeof(T));
    return static_cast<unsigned>(size == 1 ? 0 : stride / step);
  };
  const Strides& strides = view.strides();
  const unsigned seq = steps(view.seq(), strides.seq), heads = steps(view.heads(), strides.heads);
  return {steps(view.batch(), strides.batch), tokens_are_inner ? heads : seq,
          tokens_are_inner ? seq : heads};
}

/// Whether every row of a view begins where packs can be read and written.
template <int Size, class T>
bool has_pack_strides(const View<T>& view) {
  using P = Pack<T, Size>;
  const auto fits = [](Index size, Index stride) {
    constexpr Index step = P::alignment / static_cast<Index>(sizeof(T));
    return size == 1 ||
           (stride % step == 0 && stride / step <= std::numeric_limits<unsigned>::max());
  };
  const Strides& strides = view.strides();
  return is_aligned(view.data(), P::alignment) && fits(view.batch(), strides.batch) &&
         fits(view.seq(), strides.seq) && fits(view.heads(), strides.heads);
}

/// Whether kernels for packs can read a tensor, one of `count`: whole packs, one rotation, sizes
/// within 32 bits.
template <class Rows, class T>
bool can_be_packed(const Rows& rows, const T& tensors, Index count) {
  constexpr int size = Rows::U::pack;
  constexpr Index most = std::numeric_limits<int>::max();
  const auto& x = tensors.x;
  const RawTable& table = tensors.table;
  if constexpr (T::has_slots) {
    if (tensors.slots()->ids.rows() > std::numeric_limits<unsigned>::max()) return false;
  }
  return x.head_dim() % size == 0 && table.shape.pairs % Rows::U::pairs == 0 && table.is_rotation &&
         table.cos_a.stride == table.sin_a.stride &&
         (table.shape.pairs == 0 || (rows.cos.data != nullptr && rows.sin.data != nullptr)) &&
         has_pack_strides<size>(x) && has_pack_strides<size>(tensors.out) &&
         x.batch() <= most_blocks && x.seq() <= most / (64 * count) && x.heads() <= most / 1024 &&
         x.head_dim() <= most / 2;
}

/// Whether the rows of a head's tokens are nearer to each other than those of a token's heads.
template <class T>
bool tokens_are_near(const View<T>& x) {
  return x.seq() > 1 && x.heads() > 1 && x.strides().heads > x.strides().seq;
}

/// A tensor as those kernels read it, if they can.
template <class Arithmetic, Pairing Of, int Size, class T>
auto packed_rows(const T& tensors, Index count, bool tokens_are_inner) {
  using Packed = PackedRows<Arithmetic, Of, Size, typename T::Out, typename T::X, typename T::Tab>;
  using Rows = std::conditional_t<T::has_slots, PackedSlots<Packed>, Packed>;
  using U = typename Rows::U;
  const auto& x = tensors.x;
  const auto& table = tensors.table;
  const auto readers = table.readers();
  std::optional<Rows> rows(std::in_place);
  if (x.empty()) return rows;
  rows->x = raw(x.data());
  rows->out = raw(tensors.out.data());
  rows->cos = pack_reader<U::pairs>(table, readers.cos_a);
  rows->sin = pack_reader<U::pairs>(table, readers.sin_a);
  rows->two_apart = readers.cos_a.stride == 2;
  rows->table = table_rows(table);
  if (!can_be_packed(*rows, tensors, count)) {
    rows.reset();
    return rows;
  }
  const auto seq = static_cast<unsigned>(x.seq()), heads = static_cast<unsigned>(x.heads());
  const auto of_seq = static_cast<unsigned>(rows->table.seq_stride);
  const auto of_heads = static_cast<unsigned>(rows->table.heads_stride);
  rows->tokens_are_inner = tokens_are_inner;
  rows->x_strides = pack_strides<Size>(x, tokens_are_inner);
  rows->out_strides = pack_strides<Size>(tensors.out, tokens_are_inner);
  set_slots(*rows, tensors);
  rows->table_strides = {static_cast<unsigned>(rows->table.batch_stride),
                         tokens_are_inner ? of_heads : of_seq,
                         tokens_are_inner ? of_seq : of_heads};
  rows->outer = tokens_are_inner ? heads : seq;
  rows->inner = tokens_are_inner ? seq : heads;
  rows->pairs = static_cast<int>(table.pairs());
  rows->packs = static_cast<int>(x.head_dim() / Size);
  rows->turned_units = static_cast<int>(table.pairs() / U::pairs);
  rows->units =
      tensors.writes_all() ? static_cast<int>(parts(rows->packs, U::packs)) : rows->turned_units;
  return rows;
}

template <class Rows>
HeadsJob<Rows> heads_job(const Rows& rows) {
  return {rows};
}
template <bool Plain, class Stores, class Rows>
UnitJob<Plain, Rows, Stores> unit_job(const Rows& rows) {
  return {rows};
}

/// Whether the kernel for units need not ask, if the grid holds all; see UnitJob.
template <class Rows>
bool is_plain(const Rows& rows) {
  constexpr std::uint64_t most = std::numeric_limits<unsigned>::max();
  const TableRows& table = rows.table;
  return table.ids.data == nullptr && !rows.two_apart && rows.units == rows.turned_units &&
         table.batch_stride <= most && table.seq_stride <= most && table.heads_stride <= most;
}

/// Whether a thread is to keep coefficients for several heads: where each would wait for an id; and
/// of interleaved pairs, whose units leave registers for it, in rows without gaps of up to 512
/// bytes whose heads are neighbours. In wider ones few heads would fill a block: 1.03 instead of
/// 1.01 of a copy for double, 1.07 instead of 1.02 for head_dim 512, on an H100.
template <class T, class Rows>
bool heads_keep_coefficients(const T& tensors, const Rows& rows) {
  constexpr int most_units = 32;
  return !rows.tokens_are_inner && rows.table.heads_stride == 0 && !rows.table.ids.leaves &&
         (!is_plain(rows) || (Rows::pairing == Pairing::interleaved && !rows.has_gaps() &&
                              rows.units <= most_units && !tokens_are_near(tensors.x)));
}

template <class Arithmetic, class T>
auto any_job(const T& tensors, Pairing pairing) {
  using Rows = AnyRows<Arithmetic, typename T::Out, typename T::X, typename T::Tab>;
  const auto readers = tensors.table.readers();
  AnyJob<std::conditional_t<T::has_slots, AnySlots<Rows>, Rows>> job;
  job.out = raw(tensors.out.data());
  job.x = raw(tensors.x.data());
  job.shape = tensors.x.shape();
  job.out_strides = tensors.out.strides();
  set_slots(job, tensors);
  job.x_strides = tensors.x.strides();
  job.cos_a = raw_reader(readers.cos_a);
  job.cos_b = raw_reader(readers.cos_b);
  job.sin_a = raw_reader(readers.sin_a);
  job.sin_b = raw_reader(readers.sin_b);
  job.table = table_rows(tensors.table);
  job.pairs = tensors.table.pairs();
  job.read = read_pairing(pairing);
  job.written = written_pairing(pairing);
  return job;
}

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_JOBS_CUH
