// The fused form on strided views and by tables of every shape: whatever lies between the rows
// stays as it was.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unsupported/Eigen/CXX11/Tensor>
#include <utility>
#include <vector>

#include "ropewalk/apply.hpp"
#include "support/bits.hpp"
#include "support/forms.hpp"
#include "support/reader_tables.hpp"
#include "support/typed_tests.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;

struct Place {
  const char* name;
  Index begin;
  rw::Strides strides;
};

/// Where [batch, seq, heads, head_dim] may lie without two rows in one place. In some only one
/// stride, or where it begins, is no multiple of 16 bytes, which rows past the caches need.
std::vector<Place> places_of(const rw::Shape& shape) {
  const Index row = shape.head_dim;
  const Index aligned = (row / 64 + 1) * 64;  // of any type, in the widest registers
  const Index heads = shape.heads;
  const Index seq = shape.seq;
  const Index token = heads * row;
  return {{"dense", 0, rw::detail::contiguous_strides(shape)},
          {"gaps between heads", 0, {seq * heads * (row + 6), heads * (row + 6), row + 6}},
          {"aligned gaps between heads", 0, {seq * heads * aligned, heads * aligned, aligned}},
          {"gaps between tokens", 0, {8 * seq * (token + 5), token + 5, row}},
          {"gaps between batches", 0, {seq * token + 7, token, row}},
          {"BHSD", 0, {seq * token, row, seq * row}},
          {"BHSD with gaps", 5, {seq * (token + 40 * heads), row + 2, seq * (row + 2) + 1}},
          {"SBHD", 1, {token, shape.batch * token, row}},
          {"heads outermost", 2, {seq * row, row, shape.batch * seq * row}},
          {"q of packed QKV", 0, {seq * 3 * token, 3 * token, row}},
          {"k of packed QKV", token, {seq * 3 * token, 3 * token, row}},
          {"QKV of each head", 2 * row, {seq * 3 * token, 3 * token, 3 * row}}};
}

/// Rows that are read more than once.
std::vector<Place> repeated(const rw::Shape& shape) {
  const Index token = shape.heads * shape.head_dim;
  return {{"one head for all", 0, {shape.seq * shape.head_dim, shape.head_dim, 0}},
          {"one token for all", 1, {token, 0, shape.head_dim}},
          {"one batch for all", 0, {0, token, shape.head_dim}}};
}

Index extent(const rw::Shape& shape, const rw::Strides& strides) {
  return (shape.batch - 1) * strides.batch + (shape.seq - 1) * strides.seq +
         (shape.heads - 1) * strides.heads + shape.head_dim;
}

/// An array with room for a view and for more on both sides, filled with values to be kept.
template <class T>
struct Placed {
  Placed(const Place& of, const rw::Shape& of_shape, std::uint64_t seed)
      : place(of),
        shape(of_shape),
        array(count_of(of.begin + extent(of_shape, of.strides)) + 100, 0) {
    fill(array.data(), array.size(), Values::uniform, seed);
  }

  rw::View<T> view() { return {array.data() + place.begin, shape, place.strides}; }

  Place place;
  rw::Shape shape;
  Padded<T> array;
};

template <class T>
std::vector<T> copy_of(Padded<T>& array) {
  return std::vector<T>(array.data(), array.data() + array.size());
}

/// What out's whole array must hold after the call: the dense result in its rows, all else kept,
/// tokens that are left as well.
template <class T, class Tab>
std::vector<T> wanted_array(Placed<T>& out, const rw::View<const T>& x,
                            const rw::TableView<Tab>& table) {
  std::vector<T> dense_x(size_of(out.shape));
  std::vector<T> dense_out(dense_x.size());
  copy_rows(rw::View<T>(dense_x.data(), out.shape), x);
  copy_rows(rw::View<T>(dense_out.data(), out.shape), rw::View<const T>(out.view()));
  apply_definition(rw::View<T>(dense_out.data(), out.shape),
                   rw::View<const T>(dense_x.data(), out.shape), table);
  std::vector<T> array = copy_of(out.array);
  copy_rows(rw::View<T>(array.data() + out.place.begin, out.shape, out.place.strides),
            rw::View<const T>(dense_out.data(), out.shape));
  return array;
}

struct Lengths {
  Index head_dim, pairs;
};
// Whole registers, so that stores can be nontemporal; tails; features that pass through.
constexpr Lengths all_lengths[] = {{64, 32}, {94, 47}, {160, 64}, {128, 48}, {30, 8}, {6, 0}};

template <class Types>
class FusedViews : public testing::Test {
 protected:
  using T = typename Types::X;
  using Tab = typename Types::Tab;

  static rw::TableView<Tab> table(bool per_batch, Index heads, Index pairs) {
    static const std::vector<Tab> values = random_values<Tab>(32768, Values::uniform, 1);
    return table_over(values.data(), Layout::half,
                      rw::TableShape{per_batch ? 2 : 1, 3, heads, pairs});
  }

