// The rule keys of a golden case, read once: what they may be, and what they say of `out`.
#ifndef ROPEWALK_TESTS_GOLDEN_KEYS_HPP
#define ROPEWALK_TESTS_GOLDEN_KEYS_HPP

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "../support/reference.hpp"
#include "key_values.hpp"
#include "norm_keys.hpp"
#include "pack.hpp"

namespace ropewalk_test {

// Values of rule keys ---------------------------------------------------------------------------

enum class Kind { rotate, grad, tables, norm, norm_rotate };
enum class Pairing { interleaved, half };
enum class TableKind {
  half,
  full_lane,
  even_odd,
  first_half,
  packed_cos_sin,
  packed_sin_cos,
  complex,
  full_dup,
  full_rep
};

inline constexpr Named<Kind> kinds[] = {{"rotate", Kind::rotate},
                                        {"grad", Kind::grad},
                                        {"tables", Kind::tables},
                                        {"norm", Kind::norm},
                                        {"norm_rotate", Kind::norm_rotate}};
inline constexpr Named<Pairing> pairings[] = {{"interleaved", Pairing::interleaved},
                                              {"half", Pairing::half}};
inline constexpr Named<TableKind> table_kinds[] = {{"half", TableKind::half},
                                                   {"full_lane", TableKind::full_lane},
                                                   {"even_odd", TableKind::even_odd},
                                                   {"first_half", TableKind::first_half},
                                                   {"packed_cos_sin", TableKind::packed_cos_sin},
                                                   {"packed_sin_cos", TableKind::packed_sin_cos},
                                                   {"complex", TableKind::complex},
                                                   {"full_dup", TableKind::full_dup},
                                                   {"full_rep", TableKind::full_rep}};
inline constexpr Named<TableKind> packed_rows[] = {{"even_odd", TableKind::even_odd},
                                                   {"full_lane", TableKind::full_lane},
                                                   {"first_half", TableKind::first_half}};
inline constexpr Named<Dtype> dtypes[] = {
    {"f64", Dtype::f64}, {"f32", Dtype::f32}, {"f16", Dtype::f16}, {"bf16", Dtype::bf16}};
inline constexpr Named<std::optional<Dtype>> casts[] = {{"none", std::nullopt},
                                                        {"f64", Dtype::f64},
                                                        {"f32", Dtype::f32},
                                                        {"f16", Dtype::f16},
                                                        {"bf16", Dtype::bf16}};
inline constexpr Named<std::optional<Dtype>> out_dtypes[] = {{"x", std::nullopt},
                                                             {"f64", Dtype::f64},
                                                             {"f32", Dtype::f32},
                                                             {"f16", Dtype::f16},
                                                             {"bf16", Dtype::bf16}};
inline constexpr Named<bool> is_bit_exact[] = {{"bit", true}, {"tol", false}};
inline constexpr Named<bool> is_fma[] = {
    {"none", false}, {"sin", true}, {"cos", true}, {"cos/sin", true}, {"sin/cos", true}};

/// Some of the axes batch, seq and heads, none twice.
inline bool are_axes(const std::string& text) {
  const bool known = text.find_first_not_of("BSH") == std::string::npos;
  return known && std::set<char>(text.begin(), text.end()).size() == text.size();
}

inline bool is_layout(const std::string& text) {
  return text.size() > 1 && (text.back() == 'D' || text.back() == 'C') &&
         are_axes(text.substr(0, text.size() - 1));
}

/// The rule keys of the rotation.
inline const RuleKeys& rotation_keys() {
  static const RuleKeys keys = {{"kind", is_name<kinds>},
                                {"io", is_given_name},
                                {"layout", is_layout},
                                {"pairing", is_name<pairings>},
                                {"pairing_out", is_name<pairings>},
                                {"rotary_dim", is_even_count},
                                {"rotary_offset", is_count},
                                {"token_offset", is_count},
                                {"token_count", is_count},
                                {"table", is_given_name},
                                {"cos", is_given_name},
                                {"sin", is_given_name},
                                {"table_axes", are_axes},
                                {"table_kind", is_name<table_kinds>},
                                {"table_pairing", is_name<pairings>},
                                {"packed_lanes", is_name<packed_rows>},
                                {"table_cast", is_name<casts>},
                                {"arith", is_name<dtypes>},
                                {"out_dtype", is_name<out_dtypes>},
                                {"exact", is_name<is_bit_exact>},
                                {"tol_ulp", is_decimal},
                                {"fma", is_name<is_fma>},
                                {"prod_round", is_name<dtypes>},
                                {"sum_round", is_name<dtypes>}};
  return keys;
}

/// Whether rows are normalized, by themselves or before they turn.
inline bool has_norm(const Case& of) {
  const std::string kind = of.get("kind", "");
  return kind == "norm" || kind == "norm_rotate";
}

/// Whether pairs turn, or have a table to turn by.
inline bool has_rotation(const Case& of) { return of.get("kind", "") != "norm"; }

/// What a value of the key must satisfy; null where it is no rule key in cases of this kind.
inline KeyCheck rule_key(const Case& of, const std::string& key) {
  static const std::set<std::string> shared = {"kind", "io", "out_dtype", "exact"};
  const auto norm = norm_keys().find(key);
  if (has_norm(of) && norm != norm_keys().end()) return norm->second;
  const auto rotation = rotation_keys().find(key);
  if (rotation == rotation_keys().end()) return nullptr;
  return has_rotation(of) || shared.count(key) != 0 ? rotation->second : nullptr;
}

/// What a harness must fail on: keys of no class, rule keys with a value of no meaning.
inline std::vector<std::string> unknown_rules(const Case& of) {
  static const std::set<std::string> others = {
      // how a model made its table: read in recipe_keys.hpp
      "theta", "scaling", "rope_parameters", "max_position_embeddings", "head_dim",
      "partial_rotary_factor", "init_seq_len", "inv_freq_same_as_used", "axes_dim", "rope_axes_dim",
      "grid", "grid_type", "crops", "base", "fps", "interpolation_scale", "rope_scale",
      "linear_factor", "ntk_factor", "freqs_dtype", "mrope_section", "mrope_layout", "txt_len",
      "stream", "tokens", "zero_rows", "cells", "position_scale", "text_first", "windows",
      "term_order", "term_axes", "frequency_order", "inv_freq_order",
      // words
      "family", "source", "policy", "form", "mode", "table_repeat"};
  std::vector<std::string> found;
  for (const auto& [key, value] : of.keys) {
    const auto check = rule_key(of, key);
    if (check == nullptr && others.count(key) == 0) {
      found.push_back("case " + of.name + ": unknown key '" + key + "', its value is '" + value +
                      "'");
    }
    if (check != nullptr && !check(value)) {
      found.push_back("case " + of.name + ": unknown value '" + value + "' of rule key '" + key +
                      "'");
    }
  }
  return found;
}

// The rule of a case ----------------------------------------------------------------------------

struct Tokens {
  std::int64_t first, count;
};

/// The rule keys of a case, and the tensors that they name. What `kind=tables` lacks is left as it
/// stands here.
struct Rule {
  std::string name;  // of the case
  Kind kind;
  std::vector<std::pair<const Tensor*, const Tensor*>> io;  // inputs and outputs
  const Tensor* gradients[2] = {nullptr, nullptr};          // of the output and of x
  std::string layout;
  Pairing pairing = Pairing::half;
  Pairing pairing_out = Pairing::half;
  Pairing table_pairing = Pairing::half;
  std::int64_t rotary_dim;
  std::int64_t rotary_offset;
  std::optional<Tokens> tokens;  // that turn; absent: all
  const Tensor* cos;             // both the same one where they are packed
  const Tensor* sin;
  std::optional<std::string> table_axes;
  TableKind table_kind;
  TableKind packed_lanes = TableKind::even_odd;
  std::optional<Dtype> table_cast;
  std::optional<Dtype> out_dtype;  // absent: that of x
  Dtype arith = Dtype::f32;
  Dtype prod_round = Dtype::f32;
  Dtype sum_round = Dtype::f32;
  bool bit_exact = true;
  bool fused;  // the peer fused a product into the sum, which the contract forbids
  double tol_ulp;

