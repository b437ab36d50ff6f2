// The fused form against the strided one: every length, tail, alignment and layout of the table.
#ifndef ROPEWALK_TESTS_SUPPORT_FUSED_SWEEP_HPP
#define ROPEWALK_TESTS_SUPPORT_FUSED_SWEEP_HPP

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "bits.hpp"
#include "forms.hpp"
#include "reader_tables.hpp"
#include "ropewalk/apply.hpp"

namespace ropewalk_test {

struct Variant {
  Layout layout;
  Values values;
  ropewalk::Stores stores;
  Index x_offset, out_offset, table_offset;
  Index rest;     // features that the table does not reach, if there are so many
  bool per_head;  // a row of the table for each head
  ropewalk::Pairing pairing = ropewalk::Pairing::interleaved;
  ropewalk::Compute compute = ropewalk::Compute::promoted;

  CallOptions options() const {
    CallOptions result;
    result.pairing = pairing;
    result.compute = compute;
    result.stores = stores;
    return result;
  }
};

using ropewalk::Compute;
using ropewalk::Pairing;
using ropewalk::Stores;
inline constexpr Variant variants[] = {
    {Layout::half, Values::uniform, Stores::cached, 0, 0, 0, 0, false},
    {Layout::half, Values::special, Stores::nontemporal, 0, 0, 0, 0, false},
    {Layout::packed, Values::special, Stores::nontemporal, 1, 0, 0, 0, false},
    {Layout::packed, Values::uniform, Stores::nontemporal, 0, 1, 3, 2, false},
    {Layout::complex, Values::special, Stores::cached, 3, 2, 1, 0, true},
    {Layout::four, Values::uniform, Stores::nontemporal, 7, 8, 5, 0, false},
    {Layout::four, Values::special, Stores::nontemporal, 0, 0, 1, 0, true},
    {Layout::matrix, Values::uniform, Stores::automatic, 5, 7, 2, 6, false},
    {Layout::one, Values::special, Stores::cached, 2, 4, 0, 0, true},
    {Layout::half, Values::uniform, Stores::cached, 0, 0, 0, 16, false},
    {Layout::half, Values::special, Stores::nontemporal, 0, 0, 0, 32, false},
    {Layout::half, Values::special, Stores::nontemporal, 0, 0, 0, 32, false, Pairing::half},
    {Layout::half, Values::special, Stores::nontemporal, 0, 0, 0, 0, false, Pairing::half},
    {Layout::half, Values::special, Stores::cached, 1, 3, 0, 0, false, Pairing::half},
    {Layout::packed, Values::uniform, Stores::nontemporal, 0, 0, 0, 0, true, Pairing::half},
    {Layout::four, Values::special, Stores::nontemporal, 2, 1, 0, 4, false, Pairing::half},
    {Layout::half, Values::uniform, Stores::nontemporal, 0, 0, 0, 0, false,
     Pairing::interleaved_to_half},
    {Layout::matrix, Values::special, Stores::cached, 1, 5, 2, 6, true,
     Pairing::interleaved_to_half},
    {Layout::half, Values::special, Stores::nontemporal, 0, 0, 0, 0, false, Pairing::interleaved,
     Compute::wide},
    {Layout::complex, Values::special, Stores::cached, 3, 1, 0, 2, true, Pairing::half,
     Compute::wide},
};

/// Beyond two of the widest registers and a tail, and beyond what a row does in one piece.
inline std::vector<Index> lengths() {
  std::vector<Index> result = {256, 514, 640, 672, 1030};
  for (Index length = 2; length <= 140; length += 2) result.push_back(length);
  return result;
}

template <class T>
class FusedSweep : public testing::Test {
 protected:
  using X = typename T::X;
  using Tab = typename T::Tab;
  using Out = typename T::Out;

  void check(const ropewalk::Shape& shape, const Variant& variant) {
    const Index pairs = std::max<Index>(0, (shape.head_dim - variant.rest) / 2);
    const Index table_heads = variant.per_head ? shape.heads : 1;
    const auto table =
        table_over(pool_of<Tab>(variant, 1024 + variant.table_offset), variant.layout,
                   ropewalk::TableShape{1, shape.seq, table_heads, pairs});
    const ropewalk::View<const X> x(pool_of<X>(variant, variant.x_offset), shape);
    std::vector<Out> wanted(size_of(shape));
    apply_definition(ropewalk::View<Out>(wanted.data(), shape), x, table, variant.options());
    for (const Form& form : forms_of<Out, X>()) {
      if (form.kind == Form::strided || form.kind == Form::stack_flatten) continue;
      if (form.in_place() && variant.pairing == Pairing::interleaved_to_half) continue;
      SCOPED_TRACE(form.name());
      Padded<Out> out(wanted.size(), variant.out_offset);
      apply_form(form, device_, ropewalk::View<Out>(out.data(), shape), x, table,
                 variant.options());
      EXPECT_TRUE(same_bits(out.data(), wanted.data(), wanted.size()));
      EXPECT_TRUE(out.surroundings_kept());
      if constexpr (std::is_same_v<Out, X>) expect_rest_kept(out.data(), x, table.pairs());
    }
  }

 private:
  /// Features beyond the pairs keep every bit, those of NaN too.
  static void expect_rest_kept(const X* out, const ropewalk::View<const X>& x, Index pairs) {
    const auto rest = count_of(x.head_dim() - 2 * pairs);
    if (rest == 0) return;
    for (Index row = 0; row < x.seq() * x.heads(); ++row) {
      const Index at = row * x.head_dim() + 2 * pairs;
      ASSERT_TRUE(same_bytes(out + at, x.data() + at, rest));
    }
  }

  template <class S>
  static const S* pool_of(const Variant& variant, Index start) {
    static const std::vector<S> uniform = random_values<S>(pool_size, Values::uniform, 1);
    static const std::vector<S> special = random_values<S>(pool_size, Values::special, 2);
    return (variant.values == Values::special ? special : uniform).data() + start;
  }

  static constexpr std::size_t pool_size = 65536;
  Eigen::DefaultDevice device_;
};

TYPED_TEST_SUITE_P(FusedSweep);

TYPED_TEST_P(FusedSweep, MatchesStridedBitForBit) {
  for (const Index head_dim : lengths()) {
    // One head's tokens are rows of one call; nine are more than go together by narrow registers.
    for (const auto& [seq, heads] :
         {std::pair<Index, Index>{1, 1}, {2, 1}, {2, 3}, {2, 4}, {2, 9}}) {
      for (const Variant& variant : variants) {
        SCOPED_TRACE(testing::Message() << "head_dim " << head_dim << ", heads " << heads
                                        << ", seq " << seq << ", variant " << &variant - variants);
        this->check({1, seq, heads, head_dim}, variant);
        if (this->HasFailure()) return;
      }
    }
  }
}

REGISTER_TYPED_TEST_SUITE_P(FusedSweep, MatchesStridedBitForBit);

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_SUPPORT_FUSED_SWEEP_HPP
