// The rotation of a whole tensor by the reference, without GoogleTest.
#ifndef ROPEWALK_TESTS_SUPPORT_ROTATED_HPP
#define ROPEWALK_TESTS_SUPPORT_ROTATED_HPP

#include <cstddef>
#include <type_traits>
#include <vector>

#include "forms.hpp"
#include "reference.hpp"
#include "ropewalk/options.hpp"
#include "ropewalk/view.hpp"

namespace ropewalk_test {

/// What the rotation of dense x must be, by the reference; coefficients(b, s, h, pair) are the
/// table's. Features beyond the pairs are copied, or converted.
template <class Out, class X, class At>
std::vector<Out> rotated(const std::vector<X>& x, const ropewalk::Shape& shape, Index pairs,
                         const At& coefficients, const ropewalk::Options& options = {}) {
  const bool half_in = options.pairing == ropewalk::Pairing::half;
  const bool half_out = options.pairing != ropewalk::Pairing::interleaved;
  const bool wide = options.compute == ropewalk::Compute::wide;
  const auto place = [pairs](bool half, std::size_t row, Index i, Index which) {
    return row + count_of(half ? i + which * pairs : 2 * i + which);
  };
  std::vector<Out> out(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Bits bits = to_bits(x[i]);
    out[i] = from_bits<Out>(std::is_same_v<Out, X> ? bits
                                                   : convert(dtype_of<X>(), dtype_of<Out>(), bits));
  }
  std::size_t row = 0;
  for (Index b = 0; b < shape.batch; ++b) {
    for (Index s = 0; s < shape.seq; ++s) {
      for (Index h = 0; h < shape.heads; ++h, row += count_of(shape.head_dim)) {
        for (Index i = 0; i < pairs; ++i) {
          const Pair<X> pair{x[place(half_in, row, i, 0)], x[place(half_in, row, i, 1)]};
          const auto turned = rotate_pair<Out>(pair, coefficients(b, s, h, i), wide);
          out[place(half_out, row, i, 0)] = turned.a;
          out[place(half_out, row, i, 1)] = turned.b;
        }
      }
    }
  }
  return out;
}

struct NoneLeft {
  bool operator()(Index, Index) const { return false; }
};

/// Gives the tokens of dense `out` for which is_left(b, s) what `from` holds of them.
template <class Out, class IsLeft>
void copy_left(std::vector<Out>& out, const std::vector<Out>& from, const ropewalk::Shape& shape,
               const IsLeft& is_left) {
  const std::size_t token = count_of(shape.heads * shape.head_dim);
  std::size_t first = 0;
  for (Index b = 0; b < shape.batch; ++b) {
    for (Index s = 0; s < shape.seq; ++s, first += token) {
      for (std::size_t i = first; is_left(b, s) && i < first + token; ++i) out[i] = from[i];
    }
  }
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_SUPPORT_ROTATED_HPP
