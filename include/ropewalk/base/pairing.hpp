// Which features of a row make a pair: the one place that says it.
#ifndef ROPEWALK_BASE_PAIRING_HPP
#define ROPEWALK_BASE_PAIRING_HPP

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"

ROPEWALK_BEGIN_TYPES

/// Which features make pair i.
enum class Pairing {
  interleaved,          ///< 2i and 2i + 1: GPT-J, Meta's Llama, Helios, Wan, Flux
  half,                 ///< i and i + pairs: GPT-NeoX "rotate_half", Hugging Face's Llama
  interleaved_to_half,  ///< read at 2i and 2i + 1, written to i and i + pairs: DeepSeek-V3
};

ROPEWALK_END_TYPES

ROPEWALK_BEGIN_NESTED(detail)

template <Pairing Of>
struct PairingTag {
  static constexpr Pairing value = Of;
};

/// The pairing in which x is read, and the one in which out is written: interleaved or half.
ROPEWALK_ON_EVERY_DEVICE constexpr Pairing read_pairing(Pairing of) {
  return of == Pairing::half ? Pairing::half : Pairing::interleaved;
}
ROPEWALK_ON_EVERY_DEVICE constexpr Pairing written_pairing(Pairing of) {
  return of == Pairing::interleaved ? Pairing::interleaved : Pairing::half;
}

/// Whether features are written to where others are read: then a row cannot turn in place.
constexpr bool moves_features(Pairing of) { return read_pairing(of) != written_pairing(of); }

// Pair i of a row of `pairs`, read or written `as` interleaved or half: its two features, and how
// far it is to the next pair's.

ROPEWALK_ON_EVERY_DEVICE constexpr Index first_feature(Pairing as, Index i) {
  return as == Pairing::half ? i : 2 * i;
}
ROPEWALK_ON_EVERY_DEVICE constexpr Index second_feature(Pairing as, Index i, Index pairs) {
  return as == Pairing::half ? pairs + i : 2 * i + 1;
}
constexpr int feature_step(Pairing as) { return as == Pairing::half ? 1 : 2; }

ROPEWALK_END_NESTED

#endif  // ROPEWALK_BASE_PAIRING_HPP
