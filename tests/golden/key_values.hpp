// What values of rule keys may be: one of some names, or numbers.
#ifndef ROPEWALK_TESTS_GOLDEN_KEY_VALUES_HPP
#define ROPEWALK_TESTS_GOLDEN_KEY_VALUES_HPP

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "pack.hpp"

namespace ropewalk_test {

template <class Value>
using Named = std::pair<const char*, Value>;

/// Whether a value has a meaning in the README of its pack.
using KeyCheck = bool (*)(const std::string&);
using RuleKeys = std::map<std::string, KeyCheck>;

template <const auto& names>
bool is_name(const std::string& text) {
  return std::any_of(std::begin(names), std::end(names),
                     [&](const auto& name) { return text == name.first; });
}

inline bool is_count(const std::string& text) {
  std::int64_t number = 0;
  return detail::parse_integer(text, number);
}

inline bool is_positive_count(const std::string& text) {
  std::int64_t number = 0;
  return detail::parse_integer(text, number) && number > 0;
}

inline bool is_even_count(const std::string& text) {
  std::int64_t number = 0;
  return detail::parse_integer(text, number) && number % 2 == 0;
}

inline bool is_decimal(const std::string& text) {
  return !text.empty() && text.front() != '.' && std::count(text.begin(), text.end(), '.') <= 1 &&
         text.find_first_not_of("0123456789.") == std::string::npos;
}

/// Any name of a tensor; a wrong one is found when it is looked up.
inline bool is_given_name(const std::string& text) { return !text.empty(); }

namespace detail {

/// The value of a key whose text is known to be one of the names.
template <const auto& names>
auto value_of(const std::string& text) {
  return std::find_if(std::begin(names), std::end(names),
                      [&](const auto& name) { return text == name.first; })
      ->second;
}

}  // namespace detail

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_GOLDEN_KEY_VALUES_HPP
