// Whether a row computes what the strided form computes, and whether that is right.
#ifndef ROPEWALK_BENCH_VERIFY_HPP
#define ROPEWALK_BENCH_VERIFY_HPP

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>

#include "devices.hpp"
#include "ropewalk/ropewalk.hpp"
#include "workspace.hpp"

namespace ropewalk_bench {

struct Verdict {
  std::string error;                      ///< empty: verified
  std::optional<double> differing_share;  ///< of the outputs; where a tolerance is allowed
};

template <class T>
bool same_bits(const T& a, const T& b) {
  // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): bits are what is compared
  if (std::memcmp(&a, &b, sizeof(T)) == 0) return true;
  return std::isnan(static_cast<float>(a)) && std::isnan(static_cast<float>(b));
}

inline std::string at(Index element, double got, double wanted) {
  char text[96];
  // Nine digits tell any two floats apart.
  std::snprintf(text, sizeof(text), "element %lld is %.9g, must be %.9g",
                static_cast<long long>(element), got, wanted);
  return text;
}

/// Out must be expected bit for bit; any NaN equals any NaN.
template <class X>
Verdict compare_bits(const Workspace<X>& work) {
  const X* out = work.out().data();
  const X* expected = work.expected().data();
  if (std::memcmp(out, expected, static_cast<std::size_t>(work.bytes())) == 0) return {};
  for (Index i = 0; i < work.size(); ++i) {
    if (same_bits(out[i], expected[i])) continue;
    return {at(i, static_cast<float>(out[i]), static_cast<float>(expected[i])), std::nullopt};
  }
  return {};
}

/// `value` rounded to P, as a step of the pair rule is: products and sums in double are exact
/// enough for that one rounding to be the right one.
template <class P>
double rounded(double value) {
  static_assert(!std::is_same_v<P, double>, "a reference for double needs a wider type");
  // Volatile, since GCC shortens a product in double that becomes a float to a product of floats,
  // which it may then fuse with the sum.
  const volatile auto step = static_cast<float>(value);
  return static_cast<float>(static_cast<P>(static_cast<float>(step)));
}

/// Compares expected to a plain loop over some of its rows.
template <class X, class Tab>
std::string check_sample(const Workspace<X>& work) {
  using P = ropewalk::Promoted<X, Tab>;
  const Rotation<Tab>& rotation = work.template rotation<Tab>();
  const ropewalk::Shape& shape = work.preset().shape;
  const Index pairs = shape.head_dim / 2;
  const Index rows = work.tokens() * shape.heads;
  // A step that visits other heads from token to token.
  const Index step = std::max<Index>(1, rows / 1000) | 1;
  for (Index row = 0; row < rows; row += step) {
    for (Index i = 0; i < pairs; ++i) {
      const Index first = row * shape.head_dim + 2 * i;
      const Index entry = row / shape.heads % shape.seq * pairs + i;
      const double a = static_cast<float>(work.x().data()[first]);
      const double b = static_cast<float>(work.x().data()[first + 1]);
      const double c = static_cast<float>(rotation.cos().data()[entry]);
      const double s = static_cast<float>(rotation.sin().data()[entry]);
      const double wanted[2] = {rounded<X>(rounded<P>(rounded<P>(a * c) - rounded<P>(b * s))),
                                rounded<X>(rounded<P>(rounded<P>(b * c) + rounded<P>(a * s)))};
      for (Index k = 0; k < 2; ++k) {
        const X got = work.expected().data()[first + k];
        if (same_bits(got, static_cast<X>(static_cast<float>(wanted[k])))) continue;
        return at(first + k, static_cast<float>(got), wanted[k]);
      }
    }
  }
  return {};
}

/// Half the distance from 1 to the next T. (Not from epsilon, which Eigen 3.4 gives as 2^-13 for
/// half.)
template <class T>
double unit_roundoff() {
  return std::ldexp(1.0, -std::numeric_limits<T>::digits);
}

/// Out must be expected up to what a compiler may do to a plain expression: fuse or not fuse,
/// round to P between the steps or not, flush subnormals.
///
/// Each of the two evaluations is within u_P * m of the exact value for its products, u_P * m for
/// its sum and u_X * m for the last rounding, where m = |a * cos| + |b * sin| bounds all of them
/// (to first order); they differ by at most the double of that. Flushed results add the smallest
/// normal number of X.
template <class X, class Tab>
Verdict compare_with_tolerance(const Workspace<X>& work) {
  using P = ropewalk::Promoted<X, Tab>;
  const Rotation<Tab>& rotation = work.template rotation<Tab>();
  const ropewalk::Shape& shape = work.preset().shape;
  const double relative = 4 * unit_roundoff<P>() + 2 * unit_roundoff<X>();
  const double smallest = static_cast<float>((std::numeric_limits<X>::min)());
  Index differing = 0;
  for (Index i = 0; i < work.size(); ++i) {
    const X got = work.out().data()[i];
    const X wanted = work.expected().data()[i];
    if (same_bits(got, wanted)) continue;
    ++differing;
    const Index token = i / (shape.heads * shape.head_dim) % shape.seq;
    const Index entry = token * (shape.head_dim / 2) + i % shape.head_dim / 2;
    const double self = static_cast<float>(work.x().data()[i]);
    const double other = static_cast<float>(work.x().data()[i ^ 1]);
    const double m = std::abs(self * static_cast<float>(rotation.cos().data()[entry])) +
                     std::abs(other * static_cast<float>(rotation.sin().data()[entry]));
    const double error = std::abs(static_cast<float>(got) - static_cast<float>(wanted));
    // Written so that NaN fails.
    if (!(error <= relative * m + smallest)) {
      return {at(i, static_cast<float>(got), static_cast<float>(wanted)), std::nullopt};
    }
  }
  return {"", static_cast<double>(differing) / static_cast<double>(work.size())};
}

}  // namespace ropewalk_bench

#endif  // ROPEWALK_BENCH_VERIFY_HPP