  std::int64_t pairs() const { return rotary_dim / 2; }
};

namespace detail {

inline void read_table(const Case& of, Rule& rule) {
  rule.table_kind = value_of<table_kinds>(of.at("table_kind"));
  const bool sin_first = rule.table_kind == TableKind::packed_sin_cos;
  const bool packed = sin_first || rule.table_kind == TableKind::packed_cos_sin ||
                      rule.table_kind == TableKind::complex;
  const std::string packed_name = of.get("table", sin_first ? "sincos" : "freqs_cis");
  rule.cos = &of.tensor(packed ? packed_name : of.get("cos", "cos"));
  rule.sin = packed ? rule.cos : &of.tensor(of.get("sin", "sin"));
  if (of.has("table_axes")) rule.table_axes = of.at("table_axes");
  if (rule.table_kind == TableKind::packed_cos_sin) {
    rule.packed_lanes = value_of<packed_rows>(of.at("packed_lanes"));
  }
  rule.table_cast = value_of<casts>(of.get("table_cast", "none"));
}

inline void read_pairings(const Case& of, Rule& rule) {
  const std::string pairing =
      rule.kind == Kind::tables ? of.get("pairing", "half") : of.at("pairing");
  rule.pairing = value_of<pairings>(pairing);
  rule.pairing_out = value_of<pairings>(of.get("pairing_out", pairing));
  rule.table_pairing = value_of<pairings>(of.get("table_pairing", pairing));
}

inline void read_rotation(const Case& of, Rule& rule) {
  if (rule.kind == Kind::norm_rotate) {
    // What the norm has made, rounded to the type of x, is where the rotation begins.
    for (const char* device : {"cpu", "cuda"}) {
      const Tensor* out = of.find(std::string("out_") + device);
      if (out != nullptr) rule.io.emplace_back(&of.tensor(std::string("normed_") + device), out);
    }
  } else {
    for (const auto& [input, output] : of.io()) {
      rule.io.emplace_back(&of.tensor(input), &of.tensor(output));
    }
  }
  rule.layout = of.at("layout");
  if (!rule.table_axes) of.at("table_axes");  // its error
  rule.arith = value_of<dtypes>(of.at("arith"));
  rule.out_dtype = value_of<out_dtypes>(of.at("out_dtype"));
  rule.bit_exact = value_of<is_bit_exact>(of.at("exact"));
  if (rule.kind != Kind::grad) return;
  rule.gradients[0] = &of.tensor("gout");
  rule.gradients[1] = &of.tensor("gx");
  rule.prod_round = value_of<dtypes>(of.at("prod_round"));
  rule.sum_round = value_of<dtypes>(of.at("sum_round"));
}

}  // namespace detail

/// The one place that reads rule keys of the rotation. The rule points into the case. Throws
/// PackError for the first thing that is unknown, for a key that must be there, and for tensors
/// that are not.
inline Rule rule_of(const Case& of) {
  const std::vector<std::string> unknown = unknown_rules(of);
  if (!unknown.empty()) throw PackError(unknown.front());
  Rule rule{};
  rule.name = of.name;
  rule.kind = detail::value_of<kinds>(of.at("kind"));
  rule.rotary_dim = of.integer("rotary_dim");
  rule.rotary_offset = of.integer("rotary_offset", 0);
  if (of.has("token_offset") || of.has("token_count")) {
    rule.tokens = {of.integer("token_offset", 0), of.integer("token_count")};
  }
  rule.fused = detail::value_of<is_fma>(of.get("fma", "none"));
  rule.tol_ulp = std::stod(of.get("tol_ulp", "4"));
  detail::read_table(of, rule);
  detail::read_pairings(of, rule);
  if (rule.kind != Kind::tables) detail::read_rotation(of, rule);
  return rule;
}
Rule rule_of(Case&&) = delete;  // it would point into a case that is gone

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_GOLDEN_KEYS_HPP
