// RMSNorm on bit patterns, to the last addition of PyTorch: IEEE arithmetic in integers, which no
// compiler flag can change.
//
// A row: t = mean of its squares + eps, y_i = x_i * rstd, out_i as the finish says. rstd is
// 1 / sqrt(t) on a CPU. On a CUDA device it is an approximation that a CPU cannot reproduce, so
// that what makes an output takes rstd as an argument.
#ifndef ROPEWALK_TESTS_SUPPORT_NORM_REFERENCE_HPP
#define ROPEWALK_TESTS_SUPPORT_NORM_REFERENCE_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

#include "reference.hpp"

namespace ropewalk_test {

// Floats ---------------------------------------------------------------------------------------

/// A float as its pattern, +0 at first. Every operation rounds to nearest, subnormals too.
struct Single {
  Bits bits = 0;
};

using Row = std::vector<Single>;

inline Single operator+(Single a, Single b) { return {add(Dtype::f32, a.bits, b.bits)}; }
inline Single operator*(Single a, Single b) { return {multiply(Dtype::f32, a.bits, b.bits)}; }

inline Single operator/(Single a, Single b) {
  const Format format = format_of(Dtype::f32);
  const Bits sign = (a.bits ^ b.bits) & format.sign();
  const bool infinite_a = is_infinite(Dtype::f32, a.bits);
  const bool infinite_b = is_infinite(Dtype::f32, b.bits);
  const Number x = unpack(Dtype::f32, a.bits);
  const Number y = unpack(Dtype::f32, b.bits);
  const bool zeros = x.significand == 0 && y.significand == 0;
  const bool nan = is_nan(Dtype::f32, a.bits) || is_nan(Dtype::f32, b.bits);
  if (nan || zeros || (infinite_a && infinite_b)) return {format.nan()};
  if (infinite_a || y.significand == 0) return {sign | format.infinity()};
  if (infinite_b) return {sign};
  // 40 bits at least, then one that says whether anything is left.
  const Wide shifted = x.significand << 64;
  const Wide quotient = shifted / y.significand;
  const Wide rest = shifted % y.significand != 0 ? 1 : 0;
  return {rounded(Dtype::f32, {sign != 0, x.exponent - y.exponent - 65, quotient * 2 + rest})};
}

/// a * b + c, rounded once.
inline Single fused_multiply_add(Single a, Single b, Single c) {
  const auto is_number = [](Single of) {
    return magnitude_of(Dtype::f32, of.bits) < format_of(Dtype::f32).infinity();
  };
  if (!is_number(a) || !is_number(b)) return a * b + c;
  if (!is_number(c)) return c;
  const Number x = unpack(Dtype::f32, a.bits);
  const Number y = unpack(Dtype::f32, b.bits);
  const Number product{x.negative != y.negative, x.exponent + y.exponent,
                       x.significand * y.significand};
  Number more = product;
  Number less = unpack(Dtype::f32, c.bits);
  if (product.significand == 0) return a * b + c;
  if (less.significand == 0) return a * b;
  if (more.exponent < less.exponent) std::swap(more, less);
  if (more.exponent - less.exponent <= 64) return {rounded(Dtype::f32, exact_sum(more, less))};
  // Below 2^-16 of the last place of the other, it decides between two sides of a tie alone.
  const Wide towards =
      more.negative == less.negative ? more.significand * 4 + 1 : more.significand * 4 - 1;
  return {rounded(Dtype::f32, {more.negative, more.exponent - 2, towards})};
}

inline Single square_root(Single of) {
  const bool is_zero = magnitude_of(Dtype::f32, of.bits) == 0;
  if (is_nan(Dtype::f32, of.bits) || is_zero) return {canonical(Dtype::f32, of.bits)};
  if (is_negative(Dtype::f32, of.bits)) return {format_of(Dtype::f32).nan()};
  if (is_infinite(Dtype::f32, of.bits)) return of;
  const Number x = unpack(Dtype::f32, of.bits);
  const int odd = x.exponent % 2 != 0 ? 1 : 0;
  const Wide square = x.significand << (80 + odd);
  Wide root = 0;  // 40 bits at least, then one that says whether anything is left
  for (Wide bit = Wide{1} << 52; bit != 0; bit >>= 1) {
    if ((root + bit) * (root + bit) <= square) root += bit;
  }
  const Wide rest = root * root != square ? 1 : 0;
  return {rounded(Dtype::f32, {false, (x.exponent - odd - 80) / 2 - 1, root * 2 + rest})};
}

/// The nearest float to a count.
inline Single single_of(std::int64_t count) {
  return {rounded(Dtype::f32, {false, 0, static_cast<Wide>(count)})};
}

/// Patterns of any type as floats.
inline Row widened(Dtype from, const std::vector<Bits>& patterns) {
  Row row;
  for (const Bits bits : patterns) row.push_back({convert(from, Dtype::f32, bits)});
  return row;
}

// Sums -----------------------------------------------------------------------------------------

enum class SumOrder { cpu, cuda_fused, cuda_reduce };

inline Row squares(const Row& x) {
  Row result;
  for (const Single value : x) result.push_back(value * value);
  return result;
}

/// One lane of the CPU's sum: `vectors` values from `first` on, `lanes` apart. Groups of four go to
/// four accumulators, which are the lowest digit of a base-16 counter of groups: sixteen groups
/// are carried to the next level, sixteen of those to the one after.
inline Single sum_of_lane(const Row& p, std::size_t first, std::size_t lanes, std::size_t vectors) {
  constexpr std::size_t levels = 4;
  std::array<std::array<Single, 4>, levels> sums{};
  const auto at = [&](std::size_t vector) { return p[vector * lanes + first]; };
  const std::size_t groups = vectors / 4;
  for (std::size_t group = 0; group < groups; ++group) {
    for (std::size_t k = 0; k < 4; ++k) sums[0][k] = sums[0][k] + at(4 * group + k);
    std::size_t full = 16;
    for (std::size_t level = 1; level < levels && (group + 1) % full == 0; ++level, full *= 16) {
      for (std::size_t k = 0; k < 4; ++k) {
        sums[level][k] = sums[level][k] + sums[level - 1][k];
        sums[level - 1][k] = {};
      }
    }
  }
  std::array<Single, 4> a{};
  for (std::size_t k = 0; k < 4; ++k) {
    a[k] = ((sums[0][k] + sums[1][k]) + sums[2][k]) + sums[3][k];
  }
  for (std::size_t vector = 4 * groups; vector < vectors; ++vector) a[0] = a[0] + at(vector);
  return ((a[0] + a[1]) + a[2]) + a[3];
}

/// The order of a CPU: eight lanes, or one where a row has fewer than eight features.
inline Single sum_cpu(const Row& x) {
  // Beyond, PyTorch carries after more groups.
  if (x.size() > std::size_t{1} << 24) throw std::invalid_argument("sum_cpu: longer than 2^24");
  const Row p = squares(x);
  const std::size_t lanes = p.size() < 8 ? 1 : 8;
  const std::size_t vectors = p.size() / lanes;
  if (lanes == 1) return sum_of_lane(p, 0, lanes, vectors);
  Single total;
  for (std::size_t i = lanes * vectors; i < p.size(); ++i) total = total + p[i];
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    total = total + sum_of_lane(p, lane, lanes, vectors);
  }
  return total;
}

