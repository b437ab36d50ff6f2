// The finishes of norms and the pairings behind them, by turns. Knows nothing of GoogleTest.
#ifndef ROPEWALK_TESTS_SUPPORT_NORM_TURNS_HPP
#define ROPEWALK_TESTS_SUPPORT_NORM_TURNS_HPP

#include <type_traits>

#include "ropewalk/norm.hpp"
#include "ropewalk/options.hpp"

namespace ropewalk_test {

inline constexpr ropewalk::NormFinish finishes[] = {ropewalk::NormFinish::one_rounding,
                                                    ropewalk::NormFinish::round_then_weight,
                                                    ropewalk::NormFinish::one_plus_weight};
inline constexpr ropewalk::Pairing pairings[] = {ropewalk::Pairing::interleaved,
                                                 ropewalk::Pairing::half,
                                                 ropewalk::Pairing::interleaved_to_half};

/// The finishes by turns; where one is refused for its weight's type or for want of a weight,
/// one_rounding.
template <class X, class W>
ropewalk::NormFinish finish_of(ropewalk::Index turn, bool weighted = true) {
  using ropewalk::NormFinish;
  const NormFinish finish = finishes[turn % 3];
  const bool is_refused = weighted
                              ? finish == NormFinish::round_then_weight && !std::is_same_v<X, W>
                              : finish == NormFinish::one_plus_weight;
  return is_refused ? NormFinish::one_rounding : finish;
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_SUPPORT_NORM_TURNS_HPP
