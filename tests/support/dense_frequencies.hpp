// Frequencies as the matrix [axes, heads, pairs] that their terms make up.
#ifndef ROPEWALK_TESTS_SUPPORT_DENSE_FREQUENCIES_HPP
#define ROPEWALK_TESTS_SUPPORT_DENSE_FREQUENCIES_HPP

#include <cstddef>

#include "ropewalk/frequencies.hpp"

namespace ropewalk_test {

inline ropewalk::List<double> dense(const ropewalk::Frequencies& of) {
  ropewalk::List<double> matrix(static_cast<std::size_t>(of.axes * of.heads * of.pairs), 0.0);
  for (const ropewalk::Term& term : of.terms) {
    matrix.at(static_cast<std::size_t>(term.axis * of.heads * of.pairs + term.pair)) +=
        term.frequency;
  }
  return matrix;
}

inline double frequency_at(const ropewalk::Frequencies& of, ropewalk::Index axis,
                           ropewalk::Index head, ropewalk::Index pair) {
  return dense(of).at(static_cast<std::size_t>((axis * of.heads + head) * of.pairs + pair));
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_SUPPORT_DENSE_FREQUENCIES_HPP
