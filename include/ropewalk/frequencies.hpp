// Frequencies: radians per position of every lane; theta and the scaling rules that models use.
#ifndef ROPEWALK_FREQUENCIES_HPP
#define ROPEWALK_FREQUENCIES_HPP

#include <cstddef>
#include <initializer_list>
#include <utility>
#include <variant>

#include "ropewalk/check.hpp"
#include "ropewalk/config.hpp"
#include "ropewalk/list.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// In which type the steps from theta to cos and sin are taken; all end rounded once to the
/// table's.
///
/// Only libm's pow, cos and sin may differ between machines, by an ulp of double: that shows in one
/// float of some 10^8. PyTorch's own float functions are vectorised and within an ulp of a float of
/// these: of its frequencies 1 in 100 differs from `f32`, of its cos and sin 3 in 100, by that ulp.
enum class AngleSteps {
  f64,         ///< frequencies, angles, cos and sin in double
  f32,         ///< as PyTorch in float: every step rounded to float
  f32_angles,  ///< frequencies and products in double, the angle rounded to float (Z-Image)
};

/// Radians per position on every axis for every lane, and what cos and sin are multiplied by:
/// angle[s, lane] = sum over axes of position[s, axis] * frequency[axis, lane].
///
/// Shapes   values [axes, heads, pairs]; heads is 1 where all heads turn alike. In nearly every
///          model a lane has one axis (the other frequencies are 0); a lane of zeros is identity
struct Frequencies {
  Index axes = 1;
  Index heads = 1;
  Index pairs = 0;
  List<double> values;
  double attention_factor = 1;

  double at(Index axis, Index head, Index pair) const {
    return values[static_cast<std::size_t>((axis * heads + head) * pairs + pair)];
  }
};

// Scaling rules, with the names of transformers' rope parameters --------------------------------

/// theta^(-2i / rotary_dim).
struct Unscaled {};

/// All frequencies divided by `factor` (position interpolation, arXiv:2306.15595).
struct Linear {
  double factor = 1;
};

/// theta * factor^(dim / (dim - 2)) instead of theta; also Cosmos' and F5's rescaling.
struct StaticNtk {
  double factor = 1;
};

/// As StaticNtk, with a factor that follows the length where that exceeds `max_length`.
struct DynamicNtk {
  double factor = 1;
  Index max_length = 0;  ///< max_position_embeddings
};

/// YaRN (arXiv:2309.00071) as transformers 5 defines it; 0 stands for "not given", as there.
struct Yarn {
  double factor = 0;          ///< not given: max_length / original_length
  Index original_length = 0;  ///< original_max_position_embeddings
  bool truncate = true;
  double beta_fast = 0;  ///< not given: 32
  double beta_slow = 0;  ///< not given: 1
  double mscale = 0;
  double mscale_all_dim = 0;
  double attention_factor = 0;  ///< not given: follows from the factor and the mscales
  Index max_length = 0;
};

/// LongRoPE (arXiv:2402.13753, Phi-3): the long factors serve lengths beyond `original_length`.
struct LongRope {
  List<double> short_factors, long_factors;  ///< one a pair
  double factor = 0;                         ///< not given: max_length / original_length
  Index original_length = 0;
  double attention_factor = 0;  ///< not given: follows from the factor and original_length
  Index max_length = 0;
};

/// Llama 3.1: slow frequencies divided, fast ones kept, those between mixed.
struct Llama3 {
  double factor = 8;
  double low_frequency_factor = 1;
  double high_frequency_factor = 4;
  Index original_length = 8192;
};

/// Gemma 4: the first part of the pairs turns, the others are identity lanes of the full head.
struct Proportional {
  double partial_rotary_factor = 1;
  double factor = 1;
};

using Scaling =
    std::variant<Unscaled, Linear, StaticNtk, DynamicNtk, Yarn, LongRope, Llama3, Proportional>;

struct FrequencyOptions {
  Index length = 0;  ///< tokens in the longest sequence: DynamicNtk and LongRope depend on it
  AngleSteps steps = AngleSteps::f64;
};

