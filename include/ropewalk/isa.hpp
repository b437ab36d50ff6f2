// Instruction sets: listed, named, chosen at run time, forced by name.
#ifndef ROPEWALK_ISA_HPP
#define ROPEWALK_ISA_HPP

#include <cstdlib>
#include <string_view>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/list.hpp"

#if ROPEWALK_X86
#include <cpuid.h>  // for what clang 14's __builtin_cpu_supports does not know
#endif

ROPEWALK_BEGIN_TYPES

/// An instruction set that the fused form has rows for; all give the same bits. Listed from the
/// least to the most capable.
enum class Isa {
  automatic,   ///< the one that default_isa() says
  scalar,      ///< any compiler target
  neon,        ///< AArch64 baseline
  sse2,        ///< x86-64 baseline
  avx2,        ///< AVX2 and F16C
  avx512,      ///< AVX-512 F, BW, DQ, VL
  avx512bf16,  ///< avx512 and its conversions and dot product of bfloat16
  avx512fp16,  ///< avx512bf16 and arithmetic in half
};

ROPEWALK_END_TYPES

ROPEWALK_BEGIN_NAMESPACE

/// Every instruction set there is to choose.
inline constexpr Isa all_isas[] = {Isa::scalar, Isa::neon,       Isa::sse2,      Isa::avx2,
                                   Isa::avx512, Isa::avx512bf16, Isa::avx512fp16};

/// Its name, as ROPEWALK_ISA and isa_from_name take it.
inline const char* isa_name(Isa isa) {
  switch (isa) {
    case Isa::automatic:
      return "automatic";
    case Isa::scalar:
      return "scalar";
    case Isa::neon:
      return "neon";
    case Isa::sse2:
      return "sse2";
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
    case Isa::avx512bf16:
      return "avx512bf16";
    case Isa::avx512fp16:
      return "avx512fp16";
    default:
      return "unknown";
  }
}

ROPEWALK_END_NAMESPACE

ROPEWALK_BEGIN_NESTED(detail)

// The CPU is asked once: in a virtual machine each CPUID instruction costs microseconds.
#if ROPEWALK_X86
inline bool cpu_has_f16c() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}

inline bool cpu_has_avx512fp16() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d & (1u << 23)) != 0;
}

inline Isa best_isa() {
  if (!__builtin_cpu_supports("avx2") || !cpu_has_f16c()) return Isa::sse2;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl")) {
    return Isa::avx2;
  }
  if (!__builtin_cpu_supports("avx512bf16")) return Isa::avx512;
  return cpu_has_avx512fp16() ? Isa::avx512fp16 : Isa::avx512bf16;
}
#else
inline Isa best_isa() { return ROPEWALK_NEON ? Isa::neon : Isa::scalar; }
#endif

inline Isa most_capable_isa() {
  static const Isa isa = best_isa();
  return isa;
}

/// Whether this program has rows for `isa` and the CPU and the operating system can run them. Not
/// inlined: only errors and forced sets ask, in three places of each unit.
[[gnu::noinline]] inline bool isa_available(Isa isa) {
  const Isa best = most_capable_isa();
  if (isa == Isa::scalar || isa == best) return true;
  // On x86-64 each set holds those before it; AArch64 has one.
  return ROPEWALK_X86 && isa >= Isa::sse2 && isa < best;
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

/// The instruction sets that can be used here, the most capable last.
inline List<Isa> available_isas() {
  List<Isa> available;
  for (Isa isa : all_isas) {
    if (detail::isa_available(isa)) available.push_back(isa);
  }
  return available;
}

ROPEWALK_END_NAMESPACE

ROPEWALK_BEGIN_NESTED(detail)

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_isa(const char* function,
                                                            std::string_view name) {
  Text names;
  for (Isa isa : all_isas) {
    if (isa_available(isa)) names.add("%s%s", isa == Isa::scalar ? "" : ", ", isa_name(isa));
  }
  fail(function, "the instruction set is \"%.*s\", must be one of %s", shown(name), name.data(),
       names.c_str());
}

/// The same of a name that `source` gave.
inline Isa named_isa(const char* source, std::string_view name) {
  for (Isa isa : all_isas) {
    if (name == isa_name(isa) && isa_available(isa)) return isa;
  }
  fail_isa(source, name);
}

/// What default_isa() has found; until it has been asked, automatic.
inline Isa known_default = Isa::automatic;

/// Asks the environment, once; again where its answer was an error.
[[gnu::cold, gnu::noinline]] inline Isa ask_default_isa() {
  static Isa isa = [] {
    const char* name = std::getenv("ROPEWALK_ISA");
    return name != nullptr ? named_isa("ROPEWALK_ISA", name) : most_capable_isa();
  }();
  __atomic_store(&known_default, &isa, __ATOMIC_RELAXED);
  return isa;
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

/// The instruction set of that name.
///
/// Errors   std::invalid_argument: an unknown name, or one that cannot be used here
inline Isa isa_from_name(std::string_view name) { return detail::named_isa("isa_from_name", name); }

/// The instruction set used where none is forced: the one that the environment variable
/// ROPEWALK_ISA names, read once, otherwise the most capable.
///
/// Errors   std::invalid_argument: ROPEWALK_ISA names one that cannot be used here
inline Isa default_isa() {
  // By the compiler's own word: std::atomic would be code that units of other flags share. Whoever
  // still finds automatic asks again, and gets the same.
  Isa isa = Isa::automatic;
  __atomic_load(&detail::known_default, &isa, __ATOMIC_RELAXED);
  return isa != Isa::automatic ? isa : detail::ask_default_isa();
}

ROPEWALK_END_NAMESPACE

ROPEWALK_BEGIN_NESTED(detail)

/// Apart from the common case, which then is two loads in its caller.
[[gnu::noinline]] inline Isa checked_named_isa(const char* function, Isa isa) {
  if (!isa_available(isa)) fail_isa(function, isa_name(isa));
  return isa;
}

/// The instruction set that is asked for, or an error if it cannot be used here.
inline Isa checked_isa(const char* function, Isa isa) {
  return isa == Isa::automatic ? default_isa() : checked_named_isa(function, isa);
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_ISA_HPP
