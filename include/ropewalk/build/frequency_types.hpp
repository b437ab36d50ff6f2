// Frequencies as data: terms, the scaling rules that make them, the rules of their terms.
#ifndef ROPEWALK_BUILD_FREQUENCY_TYPES_HPP
#define ROPEWALK_BUILD_FREQUENCY_TYPES_HPP

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/list.hpp"

ROPEWALK_BEGIN_TYPES

/// In which type the steps from theta to cos and sin are taken; all end rounded once to the
/// table's.
///
/// Only libm's pow, cos and sin may differ between machines, by an ulp of double: that shows in one
/// float of some 10^8. PyTorch's own float functions are vectorised and within an ulp of a float of
/// these: of its frequencies 1 in 100 differs from `f32`, of its cos and sin 3 in 100, by that ulp.
/// An ulp of a frequency is multiplied by the position: gpt-oss, two of whose frequencies differ,
/// is 6.6e-4 away at position 40,000, Phi-3 1.2e-4.
enum class AngleSteps {
  f64,         ///< frequencies, angles, cos and sin in double
  f32,         ///< as PyTorch in float: every step rounded to float
  f32_angles,  ///< frequencies and products in double, the angle rounded to float (Z-Image)
};

// Scaling rules, with the names of transformers' rope parameters --------------------------------

/// theta^(-2i / rotary_dim).
struct Unscaled {};

/// All frequencies divided by `factor` (position interpolation, arXiv:2306.15595).
struct Linear {
  ROPEWALK_INLINE constexpr explicit Linear(double of_factor = 1) : factor(of_factor) {}

  double factor;
};

/// theta * factor^(dim / (dim - 2)) instead of theta; also Cosmos' and F5's rescaling.
struct StaticNtk {
  ROPEWALK_INLINE constexpr explicit StaticNtk(double of_factor = 1) : factor(of_factor) {}

  double factor;
};

/// As StaticNtk, with a factor that follows the length where that exceeds `max_length`.
struct DynamicNtk {
  ROPEWALK_INLINE constexpr explicit DynamicNtk(double of_factor = 1, Index of_max_length = 0)
      : factor(of_factor), max_length(of_max_length) {}

  double factor;
  Index max_length;  ///< max_position_embeddings
};

/// YaRN (arXiv:2309.00071) as transformers 5 defines it; 0 stands for "not given", as there.
struct Yarn {
  ROPEWALK_INLINE constexpr explicit Yarn(double of_factor = 0, Index of_original_length = 0,
                                          bool truncates = true, double fast = 0, double slow = 0)
      : factor(of_factor),
        original_length(of_original_length),
        truncate(truncates),
        beta_fast(fast),
        beta_slow(slow) {}

  double factor;          ///< not given: max_length / original_length
  Index original_length;  ///< original_max_position_embeddings
  bool truncate;          ///< the ramp from kept to divided frequencies has whole pairs as its ends
  double beta_fast;       ///< not given: 32
  double beta_slow;       ///< not given: 1
  double mscale = 0;      ///< counts together with mscale_all_dim alone
  double mscale_all_dim = 0;    ///< the attention factor is then a quotient: DeepSeek-V3
  double attention_factor = 0;  ///< not given: follows from the factor and the mscales
  Index max_length = 0;         ///< max_position_embeddings

  /// The same rule with one thing changed.
  ROPEWALK_INLINE constexpr Yarn with_mscales(double of, double of_all_dim) const {
    Yarn rule = *this;
    rule.mscale = of;
    rule.mscale_all_dim = of_all_dim;
    return rule;
  }
  ROPEWALK_INLINE constexpr Yarn without_truncation() const {
    Yarn rule = *this;
    rule.truncate = false;
    return rule;
  }
};

/// Llama 3.1: frequencies divided by `factor` where they turn less than `low_frequency_factor`
/// times in `original_length` tokens, kept where more than `high_frequency_factor` times, else
/// mixed.
struct Llama3 {
  ROPEWALK_INLINE constexpr explicit Llama3(double by = 8, double low = 1, double high = 4,
                                            Index of_original_length = 8192)
      : factor(by),
        low_frequency_factor(low),
        high_frequency_factor(high),
        original_length(of_original_length) {}

  double factor;
  double low_frequency_factor;
  double high_frequency_factor;
  Index original_length;
};

/// Gemma 4: of the pairs of the full head the first `partial_rotary_factor` turns, at frequencies
/// divided by `factor`; the others do not.
struct Proportional {
  ROPEWALK_INLINE constexpr explicit Proportional(double of_partial_rotary_factor = 1,
                                                  double of_factor = 1)
      : partial_rotary_factor(of_partial_rotary_factor), factor(of_factor) {}

