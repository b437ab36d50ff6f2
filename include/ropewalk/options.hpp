// What a caller may tell the forms.
#ifndef ROPEWALK_OPTIONS_HPP
#define ROPEWALK_OPTIONS_HPP

#include <optional>

#include "ropewalk/base/config.hpp"
#include "ropewalk/base/pairing.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/dtype.hpp"
#include "ropewalk/isa.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// In which type the products and sums are rounded.
enum class Compute {
  promoted,  ///< the type that x and the table promote to, as PyTorch eager does
  wide,      ///< float (double stays double), rounded once: as flash-attention, with 16-bit tables
};

/// How the fused form writes out when it is apart from x.
enum class Stores {
  automatic,  ///< streaming where x and out exceed about half of the last-level cache
  cached,     ///< always through the caches, for a consumer that reads out at once
  streaming,  ///< always past them, where the rows of out are aligned
};

struct Options {
  Pairing pairing = Pairing::interleaved;
  Compute compute = Compute::promoted;
  /// Fused form only; the other forms have no choice here and below.
  Stores stores = Stores::automatic;
  /// The instruction set to use; none: see default_isa.
  std::optional<Isa> isa = std::nullopt;
  /// CUDA only: asks the driver whether data is memory that it knows, which takes time.
  bool check_pointers = false;
};

namespace detail {

/// Calls work(TypeTag<P>{}, PairingTag<Of>{}) with what the options say, P being the type of the
/// arithmetic, and returns its result.
template <class X, class Tab, class Work>
auto with_options(const Options& options, const Work& work) {
  const auto with_pairing = [&](auto arithmetic) {
    switch (options.pairing) {
      case Pairing::half:
        return work(arithmetic, PairingTag<Pairing::half>{});
      case Pairing::interleaved_to_half:
        return work(arithmetic, PairingTag<Pairing::interleaved_to_half>{});
      case Pairing::interleaved:
      default:
        return work(arithmetic, PairingTag<Pairing::interleaved>{});
    }
  };
  return options.compute == Compute::wide ? with_pairing(TypeTag<Carrier<Promoted<X, Tab>>>{})
                                          : with_pairing(TypeTag<Promoted<X, Tab>>{});
}

}  // namespace detail

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_OPTIONS_HPP
