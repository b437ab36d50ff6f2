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

/// One tensor to rotate, as the caller gave it.
template <class Out, class X, class Tab>
struct Rotation {
  View<Out> out;
  View<const X> x;
  TableView<Tab> table;
};

template <class Out, class X, class Tab>
Rotation<Out, std::remove_const_t<X>, Tab> rotation(const View<Out>& out, const View<X>& x,
                                                    const TableView<Tab>& table) {
  return {out, read_only(x), table};
}

/// Whether the fused form may turn x in its own place.
constexpr InPlace in_place_by(Pairing pairing) {
  return moves_features(pairing) ? InPlace::features_move : InPlace::allowed;
}

/// Checks one tensor and settles how it is done: its types are the kernels' from here on.
template <class Out, class X, class Tab, class How>
void prepare(Job& job, const Names& names, const RawArguments& of, const Rotation<Out, X, Tab>&,
             const How& options, const CpuOptions& cpu) {
  const Isa isa = checked_isa(names.function, cpu.isa);
  job.of = &of;
  if (check_arguments(names, of.out, of.x, of.table, in_place_by(options.pairing))) {
    settle(job, select_kernels<Out, X, Tab>(isa, options), cpu.stores);
  } else {
    job.kernel = nullptr;
  }
}

/// Rotates one tensor or several: all are checked before the first is written, also after one with
/// nothing to do.
template <class Device, class How, class... Rotations>
void fused(const Names& names, const Device& device, const How& options, const CpuOptions& cpu,
           const Rotations&... rotations) {
  const RawArguments arguments[] = {{rotations.out, rotations.x, rotations.table}...};
  const RawArguments* of = arguments;
  Job jobs[sizeof...(Rotations)];
  Job* end = jobs;
  Names named = names;
  ((prepare(*end++, named, *of++, rotations, options, cpu), named.next()), ...);
  check_all_apart(names, rotations...);
  const Work work = work_of(jobs, end);
  if (work.tokens == 0) return;
  for_token_ranges(device, work.tokens, work.bytes_read, work.bytes_written,
                   [&](Index begin, Index stop) { run(jobs, end, begin, stop); });
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CPU_FUSED_HPP
