// Fuzz body: frequencies, positions, pairs, tables and the steps on them, from any numbers. What
// is not refused keeps its documented shape, and is finite where its angles are.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>  // for std::size
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "../support/bits.hpp"
#include "../support/reference.hpp"
#include "input.hpp"
#include "ropewalk/ropewalk.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using rw::Index;

constexpr Index highest = std::numeric_limits<Index>::max();

/// What the calls so far have made; later ones start from it.
struct Made {
  rw::Frequencies frequencies = rw::own_frequencies({1.0, 0.5});
  rw::Positions positions = rw::sequence_positions(3);
  rw::TermRule rule = rw::TermRule::axis_after_axis;
  std::vector<Index> counts = {2};
  rw::Table<float> table{{1, 3, 1, 2}};
};

// Numbers ---------------------------------------------------------------------------------------

double draw_real(Input& in) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  switch (in.below(8)) {
    case 0:
      return in.one_of({0.0, -0.0, 1.0, -1.0, 1e-320, 1e308, infinity, -infinity, std::nan("")});
    case 1:
      return from_bits<double>(in.word());
    case 2:
      return -static_cast<double>(in.below(16));
    case 3:
      return static_cast<double>(in.below(256)) / 8;
    default:
      return in.one_of({1.0, 2.0, 1e4, 5e5});
  }
}

/// A size of little memory, or one that no memory holds.
Index draw_size(Input& in, Index most = 20) {
  return in.rarely() ? in.one_of<Index>({-1, std::numeric_limits<Index>::min(), highest,
                                         highest / 2 + 1, Index{1} << 61})
                     : in.below(most);
}

std::vector<Index> draw_sizes(Input& in) {
  std::vector<Index> sizes;
  for (Index left = in.below(5); left > 0; --left) sizes.push_back(draw_size(in, 8));
  return sizes;
}

std::vector<double> draw_reals(Input& in, Index most = 8) {
  std::vector<double> values;
  for (Index left = in.below(most); left > 0; --left) values.push_back(draw_real(in));
  return values;
}

rw::AngleSteps draw_steps(Input& in) { return static_cast<rw::AngleSteps>(in.below(3)); }

rw::Scaling draw_scaling(Input& in, Index rotary_dim) {
  const auto factors = [&] {
    std::vector<double> list = draw_reals(in);
    if (!in.rarely()) {
      list.resize(static_cast<std::size_t>(std::clamp<Index>(rotary_dim, 0, 40) / 2), 2);
    }
    return list;
  };
  const auto maybe = [&] { return in.rarely() ? draw_real(in) : 0; };
  switch (in.below(8)) {
    case 0:
      return rw::Unscaled{};
    case 1:
      return rw::Linear{draw_real(in)};
    case 2:
      return rw::StaticNtk{draw_real(in)};
    case 3:
      return rw::DynamicNtk{draw_real(in), draw_size(in)};
    case 4: {
      rw::Yarn rule;
      rule.factor = draw_real(in);
      rule.original_length = draw_size(in);
      rule.truncate = in.below(2) == 1;
      rule.beta_fast = draw_real(in);
      rule.beta_slow = draw_real(in);
      rule.mscale = draw_real(in);
      rule.mscale_all_dim = draw_real(in);
      rule.attention_factor = maybe();
      rule.max_length = draw_size(in);
      return rule;
    }
    case 5:
      return rw::LongRope{factors(),     factors(), draw_real(in),
                          draw_size(in), maybe(),   draw_size(in)};
    case 6:
      return rw::Llama3{draw_real(in), draw_real(in), draw_real(in), draw_size(in)};
    default:
      return rw::Proportional{draw_real(in), draw_real(in)};
  }
}

// Calls -----------------------------------------------------------------------------------------

