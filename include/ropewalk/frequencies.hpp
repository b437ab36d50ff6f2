// Frequencies: radians per position of every pair; theta and the scaling rules that models use.
#ifndef ROPEWALK_FREQUENCIES_HPP
#define ROPEWALK_FREQUENCIES_HPP

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

/// A list of the caller's own, one frequency a pair: learned, from a checkpoint, or of a rule that
/// is not here.
Frequencies own_frequencies(const List<double>& values, double attention_factor = 1);

/// The same of several axes, each of which turns every pair of every head: learned ones (Mochi).
///
/// Shapes   values [axes, heads, pairs]
/// Errors   std::invalid_argument: a negative size; more or fewer values than the sizes say
Frequencies own_frequencies(Index axes, Index heads, Index pairs, const List<double>& values,
                            double attention_factor = 1);

/// LTX's increasing frequencies: theta^(j / (count - 1)) * pi / 2, from pi / 2 to theta * pi / 2.
///
/// Errors   std::invalid_argument: count negative, theta not finite and more than 0
Frequencies increasing_frequencies(Index count, double theta, AngleSteps steps = AngleSteps::f64);

// Orders: which axis turns a pair, by which of its frequencies -----------------------------------

/// All pairs of the first axis, then all of the next; counts in pairs (nearly every video model).
TermOrder axis_after_axis(const List<Index>& counts);

/// One pair of every axis, `count` times: frequency-major (LTX), alternating (Lumina-Next).
TermOrder alternating(Index axes, Index count);

// M-RoPE: the axes share one list, pair i keeps frequency i, and sections say whose pair it is.

/// Axis after axis (Qwen2-VL's 16 t, 24 h, 24 w; HunYuan-VL has four).
TermOrder contiguous_sections(const List<Index>& sections);

/// In turn, axis 0 keeping what the others leave (Qwen3-VL's 24, 20, 20; HunyuanImage-3's y, x).
TermOrder interleaved_sections(const List<Index>& sections);

/// Axes 1 and 2 in turn, then axis 0: sections h, w, t (Ernie-4.5-VL's 22, 22, 20; Ming).
TermOrder alternating_sections(const List<Index>& sections_hwt);

/// The frequencies of all axes from the lists of each, in an order.
///
/// Shapes   lists of one axis and head, one an axis or a single one that all axes share
/// Errors   std::invalid_argument: a list with fewer or more pairs than its sources use (sections
///          that do not sum to the pairs); attention factors that differ
Frequencies arrange(const List<Frequencies>& lists, const TermOrder& order);

/// The same with `count` identity pairs (cos 1, sin 0) in front: LTX fills up its width so.
Frequencies with_identity_pairs(Index count, Frequencies frequencies);

/// The same pairs dealt out to heads: heads * pairs of one become pairs of each.
Frequencies split_heads(Index heads, Frequencies frequencies);

/// Axis after axis, each with theta^(-2i / dim) of its own width.
Frequencies axial_frequencies(const Axes& axes, double theta, AngleSteps steps = AngleSteps::f64);

ROPEWALK_END_NAMESPACE

#include "ropewalk/build/frequencies.hpp"  // for the definitions

#endif  // ROPEWALK_FREQUENCIES_HPP
