// Tables as models store them, and the rotation by them: indices of our own, not the library's.
#ifndef ROPEWALK_TESTS_SUPPORT_TABLES_HPP
#define ROPEWALK_TESTS_SUPPORT_TABLES_HPP

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "bits.hpp"
#include "forms.hpp"
#include "reference.hpp"
#include "ropewalk/ropewalk.hpp"
#include "rotated.hpp"

namespace ropewalk_test {

template <class T, int Rank>
using Map = Eigen::TensorMap<Eigen::Tensor<T, Rank, Eigen::RowMajor>>;

/// half: cos and sin [.., pairs]. packed: [.., cos(2 pairs) | sin(2 pairs)], cos read at even
/// entries and sin at odd ones.
enum class Width { half, packed };

/// Shared by the batch: a tensor [seq, width]; not shared: [batch, seq, width].
template <class Tab>
struct StoredTable {
  Width width;
  bool shared;
  Index batch, seq, pairs;
  std::vector<Tab> values;  // half: all of cos, then all of sin

  StoredTable(Width of_width, bool is_shared, const ropewalk::Shape& x, Index of_pairs, Values kind,
              std::uint64_t seed)
      : width(of_width),
        shared(is_shared),
        batch(shared ? 1 : x.batch),
        seq(x.seq),
        pairs(of_pairs),
        values(random_values<Tab>(count_of(batch * seq * columns() * (packed() ? 1 : 2)), kind,
                                  seed)) {}

  bool packed() const { return width == Width::packed; }
  Index columns() const { return packed() ? 4 * pairs : pairs; }

  std::size_t place_of_cos(Index b, Index s, Index pair) const {
    const Index row = (shared ? 0 : b * seq) + s;
    return count_of(row * columns() + (packed() ? 2 * pair : pair));
  }

  std::size_t place_of_sin(Index b, Index s, Index pair) const {
    const Index apart = packed() ? 2 * pairs + 1 : batch * seq * pairs;
    return place_of_cos(b, s, pair) + count_of(apart);
  }

  Coefficients<Tab> at(Index b, Index s, Index pair) const {
    const Tab cos = values[place_of_cos(b, s, pair)];
    const Tab sin = values[place_of_sin(b, s, pair)];
    return {cos, cos, sin, sin};
  }

  ropewalk::TableView<Tab> view() const {
    const Tab* sin = values.data() + batch * seq * columns();
    if (shared) {
      const Map<const Tab, 2> first(values.data(), seq, columns());
      if (packed()) return ropewalk::packed_table(first);
      return ropewalk::half_table(first, Map<const Tab, 2>(sin, seq, columns()));
    }
    const Map<const Tab, 3> first(values.data(), batch, seq, columns());
    if (packed()) return ropewalk::packed_table(first);
    return ropewalk::half_table(first, Map<const Tab, 3>(sin, batch, seq, columns()));
  }
};

template <class Out, class X, class Tab>
std::vector<Out> rotated(const std::vector<X>& x, const ropewalk::Shape& shape,
                         const StoredTable<Tab>& table, const ropewalk::Options& options = {}) {
  const auto at = [&](Index b, Index s, Index, Index i) { return table.at(b, s, i); };
  return rotated<Out>(x, shape, table.pairs, at, options);
}

/// Every form on dense tensors gives the expected bits; not in place where features move. Of tokens
/// for which is_left(b, s) not a byte is written.
template <class Out, class X, class Tab, class IsLeft = NoneLeft>
void expect_every_form(const std::vector<X>& x, const ropewalk::Shape& shape,
                       const ropewalk::TableView<Tab>& table, const std::vector<Out>& expected,
                       const ropewalk::Options& options = {}, const IsLeft& is_left = {}) {
  const bool moves = options.pairing == ropewalk::Pairing::interleaved_to_half;
  for (const Form& form : forms_of<Out, X>()) {
    if (moves && form.in_place()) continue;
    SCOPED_TRACE(form.name());
    const std::vector<Out> before(x.size(), from_bits<Out>(0x5a5a5a5a5a5a5a5a));
    std::vector<Out> out = before;
    apply_form(form, Eigen::DefaultDevice{}, ropewalk::View<Out>(out.data(), shape),
               ropewalk::View<const X>(x.data(), shape), table, options);
    std::vector<Out> kept = out, wanted = expected;
    if constexpr (std::is_same_v<Out, X>) {
      copy_left(kept, form.in_place() ? x : before, shape, is_left);
    } else {
      copy_left(kept, before, shape, is_left);
    }
    copy_left(wanted, out, shape, is_left);
    EXPECT_TRUE(same_bytes(out, kept)) << "written, but to be left";
    EXPECT_TRUE(same_bits(out, wanted));
  }
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_SUPPORT_TABLES_HPP
