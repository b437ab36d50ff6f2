// No form touches a byte outside its tensors: pages that fault stand on both sides of each of them.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "ropewalk/apply.hpp"
#include "support/bits.hpp"
#include "support/fault_pages.hpp"
#include "support/forms.hpp"
#include "support/reader_tables.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;

// Cos and sin apart; so with entries 2 apart and none after the last; one array for all; four.
enum class Arrays { halves, spread, packed, four };
constexpr Arrays every_kind[] = {Arrays::halves, Arrays::spread, Arrays::packed, Arrays::four};

/// A table whose arrays are each flush with a page that faults.
template <class Tab>
class FencedTable {
 public:
  FencedTable(Arrays kind, const rw::TableShape& shape, Against against, Index gap)
      : kind_(kind), shape_(shape) {
    const Index rows = shape.seq * shape.pairs;
    const Index sizes[] = {rows, 2 * rows - 1, table_size(Layout::packed, shape), rows};
    const int counts[] = {2, 2, 1, 4};
    const auto of_kind = static_cast<std::size_t>(kind);
    for (int i = 0; i < counts[of_kind]; ++i) {
      arrays_.push_back(
          std::make_unique<FaultPages<Tab>>(count_of(sizes[of_kind]), against, count_of(gap)));
      fill(*arrays_.back(), Values::uniform, static_cast<std::uint64_t>(i) + 1);
      arrays_.back()->forbid_writing();
    }
  }

  rw::TableView<Tab> view() const {
    if (kind_ == Arrays::packed) {
      return table_over<Tab>(arrays_[0]->data(), Layout::packed, shape_);
    }
    const Index stride = kind_ == Arrays::spread ? 2 : 1;
    const auto readers = [&](std::size_t i) {
      return rw::CoefficientReader<Tab>{arrays_[i]->data(), stride};
    };
    const bool all = kind_ == Arrays::four;
    return {{readers(0), readers(all ? 1 : 0), readers(all ? 2 : 1), readers(all ? 3 : 1)},
            shape_,
            0,
            stride * shape_.pairs,
            0};
  }

 private:
  Arrays kind_;
  rw::TableShape shape_;
  std::vector<std::unique_ptr<FaultPages<Tab>>> arrays_;
};

struct Placement {
  Against against;
  Index gap;  // of out and the table; x keeps to the page
};
constexpr Placement placements[] = {{Against::start, 0}, {Against::end, 0}, {Against::start, 1}};

template <class T>
class Memory : public testing::Test {
 protected:
  using X = typename T::X;
  using Tab = typename T::Tab;
  using Out = typename T::Out;

  /// By every pairing, on a table whose arrays are of one kind.
  void check(const rw::Shape& shape, Index pairs, Arrays kind, const Placement& place) {
    const FencedTable<Tab> table(kind, {1, shape.seq, 1, pairs}, place.against, place.gap);
    check(shape, table.view(), place);
  }

  void check(const rw::Shape& shape, const rw::TableView<Tab>& table, const Placement& place) {
    FaultPages<X> x(size_of(shape), place.against);
    fill(x, Values::uniform, 7);
    x.forbid_writing();
    const rw::View<const X> view(x.data(), shape);
    for (const rw::Pairing pairing :
         {rw::Pairing::interleaved, rw::Pairing::half, rw::Pairing::interleaved_to_half}) {
      const std::vector<Out> wanted = plain_result(view, table, pairing);
      for (const Form& form : forms_of<Out, X>()) {
        if (form.in_place() && pairing == rw::Pairing::interleaved_to_half) continue;
        SCOPED_TRACE(testing::Message()
                     << form.name() << ", pairing " << static_cast<int>(pairing));
        CallOptions options;
        options.pairing = pairing;
        check_form(form, view, table, place, options, wanted);
        options.stores = rw::Stores::nontemporal;
        if (form.kind == Form::fused) check_form(form, view, table, place, options, wanted);
      }
    }
  }

  /// By ids of two samples, in pages of their own.
  template <class Id>
  void check_gathered(Index head_dim, const Placement& place) {
    const rw::Shape shape{2, 3, 2, head_dim};
    const FencedTable<Tab> rows(Arrays::halves, {1, 3, 1, head_dim / 2}, place.against, place.gap);
    FaultPages<Id> ids(6, place.against, count_of(place.gap));
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<Id>((5 - i) % 3);
    ids.forbid_writing();
    const Eigen::TensorMap<Eigen::Tensor<const Id, 2, Eigen::RowMajor>> map(ids.data(), 2, 3);
    check(shape, rows.view().gather(map), place);
  }

