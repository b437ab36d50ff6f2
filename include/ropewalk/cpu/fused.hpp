// Form 3: one pass over x, on the best instruction set of the machine.
#ifndef ROPEWALK_CPU_FUSED_HPP
#define ROPEWALK_CPU_FUSED_HPP

#include <type_traits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/call/arguments.hpp"
#include "ropewalk/call/raw.hpp"
#include "ropewalk/call/token_ranges.hpp"
#include "ropewalk/cpu/dispatch.hpp"
#include "ropewalk/cpu/job.hpp"
#include "ropewalk/isa.hpp"
#include "ropewalk/options.hpp"
#include "ropewalk/table_view.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// One tensor to rotate, its types beside what the caller gave.
template <class OutType, class XType, class TabType>
struct Rotation {
  using Out = OutType;
  using X = XType;
  using Tab = TabType;

  RawView out, x;
  RawTable table;
};

template <class Out, class X, class Tab>
ROPEWALK_INLINE Rotation<Out, std::remove_const_t<X>, Tab> rotation(const View<Out>& out,
                                                                    const View<X>& x,
                                                                    const TableView<Tab>& table) {
  return {out, x, table};
}

/// One to rotate in its own place: out is the same object, so that it is stored and checked once.
template <class XType, class TabType>
struct RotationInPlace {
  using Out = XType;
  using X = XType;
  using Tab = TabType;

  ROPEWALK_INLINE RotationInPlace(const View<X>& view, const TableView<Tab>& of_table)
      : x(view), out(x), table(of_table) {}
  RotationInPlace(const RotationInPlace&) = delete;
  RotationInPlace& operator=(const RotationInPlace&) = delete;

  RawView x;
  const RawView& out;
  RawTable table;
};

template <class X, class Tab>
ROPEWALK_INLINE RotationInPlace<X, Tab> rotation(const View<X>& x, const TableView<Tab>& table) {
  return {x, table};
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
