// Form 3: one pass over x, on the best instruction set of the machine.
#ifndef ROPEWALK_CPU_FUSED_HPP
#define ROPEWALK_CPU_FUSED_HPP

#include <type_traits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/readers.hpp"
#include "ropewalk/base/shape.hpp"
#include "ropewalk/call/arguments.hpp"
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

  const RawView &out, &x;
  const RawTable& table;
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

/// Whether the fused form may turn x in its own place.
constexpr InPlace in_place_by(Pairing pairing) {
  return moves_features(pairing) ? InPlace::features_move : InPlace::allowed;
}

/// Checks one tensor and settles how it is done: its types are the kernels' from here on.
template <class R, class How>
void prepare(Job& job, const Names& names, const R& of, Isa isa, const How& options,
             Stores stores) {
  job.out = &of.out;
  job.x = &of.x;
  job.table = &of.table;
  if (check_arguments(names, of.out, of.x, of.table, in_place_by(options.pairing))) {
    settle(job, select_kernels<typename R::Out, typename R::X, typename R::Tab>(isa, options),
           stores);
  } else {
    job.kernel = nullptr;
  }
}

/// Rotates one tensor or several: all are checked before the first is written, also after one with
/// nothing to do.
template <class Device, class How, class... Rotations>
void fused(const Names& names, const Device& device, const How& options, const CpuOptions& cpu,
           const Rotations&... rotations) {
  const Isa isa = checked_isa(names.function, cpu.isa);
  Job jobs[sizeof...(Rotations)];
  Job* end = jobs;
  if constexpr (sizeof...(Rotations) == 1) {
    (prepare(*end++, names, rotations, isa, options, cpu.stores), ...);
  } else {
    Names named = names;
    ((prepare(*end++, named, rotations, isa, options, cpu.stores), named.next()), ...);
    check_all_apart(names, rotations...);
  }
  const Work work = work_of(jobs, end);
  if (work.tokens == 0) return;
  for_token_ranges(device, work.tokens, work.each,
                   [&](Index begin, Index stop) { run(jobs, end, begin, stop); });
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CPU_FUSED_HPP
