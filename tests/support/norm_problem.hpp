// A tensor with what normalises and turns it, and the fused form held to the definition.
#ifndef ROPEWALK_TESTS_SUPPORT_NORM_PROBLEM_HPP
#define ROPEWALK_TESTS_SUPPORT_NORM_PROBLEM_HPP

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cstddef>
#include <vector>

#include "bits.hpp"
#include "norm_turns.hpp"
#include "ropewalk/norm.hpp"
#include "ropewalk/table_layouts.hpp"
#include "typed_tests.hpp"

namespace ropewalk_test {

/// Mixes of x and the weight, which is their Tab.
using AllNormTypes =
    MixesOf<Mix<float, float>, Mix<Eigen::half, Eigen::half>, Mix<Eigen::half, float>,
            Mix<Eigen::bfloat16, Eigen::bfloat16>, Mix<Eigen::bfloat16, float>>;

/// Where rows lie in memory.
enum class Place { dense, heads_outside, packed };
inline constexpr Place places[] = {Place::dense, Place::heads_outside, Place::packed};

/// x of a shape with what normalises and turns it.
template <class X, class W>
struct Problem {
  ropewalk::Shape shape;
  Place place;
  std::vector<X> x;
  std::vector<W> weight;
  std::vector<float> cos, sin;
  ropewalk::RmsNorm<W> norm;
  ropewalk::Index pairs;

  Problem(const ropewalk::Shape& of, bool over_token, ropewalk::NormFinish finish,
          ropewalk::Index of_pairs, Place where, Values values = Values::special,
          bool weighted = true)
      : shape(of),
        place(where),
        x(random_values<X>(3 * size(), values, 1)),
        weight(random_values<W>(weighted ? count(over_token ? of.heads : 1, of.head_dim) : 0,
                                Values::uniform, 2)),
        cos(random_values<float>(count(of.seq, of_pairs), Values::uniform, 3)),
        sin(random_values<float>(count(of.seq, of_pairs), Values::uniform, 4)),
        norm(ropewalk::rms_norm_torch(weighted ? weight.data() : nullptr,
                                      static_cast<ropewalk::Index>(weight.size()), 1e-6)),
        pairs(of_pairs) {
    norm.finish = finish;
    if (over_token) norm = norm.over_token();
  }

  static std::size_t count(ropewalk::Index a, ropewalk::Index b) {
    return static_cast<std::size_t>(a * b);
  }
  std::size_t size() const { return count(shape.batch * shape.seq, shape.heads * shape.head_dim); }

  template <class T>
  ropewalk::View<T> view(T* data) const {
    if (place == Place::heads_outside) return ropewalk::bhsd_view(data, shape);
    if (place == Place::packed) return ropewalk::qkv_view(data, shape, 1);
    return {data, shape};
  }

  ropewalk::TableView<float> table() const {
    const ropewalk::Shape rows{1, shape.seq, 1, pairs};
    return ropewalk::half_table(ropewalk::View<const float>(cos.data(), rows),
                                ropewalk::View<const float>(sin.data(), rows));
  }

  std::vector<X> defined(ropewalk::Pairing pairing) const {
    return defined(table(), ropewalk::Options(pairing));
  }

  template <class Tab>
  std::vector<X> defined(const ropewalk::TableView<Tab>& turns,
                         const ropewalk::Options& options) const {
    std::vector<X> out = x;
    ropewalk::apply_strided(ropewalk::serial, view(out.data()), view(x.data()), norm, turns,
                            options);
    return out;
  }

  /// What the fused form writes.
  template <class Tab>
  std::vector<X> fused(const ropewalk::TableView<Tab>& turns, const ropewalk::Options& options,
                       const ropewalk::CpuOptions& cpu) const {
    std::vector<X> out = x;
    ropewalk::apply(ropewalk::serial, view(out.data()), view(x.data()), norm, turns, options, cpu);
    return out;
  }

  template <class Tab>
  std::vector<X> fused_in_place(const ropewalk::TableView<Tab>& turns,
                                const ropewalk::Options& options,
                                const ropewalk::CpuOptions& cpu) const {
    std::vector<X> out = x;
    ropewalk::apply_inplace(ropewalk::serial, view(out.data()), norm, turns, options, cpu);
    return out;
  }

  void expect_defined(ropewalk::Pairing pairing) const {
    expect_defined(table(), ropewalk::Options(pairing));
  }

  template <class Tab>
  void expect_defined(const ropewalk::TableView<Tab>& turns,
                      const ropewalk::Options& options) const {
    using ropewalk::Stores;
    const std::vector<X> wanted = defined(turns, options);
    for (const ropewalk::Isa isa : ropewalk::available_isas()) {
      for (const Stores stores : {Stores::cached, Stores::nontemporal}) {
        EXPECT_TRUE(same_bits(fused(turns, options, {stores, isa}), wanted))
            << ropewalk::isa_name(isa);
      }
      if (options.pairing == ropewalk::Pairing::interleaved_to_half) continue;
      EXPECT_TRUE(same_bits(fused_in_place(turns, options, {Stores::automatic, isa}), wanted))
          << ropewalk::isa_name(isa) << ", in place";
    }
  }
};

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_SUPPORT_NORM_PROBLEM_HPP
