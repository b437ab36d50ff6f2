// From views to what kernels read: which kernel can take a tensor, and the tensor as it takes it.
#ifndef ROPEWALK_CUDA_JOBS_CUH
#define ROPEWALK_CUDA_JOBS_CUH

#include <algorithm>
#include <cstdint>
#include <limits>

#include "ropewalk/check.hpp"
#include "ropewalk/config.hpp"
#include "ropewalk/cuda/any_kernel.cuh"
#include "ropewalk/cuda/table_rows.cuh"
#include "ropewalk/cuda/vector_kernel.cuh"
#include "ropewalk/detail/arguments.hpp"
#include "ropewalk/options.hpp"
#include "ropewalk/table_view.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NAMESPACE
namespace detail {
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
};

template <class T>
const Raw<T>* raw(const T* data) {
  return reinterpret_cast<const Raw<T>*>(data);
}
template <class T>
Raw<T>* raw(T* data) {
  return reinterpret_cast<Raw<T>*>(data);
}

// Tables ------------------------------------------------------------------------------------------

template <class Tab>
bool is_aligned(const Tab* data, Index stride, Index alignment) {
  return reinterpret_cast<std::uintptr_t>(data) % static_cast<std::uintptr_t>(alignment) == 0 &&
         stride * static_cast<Index>(sizeof(Tab)) % alignment == 0;
}

/// How packs of `Pairs` entries can be fetched from every row of the table; 0: no packs are wanted.
template <int Pairs, class Tab>
LaneReader<Tab> lane_reader(const TableView<Tab>& table, const Lanes<Tab>& lane) {
  const auto aligned = [&](const Tab* data) {
    const Index bytes = lane.stride * Pairs * static_cast<Index>(sizeof(Tab));
    const Index alignment = std::min<Index>(16, bytes);
    return is_aligned(data, table.batch_stride(), alignment) &&
           is_aligned(data, table.seq_stride(), alignment) &&
           is_aligned(data, table.heads_stride(), alignment);
  };
  LaneReader<Tab> reader{raw(lane.data), lane.stride, Fetch::each, false, lane.negative};
  if (Pairs == 0 || lane.stride < 1 || lane.stride > 2) return reader;
  if (aligned(lane.data)) {
    reader.fetch = lane.stride == 1 ? Fetch::one_apart : Fetch::two_apart;
  } else if (lane.stride == 2 && aligned(lane.data - 1)) {
    reader = {raw(lane.data - 1), 2, Fetch::two_apart, true, lane.negative};
  }
  return reader;
}

template <int Pairs, class Tab>
DeviceTable<Tab> device_table(const TableView<Tab>& table) {
  const auto reader = [&](const Lanes<Tab>& lane) { return lane_reader<Pairs>(table, lane); };
  const PairLanes<Tab>& lanes = table.lanes();
  const RowIds& ids = table.ids();
  return {
      reader(lanes.cos_a),
      reader(lanes.cos_b),
      reader(lanes.sin_a),
      reader(lanes.sin_b),
      table.batch_stride(),
      table.seq_stride(),
      table.heads_stride(),
      {ids.data(), ids.batch_stride(), ids.seq_stride(), ids.first(), ids.rows(), ids.is_wide()}};
}

template <class Tab>
bool is_rotation(const PairLanes<Tab>& lanes) {
  const auto same = [](const Lanes<Tab>& a, const Lanes<Tab>& b) {
    return a.data == b.data && a.stride == b.stride && a.negative == b.negative;
  };
  return same(lanes.cos_a, lanes.cos_b) && same(lanes.sin_a, lanes.sin_b);
}

// Jobs --------------------------------------------------------------------------------------------

/// Whether every row of a view begins where packs of 16 bytes can be read and written.
template <class T>
bool rows_are_aligned(const View<T>& view) {
  const auto apart = [&](Index size, Index stride) {
    return size == 1 || is_aligned(view.data(), stride, 16);
  };
  return is_aligned(view.data(), 0, 16) && apart(view.batch(), view.strides().batch) &&
         apart(view.seq(), view.strides().seq) && apart(view.heads(), view.strides().heads);
}

/// Whether the kernel of packs can take a tensor: whole packs, whole units, one rotation, sizes
/// within a grid's.
template <Pairing Of, class T>
bool fits_vectors(const T& tensors) {
  using U = Unit<Of, typename T::X>;
  constexpr Index most_blocks = std::numeric_limits<int>::max() / 8;
  const auto& x = tensors.x;
  if (x.empty()) return true;
  return x.head_dim() % U::pack == 0 && tensors.table.pairs() % U::pairs == 0 &&
         is_rotation(tensors.table.lanes()) && rows_are_aligned(x) &&
         rows_are_aligned(tensors.out) && x.batch() <= 65535 && x.seq() <= most_blocks &&
         x.heads() <= most_blocks && x.head_dim() <= most_blocks;
}

template <class P, Pairing Of, class T>
auto vector_job(const T& tensors) {
  using U = Unit<Of, typename T::X>;
  const auto& x = tensors.x;
  const Index pairs = tensors.table.pairs();
  const Index rest = x.head_dim() - 2 * pairs;
  const Index rest_lanes = (rest + U::packs * U::pack - 1) / (U::packs * U::pack);
  const int rotated = static_cast<int>(pairs / U::pairs);
  return VectorJob<P, Of, typename T::Out, typename T::X, typename T::Tab>{
      raw(tensors.out.data()), raw(x.data()), tensors.out.strides(), x.strides(), x.seq(), pairs,
      x.head_dim(), x.empty() ? 0 : static_cast<int>(x.heads()),
      // In place, features that pass through stay where they are.
      tensors.in_place() ? rotated : rotated + static_cast<int>(rest_lanes), rotated,
      device_table<U::pairs>(tensors.table)};
}

template <class P, class T>
auto any_job(const T& tensors, Pairing pairing) {
  return AnyJob<P, typename T::Out, typename T::X, typename T::Tab>{
      raw(tensors.out.data()), raw(tensors.x.data()),    tensors.x.shape(),
      tensors.out.strides(),   tensors.x.strides(),      device_table<0>(tensors.table),
      tensors.table.pairs(),   pairing == Pairing::half, pairing != Pairing::interleaved};
}

}  // namespace gpu
}  // namespace detail
ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_CUDA_JOBS_CUH
