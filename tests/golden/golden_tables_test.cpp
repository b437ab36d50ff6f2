// Makes the table of every case of a pack that tells how its model did, by the public builders.
//
// The pack is the folder that ROPEWALK_GOLDEN_DIR names in the environment, by default those of
// folders.hpp. A case's keys choose the builders; its name, and how many cases there are or of what
// shapes, choose nothing. All bounds are those of the pack's README, and say where they stand
// why they hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <exception>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "folders.hpp"
#include "keys.hpp"
#include "pack.hpp"
#include "recipe.hpp"
#include "recipe_keys.hpp"
#include "recipe_positions.hpp"
#include "ropewalk/build.hpp"
#include "rule.hpp"
#include "stored_table.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using rw::AngleSteps;
using rw::Frequencies;
using rw::Table;

// PyTorch's vectorised float pow is within about an ulp of correct, and a scaling rule adds a few
// roundings: 3 to 6 ulps, of a frequency.
constexpr double of_frequency = 4e-7;
// The attention factor is made in double: only libm's logarithm and root differ.
constexpr double of_attention_factor = 1e-12;
// The same float angles; PyTorch's vectorised cos and sin are within about an ulp.
constexpr Bound same_float_angles{3e-7, 0};
// Float against double or float steps: the frequency's bound, and the roundings of position,
// product and angle, an ulp of a float each, move an angle in proportion to it.
constexpr Bound float_steps{3e-7, 6e-7};
// Both in double, rounded to float once: half an ulp of that cast, a little for rounding twice.
constexpr Bound double_steps{1.2e-7, 0};
// Both in double and kept so: eight roundings of 2^-52, libm's pow, cos and sin among them.
constexpr Bound kept_double{0x1p-49, 0x1p-49};

// Building -------------------------------------------------------------------------------------

struct Recipe {
  FrequencyRule rule;
  std::vector<Part> parts;
  Index length;  // of the longest sequence, as transformers tells it: the last position + 1
};

Recipe recipe_of(const Inputs& inputs, const StoredTable& stored) {
  Recipe recipe{{}, parts_of(inputs, stored.seq.count), 0};
  double last = -1;
  for (const Part& part : recipe.parts) {
    for (const rw::Positions::Axis& axis : part.positions.axes) {
      for (const double position : axis.values) last = std::max(last, position);
    }
  }
  recipe.length = static_cast<Index>(last) + 1;
  const auto axes = static_cast<Index>(recipe.parts.front().positions.axes.size());
  recipe.rule = frequency_rule(inputs, axes, stored.heads.count);
  return recipe;
}

Frequencies frequencies_of(const Recipe& recipe, AngleSteps steps) {
  return std::visit(MakeFrequencies{{recipe.length, steps}}, recipe.rule);
}

/// The rows of all parts, each made by `make` and pooled where its part says so.
template <class T, class Make>
Table<T> assembled(const std::vector<Part>& parts, const Make& make) {
  std::optional<Table<T>> table;
  for (const Part& part : parts) {
    Table<T> rows = make(part.positions);
    if (part.window > 1) {
      const rw::Grid window(std::vector<Index>(part.grid.size(), part.window));
      rows = rw::average_pool(rows, rw::Grid(part.grid), window);
    }
    if (table) {
      table->append(rows);
    } else {
      table = std::move(rows);
    }
  }
  return *table;
}

template <class T>
Table<T> built(const Recipe& recipe, const Frequencies& frequencies, AngleSteps steps) {
  return assembled<T>(recipe.parts, [&](const rw::Positions& positions) {
    return rw::make_table<T>(positions, frequencies, steps);
  });
}

/// In the place of cos the magnitudes of the angles, of which bounds are made: the sum over axes of
/// |position * frequency|. The mean over a window bounds the error of the mean. LTX's positions are
/// differences from 1, and keep the rounding of that.
Table<double> magnitudes(const Recipe& recipe, const Frequencies& with) {
  const double least = std::holds_alternative<Increasing>(recipe.rule) ? 1 : 0;
  return assembled<double>(recipe.parts, [&](const rw::Positions& positions) {
    Table<double> table({positions.batch, positions.seq, with.heads, with.pairs});
    for (Index b = 0; b < table.batch(); ++b) {
      for (Index s = 0; s < table.seq(); ++s) {
        for (const rw::Term& term : with.terms) {
          const double position = std::max(least, std::fabs(positions.at(term.axis, b, s)));
          table.cos(b, s, term.pair / with.pairs)[term.pair % with.pairs] +=
              position * std::fabs(term.frequency);
        }
      }
    }
    return table;
  });
}

