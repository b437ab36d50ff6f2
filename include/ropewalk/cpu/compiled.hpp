// What ropewalk::compiled holds; under ROPEWALK_COMPILED the headers call it instead of kernels of
// their own.
#ifndef ROPEWALK_CPU_COMPILED_HPP
#define ROPEWALK_CPU_COMPILED_HPP

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/pairing.hpp"
#include "ropewalk/cpu/job.hpp"
#include "ropewalk/isa.hpp"
#include "ropewalk/options.hpp"

// Named after the version, so that units of any flags link with it, and none of another version.

ROPEWALK_BEGIN_TYPES
namespace detail {
namespace compiled {

/// The kernels of every mix: x of the four types, out like x or like what x and a table of any type
/// promote to.
template <class Arithmetic, Pairing Of, class Out, class X>
struct Rows {
  static RowKernel kernel(Isa isa);
};

/// What widens tables of any type for them.
template <class C, class Tab>
struct Entries {
  static WidenEntries kernel(Isa isa);
};

bool rows_of_token(RowBatch& rows, const RawView& out, const RawView& x, const RawTable& table,
                   const Kernels& kernels);

void settle(Job& job, const Kernels& kernels, Stores stores, Normed normed = Normed::no);

void run(const Job* jobs, const Job* end, Index first_token, Index last_token);

}  // namespace compiled
}  // namespace detail
ROPEWALK_END_TYPES

#if defined(ROPEWALK_COMPILED)
ROPEWALK_BEGIN_NESTED(detail)

template <class Arithmetic, Pairing Of, class Out, class X>
RowKernel row_kernel(Isa isa) {
  return compiled::Rows<Arithmetic, Of, Out, X>::kernel(isa);
}

template <class C, class Tab>
WidenEntries entries_kernel(Isa isa) {
  return compiled::Entries<C, Tab>::kernel(isa);
}

using compiled::rows_of_token;
using compiled::run;
using compiled::settle;

ROPEWALK_END_NESTED
#endif

#endif  // ROPEWALK_CPU_COMPILED_HPP
