// Frequencies: radians per position of every pair; theta and the scaling rules that models use.
#ifndef ROPEWALK_FREQUENCIES_HPP
#define ROPEWALK_FREQUENCIES_HPP

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/list.hpp"
#include "ropewalk/build/frequency_types.hpp"  // for Frequencies, AngleSteps and the scaling rules

ROPEWALK_BEGIN_NAMESPACE

/// The frequencies of one axis: theta^(-2i / rotary_dim), changed by a scaling rule.
///
/// Shapes   rotary_dim / 2 pairs
/// Errors   std::invalid_argument: rotary_dim odd or negative; theta or a factor that is not finite
///          and more than 0, or beyond the type of the steps, as a frequency; lists of LongRope
///          that do not have one factor a pair
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

/// The frequencies of all axes from the lists of each, dealt to the pairs by a rule.
///
/// Shapes   lists of one axis and head, one an axis or a single one that all axes share; counts:
///          the pairs of each axis (of sections: as models' configurations have them), none: as
///          many as each list has. A rule that is not here: fill Frequencies::terms
/// Errors   std::invalid_argument: a list with fewer or more pairs than are used (sections that do
///          not sum to the pairs); attention factors that differ; counts that the rule cannot deal
Frequencies arrange(const List<Frequencies>& lists, TermRule rule, const List<Index>& counts);

/// The same with as many pairs of each axis as its list has.
Frequencies arrange(const List<Frequencies>& lists, TermRule rule);

ROPEWALK_END_NAMESPACE

#include "ropewalk/build/frequencies.hpp"  // for the definitions

#endif  // ROPEWALK_FREQUENCIES_HPP
