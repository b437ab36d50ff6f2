// Sums of a row in the order of PyTorch's CPU kernels, and what a norm makes of them.
#ifndef ROPEWALK_NORM_TORCH_SUM_HPP
#define ROPEWALK_NORM_TORCH_SUM_HPP

#include <cstddef>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/exact.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/build/steps.hpp"
#include "ropewalk/cpu/row_batch.hpp"  // for moved

ROPEWALK_BEGIN_NESTED(detail)

/// A sum that stays where it is in a chain of them: compilers that may reassociate can't see
/// through the fence.
ROPEWALK_INLINE float fenced_sum(const Fence& fence, float a, float b) {
  ROPEWALK_EXACT_SCOPE
  return fence(a + b);
}

/// Adds up neighbours as PyTorch 2.11 does on a CPU of any instruction set: vectors of `Lanes`
/// terms, by turns into four accumulators, whose sums are moved up one level after every 16
/// groups of four vectors, those of that level after every 256, and so on.
///
/// Source   ATen/native/cpu/SumKernel.cpp, the inner sum of contiguous rows
template <int Lanes>
class CascadeSum {
 public:
  /// Adds one term a lane to an accumulator.
  template <class Term>
  void add(const Term& term, Index first, int accumulator) {
    for (int lane = 0; lane < Lanes; ++lane) {
      float& sum = sums_[0][accumulator][lane];
      sum = fenced_sum(fence_, sum, term(first + lane));
    }
  }

  /// After a group of one vector an accumulator.
  void end_group() {
    ++groups_;
    Index each = carry;
    for (int level = 0; level + 1 < levels && groups_ % each == 0; ++level, each *= carry) {
      raise(level);
    }
  }

  /// Into the first level.
  void gather_levels() {
    for (int level = 1; level < levels; ++level) {
      for (int a = 0; a < accumulators; ++a) add_lanes(sums_[0][a], sums_[level][a]);
    }
  }

  /// The sums of the lanes, those of all accumulators added up.
  const float* gather_accumulators() {
    for (int a = 1; a < accumulators; ++a) add_lanes(sums_[0][0], sums_[0][a]);
    return sums_[0][0];
  }

  static constexpr int accumulators = 4;

 private:
  static constexpr int levels = 4;
  static constexpr Index carry = 16;

  void add_lanes(float* to, const float* from) {
    for (int lane = 0; lane < Lanes; ++lane) to[lane] = fenced_sum(fence_, to[lane], from[lane]);
  }

  void raise(int level) {
    for (int a = 0; a < accumulators; ++a) {
      add_lanes(sums_[level + 1][a], sums_[level][a]);
      for (int lane = 0; lane < Lanes; ++lane) sums_[level][a][lane] = 0;
    }
  }

  Fence fence_;
  float sums_[levels][accumulators][std::size_t{Lanes}] = {};
  Index groups_ = 0;
};

/// term(0) + ... + term(size - 1) in that order.
template <int Lanes, class Term>
float torch_sum_of(Index size, const Term& term) {
  constexpr int accumulators = CascadeSum<Lanes>::accumulators;
  const Index vectors = size / Lanes, grouped = vectors - vectors % accumulators;
  CascadeSum<Lanes> sums;
  for (Index v = 0; v < grouped; ++v) {
    const int accumulator = static_cast<int>(v % accumulators);
    sums.add(term, v * Lanes, accumulator);
    if (accumulator + 1 == accumulators) sums.end_group();
  }
  sums.gather_levels();
  for (Index v = grouped; v < vectors; ++v) sums.add(term, v * Lanes, 0);
  const float* lanes = sums.gather_accumulators();
  if constexpr (Lanes == 1) return lanes[0];
  const Fence fence;
  float total = 0;
  for (Index i = vectors * Lanes; i < size; ++i) total = fenced_sum(fence, total, term(i));
  for (int lane = 0; lane < Lanes; ++lane) total = fenced_sum(fence, total, lanes[lane]);
  return total;
}

template <class Term>
float torch_sum(Index size, const Term& term) {
  constexpr int lanes = 8;
  return size < lanes ? torch_sum_of<1>(size, term) : torch_sum_of<lanes>(size, term);
}

/// The sum of the squares of `rows` rows of `features`, `stride` bytes apart, taken as one.
template <class X>
float torch_sum_of_squares(const X* x, Index rows, Index stride, Index features) {
  const Fence fence;
  return torch_sum(rows * features, [&](Index i) {
    ROPEWALK_EXACT_SCOPE
    const float value = widen(moved(x, i / features * stride)[i % features]);
    return fence(value * value);
  });
}

/// 1 / sqrt(mean + eps), each step rounded by itself; of the sum of the squares of `size` features.
inline float reciprocal_rms(float sum_of_squares, Index size, float eps) {
  const float mean = rounded_quotient(sum_of_squares, static_cast<float>(size));
  // A root in double, rounded to float, is the correctly rounded one: 53 >= 2 * 24 + 2 bits.
  const float root = rounded_to_float(square_root(static_cast<double>(rounded_sum(mean, eps))));
  return rounded_quotient(1.0f, root);
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_NORM_TORCH_SUM_HPP