/// Padding: rows that the model left zero, where the case says that it has some.
template <class T>
void zero_padding(const Case& of, const StoredTable& stored, Table<T>& table) {
  if (!has_zero_rows(of)) return;
  std::map<std::pair<Index, Index>, bool> is_zero;
  visit_entries(stored, [&](const Entry& entry) {
    const auto row = std::make_pair(table.batch() == 1 ? 0 : entry.b, entry.s);
    is_zero[row] = is_zero.emplace(row, true).first->second && entry.value == 0;
  });
  for (const auto& [row, zero] : is_zero) {
    if (zero) rw::zero_rows(table, row.first, row.second, 1);
  }
}

// Comparing ------------------------------------------------------------------------------------

/// What was compared, by what it was and which family it is of.
class Counts {
 public:
  void add(const Case& of, const std::string& what, const Agreement& agreement) {
    const std::string family = "family " + of.get("family", "without a name");
    families_[family].insert(of.name);
    Total& total = totals_[family + ": " + what];
    total.cases.insert(of.name);
    total.agreement.entries += agreement.entries;
    total.agreement.equal += agreement.equal;
    total.agreement.worst = std::max(total.agreement.worst, agreement.worst);
  }
  void add_data(const Case& of, const std::string& why) { data_[why].insert(of.name); }

  void print() const {
    for (const auto& [family, cases] : families_) {
      std::cout << "note: golden: " << family << ": " << cases.size() << " tables built\n";
    }
    for (const auto& [what, total] : totals_) {
      std::cout << "note: golden: " << what << ": " << total.cases.size() << " cases, "
                << total.agreement.entries << " values, " << total.agreement.equal
                << " in the same bits, at most " << total.agreement.worst << " of the bound\n";
    }
    for (const auto& [why, cases] : data_) {
      std::cout << "note: golden: tables as data: " << cases.size() << " cases: " << why << "\n";
    }
  }
  bool empty() const { return totals_.empty() && data_.empty(); }

 private:
  struct Total {
    std::set<std::string> cases;
    Agreement agreement;
  };
  std::map<std::string, Total> totals_;
  std::map<std::string, std::set<std::string>> families_, data_;
};

void expect_within(const Case& of, const std::string& what, const Agreement& agreement,
                   Counts& counts) {
  EXPECT_LE(agreement.worst, 1) << what << ", first at the worst: " << agreement.where;
  counts.add(of, what, agreement);
}

/// What double steps may be off by on top of the bound of float steps, as a share of a frequency:
/// PyTorch rounds the exponent to float, half an ulp of at most 1, which moves theta^-x by
/// |ln theta^-x| * 2^-25. Llama 3 mixes by a weight that follows the frequency, and so moves more.
double exponent_rounding(const ListRule& rule, double frequency) {
  double weight = 1;
  if (rule.scaling.rule == rw::Scaling::Rule::llama3) {
    const rw::Llama3& llama = rule.scaling.llama3;
    const double width = llama.high_frequency_factor - llama.low_frequency_factor;
    weight += (llama.factor - 1) * llama.low_frequency_factor / width;
  }
  return frequency == 0 ? 0 : weight * std::fabs(std::log(frequency)) * 0x1p-25;
}

const char* name_of(AngleSteps steps) {
  return steps == AngleSteps::f32 ? "float steps" : "double steps";
}

/// The relative bound of frequencies; zeros (identity pairs) and ones (the first) are exact.
void expect_frequencies(const Case& of, const std::string& tensor,
                        const std::vector<double>& stored, const ListRule& rule,
                        const rw::FrequencyOptions& options, Counts& counts) {
  const Frequencies made = MakeFrequencies{options}.list(rule);
  ASSERT_EQ(stored.size(), made.terms.size()) << tensor;
  Agreement agreement;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    const bool exact = stored[i] == 0 || stored[i] == 1;
    const double rounding =
        options.steps == AngleSteps::f32 ? 0 : exponent_rounding(rule, stored[i]);
    const double limit = exact ? 0 : (of_frequency + rounding) * std::fabs(stored[i]);
    const double difference = std::fabs(made.terms[i].frequency - stored[i]);
    const bool equal = static_cast<float>(made.terms[i].frequency) == stored[i];
    agreement.add(difference == 0 ? 0 : difference / limit, equal,
                  tensor + " " + std::to_string(i));
  }
  expect_within(of, std::string("frequencies by ") + name_of(options.steps), agreement, counts);
  if (of.find("attention_factor") == nullptr) return;
  const double factor = numbers(of.tensor("attention_factor")).at(0);
  EXPECT_NEAR(made.attention_factor / factor, 1, of_attention_factor);
}

