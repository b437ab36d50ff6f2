// The choice of the kernels that a call needs, from the headers or from the compiled library.
#ifndef ROPEWALK_CPU_DISPATCH_HPP
#define ROPEWALK_CPU_DISPATCH_HPP

#include <type_traits>

#include "ropewalk/base/config.hpp"
#include "ropewalk/base/pairing.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/cpu/job.hpp"
#include "ropewalk/isa.hpp"
#include "ropewalk/options.hpp"

#if defined(ROPEWALK_COMPILED)
#include "ropewalk/cpu/compiled.hpp"
#else
#include "ropewalk/cpu/kernels.hpp"
#include "ropewalk/cpu/run.hpp"
#include "ropewalk/cpu/token.hpp"
#endif

ROPEWALK_BEGIN_NESTED(detail)

/// What a call's types and options ask for.
template <class Out, class X, class Tab, class How>
Kernels select_kernels(Isa isa, const How& options) {
  return with_options<X, Tab>(options, [isa](auto arithmetic, auto pairing) -> Kernels {
    using Arithmetic = typename decltype(arithmetic)::type;
    using C = Carrier<Arithmetic>;
    constexpr Pairing of = decltype(pairing)::value;
    constexpr Index at_once = sizeof(X) == 8 ? pairs_at_once / 2 : pairs_at_once;
    return {row_kernel<Arithmetic, of, Out, X>(isa), entries_kernel<C, Tab>(isa),
            std::is_same_v<C, Tab>, isa >= Isa::avx512 ? at_once : 0};
  });
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CPU_DISPATCH_HPP