/// Terms of pairs and axes that there are, all finite.
void expect_sound(const rw::Frequencies& of, const char* what) {
  for (const rw::Term& term : of.terms) {
    expect(term.pair >= 0 && term.pair < of.heads * of.pairs, what);
    expect(term.axis >= 0 && term.axis < of.axes && std::isfinite(term.frequency), what);
  }
  expect(std::isfinite(of.attention_factor), what);
}

/// Every token has a position on every axis, and all are finite.
void expect_sound(const rw::Positions& of, const char* what) {
  for (const rw::Positions::Axis& axis : of.axes) {
    expect(static_cast<Index>(axis.index.size()) == of.batch * of.seq, what);
    for (const Index index : axis.index) {
      expect(index >= 0 && index < static_cast<Index>(axis.values.size()), what);
    }
    for (const double value : axis.values) expect(std::isfinite(value), what);
  }
}

void make_frequencies(Input& in, Made& made) {
  rw::Frequencies& of = made.frequencies;
  switch (in.below(8)) {
    case 0: {
      const Index rotary_dim = draw_size(in, 40);
      const double theta = draw_real(in);
      const rw::Scaling scaling = draw_scaling(in, rotary_dim);
      of = rw::frequencies(rotary_dim, theta, scaling, {draw_size(in), draw_steps(in)});
      expect(of.axes == 1 && of.heads == 1 && of.pairs == rotary_dim / 2, "frequencies");
      break;
    }
    case 1:
      of = rw::own_frequencies(draw_reals(in));
      of.attention_factor = draw_real(in);
      return;  // unchecked as yet
    case 2: {
      const Index count = draw_size(in, 9);
      const double theta = draw_real(in);
      of = rw::detail::increasing_frequencies(count, theta, draw_steps(in));
      expect(of.pairs == count, "increasing_frequencies");
      break;
    }
    case 3: {
      std::vector<rw::Frequencies> lists(static_cast<std::size_t>(in.below(3)), of);
      if (in.below(2) == 1) lists.push_back(rw::own_frequencies(draw_reals(in)));
      of = rw::arrange(lists, made.rule, made.counts);
      expect(of.axes == static_cast<Index>(made.counts.size()), "arrange");
      break;
    }
    case 4:
      of = rw::detail::with_identity_pairs(draw_size(in), of);
      break;
    case 5:
      of = rw::detail::split_heads(draw_size(in), of);
      break;
    case 6: {
      const rw::List<Index> axes = draw_sizes(in);
      const double theta = draw_real(in);
      of = rw::detail::axial_frequencies(axes, theta, draw_steps(in));
      break;
    }
    default:
      of = {in.below(4) - 1, draw_size(in, 3), draw_size(in, 5), {}, draw_real(in)};
      for (Index left = in.below(5); left > 0; --left) {
        of.terms.push_back({draw_size(in, 6), draw_size(in, 3), draw_real(in)});
      }
      return;  // unchecked as yet
  }
  expect_sound(of, "frequencies");
}

void make_order(Input& in, Made& made) {
  made.rule = static_cast<rw::TermRule>(in.below(5));
  made.counts = draw_sizes(in);
}

template <class Id>
std::vector<Id> draw_ids(Input& in) {
  std::vector<Id> ids;
  Id id = 0;
  for (Index left = in.below(9); left > 0; --left) {
    ids.push_back(id);
    id = in.rarely() ? static_cast<Id>(in.word())
                     : static_cast<Id>(static_cast<std::uint64_t>(id) + in.byte() % 5);
  }
  return ids;
}

template <class Id>
rw::Positions positions_from_ids(Input& in) {
  const std::vector<Id> ids = draw_ids<Id>(in);
  // Lengths that memory might hold, but not this test's, are left out.
  const double length = ids.empty() ? 0 : static_cast<double>(ids.back());
  const bool modest = length < 1000 || length > 0x1p60;
  if (in.below(2) == 1 && modest) return rw::packed_positions(ids);
  const Index stride = in.below(3);
  const auto size = static_cast<Index>(ids.size());
  return rw::id_positions(ids.data(), stride == 0 ? size : size / stride, stride);
}

