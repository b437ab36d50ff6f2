// Form 3: one pass over x, on the best instruction set of the machine.
#ifndef ROPEWALK_CPU_FUSED_HPP
#define ROPEWALK_CPU_FUSED_HPP

#include <type_traits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/readers.hpp"
#include "ropewalk/base/shape.hpp"
#include "ropewalk/call/arguments.hpp"
#include "ropewalk/call/cache_tensors.hpp"
#include "ropewalk/call/filling.hpp"
#include "ropewalk/call/token_ranges.hpp"
#include "ropewalk/cpu/dispatch.hpp"
#include "ropewalk/cpu/job.hpp"
#include "ropewalk/isa.hpp"
#include "ropewalk/options.hpp"
#include "ropewalk/table_view.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// One tensor to rotate, its types beside what the caller gave. In place out is the same object, so
/// that it is checked once.
template <class OutType, class XType, class TabType>
struct Rotation {
  using Out = OutType;
  using X = XType;
  using Tab = TabType;

  static constexpr const SlotRows* slots() { return nullptr; }
  static constexpr const RawTable* unused_table() { return nullptr; }

  const RawView &out, &x;
  const RawTable& table;
};

/// One that is only copied: turned by no pairs of the table, whose ids still say which tokens are
/// left, and which other tensors of the call read.
template <class OutType, class XType, class TabType>
struct Copy {
  using Out = OutType;
  using X = XType;
  using Tab = TabType;

  static constexpr const SlotRows* slots() { return nullptr; }
  const RawTable* unused_table() const { return &whole; }

  const RawView &out, &x;
  const RawTable& whole;
  RawTable table;
};

/// One of both whose out is a cache.
template <class R>
struct ToSlots : R {
  const SlotRows* slots() const { return &rows; }

  const SlotRows& rows;
};

/// Valid as long as the views are: made where it is passed.
template <class Out, class X, class Tab>
ROPEWALK_INLINE Rotation<Out, std::remove_const_t<X>, Tab> rotation(
    const View<Out>& out ROPEWALK_LIFETIME_BOUND, const View<X>& x ROPEWALK_LIFETIME_BOUND,
    const TableView<Tab>& table ROPEWALK_LIFETIME_BOUND) {
  return {out, x, table};
}

template <class X, class Tab>
ROPEWALK_INLINE Rotation<X, X, Tab> rotation(const View<X>& x ROPEWALK_LIFETIME_BOUND,
                                             const TableView<Tab>& table ROPEWALK_LIFETIME_BOUND) {
  return {x, x, table};
}

template <class Out, class X, class Tab>
ROPEWALK_INLINE Copy<Out, X, Tab> rotation(const View<Out>& out ROPEWALK_LIFETIME_BOUND,
                                           const Copied<X>& x ROPEWALK_LIFETIME_BOUND,
                                           const TableView<Tab>& table ROPEWALK_LIFETIME_BOUND) {
  return {out, x.view, table, table.pairs(0, 0)};
}

template <class Out, class X, class Tab>
ROPEWALK_INLINE ToSlots<Rotation<Out, std::remove_const_t<X>, Tab>> rotation(
    const SlotView<Out>& out ROPEWALK_LIFETIME_BOUND, const View<X>& x ROPEWALK_LIFETIME_BOUND,
    const TableView<Tab>& table ROPEWALK_LIFETIME_BOUND) {
  return {{out.cache(), x, table}, out.rows()};
}

template <class Out, class X, class Tab>
ROPEWALK_INLINE ToSlots<Copy<Out, X, Tab>> rotation(
    const SlotView<Out>& out ROPEWALK_LIFETIME_BOUND, const Copied<X>& x ROPEWALK_LIFETIME_BOUND,
    const TableView<Tab>& table ROPEWALK_LIFETIME_BOUND) {
  return {{out.cache(), x.view, table, table.pairs(0, 0)}, out.rows()};
}

/// Whether the fused form may turn x in its own place.
constexpr InPlace in_place_by(Pairing pairing) {
  return moves_features(pairing) ? InPlace::features_move : InPlace::allowed;
}

/// Checks one tensor; false if there is nothing to do.
template <class R>
bool check_rotation(const Names& names, const R& of, InPlace in_place) {
  const HeadDim head_dim = of.unused_table() == nullptr ? HeadDim::even : HeadDim::any;
  return check_arguments(names, of.out, of.x, of.table, in_place, Ids::on_host, head_dim,
                         of.slots());
}

/// Checks one tensor and settles how it is done: its types are the kernels' from here on.
template <class R>
void prepare(Job& job, const Names& names, const R& of, const Kernels& kernels, InPlace in_place,
             const CpuOptions& cpu) {
  job.out = &of.out;
  job.x = &of.x;
  job.table = &of.table;
  job.slots = of.slots();
  if (check_rotation(names, of, in_place)) {
    settle(job, kernels, cpu.stores);
  } else {
    job.kernel = nullptr;
  }
}

/// Rotates one tensor or several of any number of tokens. Not inlined: a call of one token would
/// save registers for it.
template <class Device, class... Rotations>
[[gnu::noinline]] void fused_jobs(const Names& names, const Device& device, const Kernels* kernels,
                                  InPlace in_place, const CpuOptions& cpu,
                                  const Rotations&... rotations) {
  Job jobs[sizeof...(Rotations)];
  Job* end = jobs;
  if constexpr (sizeof...(Rotations) == 1) {
    (prepare(*end++, names, rotations, *kernels, in_place, cpu), ...);
  } else {
    Names named = names;
    ((prepare(*end++, named, rotations, *kernels++, in_place, cpu), named.next()), ...);
    check_all_apart(names, rotations...);
  }
  check_all_filling(names, cpu.slots, rotations...);
  const Work work = work_of(jobs, end);
  if (work.tokens == 0) return;
  for_token_ranges(device, work.tokens, work.each,
                   [&](Index begin, Index stop) { run(jobs, end, begin, stop); });
}

/// Rotates one token of each tensor, which stays on the caller's thread; false if not all are sound
/// at first sight.
template <class... Rotations>
ROPEWALK_INLINE bool rotate_tokens(const Names& names, const Kernels* kernels,
                                   const Rotations&... of) {
  RowBatch rows[sizeof...(Rotations)];
  RowBatch* end = rows;
  const Kernels* with = kernels;
  if (!((of.slots() == nullptr && rows_of_token(*end++, of.out, of.x, of.table, *with++)) && ...)) {
    return false;
  }
  check_all_apart(names, of...);
  ROPEWALK_MEMORY_BORDER();
  for (const RowBatch* at = rows; at != end; ++at) (kernels++)->rows(*at);
  ROPEWALK_MEMORY_BORDER();
  return true;
}

/// Rotates one tensor or several: all are checked before the first is written, also after one with
/// nothing to do.
template <class Device, class How, class... Rotations>
void fused(const Names& names, const Device& device, const How& options, const CpuOptions& cpu,
           const Rotations&... rotations) {
  const Isa isa = checked_isa(names.function, cpu.isa);
  const InPlace in_place = in_place_by(options.pairing);
  const Kernels kernels[] = {
      select_kernels<typename Rotations::Out, typename Rotations::X, typename Rotations::Tab>(
          isa, options)...};
  const bool may_be_short =
      in_place == InPlace::allowed || ((&rotations.out != &rotations.x) && ...);
  if (may_be_short && cpu.stores != Stores::nontemporal &&
      rotate_tokens(names, kernels, rotations...)) {
    return;
  }
  fused_jobs(names, device, kernels, in_place, cpu, rotations...);
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CPU_FUSED_HPP