/// The list that all axes share, against those that the case stores: what the model began with, and
/// what its module held after it had seen the positions.
void check_frequencies(const Case& of, const Inputs& inputs, const Recipe& recipe, bool is_table,
                       Counts& counts) {
  for (const char* tensor : {"inv_freq", "inv_freq_used"}) {
    if (of.find(tensor) == nullptr) continue;
    SCOPED_TRACE(tensor);
    const bool before = is_table && std::string(tensor) == "inv_freq";
    const Index length = before ? inputs.first_length : recipe.length;
    const ListRule& rule = std::get<AxisLists>(recipe.rule).lists.at(0);
    const std::vector<double> stored = in_order_of_pairs(inputs, of.tensor(tensor));
    for (const AngleSteps steps : {AngleSteps::f64, AngleSteps::f32}) {
      expect_frequencies(of, tensor, stored, rule, {length, steps}, counts);
    }
  }
}

template <class T>
Agreement agreement_of(const Case& of, const StoredTable& stored, const Recipe& recipe,
                       const Frequencies& frequencies, AngleSteps steps, const Bound& bound) {
  Table<T> table = built<T>(recipe, frequencies, steps);
  zero_padding(of, stored, table);
  return compared(stored, table, magnitudes(recipe, frequencies), bound,
                  frequencies.attention_factor);
}

/// cos and sin from the frequencies that the module used, in float steps: large positions tell
/// nothing where the frequencies differ by an ulp.
void check_from_stored(const Case& of, const Inputs& inputs, const StoredTable& stored,
                       const Recipe& recipe, Counts& counts) {
  const char* tensor = of.find("inv_freq_used") != nullptr ? "inv_freq_used" : "inv_freq";
  const auto& lists = std::get<AxisLists>(recipe.rule);
  const double factor = frequencies_of(recipe, AngleSteps::f64).attention_factor;
  const Frequencies list =
      rw::own_frequencies(in_order_of_pairs(inputs, of.tensor(tensor)), factor);
  const Frequencies arranged = lists.arrange({list});
  // What is fractional was made in float, too.
  const Recipe in_float{recipe.rule, parts_of(inputs, stored.seq.count, AngleSteps::f32), 0};
  expect_within(
      of, "cos and sin of stored frequencies",
      agreement_of<float>(of, stored, in_float, arranged, AngleSteps::f32, same_float_angles),
      counts);
}

/// cos and sin of angles that the case stores, [batch, seq, pairs] or as wide as the rotation:
/// every entry is an axis of its own, of frequency 1.
void check_angles(const Case& of, Pairing pairing, const StoredTable& stored, const Tensor& angles,
                  Counts& counts) {
  const Index pairs = stored.pairs;
  const bool full = angles.shape.back() == 2 * pairs;
  const Index step = full && pairing == Pairing::interleaved ? 2 : 1;
  const IdLayout layout{
      static_cast<Index>(angles.size()) / (stored.seq.count * angles.shape.back()),
      stored.seq.count,
      pairs,
      stored.seq.count * angles.shape.back(),
      angles.shape.back(),
      step};
  if (!full && angles.shape.back() != pairs) throw NoRecipe("angles of another width");
  Frequencies identity{pairs, 1, pairs, {}, 1};
  for (Index i = 0; i < pairs; ++i) identity.terms.push_back({i, i, 1});
  const Recipe recipe{identity, {{"", positions_of_ids(angles, layout), {}, 1}}, 0};
  expect_within(
      of, "cos and sin of stored angles",
      agreement_of<float>(of, stored, recipe, identity, AngleSteps::f32_angles, same_float_angles),
      counts);
}

/// Where the peer took double: one that rounds the angle to float before cos and sin (Z-Image) has
/// the bits of those steps instead.
void check_double(const Case& of, const StoredTable& stored, const Recipe& recipe, Counts& counts) {
  const Frequencies frequencies = frequencies_of(recipe, AngleSteps::f64);
  const auto by = [&](AngleSteps steps) {
    return agreement_of<float>(of, stored, recipe, frequencies, steps, double_steps);
  };
  const Agreement agreement = by(AngleSteps::f64);
  if (agreement.worst <= 1) return counts.add(of, "cos and sin in double", agreement);
  const Agreement of_float_angles = by(AngleSteps::f32_angles);
  if (of_float_angles.worst > 1) return expect_within(of, "in double", agreement, counts);
  counts.add(of, "cos and sin of float angles from double", of_float_angles);
}

