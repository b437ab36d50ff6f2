// How a model made its frequencies: the builder inputs of a golden case as rules of the library.
#ifndef ROPEWALK_TESTS_GOLDEN_RECIPE_HPP
#define ROPEWALK_TESTS_GOLDEN_RECIPE_HPP

#include <cstdint>
#include <cstdlib>  // for std::strtod
#include <map>
#include <numeric>  // for std::accumulate
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "pack.hpp"
#include "ropewalk/frequencies.hpp"

namespace ropewalk_test {

using ropewalk::Index;

/// Thrown where the keys do not tell how the table was made: then it can only be taken as data.
struct NoRecipe : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Values ---------------------------------------------------------------------------------------

inline double real_of(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0') throw PackError("'" + text + "' is not a number");
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
    if (static_cast<double>(sizes.back()) != value) throw PackError("'" + text + "': not integers");
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
        throw PackError("case " + of.name + ": unknown rope parameter '" + part + "'");
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
  if (truncate != "True" && truncate != "False") throw PackError("truncate=" + truncate);
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

inline ropewalk::Scaling scaling_of(const Case& of) {
  const RopeParameters given(of);
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
  if (type != "proportional") throw PackError("case " + of.name + ": unknown scaling " + type);
  const double share = real_of(of.get("partial_rotary_factor", "1"));
  return ropewalk::Proportional{given.real("partial_rotary_factor", share), factor};
}

// Frequencies ------------------------------------------------------------------------------------

/// theta^(-2i / dim), scaled: of one axis, or shared by all.
struct ListRule {
  Index dim;
  double theta;
  ropewalk::Scaling scaling;
};

struct AxisLists {
  std::vector<ListRule> lists;
  ropewalk::TermOrder order;
};

/// LTX: as many frequencies as fit, dealt to the axes in turn, identity pairs in front.
struct Increasing {
  Index axes, heads, pairs;
  double theta;
};

/// The third: learned, as they stand.
using FrequencyRule = std::variant<AxisLists, Increasing, ropewalk::Frequencies>;

struct MakeFrequencies {
  ropewalk::FrequencyOptions options;

  ropewalk::Frequencies list(const ListRule& rule) const {
    return ropewalk::frequencies(rule.dim, rule.theta, rule.scaling, options);
  }
  ropewalk::Frequencies operator()(const AxisLists& rule) const {
    std::vector<ropewalk::Frequencies> made;
    for (const ListRule& one : rule.lists) made.push_back(list(one));
    return ropewalk::arrange(made, rule.order);
  }
  ropewalk::Frequencies operator()(const Increasing& rule) const {
    const Index pairs = rule.heads * rule.pairs;
    const Index count = pairs / rule.axes;
    const auto one = ropewalk::increasing_frequencies(count, rule.theta, options.steps);
    const auto turning = ropewalk::arrange({one}, ropewalk::alternating(rule.axes, count));
    return ropewalk::split_heads(rule.heads,
                                 ropewalk::with_identity_pairs(pairs - turning.pairs, turning));
  }
  ropewalk::Frequencies operator()(const ropewalk::Frequencies& learned) const { return learned; }
};

inline std::vector<Index> sections_of(const Case& of) {
  if (is_given(of, "mrope_section")) return sizes_of(of.at("mrope_section"));
  const RopeParameters given(of);
  return given.has("mrope_section") ? sizes_of(given.text("mrope_section", ""))
                                    : std::vector<Index>{};
}

inline ropewalk::TermOrder section_order(const Case& of) {
  const std::string layout = of.at("mrope_layout");
  if (layout == "contiguous") return ropewalk::contiguous_sections(sections_of(of));
  if (layout == "interleaved") return ropewalk::interleaved_sections(sections_of(of));
  if (layout == "alternating") return ropewalk::alternating_sections(sections_of(of));
  throw PackError("case " + of.name + ": unknown mrope_layout " + layout);
}

inline double theta_of(const Case& of) {
  const RopeParameters given(of);
  if (!given.has("rope_theta") && !of.has("theta") && !of.has("base")) {
    throw NoRecipe("no theta");
  }
  const double theta = given.real("rope_theta", real_of(of.get("theta", of.get("base", "0"))));
  return theta * real_of(of.get("ntk_factor", "1"));
}

/// Features that turn: all of them, or the share that the parameters state.
inline Index rotary_dim_of(const Case& of) {
  if (of.has("rotary_dim")) return of.integer("rotary_dim");
  const double share = real_of(of.get("partial_rotary_factor", "1"));
  const double given = RopeParameters(of).real("partial_rotary_factor", share);
  return static_cast<Index>(static_cast<double>(of.integer("head_dim")) * given);
}

/// Features of every axis; none where the keys leave equal parts to all axes. Most models call them
/// rope_axes_dim too; CogView4's of that name are sizes of the grid that it spreads.
inline std::vector<Index> axis_dims(const Case& of) {
  if (of.has("axes_dim")) return sizes_of(of.at("axes_dim"));
  if (!of.has("rope_axes_dim")) return {};
  const std::vector<Index> dims = sizes_of(of.at("rope_axes_dim"));
  const Index sum = std::accumulate(dims.begin(), dims.end(), Index{0});
  return sum == rotary_dim_of(of) ? dims : std::vector<Index>{};
}

/// The rule for a table whose tokens have `axes` positions and whose rows `heads` heads.
inline FrequencyRule frequency_rule(const Case& of, Index axes, Index heads) {
  if (const Tensor* learned = of.find("pos_frequencies")) {
    return ropewalk::own_frequencies(learned->shape.at(0), learned->shape.at(1),
                                     learned->shape.at(2), numbers(*learned));
  }
  const Index dim = rotary_dim_of(of);
  const double theta = theta_of(of);
  if (of.find("coords") != nullptr || of.has("interpolation_scale")) {
    return Increasing{axes, heads, dim / 2, theta};
  }
  const ropewalk::Scaling scaling = scaling_of(of);
  if (!sections_of(of).empty()) return AxisLists{{{dim, theta, scaling}}, section_order(of)};
  if (axis_dims(of).empty()) {
    const std::vector<Index> counts(static_cast<std::size_t>(axes), dim / axes / 2);
    ropewalk::TermOrder order = ropewalk::axis_after_axis(counts);
    // Lumina-Next alternates its two axes; HunyuanDiT's crops put w first.
    if (axes == 2 && of.has("ntk_factor")) order = ropewalk::alternating(2, dim / 4);
    for (ropewalk::TermSource& source : order.sources) {
      if (axes == 2 && of.has("crops")) source.axis = 1 - source.axis;
    }
    return AxisLists{{{dim / axes, theta, scaling}}, order};
  }
  AxisLists rule;
  std::vector<Index> counts;
  const std::vector<double> scales = reals_of(of.get("rope_scale", "1"));
  for (const Index axis_dim : axis_dims(of)) {
    const double scale = scales.size() == 1 ? scales[0] : scales.at(counts.size());
    counts.push_back(axis_dim / 2);
    rule.lists.push_back({axis_dim, theta, scaling});
    if (scale != 1) rule.lists.back().scaling = ropewalk::StaticNtk{scale};
  }
  rule.order = ropewalk::axis_after_axis(counts);
  return rule;
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_GOLDEN_RECIPE_HPP
