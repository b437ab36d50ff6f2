// The tensors of a call: views, rows of slots, values that are copied.
#ifndef ROPEWALK_CUDA_TENSORS_CUH
#define ROPEWALK_CUDA_TENSORS_CUH

#include <type_traits>

#include "ropewalk/base/config.hpp"
#include "ropewalk/base/row_ids.hpp"
#include "ropewalk/call/cache_tensors.hpp"
#include "ropewalk/call/overlap.hpp"
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
  static constexpr bool has_slots = false;
  static constexpr const SlotRows* slots() { return nullptr; }
  static constexpr const RawTable* unused_table() { return nullptr; }

  View<Out> out;
  View<const X> x;
  TableView<Tab> table;

  bool in_place() const { return same_place(out, x); }
  /// In place, features that pass through stay where they are.
  bool writes_all() const { return !in_place(); }
  bool batch_shares_table() const {
    return table.batch_stride() == 0 && table.ids().batch_stride() == 0;
  }
};

/// One that is only copied: turned by no pairs of the table, whose ids still say which tokens are
/// left, and which other tensors of the call read.
template <class T>
struct CopiedTensors : T {
  const RawTable* unused_table() const { return &whole; }

  RawTable whole;
};

/// One of both whose out is a cache.
template <class T>
struct SlotTensors : T {
  static constexpr bool has_slots = true;
  const SlotRows* slots() const { return &rows; }

  SlotRows rows;
};

template <class Out, class X, class Tab>
Tensors<Out, std::remove_const_t<X>, Tab> tensors(const View<Out>& out, const View<X>& x,
                                                  const TableView<Tab>& table) {
  return {out, read_only(x), table};
}

template <class Out, class X, class Tab>
CopiedTensors<Tensors<Out, X, Tab>> tensors(const View<Out>& out, const Copied<X>& x,
                                            const TableView<Tab>& table) {
  return {{out, x.view, table.pairs(0, 0)}, table};
}

template <class Out, class X, class Tab>
auto tensors(const SlotView<Out>& out, const X& x, const TableView<Tab>& table) {
  const auto of = tensors(cache_view(out), x, table);
  return SlotTensors<std::remove_const_t<decltype(of)>>{of, out.rows()};
}

}  // namespace gpu

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CUDA_TENSORS_CUH
