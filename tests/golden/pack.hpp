// Reads a golden pack: a folder with index.tsv, cases.tsv and data.bin, as README.md here tells.
#ifndef ROPEWALK_TESTS_GOLDEN_PACK_HPP
#define ROPEWALK_TESTS_GOLDEN_PACK_HPP

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../support/reference.hpp"

namespace ropewalk_test {

struct Tensor {
  std::string name;
  std::string dtype;  // f64 f32 f16 bf16 i64 i32
  std::vector<std::int64_t> shape;
  std::vector<unsigned char> bytes;  // in this machine's byte order

  std::size_t size() const;
  /// The values as T, which must be the stored type (std::int64_t, std::int32_t, or a float type).
  template <class T>
  std::vector<T> values() const;
  /// The patterns of a tensor of any floating-point type.
  std::vector<Bits> patterns() const;
};

struct Case {
  std::string name;
  std::map<std::string, std::string> keys;
  std::vector<Tensor> tensors;

  bool has(const std::string& key) const { return keys.count(key) != 0; }
  /// The value of a key that must be there.
  const std::string& at(const std::string& key) const;
  std::string get(const std::string& key, const std::string& otherwise) const {
    return has(key) ? keys.at(key) : otherwise;
  }
  std::int64_t integer(const std::string& key) const;
  std::int64_t integer(const std::string& key, std::int64_t otherwise) const {
    return has(key) ? integer(key) : otherwise;
  }
  const Tensor* find(const std::string& tensor) const;
  const Tensor& tensor(const std::string& name) const;
  /// Names of (input, output) tensors.
  std::vector<std::pair<std::string, std::string>> io() const;
};

struct Pack {
  std::string folder;
  std::vector<Case> cases;  // in the order of cases.tsv
};

/// Every error of a pack is one of these: which file and line, or which case, and what is wrong.
struct PackError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

namespace detail {

inline std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

/// A whole number from 0 on; false if the text is anything else or too large for 63 bits.
inline bool parse_integer(const std::string& text, std::int64_t& value) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    const std::int64_t digit = c - '0';
    if (value > (most - digit) / 10) return false;
    value = value * 10 + digit;
  }
  return !text.empty();
}

/// Of one value; 0 for a type that is not known.
inline std::size_t bytes_of(const std::string& dtype) {
  if (dtype == "f64" || dtype == "i64") return 8;
  if (dtype == "f32" || dtype == "i32") return 4;
  return dtype == "f16" || dtype == "bf16" ? 2 : 0;
}

template <class T>
const char* stored_name() {
  if constexpr (std::is_same_v<T, std::int64_t>) return "i64";
  if constexpr (std::is_same_v<T, std::int32_t>) return "i32";
  if constexpr (!std::is_integral_v<T>) return name_of(dtype_of<T>());
}

inline constexpr bool host_is_big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

inline void reverse_elements(std::vector<unsigned char>& bytes, std::size_t width) {
  for (std::size_t at = 0; at + width <= bytes.size(); at += width) {
    for (std::size_t i = 0; i < width / 2; ++i) std::swap(bytes[at + i], bytes[at + width - 1 - i]);
  }
}

inline std::ifstream opened(const std::string& folder, const std::string& file) {
  std::ifstream stream(folder + "/" + file, std::ios::binary);
  if (!stream) throw PackError("cannot open " + folder + "/" + file);
  return stream;
}

/// The lines of a tab-separated file, each with exactly `count` fields.
class Lines {
 public:
  Lines(const std::string& folder, const std::string& file, std::size_t count)
      : file_(file), count_(count), stream_(opened(folder, file)) {}
  bool next(std::vector<std::string>& fields) {
    std::string line;
    if (!std::getline(stream_, line)) return false;
    ++line_;
    fields = split(line, '\t');
    require(fields.size() == count_, std::to_string(fields.size()) + " fields, must be " +
                                         std::to_string(count_) + ", tab separated");
    return true;
  }
  std::int64_t number(const std::string& text) const {
    std::int64_t value = 0;
    require(parse_integer(text, value), "'" + text + "' is not a whole number");
    return value;
  }
  void require(bool holds, const std::string& text) const {
    if (!holds) throw PackError(file_ + ":" + std::to_string(line_) + ": " + text);
  }

 private:
  std::string file_;
  std::size_t count_;
  std::ifstream stream_;
  std::int64_t line_ = 0;
};

/// The shape of a line of index.tsv, and its size in bytes held against the stated one.
inline std::vector<std::int64_t> read_shape(const Lines& lines, const std::string& text,
                                            std::size_t width, std::int64_t bytes) {
  std::vector<std::int64_t> shape;
  std::int64_t size = static_cast<std::int64_t>(width);
  for (const std::string& part : split(text, 'x')) {
    const std::int64_t extent = lines.number(part);
    lines.require(extent == 0 || size <= std::numeric_limits<std::int64_t>::max() / extent,
                  "shape " + text + " is too large");
    size *= extent;
    shape.push_back(extent);
  }
  lines.require(size == bytes, "byte count is " + std::to_string(bytes) + ", must be " +
                                   std::to_string(size) + " for shape " + text);
  return shape;
}

