// The memory of one shape and dtype: x, out, what out must be, and the tables.
#ifndef ROPEWALK_BENCH_WORKSPACE_HPP
#define ROPEWALK_BENCH_WORKSPACE_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "devices.hpp"
#include "presets.hpp"
#include "ropewalk/ropewalk.hpp"

namespace ropewalk_bench {

using ropewalk::Index;

template <class T>
using TensorMap4 = Eigen::TensorMap<Eigen::Tensor<T, 4, Eigen::RowMajor>>;
template <class T>
using TableMap = Eigen::TensorMap<Eigen::Tensor<const T, 2, Eigen::RowMajor>>;

struct Free {
  void operator()(void* data) const { std::free(data); }
};
template <class T>
using Buffer = std::unique_ptr<T[], Free>;

/// Zeroed, so that its pages are there before anything is timed; 64-byte aligned.
template <class T>
Buffer<T> make_buffer(Index size) {
  const std::size_t line = 64;
  const std::size_t bytes = static_cast<std::size_t>(size) * sizeof(T);
  const std::size_t whole_lines = (bytes + line - 1) / line * line;
  void* data = std::aligned_alloc(line, whole_lines);
  if (data == nullptr) throw std::bad_alloc();
  std::memset(data, 0, whole_lines);
  return Buffer<T>(static_cast<T*>(data));
}

/// Normal deviates, repeated with a period that no power of two divides: drawing each would take
/// longer than timing.
template <class T>
void fill_normal(T* data, Index size) {
  std::vector<T> pool(65521);
  std::mt19937 random(42);
  std::normal_distribution<float> normal;
  std::generate(pool.begin(), pool.end(), [&] { return static_cast<T>(normal(random)); });
  const auto period = static_cast<Index>(pool.size());
  for (Index begin = 0; begin < size; begin += period) {
    std::copy_n(pool.begin(), std::min(period, size - begin), data + begin);
  }
}

/// Tables as models hand them over: cos and sin, [seq, pairs] each.
template <class Tab>
class Rotation {
 public:
  explicit Rotation(const ropewalk::Shape& shape)
      : seq_(shape.seq),
        pairs_(shape.head_dim / 2),
        cos_(make_buffer<Tab>(seq_ * pairs_)),
        sin_(make_buffer<Tab>(seq_ * pairs_)),
        view_(ropewalk::half_table(cos(), sin())) {
    for (Index s = 0; s < seq_; ++s) {
      for (Index i = 0; i < pairs_; ++i) {
        const double fraction = static_cast<double>(i) / static_cast<double>(pairs_);
        const double angle = static_cast<double>(s) * std::pow(1e4, -fraction);
        cos_[static_cast<std::size_t>(s * pairs_ + i)] = rounded(std::cos(angle));
        sin_[static_cast<std::size_t>(s * pairs_ + i)] = rounded(std::sin(angle));
      }
    }
  }

  TableMap<Tab> cos() const { return {cos_.get(), seq_, pairs_}; }
  TableMap<Tab> sin() const { return {sin_.get(), seq_, pairs_}; }
  const ropewalk::TableView<Tab>& view() const { return view_; }

 private:
  static Tab rounded(double value) { return static_cast<Tab>(static_cast<float>(value)); }

  Index seq_, pairs_;
  Buffer<Tab> cos_, sin_;
  ropewalk::TableView<Tab> view_;
};

/// Allocates at the first fill(): a shape that no row asks for takes no memory.
template <class X>
class Workspace {
 public:
  explicit Workspace(const Preset& preset) : preset_(preset) {}

  void fill() {
    if (x_ != nullptr) return;
    x_ = make_buffer<X>(size());
    out_ = make_buffer<X>(size());
    expected_ = make_buffer<X>(size());
    fill_normal(x_.get(), size());
    signs_ = make_buffer<X>(features());
    for (Index i = 0; i < features(); ++i) {
      signs_[static_cast<std::size_t>(i)] = static_cast<X>(i % 3 == 0 ? -1.0f : 1.0f);
    }
    std::apply([&](auto&... table) { (table.emplace(preset_.shape), ...); }, tables_);
  }

  const Preset& preset() const { return preset_; }
  Index tokens() const { return preset_.shape.batch * preset_.shape.seq; }
  Index features() const { return preset_.shape.heads * preset_.shape.head_dim; }  ///< of a token
  Index size() const { return tokens() * features(); }
  Index bytes() const { return size() * static_cast<Index>(sizeof(X)); }
  TensorMap4<const X> x() const { return mapped<const X>(x_.get()); }
  TensorMap4<X> out() const { return mapped<X>(out_.get()); }
  TensorMap4<X> expected() const { return mapped<X>(expected_.get()); }
  template <class Tab>
  const Rotation<Tab>& rotation() const {
    return *std::get<std::optional<Rotation<Tab>>>(tables_);
  }

  /// Weights of a norm, of all heads: 1 and -1, so that a row can be normalised where it lies again
  /// and again. Others scale its features anew in each call: weights of 0.5 plus the absolute of a
  /// normal deviate leave 40 to 79 % of them zero after 100 calls, 5 to 17 % subnormal, and what is
  /// timed is no longer the arithmetic of a model's values.
  const X* signs() const { return signs_.get(); }

  /// What expected holds at present, in the words of whoever wrote it.
  std::string& expected_tag() { return expected_tag_; }

  void copy_x_to_out() const { std::copy_n(x_.get(), size(), out_.get()); }

  /// Fills out with NaN, so that an element that a row leaves unwritten is found.
  void poison_out() const {
    std::memset(static_cast<void*>(out_.get()), 0xff, static_cast<std::size_t>(bytes()));
  }

 private:
  using Tables =
      std::conditional_t<std::is_same_v<X, float>, std::tuple<std::optional<Rotation<float>>>,
                         std::tuple<std::optional<Rotation<float>>, std::optional<Rotation<X>>>>;

  template <class T>
  TensorMap4<T> mapped(T* data) const {
    const ropewalk::Shape& shape = preset_.shape;
    return {data, shape.batch, shape.seq, shape.heads, shape.head_dim};
  }

  const Preset& preset_;
  Buffer<X> x_, out_, expected_, signs_;
  std::string expected_tag_;
  Tables tables_;
};

}  // namespace ropewalk_bench

#endif  // ROPEWALK_BENCH_WORKSPACE_HPP