 private:
  /// By the strided form from and to ordinary memory.
  static std::vector<Out> plain_result(const rw::View<const X>& x, const rw::TableView<Tab>& table,
                                       rw::Pairing pairing) {
    rw::Options options;
    options.pairing = pairing;
    std::vector<Out> out(size_of(x.shape()));
    apply_definition(rw::View<Out>(out.data(), x.shape()), x, table, options);
    return out;
  }

  static void check_form(const Form& form, const rw::View<const X>& x,
                         const rw::TableView<Tab>& table, const Placement& place,
                         const CallOptions& options, const std::vector<Out>& wanted) {
    FaultPages<Out> out(wanted.size(), place.against, count_of(place.gap));
    apply_form(form, Eigen::DefaultDevice(), rw::View<Out>(out.data(), x.shape()), x, table,
               options);
    EXPECT_TRUE(same_bits(out.data(), wanted.data(), wanted.size()));
    EXPECT_TRUE(out.surroundings_kept());
  }
};

using SomeMixes = MixesOf<Mix<float, float>, Mix<double, double>, Mix<Eigen::half, float>,
                          Mix<Eigen::half, Eigen::half>, Mix<Eigen::bfloat16, float>,
                          Mix<Eigen::bfloat16, Eigen::bfloat16>, Mix<Eigen::bfloat16, double>,
                          Mix<float, Eigen::half>, Mix<float, Eigen::bfloat16>,
                          Mix<Eigen::bfloat16, float, float>>;
TYPED_TEST_SUITE(Memory, SomeMixes);

TYPED_TEST(Memory, StaysInsideItsRows) {
  std::vector<Index> lengths = {256, 514, 1030};
  for (Index length = 2; length <= 140; length += 2) lengths.push_back(length);
  for (const Index head_dim : lengths) {
    for (const Placement& place : placements) {
      for (const Arrays kind : every_kind) {
        SCOPED_TRACE(testing::Message()
                     << "head_dim " << head_dim << ", table " << static_cast<int>(kind)
                     << ", placement " << &place - placements);
        // The last row is what can reach beyond; one head and more are walked differently.
        const Index heads = head_dim % 4 == 0 ? 3 : 1;
        this->check({1, 2, heads, head_dim}, head_dim / 2, kind, place);
        if (this->HasFailure()) return;
      }
    }
  }
}

// Longer than what is rotated before it goes past the caches.
TYPED_TEST(Memory, StaysInsideRowsOfAnyLength) {
  this->check({1, 2, 3, 8200}, 4100, Arrays::halves, placements[0]);
}

TYPED_TEST(Memory, StaysInsideTheTableAndItsPositionIds) {
  for (const Index head_dim : {2, 60, 94, 128}) {
    for (const Placement& place : placements) {
      SCOPED_TRACE(testing::Message()
                   << "head_dim " << head_dim << ", placement " << &place - placements);
      this->template check_gathered<std::int32_t>(head_dim, place);
      this->template check_gathered<std::int64_t>(head_dim, place);
    }
  }
}

TYPED_TEST(Memory, StaysInsideItsRowsWhereFeaturesPassThrough) {
  for (const Index rest : {2, 6, 16, 32, 34}) {
    for (const Index rotary : {2, 30, 64, 128}) {
      for (const Placement& place : placements) {
        SCOPED_TRACE(testing::Message() << "rotary " << rotary << ", rest " << rest
                                        << ", placement " << &place - placements);
        this->check({1, 2, 3, rotary + rest}, rotary / 2, Arrays::halves, place);
      }
    }
  }
}

// The second of two samples cannot be written.
TEST(LeftSamples, AreNotWritten) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) / sizeof(float);
  FaultPages<float> memory(2 * page, Against::start);
  fill(memory, Values::uniform, 1);
  const auto x_values = random_values<float>(2 * 2 * 3 * 64, Values::uniform, 2);
  const rw::View<const float> x(x_values.data(), {2, 2, 3, 64});
  const FencedTable<float> rows(Arrays::halves, {1, 4, 1, 24}, Against::end, 0);
  const rw::View<float> out(memory.data(), x.shape(), {page, 192, 64});
  const std::vector<std::int32_t> starts = {1, -1}, ids = {3, 0, -1, -1};
  memory.forbid_writing(page);
  for (const auto& table : {rows.view().rows_of_each(starts, 2).leaving(-1),
                            rows.view().gather(ids.data(), 2, 2).leaving(-1)}) {
    for (const Form& form : forms_of<float, float>()) {
      if (form.in_place()) {
        rw::apply_inplace(rw::serial, out, table, rw::half_pairs, forced(form.isa));
        continue;
      }
      for (const rw::Stores stores : {rw::Stores::cached, rw::Stores::nontemporal}) {
        CallOptions options(rw::half_pairs);
        options.stores = stores;
        apply_form(form, Eigen::DefaultDevice{}, out, x, table, options);
      }
    }
  }
}

}  // namespace
}  // namespace ropewalk_test