/// Where the peer took float: against its own steps and against double.
void check_float(const Case& of, const StoredTable& stored, const Recipe& recipe, Counts& counts) {
  for (const AngleSteps steps : {AngleSteps::f64, AngleSteps::f32}) {
    Bound bound = float_steps;
    // Language models reach thetas of millions; the README compares those by their frequencies.
    const auto* lists = std::get_if<AxisLists>(&recipe.rule);
    if (of.find("inv_freq") != nullptr && lists != nullptr && steps == AngleSteps::f64) {
      for (const double frequency : numbers(of.tensor("inv_freq"))) {
        bound.per_angle = std::max(
            bound.per_angle, float_steps.per_angle + exponent_rounding(lists->lists[0], frequency));
      }
    }
    const Agreement agreement =
        agreement_of<float>(of, stored, recipe, frequencies_of(recipe, steps), steps, bound);
    expect_within(of, std::string("cos and sin in float, by ") + name_of(steps), agreement, counts);
  }
}

/// cos and sin from the model's parameters on.
void check_from_rules(const Case& of, const Inputs& inputs, const StoredTable& stored,
                      const Recipe& recipe, Counts& counts) {
  if (stored.cos->dtype == "f64") {
    const Frequencies frequencies = frequencies_of(recipe, AngleSteps::f64);
    const Agreement agreement =
        agreement_of<double>(of, stored, recipe, frequencies, AngleSteps::f64, kept_double);
    return expect_within(of, "cos and sin in double, kept", agreement, counts);
  }
  if (inputs.in_double) return check_double(of, stored, recipe, counts);
  check_float(of, stored, recipe, counts);
}

/// Complex numbers [seq, pairs, 2], stored beside cos and sin.
StoredTable stored_complex(Index pairs, const Tensor& cis) {
  const Entries cos{0, 2};
  const Entries sin{1, 2};
  return stored_rows({&cis, &cis, 2 * pairs, {cos, cos, sin, sin}}, pairs, "S");
}

/// The table of one stream before it is pooled, [batch, cos | sin, cells of the grid].
StoredTable stored_unpooled(Index width, const Tensor& table) {
  const Index batch = table.shape.at(0);
  const Index cells = static_cast<Index>(table.size()) / (batch * 2 * width);
  const Coefficients<Entries> entries{{0, 2}, {1, 2}, {width, 2}, {width + 1, 2}};
  return {&table, &table, entries, width / 2, {batch, 2 * width * cells}, {cells, 1}, {}, cells};
}

void check_tables(const Case& of, const Rule& rule, Counts& counts) {
  const StoredTable stored = stored_table(rule, of.get("table_repeat", ""));
  if (const Tensor* angles = of.find("angles")) {
    check_angles(of, rule.pairing, stored, *angles, counts);
  }
  const Inputs inputs = inputs_of(of);
  const Recipe recipe = recipe_of(inputs, stored);
  if (of.find("inv_freq") != nullptr) {
    check_frequencies(of, inputs, recipe, rule.kind == Kind::tables, counts);
    check_from_stored(of, inputs, stored, recipe, counts);
  }
  check_from_rules(of, inputs, stored, recipe, counts);
  if (const Tensor* cis = of.find("cis")) {
    check_from_rules(of, inputs, stored_complex(rule.pairs(), *cis), recipe, counts);
  }
  for (Part part : recipe.parts) {
    const Tensor* table = of.find("table_" + part.name + "_unpooled");
    part.window = 1;
    if (table == nullptr) continue;
    const Recipe alone{recipe.rule, {part}, 0};
    check_from_rules(of, inputs, stored_unpooled(rule.rotary_dim, *table), alone, counts);
  }
}

TEST(GoldenTables, BuildersMakeTheStoredTables) {
  Counts counts;
  for (const Case& of : golden_cases()) {
    SCOPED_TRACE(of.name);
    bool is_table = false;
    try {
      if (!has_rotation(of)) {
        counts.add_data(of, "a norm alone has no table");
        continue;
      }
      const Rule rule = rule_of(of);
      is_table = rule.kind == Kind::tables;
      if (has_recipe(of) || is_table) {
        check_tables(of, rule, counts);
      } else {
        counts.add_data(of, "no builder inputs");
      }
    } catch (const NoRecipe& error) {
      if (of.find("angles") != nullptr) continue;  // those were compared
      EXPECT_FALSE(is_table) << error.what();
      counts.add_data(of, error.what());
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }
  counts.print();
  EXPECT_FALSE(counts.empty());
}

}  // namespace
}  // namespace ropewalk_test