/// Adds the upper half to the lower one, value by value, until one is left.
inline Single tree(Row values) {
  while (values.size() > 1) {
    const std::size_t half = values.size() / 2;
    for (std::size_t i = 0; i < half; ++i) values[i] = values[i] + values[i + half];
    values.resize(half);
  }
  return values.at(0);
}

/// The order of torch.nn.functional.rms_norm on CUDA: 128 threads, four warps. Of features that are
/// no multiple of 4, which it gives to another kernel, as if zeros followed.
inline Single sum_cuda_fused(const Row& x) {
  std::array<Single, 4> warps;
  for (std::size_t warp = 0; warp < 4; ++warp) {
    Row chains(32);
    for (std::size_t lane = 0; lane < 32; ++lane) {
      for (std::size_t i = 4 * (32 * warp + lane); i < x.size(); i += std::size_t{4} * 128) {
        for (std::size_t e = 0; e < 4 && i + e < x.size(); ++e) {
          chains[lane] = fused_multiply_add(x[i + e], x[i + e], chains[lane]);
        }
      }
    }
    warps[warp] = tree(chains);
  }
  return (warps[0] + warps[2]) + (warps[1] + warps[3]);
}

/// The largest power of two that is not above `count`, at most 512.
inline std::size_t power_of_two_in(std::size_t count) {
  std::size_t power = 1;
  while (power * 2 <= std::min(count, std::size_t{512})) power *= 2;
  return power;
}