rw::Positions draw_sequence(Input& in, Index most) {
  const Index seq = draw_size(in, most);
  return rw::sequence_positions(seq, draw_real(in));
}

void make_positions(Input& in, Made& made) {
  rw::Positions& of = made.positions;
  // Made of parts that nobody has checked.
  const auto parts = [&] {
    const Index most = of.axes.empty() || of.axes[0].index.size() > 1000 ? 1 : 4;
    std::vector<rw::Positions> list(static_cast<std::size_t>(in.below(most)), of);
    if (in.below(2) == 1) list.push_back(draw_sequence(in, 6));
    return list;
  };
  switch (in.below(13)) {
    case 0:
      of = draw_sequence(in, 20);
      break;
    case 1:
      of = rw::id_positions(draw_reals(in));
      break;
    case 2:
      of = positions_from_ids<std::int32_t>(in);
      break;
    case 3:
      of = positions_from_ids<std::int64_t>(in);
      break;
    case 4:
      of = positions_from_ids<std::uint64_t>(in);
      break;
    case 5:
      of = rw::grid_positions(rw::Grid(draw_sizes(in)));
      break;
    case 6: {
      std::vector<std::vector<double>> lists;
      for (Index left = in.below(4); left > 0; --left) lists.push_back(draw_reals(in));
      of = rw::grid_positions(lists);
      break;
    }
    case 7: {
      const Index count = in.below(5);
      const double low = draw_real(in);
      const double high = draw_real(in);
      of = rw::grid_positions(
          {rw::linspace(count, low, high), rw::cell_centres(count, low, high), rw::centred(count)});
      break;
    }
    case 8:
      of = rw::zip_axes(parts());
      return;
    case 9:
      of = rw::concatenate(parts());
      return;
    case 10:
      of = rw::stack(parts());
      return;
    case 12:
      of = rw::select_tokens(of, made.counts);
      break;
    default:
      of = {draw_size(in, 3), draw_size(in, 5), {{draw_reals(in), draw_sizes(in)}}};
      return;  // unchecked as yet
  }
  expect_sound(of, "positions");
}

/// Whether no step on the way to a table of T overflows: a bound with room to spare.
bool surely_finite(const rw::Positions& positions, const rw::Frequencies& frequencies) {
  double sum = std::fabs(frequencies.attention_factor);
  // Of a pair at most all of them.
  double terms = 0;
  for (const rw::Term& term : frequencies.terms) terms += std::fabs(term.frequency);
  sum = std::max(sum, terms);
  double far = 1;
  for (const auto& axis : positions.axes) {
    for (const double value : axis.values) far = std::max(far, std::fabs(value));
  }
  return sum < 1e4 && far < 1e30;
}

template <class T>
rw::Table<T> checked_table(const Made& made, rw::AngleSteps steps) {
  const rw::Positions& positions = made.positions;
  const rw::Frequencies& frequencies = made.frequencies;
  rw::Table<T> table = rw::make_table<T>(positions, frequencies, steps);
  expect(table.batch() == positions.batch && table.seq() == positions.seq &&
             table.heads() == frequencies.heads && table.pairs() == frequencies.pairs,
         "make_table: shape");
  const Index size = table.batch() * table.seq() * table.heads() * 2 * table.pairs();
  const bool finite = surely_finite(positions, frequencies);
  for (Index i = 0; i < size; ++i) {
    const Bits bits = to_bits(table.cos(0, 0)[i]);
    expect(!finite || magnitude_of(dtype_of<T>(), bits) < format_of(dtype_of<T>()).infinity(),
           "make_table: not finite");
  }
  return table;
}