/// The frequencies of one axis: theta^(-2i / rotary_dim), changed by a scaling rule.
///
/// Shapes   rotary_dim / 2 pairs
/// Errors   std::invalid_argument: rotary_dim odd or negative; theta or a factor that is not finite
///          and more than 0, or beyond the type of the steps; lists of LongRope that do not have
///          one factor a pair
/// Source   transformers 5 modeling_rope_utils.py; the float steps are its steps, with libm's pow
Frequencies frequencies(Index rotary_dim, double theta, const Scaling& scaling = Unscaled{},
                        const FrequencyOptions& options = {});

/// A list of the caller's own: learned, from a checkpoint, or of a rule that is not here.
inline Frequencies own_frequencies(List<double> values, double attention_factor = 1) {
  const auto pairs = static_cast<Index>(values.size());
  return {1, 1, pairs, std::move(values), attention_factor};
}

/// LTX's increasing frequencies: theta^(j / (count - 1)) * pi / 2, from pi / 2 to theta * pi / 2.
///
/// Errors   std::invalid_argument: count negative, theta not finite and more than 0
Frequencies increasing_frequencies(Index count, double theta, AngleSteps steps = AngleSteps::f64);

// Lane orders: which axis turns a lane, by which of its frequencies -----------------------------

/// Where a lane (a pair of features) finds its axis and its frequency in that axis' list.
struct Lane {
  Index axis;
  Index frequency;
};

inline bool operator==(const Lane& a, const Lane& b) {
  return a.axis == b.axis && a.frequency == b.frequency;
}

/// The lanes of a table in their order, and how many axes they speak of.
struct LaneOrder {
  Index axes;
  List<Lane> lanes;
};

/// All lanes of the first axis, then all of the next; counts in pairs (nearly every video model).
LaneOrder axis_after_axis(const List<Index>& counts);

/// One lane of every axis, `count` times: frequency-major (LTX), alternating (Lumina-Next).
LaneOrder alternating(Index axes, Index count);

// M-RoPE: the axes share one list, lane i keeps frequency i, and sections say whose lane it is.

/// Axis after axis (Qwen2-VL's 16 t, 24 h, 24 w; HunYuan-VL has four).
LaneOrder contiguous_sections(const List<Index>& sections);

/// In turn, axis 0 keeping what the others leave (Qwen3-VL's 24, 20, 20; HunyuanImage-3's y, x).
LaneOrder interleaved_sections(const List<Index>& sections);

/// Axes 1 and 2 in turn, then axis 0: sections h, w, t (Ernie-4.5-VL's 22, 22, 20; Ming).
LaneOrder alternating_sections(const List<Index>& sections_hwt);

/// The frequencies of all axes from the lists of each, in a lane order.
///
/// Shapes   lists [1, 1, pairs of the axis], one an axis or a single one that all axes share
/// Errors   std::invalid_argument: a list with fewer or more pairs than its lanes use (sections
///          that do not sum to the pairs); attention factors that differ
Frequencies arrange(const List<Frequencies>& lists, const LaneOrder& order);

/// The same with `count` identity lanes (cos 1, sin 0) in front: LTX fills up its width so.
Frequencies with_identity_lanes(Index count, const Frequencies& frequencies);

/// The same lanes dealt out to heads: [axes, 1, heads * pairs] becomes [axes, heads, pairs].
Frequencies split_heads(Index heads, Frequencies frequencies);

/// Rotary features along each axis, the outermost first: Axes{44, 42, 42} has 22 + 21 + 21 pairs.
struct Axes {
  List<Index> dims;
  Axes(std::initializer_list<Index> list) : dims(list) {}
  explicit Axes(List<Index> list) : dims(std::move(list)) {}
};

/// Axis after axis, each with theta^(-2i / dim) of its own width.
Frequencies axial_frequencies(const Axes& axes, double theta, AngleSteps steps = AngleSteps::f64);

ROPEWALK_END_NAMESPACE

#include "ropewalk/detail/lanes.hpp"    // for the definitions of the lane orders
#include "ropewalk/detail/scaling.hpp"  // for the definitions of the scaling rules

#endif  // ROPEWALK_FREQUENCIES_HPP
