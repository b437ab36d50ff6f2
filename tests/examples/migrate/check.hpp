// What the recipes share: numbers to rotate, and the comparisons that they end with.
#ifndef MIGRATE_CHECK_HPP
#define MIGRATE_CHECK_HPP

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ropewalk/ropewalk.hpp>
#include <vector>

/// Numbers from -2 to 2 that repeat nowhere. As cos and sin, too: an entry that is read in the
/// place of another then changes the result.
template <class T>
std::vector<T> numbers(ropewalk::Index count, std::uint32_t seed) {
  std::vector<T> values;
  for (ropewalk::Index i = 0; i < count; ++i) {
    seed = seed * 1664525 + 1013904223;
    values.push_back(static_cast<T>(static_cast<float>(seed >> 8) / 4194304 - 2));
  }
  return values;
}

inline bool report(bool holds, const char* what) {
  std::printf("%s %s\n", holds ? "holds:" : "FAILS:", what);
  return holds;
}

template <class T>
bool same_bits(const std::vector<T>& ours, const std::vector<T>& theirs, const char* what) {
  const bool same = ours.size() == theirs.size() &&
                    std::memcmp(ours.data(), theirs.data(), ours.size() * sizeof(T)) == 0;
  return report(same, what);
}

/// Whether no element of ours is further from theirs than its bound.
template <class T>
bool within(const std::vector<T>& ours, const std::vector<T>& theirs,
            const std::vector<double>& bounds, const char* what) {
  double most = 0;  // of the distances as parts of their bounds
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const double distance = std::fabs(static_cast<double>(static_cast<float>(ours[i])) -
                                      static_cast<double>(static_cast<float>(theirs[i])));
    if (!(distance <= 0)) most = std::fmax(most, distance / bounds[i]);
  }
  std::printf("%.2f of its bound at most; ", most);
  return report(most <= 1, what);
}

#endif  // MIGRATE_CHECK_HPP
