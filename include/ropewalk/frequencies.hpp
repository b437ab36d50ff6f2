// Frequencies: radians per position of every lane; theta and the scaling rules that models use.
#ifndef ROPEWALK_FREQUENCIES_HPP
#define ROPEWALK_FREQUENCIES_HPP

#include <utility>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/build/frequency_types.hpp"  // for Frequencies, AngleSteps and the scaling rules
#include "ropewalk/list.hpp"

ROPEWALK_BEGIN_NAMESPACE

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

/// Axis after axis, each with theta^(-2i / dim) of its own width.
Frequencies axial_frequencies(const Axes& axes, double theta, AngleSteps steps = AngleSteps::f64);

ROPEWALK_END_NAMESPACE

#include "ropewalk/build/lane_orders.hpp"    // for the definitions of the lane orders
#include "ropewalk/build/scaling.hpp"  // for the definitions of the scaling rules

#endif  // ROPEWALK_FREQUENCIES_HPP
