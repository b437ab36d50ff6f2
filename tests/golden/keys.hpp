// The keys of a golden pack: which class each is of, and which values have a meaning.
#ifndef ROPEWALK_TESTS_GOLDEN_KEYS_HPP
#define ROPEWALK_TESTS_GOLDEN_KEYS_HPP

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "pack.hpp"

namespace ropewalk_test {

/// Rule keys decide what `out` is; builder inputs tell how a model made its table.
enum class KeyClass { rule, builder_input, words, unknown };

inline KeyClass class_of(const std::string& key) {
  static const std::set<std::string> rule = {
      "kind",          "io",           "layout",        "pairing",      "pairing_out", "rotary_dim",
      "rotary_offset", "token_offset", "token_count",   "table",        "cos",         "sin",
      "table_axes",    "table_kind",   "table_pairing", "packed_lanes", "table_cast",  "arith",
      "out_dtype",     "exact",        "tol_ulp",       "fma",          "prod_round",  "sum_round"};
  static const std::set<std::string> builder_input = {"theta",
                                                      "scaling",
                                                      "rope_parameters",
                                                      "max_position_embeddings",
                                                      "head_dim",
                                                      "partial_rotary_factor",
                                                      "init_seq_len",
                                                      "inv_freq_same_as_used",
                                                      "axes_dim",
                                                      "rope_axes_dim",
                                                      "grid",
                                                      "grid_type",
                                                      "crops",
                                                      "base",
                                                      "fps",
                                                      "interpolation_scale",
                                                      "rope_scale",
                                                      "linear_factor",
                                                      "ntk_factor",
                                                      "freqs_dtype",
                                                      "mrope_section",
                                                      "mrope_layout",
                                                      "txt_len",
                                                      "stream",
                                                      "tokens",
                                                      "zero_rows"};
  static const std::set<std::string> words = {"family", "source", "policy",
                                              "form",   "mode",   "table_repeat"};
  if (rule.count(key) != 0) return KeyClass::rule;
  if (builder_input.count(key) != 0) return KeyClass::builder_input;
  return words.count(key) != 0 ? KeyClass::words : KeyClass::unknown;
}

/// Some of the axes batch, seq and heads, none twice.
inline bool are_axes(const std::string& text) {
  const bool known = text.find_first_not_of("BSH") == std::string::npos;
  return known && std::set<char>(text.begin(), text.end()).size() == text.size();
}

/// Whether the README of the pack gives this value of a rule key a meaning.
inline bool is_known_value(const std::string& key, const std::string& value) {
  static const std::set<std::string> pairings = {"interleaved", "half"};
  static const std::set<std::string> dtypes = {"f64", "f32", "f16", "bf16"};
  static const std::map<std::string, std::set<std::string>> choices = {
      {"kind", {"rotate", "grad", "tables"}},
      {"pairing", pairings},
      {"pairing_out", pairings},
      {"table_pairing", pairings},
      {"table_kind",
       {"half", "full_lane", "even_odd", "first_half", "packed_cos_sin", "packed_sin_cos",
        "complex", "full_dup", "full_rep"}},
      {"packed_lanes", {"even_odd", "full_lane", "first_half"}},
      {"table_cast", {"none", "f64", "f32", "f16", "bf16"}},
      {"arith", dtypes},
      {"prod_round", dtypes},
      {"sum_round", dtypes},
      {"out_dtype", {"x", "f64", "f32", "f16", "bf16"}},
      {"exact", {"bit", "tol"}},
      {"fma", {"none", "sin", "cos", "cos/sin", "sin/cos"}}};
  const auto choice = choices.find(key);
  if (choice != choices.end()) return choice->second.count(value) != 0;
  std::int64_t number = 0;
  if (key == "rotary_dim") return detail::parse_integer(value, number) && number % 2 == 0;
  if (key == "rotary_offset" || key == "token_offset" || key == "token_count") {
    return detail::parse_integer(value, number);
  }
  if (key == "tol_ulp") return value.find_first_not_of("0123456789.") == std::string::npos;
  if (key == "table_axes") return are_axes(value);
  if (key == "layout") {
    return value.size() > 1 && (value.back() == 'D' || value.back() == 'C') &&
           are_axes(value.substr(0, value.size() - 1));
  }
  return !value.empty();  // names of tensors; a wrong one is found when it is looked up
}

/// What a harness must fail on: keys of no class, rule keys with a value of no meaning.
inline std::vector<std::string> unknown_rules(const Case& of) {
  std::vector<std::string> found;
  for (const auto& [key, value] : of.keys) {
    const KeyClass key_class = class_of(key);
    if (key_class == KeyClass::unknown) found.push_back("unknown key '" + key + "'");
    if (key_class == KeyClass::rule && !is_known_value(key, value)) {
      found.push_back("unknown value '" + value + "' of rule key '" + key + "'");
    }
  }
  return found;
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_GOLDEN_KEYS_HPP
