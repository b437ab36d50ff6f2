// What a caller may tell: the arithmetic of every form, how the fused form runs on a CPU, and the
// device of a call that has no thread pool.
#ifndef ROPEWALK_OPTIONS_HPP
#define ROPEWALK_OPTIONS_HPP

#include <type_traits>

#include "ropewalk/base/config.hpp"
#include "ropewalk/base/pairing.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/isa.hpp"

ROPEWALK_BEGIN_TYPES

/// In which type the products and sums are rounded.
enum class Compute {
  promoted,  ///< the type that x and the table promote to, as PyTorch eager does
  wide,      ///< float (double stays double), rounded once: as flash-attention, with 16-bit tables
};

/// What is computed, by every form on every device.
struct Options {
  ROPEWALK_INLINE constexpr Options() = default;
  ROPEWALK_INLINE constexpr explicit Options(Pairing of, Compute by = Compute::promoted)
      : pairing(of), compute(by) {}

  Pairing pairing = Pairing::interleaved;
  Compute compute = Compute::promoted;
};

/// The same, known when a call is compiled: it compiles the kernels of one pairing, not of all.
template <Pairing Of, Compute By = Compute::promoted>
struct FixedOptions {
  static constexpr Pairing pairing = Of;
  static constexpr Compute compute = By;

  ROPEWALK_INLINE constexpr operator Options() const { return Options(Of, By); }
};

/// How the fused form writes out when it is apart from x.
enum class Stores {
  automatic,    ///< nontemporal where x and out exceed about half of the last-level cache; on a
                ///< Zen 4, of rows that its hardware follows, 1.5 times all of it, in 16 bits twice
  cached,       ///< always through the caches, for a consumer that reads out at once
  nontemporal,  ///< always past them, where rows of out begin and end at multiples of 16 bytes and
                ///< have at most 16 KiB; other rows are stored as by `cached`
};

/// Whether two tokens of a call may have one slot of a cache: see View::rows.
enum class Slots {
  differ,   ///< the caller promises that they do not
  checked,  ///< two that do are an error, for tests: takes as many steps as pairs of tokens
};

/// How the fused form runs on a CPU; the bits are the same whatever it says.
struct CpuOptions {
  ROPEWALK_INLINE constexpr CpuOptions() = default;
  ROPEWALK_INLINE constexpr CpuOptions(Stores how, Isa set = Isa::automatic)
      : stores(how), isa(set) {}

  Stores stores = Stores::automatic;
  Isa isa = Isa::automatic;  ///< the instruction set to use
  Slots slots = Slots::differ;
};

/// The type of `serial`: a call that takes one runs on the thread that makes it.
///
/// Other devices are not named here, since they are known by what they can do. One with
/// parallelFor(size, cost, work) and currentThreadId(), as Eigen::ThreadPoolDevice has them, splits
/// the work; with its numThreads() and parallelFor(size, cost, size of ranges, work) into ranges
/// that are worth a thread. Any other, Eigen::DefaultDevice too, is as good as this one.
struct Serial {};

ROPEWALK_END_TYPES

ROPEWALK_BEGIN_NAMESPACE

/// The type in which PyTorch computes with an X and a Y: the wider of them, float for half with
/// bfloat16.
template <class X, class Y>
using Promoted = typename detail::Promote<X, Y>::type;

/// No pool, and no header of Eigen's tensors either: rw::apply(rw::serial, out, x, table).
inline constexpr Serial serial{};

/// Options of one pairing each, as the argument of a call.
inline constexpr FixedOptions<Pairing::interleaved> interleaved_pairs{};
inline constexpr FixedOptions<Pairing::half> half_pairs{};
inline constexpr FixedOptions<Pairing::interleaved_to_half> interleaved_to_half_pairs{};

ROPEWALK_END_NAMESPACE

ROPEWALK_BEGIN_NESTED(detail)

/// What a call without options is told.
using DefaultOptions = FixedOptions<Pairing::interleaved>;

template <class T>
inline constexpr bool are_options = std::is_base_of_v<Options, T>;
template <Pairing Of, Compute By>
inline constexpr bool are_options<FixedOptions<Of, By>> = true;

/// Whether options that are known when a call is compiled move features.
template <class How>
inline constexpr bool is_known_to_move = false;
template <Pairing Of, Compute By>
inline constexpr bool is_known_to_move<FixedOptions<Of, By>> = moves_features(Of);

/// Options of a call whose out is x. One that moves features is refused before kernels are chosen,
/// so that those of such a pairing need not be compiled.
struct InPlaceOptions : Options {};

inline InPlaceOptions in_place(const Options& options) { return {options}; }

template <Pairing Of, Compute By>
constexpr FixedOptions<Of, By> in_place(FixedOptions<Of, By> options) {
  return options;
}

template <Compute By>
struct ComputeTag {
  static constexpr Compute value = By;
};

template <class X, class Tab, Compute By>
using ArithmeticOf =
    std::conditional_t<By == Compute::wide, Carrier<Promoted<X, Tab>>, Promoted<X, Tab>>;

// Each calls work(tag) with what the options say, and returns its result.

template <class Work>
auto with_pairing(const Options& options, const Work& work) {
  switch (options.pairing) {
    case Pairing::half:
      return work(PairingTag<Pairing::half>{});
    case Pairing::interleaved_to_half:
      return work(PairingTag<Pairing::interleaved_to_half>{});
    case Pairing::interleaved:
    default:
      return work(PairingTag<Pairing::interleaved>{});
  }
}

template <class Work>
auto with_pairing(const InPlaceOptions& options, const Work& work) {
  return options.pairing == Pairing::half ? work(PairingTag<Pairing::half>{})
                                          : work(PairingTag<Pairing::interleaved>{});
}

template <Pairing Of, Compute By, class Work>
auto with_pairing(FixedOptions<Of, By>, const Work& work) {
  return work(PairingTag<Of>{});
}

template <class Work>
auto with_compute(const Options& options, const Work& work) {
  return options.compute == Compute::wide ? work(ComputeTag<Compute::wide>{})
                                          : work(ComputeTag<Compute::promoted>{});
}

template <Pairing Of, Compute By, class Work>
auto with_compute(FixedOptions<Of, By>, const Work& work) {
  return work(ComputeTag<By>{});
}

/// Calls work(TypeTag<Arithmetic>{}, PairingTag<Of>{}).
template <class X, class Tab, class How, class Work>
auto with_options(const How& options, const Work& work) {
  return with_compute(options, [&](auto compute) {
    using Arithmetic = ArithmeticOf<X, Tab, decltype(compute)::value>;
    return with_pairing(options,
                        [&](auto pairing) { return work(TypeTag<Arithmetic>{}, pairing); });
  });
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_OPTIONS_HPP
