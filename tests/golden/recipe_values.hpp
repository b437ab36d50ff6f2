// The values of builder inputs: numbers, lists, cells of a grid, transformers' rope parameters.
#ifndef ROPEWALK_TESTS_GOLDEN_RECIPE_VALUES_HPP
#define ROPEWALK_TESTS_GOLDEN_RECIPE_VALUES_HPP

#include <cstdint>
#include <cstdlib>  // for std::strtod
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pack.hpp"
#include "ropewalk/frequencies.hpp"

namespace ropewalk_test {

using ropewalk::Index;

/// Thrown where the keys do not tell how the table was made: then it can only be taken as data.
struct NoRecipe : PackError {
  using PackError::PackError;
};

// Values ---------------------------------------------------------------------------------------

inline double real_of(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0') throw NoRecipe("'" + text + "' is not a number");
  return value;
}

/// "2,2,3", "2x2x3" and "t=2,h=2,w=3" are the same list.
inline std::vector<double> reals_of(std::string text) {
  for (char& c : text) c = c == 'x' || c == ';' ? ',' : c;
  std::vector<double> values;
  for (const std::string& part : detail::split(text, ',')) {
    values.push_back(real_of(part.substr(part.find('=') + 1)));
  }
  return values;
}

inline std::vector<Index> sizes_of(const std::string& text) {
  std::vector<Index> sizes;
  for (const double value : reals_of(text)) {
    sizes.push_back(static_cast<Index>(value));
    if (static_cast<double>(sizes.back()) != value) throw NoRecipe("'" + text + "': not integers");
  }
  return sizes;
}

/// Python's None counts as absent.
inline bool is_given(const std::string& value) { return value != "none" && value != "None"; }
inline bool is_given(const Case& of, const char* key) {
  return of.has(key) && is_given(of.at(key));
}

/// The values of a tensor of any type as doubles that equal them.
inline std::vector<double> numbers(const Tensor& tensor) {
  const auto widened = [](const auto& from) {
    return std::vector<double>(from.begin(), from.end());
  };
  if (tensor.dtype == "i64") return widened(tensor.values<std::int64_t>());
  if (tensor.dtype == "i32") return widened(tensor.values<std::int32_t>());
  std::vector<double> values;
  for (const Bits bits : tensor.patterns()) {
    values.push_back(from_bits<double>(convert(dtype_named(tensor.dtype), Dtype::f64, bits)));
  }
  return values;
}

/// "long:2,mid:2": names and sizes; none of an empty text.
inline std::vector<std::pair<std::string, Index>> named_sizes(const std::string& text) {
  std::vector<std::pair<std::string, Index>> list;
  if (text.empty()) return list;
  for (const std::string& part : detail::split(text, ',')) {
    const auto fields = detail::split(part, ':');
    if (fields.size() != 2) throw NoRecipe("'" + part + "' is not a name and a size");
    list.emplace_back(fields[0], sizes_of(fields[1]).at(0));
  }
  return list;
}

// Cells of a grid -------------------------------------------------------------------------------

enum class Cell { range, linspace, centres, centred, spread, grid_index };

/// Where the cells of a grid stand on one axis; by default they are integers from 0.
struct CellRule {
  Cell cell = Cell::range;
  double first = 0;
  double second = 1;
};

/// "integers", "range:0:2", ...: README.md, `cells`.
inline CellRule cell_rule(const Case& of, const std::string& text) {
  static const std::map<std::string, std::pair<Cell, std::size_t>> known = {
      {"integers", {Cell::range, 0}},       {"range", {Cell::range, 2}},
      {"linspace", {Cell::linspace, 2}},    {"centres", {Cell::centres, 2}},
      {"centred", {Cell::centred, 0}},      {"spread", {Cell::spread, 1}},
      {"grid_index", {Cell::grid_index, 0}}};
  const auto parts = detail::split(text, ':');
  const auto found = known.find(parts[0]);
  if (found == known.end() || found->second.second != parts.size() - 1) {
    throw NoRecipe("case " + of.name + ": unknown value '" + text + "' of builder input 'cells'");
  }
  CellRule rule;
  rule.cell = found->second.first;
  if (parts.size() > 1) rule.first = real_of(parts[1]);
  if (parts.size() > 2) rule.second = real_of(parts[2]);
  return rule;
}

inline std::vector<CellRule> cell_rules(const Case& of, const std::string& text) {
  std::vector<CellRule> rules;
  for (const std::string& part : detail::split(text, ',')) rules.push_back(cell_rule(of, part));
  return rules;
}

// transformers' rope parameters ------------------------------------------------------------------

/// key=value;key=value. A key without a meaning is an error: it might change the frequencies.
class RopeParameters {
 public:
  explicit RopeParameters(const Case& of) {
    static const std::set<std::string> known = {
        "rope_type",     "rope_theta",      "factor",           "original_max_position_embeddings",
        "beta_fast",     "beta_slow",       "mscale",           "mscale_all_dim",
        "truncate",      "short_factor",    "long_factor",      "attention_factor",
        "mrope_section", "low_freq_factor", "high_freq_factor", "partial_rotary_factor"};
    if (!of.has("rope_parameters")) return;
    for (const std::string& part : detail::split(of.at("rope_parameters"), ';')) {
      const std::size_t equals = part.find('=');
      const std::string key = part.substr(0, equals);
      if (equals == std::string::npos || known.count(key) == 0) {
        throw NoRecipe("case " + of.name + ": unknown rope parameter '" + part + "'");
      }
      if (is_given(part.substr(equals + 1))) values_[key] = part.substr(equals + 1);
    }
  }