  double partial_rotary_factor;
  double factor;
};

namespace detail {

/// A scaling rule that needs no lists: the member that `rule` names.
struct PlainScaling {
  enum class Rule {
    unscaled,
    linear,
    static_ntk,
    dynamic_ntk,
    yarn,
    llama3,
    proportional,
    longrope
  };

  ROPEWALK_INLINE constexpr PlainScaling() = default;
  ROPEWALK_INLINE constexpr PlainScaling(const Unscaled&) {}
  ROPEWALK_INLINE constexpr PlainScaling(const Linear& of) : rule(Rule::linear), linear(of) {}
  ROPEWALK_INLINE constexpr PlainScaling(const StaticNtk& of)
      : rule(Rule::static_ntk), static_ntk(of) {}
  ROPEWALK_INLINE constexpr PlainScaling(const DynamicNtk& of)
      : rule(Rule::dynamic_ntk), dynamic_ntk(of) {}
  ROPEWALK_INLINE constexpr PlainScaling(const Yarn& of) : rule(Rule::yarn), yarn(of) {}
  ROPEWALK_INLINE constexpr PlainScaling(const Llama3& of) : rule(Rule::llama3), llama3(of) {}
  ROPEWALK_INLINE constexpr PlainScaling(const Proportional& of)
      : rule(Rule::proportional), proportional(of) {}

  Rule rule = Rule::unscaled;
  // Braces, or unoptimised code would call constructors that units share.
  Linear linear{};
  StaticNtk static_ntk{};
  DynamicNtk dynamic_ntk{};
  Yarn yarn{};
  Llama3 llama3{};
  Proportional proportional{};
};

}  // namespace detail

/// Which axis turns a pair, and by which of the frequencies in its list.
enum class TermRule {
  axis_after_axis,  ///< all pairs of the first axis, then all of the next: video and image models
  alternating,      ///< a pair of each axis in turn: frequency-major, Lumina-Next, LTX
  contiguous_sections,   ///< M-RoPE: one list, pair i keeps frequency i; axis after axis: Qwen2-VL
  interleaved_sections,  ///< the same, axes in turn, axis 0 keeping what the others leave: Qwen3-VL
  alternating_sections,  ///< the same, sections h, w, t: axes 1 and 2 in turn, then axis 0:
                         ///< Ernie-VL
};

ROPEWALK_END_TYPES

ROPEWALK_BEGIN_NAMESPACE

// What holds lists belongs to the unit that uses it -----------------------------------------------

/// What one axis adds to the angle of one pair: position[axis] * frequency.
struct Term {
  Index pair;  ///< of all heads: head * pairs + pair
  Index axis;
  double frequency;  ///< in radians per position
};

/// Whether pair, axis and frequency are equal.
constexpr bool operator==(const Term& a, const Term& b) {
  return a.pair == b.pair && a.axis == b.axis && !(a.frequency < b.frequency) &&
         !(b.frequency < a.frequency);
}

/// How fast every pair turns along every axis, and what cos and sin are multiplied by:
/// angle[s, pair] = sum over the terms of pair: position[s, axis] * frequency.
///
/// Shapes   pairs of each head; heads is 1 where all heads turn alike. In nearly every model a pair
///          has one term; one with none does not turn. Several are added in their order (Mochi)
struct Frequencies {
  Index axes = 1;  ///< of the positions
  Index heads = 1;
  Index pairs = 0;
  List<Term> terms;
  double attention_factor = 1;  ///< what cos and sin are multiplied by
};

/// LongRoPE (arXiv:2402.13753, Phi-3): lengths beyond `original_length` take the long factors,
/// others the `short_factors`.
struct LongRope {
  List<double> short_factors, long_factors;  ///< one a pair
  double factor = 0;                         ///< not given: max_length / original_length
  Index original_length = 0;
  double attention_factor = 0;  ///< not given: follows from the factor and original_length
  Index max_length = 0;         ///< max_position_embeddings
};

/// Any of the scaling rules.
struct Scaling : detail::PlainScaling {
  using PlainScaling::PlainScaling;
  Scaling(const PlainScaling& of) : PlainScaling(of) {}
  /// The one rule that holds lists.
  Scaling(const LongRope& of) : longrope(of) { rule = Rule::longrope; }

  LongRope longrope;
};

/// What frequencies may be told.
struct FrequencyOptions {
  Index length = 0;  ///< tokens in the longest sequence: DynamicNtk and LongRope depend on it
  AngleSteps steps = AngleSteps::f64;
};

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_BUILD_FREQUENCY_TYPES_HPP
