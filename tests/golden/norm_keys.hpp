// The rule keys of the norm, of kind=norm and kind=norm_rotate: what they may be.
#ifndef ROPEWALK_TESTS_GOLDEN_NORM_KEYS_HPP
#define ROPEWALK_TESTS_GOLDEN_NORM_KEYS_HPP

#include <cstddef>
#include <string>

#include "../support/norm_reference.hpp"
#include "key_values.hpp"

namespace ropewalk_test {

enum class NormAxes { head, all_heads };

inline constexpr Named<Finish> finishes[] = {{"torch", Finish::one_rounding},
                                             {"hf", Finish::round_then_weight},
                                             {"gemma", Finish::one_plus_weight}};
inline constexpr Named<NormAxes> norm_axes[] = {{"D", NormAxes::head}, {"HD", NormAxes::all_heads}};
inline constexpr Named<SumOrder> cuda_orders[] = {{"fused", SumOrder::cuda_fused},
                                                  {"reduce", SumOrder::cuda_reduce}};

/// none, or a number like 1e-06 and 0.0.
inline bool is_eps(const std::string& text) {
  const std::size_t power = text.find("e-");
  if (power != std::string::npos && !is_count(text.substr(power + 2))) return false;
  return text == "none" || is_decimal(text.substr(0, power));
}

inline const RuleKeys& norm_keys() {
  static const RuleKeys keys = {
      {"norm_rule", is_name<finishes>},  {"norm_size", is_positive_count},
      {"norm_axes", is_name<norm_axes>}, {"eps", is_eps},
      {"weight", is_given_name},         {"cuda_order", is_name<cuda_orders>},
      {"cuda_rows", is_positive_count}};
  return keys;
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_GOLDEN_NORM_KEYS_HPP