  bool has(const std::string& key) const { return values_.count(key) != 0; }
  std::string text(const std::string& key, const std::string& otherwise) const {
    return has(key) ? values_.at(key) : otherwise;
  }
  double real(const std::string& key, double otherwise) const {
    return has(key) ? real_of(values_.at(key)) : otherwise;
  }
  Index integer(const std::string& key) const {
    return has(key) ? static_cast<Index>(real_of(values_.at(key))) : 0;
  }
  std::vector<double> list(const std::string& key) const { return reals_of(text(key, "")); }

 private:
  std::map<std::string, std::string> values_;
};

inline ropewalk::Yarn yarn_of(const RopeParameters& given, Index max_length) {
  const std::string truncate = given.text("truncate", "True");
  if (truncate != "True" && truncate != "False") throw NoRecipe("truncate=" + truncate);
  ropewalk::Yarn rule;
  rule.factor = given.real("factor", 0);
  rule.original_length = given.integer("original_max_position_embeddings");
  rule.truncate = truncate == "True";
  rule.beta_fast = given.real("beta_fast", 0);
  rule.beta_slow = given.real("beta_slow", 0);
  rule.mscale = given.real("mscale", 0);
  rule.mscale_all_dim = given.real("mscale_all_dim", 0);
  rule.attention_factor = given.real("attention_factor", 0);
  rule.max_length = max_length;
  return rule;
}

/// The share of a head that turns.
inline double rotary_share(const Case& of, const RopeParameters& given) {
  return given.real("partial_rotary_factor", real_of(of.get("partial_rotary_factor", "1")));
}

inline ropewalk::Scaling scaling_of(const Case& of, const RopeParameters& given) {
  const std::string type = given.text("rope_type", of.get("scaling", "default"));
  const double factor = given.real("factor", 1);
  const Index max_length =
      is_given(of, "max_position_embeddings") ? of.integer("max_position_embeddings") : 0;
  const Index original_length = given.integer("original_max_position_embeddings");
  if (is_given(of, "linear_factor")) return ropewalk::Linear{real_of(of.at("linear_factor"))};
  if (type == "default") return ropewalk::Unscaled{};
  if (type == "linear") return ropewalk::Linear{factor};
  if (type == "ntk") return ropewalk::StaticNtk{factor};
  if (type == "dynamic") return ropewalk::DynamicNtk{factor, max_length};
  if (type == "yarn") return yarn_of(given, max_length);
  if (type == "longrope") {
    return ropewalk::LongRope{given.list("short_factor"),        given.list("long_factor"),
                              given.real("factor", 0),           original_length,
                              given.real("attention_factor", 0), max_length};
  }
  if (type == "llama3") {
    return ropewalk::Llama3{factor, given.real("low_freq_factor", 1),
                            given.real("high_freq_factor", 4), original_length};
  }
  if (type != "proportional") {
    throw NoRecipe("case " + of.name + ": unknown value '" + type + "' of builder input 'scaling'");
  }
  return ropewalk::Proportional{rotary_share(of, given), factor};
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_GOLDEN_RECIPE_VALUES_HPP