inline void read_cases(Pack& pack, std::unordered_map<std::string, std::size_t>& places) {
  Lines lines(pack.folder, "cases.tsv", 3);
  std::vector<std::string> fields;
  while (lines.next(fields)) {
    const auto [place, is_new] = places.emplace(fields[0], pack.cases.size());
    if (is_new) pack.cases.push_back({fields[0], {}, {}});
    const bool key_is_new = pack.cases[place->second].keys.emplace(fields[1], fields[2]).second;
    lines.require(key_is_new, "key '" + fields[1] + "' a second time in case " + fields[0]);
  }
}

inline void read_tensors(Pack& pack, const std::unordered_map<std::string, std::size_t>& places) {
  std::ifstream stream = opened(pack.folder, "data.bin");
  const std::vector<char> data{std::istreambuf_iterator<char>(stream), {}};
  Lines lines(pack.folder, "index.tsv", 6);
  std::vector<std::string> fields;
  std::int64_t end = 0;
  while (lines.next(fields)) {
    const auto place = places.find(fields[0]);
    lines.require(place != places.end(), "case '" + fields[0] + "' is not in cases.tsv");
    Case& owner = pack.cases[place->second];
    lines.require(owner.find(fields[1]) == nullptr, "tensor '" + fields[1] + "' a second time");
    const std::size_t width = bytes_of(fields[2]);
    lines.require(width != 0, "dtype is '" + fields[2] + "', must be f64 f32 f16 bf16 i64 or i32");
    const std::int64_t offset = lines.number(fields[4]);
    const std::int64_t bytes = lines.number(fields[5]);
    lines.require(offset % 64 == 0 && offset >= end,
                  "offset " + fields[4] + " is not a multiple of 64 after the tensor before");
    const auto shape = read_shape(lines, fields[3], width, bytes);
    lines.require(bytes <= static_cast<std::int64_t>(data.size()) - offset,
                  "tensor '" + fields[1] + "' goes past the end of data.bin");
    end = offset + bytes;
    Tensor tensor{fields[1], fields[2], shape, {data.begin() + offset, data.begin() + end}};
    if (host_is_big_endian) reverse_elements(tensor.bytes, width);
    owner.tensors.push_back(std::move(tensor));
  }
}

}  // namespace detail

/// Reads the whole pack; throws PackError for anything malformed.
inline Pack read_pack(const std::string& folder) {
  Pack pack{folder, {}};
  std::unordered_map<std::string, std::size_t> places;
  detail::read_cases(pack, places);
  detail::read_tensors(pack, places);
  return pack;
}

inline std::size_t Tensor::size() const { return bytes.size() / detail::bytes_of(dtype); }

template <class T>
std::vector<T> Tensor::values() const {
  if (dtype != detail::stored_name<T>()) {
    throw PackError("tensor '" + name + "' is " + dtype + ", asked for " +
                    detail::stored_name<T>());
  }
  std::vector<T> result(size());
  if (!bytes.empty()) std::memcpy(static_cast<void*>(result.data()), bytes.data(), bytes.size());
  return result;
}

inline std::vector<Bits> Tensor::patterns() const {
  const auto widened = [](const auto& from) {
    std::vector<Bits> result;
    result.reserve(from.size());
    for (const auto& value : from) result.push_back(to_bits(value));
    return result;
  };
  if (dtype == "f64") return widened(values<double>());
  if (dtype == "f32") return widened(values<float>());
  if (dtype == "f16") return widened(values<Eigen::half>());
  return widened(values<Eigen::bfloat16>());
}

inline const std::string& Case::at(const std::string& key) const {
  const auto found = keys.find(key);
  if (found == keys.end()) throw PackError("case " + name + " has no key '" + key + "'");
  return found->second;
}

inline std::int64_t Case::integer(const std::string& key) const {
  std::int64_t value = 0;
  if (!detail::parse_integer(at(key), value)) {
    throw PackError("case " + name + ": " + key + " is '" + at(key) + "', must be a whole number");
  }
  return value;
}

inline const Tensor* Case::find(const std::string& tensor) const {
  for (const Tensor& candidate : tensors) {
    if (candidate.name == tensor) return &candidate;
  }
  return nullptr;
}

inline const Tensor& Case::tensor(const std::string& wanted) const {
  const Tensor* found = find(wanted);
  if (found == nullptr) throw PackError("case " + name + " has no tensor '" + wanted + "'");
  return *found;
}

inline std::vector<std::pair<std::string, std::string>> Case::io() const {
  std::vector<std::pair<std::string, std::string>> result;
  for (const std::string& part : detail::split(at("io"), ',')) {
    const auto names = detail::split(part, '>');
    if (names.size() != 2) throw PackError("case " + name + ": io is '" + at("io") + "'");
    result.emplace_back(names[0], names[1]);
  }
  return result;
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_GOLDEN_PACK_HPP
