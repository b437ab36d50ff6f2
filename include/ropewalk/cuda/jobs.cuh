// From views to what kernels read: a tensor as a kernel takes it, if that kernel can.
#ifndef ROPEWALK_CUDA_JOBS_CUH
#define ROPEWALK_CUDA_JOBS_CUH

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>  // for in_place

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/call/arguments.hpp"
#include "ropewalk/cuda/device/table_rows.cuh"
#include "ropewalk/cuda/device/units.cuh"
#include "ropewalk/cuda/kernels/any_kernel.cuh"
#include "ropewalk/cuda/kernels/small_kernel.cuh"
#include "ropewalk/cuda/kernels/vector_kernel.cuh"
#include "ropewalk/options.hpp"
#include "ropewalk/table_view.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NESTED(detail)

namespace gpu {

/// One tensor of a call.
template <class OutType, class XType, class TabType>
struct Tensors {
  using Out = OutType;
  using X = XType;
  using Tab = TabType;
  View<Out> out;
  View<const X> x;
  TableView<Tab> table;

  bool in_place() const { return same_place(out, x); }
  bool batch_shares_table() const {
    return table.batch_stride() == 0 && table.ids().batch_stride() == 0;
  }
};

template <class T>
const Raw<T>* raw(const T* data) {
  return reinterpret_cast<const Raw<T>*>(data);
}
template <class T>
Raw<T>* raw(T* data) {
  return reinterpret_cast<Raw<T>*>(data);
}

/// How many parts hold the whole.
inline Index parts(Index whole, Index part) { return (whole + part - 1) / part; }

// Tables ------------------------------------------------------------------------------------------

inline bool is_aligned(const void* data, Index alignment) {
  return reinterpret_cast<std::uintptr_t>(data) % static_cast<std::uintptr_t>(alignment) == 0;
}

template <class Tab>
TableRows table_rows(const TableView<Tab>& table) {
  const RowIds& ids = table.ids();
  TableRows rows;
  rows.batch_stride = static_cast<std::uint64_t>(table.batch_stride());
  rows.seq_stride = static_cast<std::uint64_t>(table.seq_stride());
  rows.heads_stride = static_cast<std::uint64_t>(table.heads_stride());
  rows.ids.data = ids.data();
  rows.ids.batch_stride = ids.batch_stride();
  rows.ids.first = ids.first();
  rows.ids.rows = ids.rows();
  rows.ids.left = ids.left();
  rows.ids.are_64_bit = ids.are_64_bit();
  rows.ids.are_starts = ids.are_starts();
  rows.ids.leaves = ids.leaves();
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
         table.seq_stride() % entries == 0;
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

template <class Tab>
bool is_rotation(const PairReaders<Tab>& readers) {
  const auto same = [](const CoefficientReader<Tab>& a, const CoefficientReader<Tab>& b) {
    return a.data == b.data && a.stride == b.stride && a.negative == b.negative;
  };
  return same(readers.cos_a, readers.cos_b) && same(readers.sin_a, readers.sin_b);
}

// Jobs --------------------------------------------------------------------------------------------

/// Strides in 16 bytes; an axis of one entry needs none.
template <class T>
PackStrides pack_strides(const View<T>& view) {
  const auto packs = [](Index size, Index stride) {
    return static_cast<unsigned>(size == 1 ? 0 : stride * static_cast<Index>(sizeof(T)) / 16);
  };
  const Strides& strides = view.strides();
  return {packs(view.batch(), strides.batch), packs(view.seq(), strides.seq),
          packs(view.heads(), strides.heads)};
}

/// Whether every row of a view begins where packs of 16 bytes can be read and written.
template <class T>
bool has_pack_strides(const View<T>& view) {
  const auto fits = [](Index size, Index stride) {
    constexpr Index pack = 16 / static_cast<Index>(sizeof(T));
    return size == 1 ||
           (stride % pack == 0 && stride / pack <= std::numeric_limits<unsigned>::max());
  };
  const Strides& strides = view.strides();
  return is_aligned(view.data(), 16) && fits(view.batch(), strides.batch) &&
         fits(view.seq(), strides.seq) && fits(view.heads(), strides.heads);
}

/// How many units of a row a kernel has work for: in place, features that pass through stay where
/// they are.
template <Pairing Of, class T>
Index units_of(const T& tensors) {
  using U = Unit<Of, typename T::X>;
  return tensors.in_place() ? tensors.table.pairs() / U::pairs
                            : parts(tensors.x.head_dim() / U::pack, U::packs);
}

/// How many rows a thread has in flight, as the grid counts them: one where rows have gaps, which
/// want more threads (96 of 128 features in place: 36.4 instead of 37.8 us on an H200).
template <Pairing Of, class T>
Index rows_of(const T& tensors) {
  using U = Unit<Of, typename T::X>;
  const bool has_gaps = units_of<Of>(tensors) * U::packs * U::pack < tensors.x.head_dim();
  return has_gaps ? 1 : U::rows;
}

/// One of `count` tensors for the kernel of packs, if that can take it: whole packs, one rotation
/// that all heads share, sizes within 32 bits.
template <class Arithmetic, Pairing Of, class T>
auto vector_job(const T& tensors, Index count) {
  using U = Unit<Of, typename T::X>;
  using Job = VectorJob<Arithmetic, Of, typename T::Out, typename T::X, typename T::Tab>;
  constexpr Index most = std::numeric_limits<int>::max();
  const auto& x = tensors.x;
  const auto& table = tensors.table;
  const auto& readers = table.readers();
  std::optional<Job> job(std::in_place);
  if (x.empty()) return job;
  job->x = raw(x.data());
  job->out = raw(tensors.out.data());
  job->cos = pack_reader<U::pairs>(table, readers.cos_a);
  job->sin = pack_reader<U::pairs>(table, readers.sin_a);
  job->two_apart = readers.cos_a.stride == 2;
  job->table = table_rows(table);
  const bool fits =
      x.head_dim() % U::pack == 0 && table.pairs() % U::pairs == 0 && table.heads_stride() == 0 &&
      is_rotation(readers) && readers.cos_a.stride == readers.sin_a.stride &&
      job->cos.data != nullptr && job->sin.data != nullptr && has_pack_strides(x) &&
      has_pack_strides(tensors.out) && x.batch() <= 65535 && x.seq() <= most / (64 * count) &&
      x.heads() <= most / 1024 && x.head_dim() <= most / 2;
  if (!fits) {
    job.reset();
    return job;
  }
  job->x_strides = pack_strides(x);
  job->out_strides = pack_strides(tensors.out);
  job->seq = static_cast<int>(x.seq());
  job->heads = static_cast<int>(x.heads());
  job->pairs = static_cast<int>(table.pairs());
  job->units = static_cast<int>(units_of<Of>(tensors));
  job->turned_units = static_cast<int>(table.pairs() / U::pairs);
  job->packs = static_cast<int>(x.head_dim() / U::pack);
  return job;
}

/// The same for the kernel for few tokens, whose units all turn, by entries one apart.
template <bool Gathered, class Arithmetic, Pairing Of, class Out, class X, class Tab>
auto small_job(const std::optional<VectorJob<Arithmetic, Of, Out, X, Tab>>& vector) {
  std::optional<SmallJob<Arithmetic, Of, Gathered, Out, X, Tab>> job;
  if (!vector || vector->two_apart || vector->units != vector->turned_units) return job;
  job.emplace();
  job->x = vector->x;
  job->out = vector->out;
  job->cos = vector->cos;
  job->sin = vector->sin;
  job->x_strides = vector->x_strides;
  job->out_strides = vector->out_strides;
  job->heads = vector->heads;
  job->units = vector->units;
  job->pairs = vector->pairs;
  job->table = vector->table;
  return job;
}

template <class Arithmetic, class T>
auto any_job(const T& tensors, Pairing pairing) {
  const auto& readers = tensors.table.readers();
  AnyJob<Arithmetic, typename T::Out, typename T::X, typename T::Tab> job;
  job.out = raw(tensors.out.data());
  job.x = raw(tensors.x.data());
  job.shape = tensors.x.shape();
  job.out_strides = tensors.out.strides();
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