/// The threads that share a row of PyTorch's reduction, of `rows` rows in all.
inline std::size_t threads_of_row(std::size_t features, std::size_t rows) {
  const std::size_t loads = features >= 128 ? features / 4 : features;
  const std::size_t rows_of_block =
      std::min(power_of_two_in(rows), 512 / std::min(power_of_two_in(loads), std::size_t{32}));
  return std::min(power_of_two_in(loads), 512 / rows_of_block);
}

/// The order of x.pow(2).mean(-1) on CUDA; `rows` are those of the whole tensor. Rows of vectors
/// and a rest as their first one: PyTorch adds up those that begin between two vectors from the
/// next on.
inline Single sum_cuda_reduce(const Row& x, std::size_t rows) {
  // Beyond, PyTorch may split a row over warps.
  if (x.size() > 8160) throw std::invalid_argument("sum_cuda_reduce: longer than 8160");
  const Row p = squares(x);
  const std::size_t threads = threads_of_row(p.size(), rows);
  const bool by_vectors = p.size() >= 128;
  Row sums;
  for (std::size_t thread = 0; thread < threads; ++thread) {
    std::array<Single, 4> a{};
    if (by_vectors) {
      const std::size_t rest = p.size() % 4, whole = p.size() - rest;
      for (std::size_t i = 4 * thread; i < whole; i += 4 * threads) {
        for (std::size_t e = 0; e < 4; ++e) a[e] = a[e] + p[i + e];
      }
      if (thread < rest) a[0] = a[0] + p[whole + thread];
    } else {
      std::size_t load = 0;
      for (std::size_t i = thread; i < p.size(); i += threads, ++load) {
        a[load % 4] = a[load % 4] + p[i];
      }
    }
    sums.push_back(((a[0] + a[1]) + a[2]) + a[3]);
  }
  return tree(sums);
}

/// The mean of the squares of a row; `rows` matters to cuda_reduce alone.
inline Single mean_of_squares(SumOrder order, const Row& x, std::int64_t rows) {
  const auto features = static_cast<std::int64_t>(x.size());
  if (order == SumOrder::cuda_reduce) {
    const Single factor = single_of(rows) / single_of(rows * features);
    return sum_cuda_reduce(x, static_cast<std::size_t>(rows)) * factor;
  }
  return (order == SumOrder::cpu ? sum_cpu(x) : sum_cuda_fused(x)) / single_of(features);
}

// Outputs --------------------------------------------------------------------------------------

/// rstd of a CPU; `eps` is added in float.
inline Single inverse_root(Single mean, Single eps) {
  return single_of(1) / square_root(mean + eps);
}

enum class Finish {
  one_rounding,       // y * w, rounded to the type of x: torch.nn.RMSNorm
  round_then_weight,  // y rounded, times w, rounded: LlamaRMSNorm
  one_plus_weight,    // y * (1 + w), rounded: Gemma 3
};

/// An output of type `x`; without a weight, y rounded.
inline Bits finished(Finish finish, Dtype x, Single y, const Single* weight) {
  const auto in_type = [&](Single value) { return convert(Dtype::f32, x, value.bits); };
  if (weight == nullptr) return in_type(y);
  if (finish == Finish::one_plus_weight) return in_type(y * (single_of(1) + *weight));
  if (finish == Finish::one_rounding) return in_type(y * *weight);
  return in_type(*weight * Single{convert(x, Dtype::f32, in_type(y))});
}

/// The outputs of a row of type `type`; an empty weight is none.
inline std::vector<Bits> finished(Finish finish, Dtype type, const Row& x, Single rstd,
                                  const Row& weight) {
  std::vector<Bits> out;
  for (std::size_t i = 0; i < x.size(); ++i) {
    out.push_back(finished(finish, type, x[i] * rstd, weight.empty() ? nullptr : &weight.at(i)));
  }
  return out;
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_SUPPORT_NORM_REFERENCE_HPP