  static std::vector<Form> fused_forms(bool in_place) {
    std::vector<Form> forms = forms_of<T, T>();
    const auto left_out = [&](const Form& form) {
      return form.kind == Form::strided || form.kind == Form::stack_flatten ||
             form.in_place() != in_place;
    };
    forms.erase(std::remove_if(forms.begin(), forms.end(), left_out), forms.end());
    return forms;
  }

  /// What comes out is what `definition` says: the same rotations as `with`.
  static void check(const Place& from, const Place& to, const rw::Shape& shape,
                    const rw::TableView<Tab>& with, const rw::TableView<Tab>& definition) {
    SCOPED_TRACE(testing::Message() << from.name << " to " << to.name);
    Placed<T> x(from, shape, 2);
    Placed<T> out(to, shape, 3);
    const std::vector<T> wanted = wanted_array<T>(out, x.view(), definition);
    const std::vector<T> before = copy_of(x.array);
    for (const Form& form : fused_forms(false)) {
      for (const rw::Stores stores : {rw::Stores::cached, rw::Stores::nontemporal}) {
        fill(out.array.data(), out.array.size(), Values::uniform, 3);
        CallOptions options;
        options.stores = stores;
        apply_form(form, Eigen::DefaultDevice(), out.view(), rw::View<const T>(x.view()), with,
                   options);
        EXPECT_TRUE(same_bytes(copy_of(out.array), wanted)) << form.name();
        EXPECT_TRUE(out.array.surroundings_kept()) << form.name();
      }
    }
    EXPECT_TRUE(same_bytes(copy_of(x.array), before)) << "x has changed";
  }

  static void check(const Place& from, const Place& to, const rw::Shape& shape,
                    const rw::TableView<Tab>& with) {
    check(from, to, shape, with, with);
  }

  static void check_in_place(const Place& place, const rw::Shape& shape,
                             const rw::TableView<Tab>& with, const rw::TableView<Tab>& definition) {
    SCOPED_TRACE(testing::Message() << place.name << " in place");
    Placed<T> x(place, shape, 2);
    Placed<T> out(place, shape, 2);
    const std::vector<T> wanted = wanted_array<T>(x, x.view(), definition);
    for (const Form& form : fused_forms(true)) {
      fill(out.array.data(), out.array.size(), Values::uniform, 2);
      apply_form(form, Eigen::DefaultDevice(), out.view(), rw::View<const T>(x.view()), with);
      EXPECT_TRUE(same_bytes(copy_of(out.array), wanted)) << form.name();
      EXPECT_TRUE(out.array.surroundings_kept()) << form.name();
    }
  }
  static void check_in_place(const Place& place, const rw::Shape& shape,
                             const rw::TableView<Tab>& with) {
    check_in_place(place, shape, with, with);
  }

  /// By ids from `first` on; the definition's table holds, one after the other, the rows they name.
  template <class Id>
  static void check_gathered(const rw::Shape& shape, const rw::TableView<Tab>& rows, Index id_batch,
                             Index first) {
    std::vector<Id> ids;
    for (Index i = 0; i < id_batch * shape.seq; ++i) {
      ids.push_back(static_cast<Id>(first + (5 * i + i / 3 + 1) % rows.seq()));
    }
    const rw::TableShape named{std::max(rows.batch(), id_batch), shape.seq, rows.heads(),
                               rows.pairs()};
    std::vector<Tab> values;
    for (Index b = 0; b < named.batch; ++b) {
      for (Index s = 0; s < named.seq; ++s) {
        const Id id = ids[count_of(b % id_batch * shape.seq + s)];
        for (Index h = 0; h < named.heads; ++h) {
          const Tab* row = rows.row(b, static_cast<Index>(id) - first, h).cos_a.data;
          values.insert(values.end(), row, row + row_width(Layout::half, named.pairs));
        }
      }
    }
    const auto definition = table_over<Tab>(values.data(), Layout::half, named);
    using Map = Eigen::TensorMap<Eigen::Tensor<const Id, 2, Eigen::RowMajor>>;
    const auto gathered = rows.gather(Map(ids.data(), id_batch, shape.seq)).first_position(first);
    const Place dense = places_of(shape)[0];
    check(dense, dense, shape, gathered, definition);
    check_in_place(dense, shape, gathered, definition);
  }
};

using SomeMixes = MixesOf<Mix<float, float>, Mix<double, double>, Mix<Eigen::half, Eigen::half>,
                          Mix<Eigen::bfloat16, float>>;
TYPED_TEST_SUITE(FusedViews, SomeMixes);

TYPED_TEST(FusedViews, FromAnywhereToAnywhere) {
  for (const Lengths& lengths : {all_lengths[0], all_lengths[1], all_lengths[4]}) {
    for (const Index heads : {1, 4}) {
      const rw::Shape shape{2, 3, heads, lengths.head_dim};
      std::vector<Place> sources = places_of(shape);
      for (const Place& place : repeated(shape)) sources.push_back(place);
      for (const Place& from : sources) {
        for (const Place& to : places_of(shape)) {
          this->check(from, to, shape, this->table(false, 1, lengths.pairs));
          if (this->HasFailure()) return;
        }
      }
    }
  }
}