/// Reads every row as a form would.
void expect_readable(const rw::Table<float>& table) {
  const rw::TableView<float> view = table.view();
  for (Index b = 0; b < view.batch(); ++b) {
    for (Index s = 0; s < view.seq(); ++s) {
      for (Index h = 0; h < view.heads(); ++h) {
        const rw::PairReaders<float> row = view.row(b, s, h);
        for (Index i = 0; i < view.pairs(); ++i) {
          expect(to_bits(row.cos_a.data[i]) == to_bits(table.cos(b, s, h)[i]) &&
                     to_bits(row.sin_b.data[i]) == to_bits(table.sin(b, s, h)[i]),
                 "Table: view");
        }
      }
    }
  }
}

void make_table(Input& in, Made& made) {
  rw::Table<float>& table = made.table;
  const rw::AngleSteps steps = draw_steps(in);
  switch (in.below(8)) {
    case 0:
      table = checked_table<float>(made, steps);
      break;
    case 1:
      checked_table<double>(made, steps);
      break;
    case 2:
      checked_table<Eigen::half>(made, steps);
      break;
    case 3: {
      rw::AxialOptions options{draw_reals(in, 4), {}, steps};
      for (Index left = in.below(4); left > 0; --left) options.ids.push_back(draw_reals(in, 4));
      const rw::Grid grid(draw_sizes(in));
      const rw::List<Index> axes = draw_sizes(in);
      table = rw::axial_table(grid, axes, draw_real(in), options);
      break;
    }
    case 4: {
      const rw::Model& model = rw::models[in.byte() % rw::models.size()];
      rw::model_table(model, rw::Grid(draw_sizes(in)));
      break;
    }
    case 5:
      rw::model_table(rw::models[in.byte() % rw::models.size()], made.positions);
      break;
    default:
      table = rw::Table<float>(
          {draw_size(in, 3), draw_size(in, 6), draw_size(in, 3), draw_size(in, 6)});
  }
  expect_readable(table);
}

void step_on_table(Input& in, Made& made) {
  rw::Table<float>& table = made.table;
  const Index seq = table.seq();
  // Braces, since the order in which arguments are evaluated differs between compilers.
  const auto grids = [&] {
    return std::array<rw::Grid, 2>{rw::Grid(draw_sizes(in)), rw::Grid(draw_sizes(in))};
  };
  switch (in.below(4)) {
    case 0: {
      const std::array<Index, 3> of = {draw_size(in, 3), draw_size(in, 6), draw_size(in, 6)};
      rw::zero_rows(table, of[0], of[1], of[2]);
      break;
    }
    case 1: {
      const auto [grid, window] = grids();
      table = rw::replicate_pad(table, grid, window);
      break;
    }
    case 2: {
      const auto [grid, window] = grids();
      table = rw::average_pool(table, grid, window);
      break;
    }
    default: {
      const rw::Table<float> more({draw_size(in, 3), in.below(6), table.heads(), table.pairs()});
      table.append(more);
      expect(table.seq() == seq + more.seq(), "Table::append");
    }
  }
  expect_readable(table);
}

void cut_table(Input& in, Made& made) {
  const rw::TableView<float> view = made.table.view();
  const std::array<Index, 2> part = {draw_size(in), draw_size(in)};
  switch (in.below(3)) {
    case 0:
      view.rows(part[0], part[1]);
      break;
    case 1:
      view.heads(part[0], part[1]);
      break;
    default:
      view.pairs(part[0], part[1]);
  }
}

}  // namespace
}  // namespace ropewalk_test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ropewalk_test;
  Input in(data, size);
  Made made;
  for (Index left = 1 + in.below(12); left > 0; --left) {
    try {
      switch (in.below(6)) {
        case 0:
          make_frequencies(in, made);
          break;
        case 1:
          make_order(in, made);
          break;
        case 2:
          make_positions(in, made);
          break;
        case 3:
          make_table(in, made);
          break;
        case 4:
          step_on_table(in, made);
          break;
        default:
          cut_table(in, made);
      }
    } catch (const std::invalid_argument&) {
      // What was made before stays.
    }
  }
  return 0;
}
