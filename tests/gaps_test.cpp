// No form touches what lies between the rows of its tensors: marks there stay, whatever they are
// changes no result, and under AddressSanitizer they cannot be touched.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "ropewalk/ropewalk.hpp"
#include "support/bits.hpp"
#include "support/forms.hpp"
#include "support/gapped.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;

/// Dense rows of random values.
template <class T>
struct Rows {
  Rows(const rw::Shape& of_shape, std::uint64_t seed)
      : shape(of_shape), values(random_values<T>(size_of(shape), Values::uniform, seed)) {}

  rw::View<const T> view() const { return {values.data(), shape}; }

  rw::Shape shape;
  std::vector<T> values;
};

/// Tokens one after the other with all their heads, or heads with all their tokens.
rw::Strides strides_with(const rw::Shape& shape, Index gap, bool heads_first) {
  const Index row = shape.head_dim + gap;
  if (heads_first) {
    const Index head = shape.seq * row + gap;
    return {shape.heads * head + gap, row, head};
  }
  const Index token = shape.heads * row + gap;
  return {shape.seq * token + gap, token, row};
}

template <class T>
class Gaps : public testing::Test {
 protected:
  using X = typename T::X;
  using Tab = typename T::Tab;
  using P = rw::Promoted<X, Tab>;

  void check(Index head_dim, Index pairs, Index gap, bool heads_first) {
    const rw::Shape shape{2, 2, 3, head_dim};
    const Rows<X> x(shape, 1);
    const Rows<Tab> table({1, 2, 2, pairs}, 2);  // cos and sin of a token as two rows
    check_form<X>(x, table, gap, heads_first);
    if (!std::is_same_v<X, P>) check_form<P>(x, table, gap, heads_first);
  }

 private:
  struct Way {
    rw::Pairing pairing;
    rw::Stores stores;
  };
  static constexpr Way ways[] = {{rw::Pairing::interleaved, rw::Stores::cached},
                                 {rw::Pairing::interleaved, rw::Stores::nontemporal},
                                 {rw::Pairing::half, rw::Stores::nontemporal}};

  /// Cos and sin of a token as the two heads of a tensor.
  static rw::TableView<Tab> table_over(const rw::View<const Tab>& rows) {
    const rw::CoefficientReader<Tab> cos{rows.row(0, 0, 0), 1}, sin{rows.row(0, 0, 1), 1};
    const rw::TableShape shape{1, rows.seq(), 1, rows.head_dim()};
    return {{cos, cos, sin, sin}, shape, 0, rows.strides().seq, 0};
  }

  template <class Out>
  static void check_form(const Rows<X>& x, const Rows<Tab>& table, Index gap, bool heads_first) {
    for (const Way& way : ways) {
      CallOptions options;
      options.pairing = way.pairing;
      options.stores = way.stores;
      std::vector<Out> wanted(x.values.size());
      apply_definition(rw::View<Out>(wanted.data(), x.shape), x.view(), table_over(table.view()),
                       options);
      for (const Form& form : forms_of<Out, X>()) {
        SCOPED_TRACE(form.name());
        check_against(wanted, form, x, table, gap, heads_first, options);
      }
    }
  }

  template <class Out>
  static void check_against(const std::vector<Out>& wanted, const Form& form, const Rows<X>& x,
                            const Rows<Tab>& table, Index gap, bool heads_first,
                            const CallOptions& options) {
    // NaN: it would show in whatever it went into.
    const X x_mark = from_bits<X>(format_of(dtype_of<X>()).nan());
    const Tab table_mark = from_bits<Tab>(format_of(dtype_of<Tab>()).nan());
    const rw::Strides strides = strides_with(x.shape, gap, heads_first);
    Gapped<X> far_x(x.shape, strides, x_mark);
    Gapped<Tab> far_table(table.shape, strides_with(table.shape, gap, false), table_mark);
    Gapped<Out> far_out(x.shape, strides, from_bits<Out>(0x5aa55aa55aa55aa5));
    copy_rows(far_x.view(), x.view());
    copy_rows(far_table.view(), table.view());
    apply_form(form, Eigen::DefaultDevice{}, far_out.view(), rw::View<const X>(far_x.view()),
               table_over(rw::View<const Tab>(far_table.view())), options);
    std::vector<Out> got(wanted.size());
    copy_rows(rw::View<Out>(got.data(), x.shape), rw::View<const Out>(far_out.view()));
    EXPECT_TRUE(same_bits(got, wanted));
    EXPECT_TRUE(far_out.gaps_kept());
  }
};

TYPED_TEST_SUITE(Gaps, Mixes);

TYPED_TEST(Gaps, BetweenRowsAreNotTouched) {
  std::vector<Index> lengths = {256, 514};
  for (Index length = 2; length <= 140; length += 2) lengths.push_back(length);
  for (const Index head_dim : lengths) {
    for (const Index gap : {1, 8, 64}) {
      const Index rest = head_dim % 8 == 6 ? 4 : 0;
      SCOPED_TRACE(testing::Message() << "head_dim " << head_dim << ", gap " << gap);
      this->check(head_dim, (head_dim - rest) / 2, gap, gap == 8);
      if (this->HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace ropewalk_test