TYPED_TEST(FusedViews, TablesPerBatchAndPerHead) {
  for (const Lengths& lengths : all_lengths) {
    for (const Index heads : {1, 4}) {
      const rw::Shape shape{2, 3, heads, lengths.head_dim};
      const Place dense = places_of(shape)[0];
      for (const Place& place : places_of(shape)) {
        for (const int which : {1, 2, 3}) {
          const auto table = this->table(which & 1, (which & 2) != 0 ? heads : 1, lengths.pairs);
          this->check(dense, place, shape, table);
          this->check_in_place(place, shape, table);
        }
        const auto row = this->table(false, 1, lengths.pairs).rows(1, 1).repeated(3);
        this->check(dense, place, shape, row);
        this->check_in_place(place, shape, row);
        if (this->HasFailure()) return;
      }
    }
  }
}

TYPED_TEST(FusedViews, TablesByPositionIds) {
  for (const Lengths& lengths : all_lengths) {
    for (const int which : {0, 1, 2, 3}) {
      const auto rows = this->table(which & 1, (which & 2) != 0 ? 4 : 1, lengths.pairs);
      for (const Index id_batch : {1, 2}) {
        SCOPED_TRACE(testing::Message() << "table " << which << ", " << id_batch << " rows of ids");
        const rw::Shape shape{2, 5, 4, lengths.head_dim}, one_token{2, 1, 4, lengths.head_dim};
        this->template check_gathered<std::int32_t>(shape, rows, id_batch, 0);
        this->template check_gathered<std::int64_t>(shape, rows, id_batch, -1);
        this->template check_gathered<std::int64_t>(one_token, rows, id_batch, 0);
        if (this->HasFailure()) return;
      }
    }
  }
}

// One token alone takes a way of its own, if none of it is left.
TYPED_TEST(FusedViews, OneTokenOrTwo) {
  const std::vector<std::int32_t> none = {-1};
  for (const Lengths& lengths : all_lengths) {
    for (const auto& [heads, table_heads] : {std::pair{1, 1}, {4, 1}, {4, 4}}) {
      const auto rows = this->table(false, table_heads, lengths.pairs);
      for (const auto& [batch, seq] : {std::pair{1, 1}, {1, 2}, {2, 1}}) {
        SCOPED_TRACE(testing::Message() << batch << " x " << seq << " tokens");
        const rw::Shape shape{batch, seq, heads, lengths.head_dim};
        for (const Place& place : places_of(shape)) {
          this->check(place, place, shape, rows.rows(1, seq));
          this->check_in_place(place, shape, rows.rows(1, seq));
        }
        this->template check_gathered<std::int32_t>(shape, rows, 1, 0);
        this->template check_gathered<std::int64_t>(shape, rows, 1, -1);
        if (this->HasFailure()) return;
      }
      const rw::Shape shape{1, 1, heads, lengths.head_dim};
      const Place dense = places_of(shape)[0];
      this->check(dense, dense, shape, rows.gather(none).leaving(-1));
      this->check_in_place(dense, shape, rows.gather(none).leaving(-1));
    }
  }
}

// Some tokens, whole samples, and all of one after another, whose table rows are asked for ahead.
TYPED_TEST(FusedViews, TokensThatIdsLeave) {
  const std::vector<std::int32_t> ids = {-1, 2, -1, 0, -1, -1}, starts = {-1, 0};
  for (const Lengths& lengths : {all_lengths[0], all_lengths[3], all_lengths[4]}) {
    for (const Index heads : {1, 19}) {
      const rw::Shape shape{2, 3, heads, lengths.head_dim};
      const Place dense = places_of(shape)[0];
      for (const Index table_heads : {Index{1}, heads}) {
        const auto rows = this->table(false, table_heads, lengths.pairs);
        for (const auto& table : {rows.gather(ids.data(), 2, 3).leaving(-1),
                                  rows.rows_of_each(starts, 3).leaving(-1)}) {
          for (const Place& place : places_of(shape)) {
            this->check(dense, place, shape, table);
            this->check_in_place(place, shape, table);
            if (this->HasFailure()) return;
          }
        }
      }
    }
  }
}

TYPED_TEST(FusedViews, InPlaceKeepsTheGaps) {
  for (const Lengths& lengths : all_lengths) {
    for (const Index heads : {1, 4, 67}) {  // 64 at most go together
      const rw::Shape shape{2, 3, heads, lengths.head_dim};
      for (const Place& place : places_of(shape)) {
        this->check_in_place(place, shape, this->table(false, 1, lengths.pairs));
        this->check_in_place(place, shape, this->table(false, heads, lengths.pairs));
      }
    }
  }
}

}  // namespace
}  // namespace ropewalk_test
