// Cases of whole models' attention as it begins, as the tests of a CPU and of a device read them.
#ifndef ROPEWALK_TESTS_GOLDEN_PROLOGUE_HPP
#define ROPEWALK_TESTS_GOLDEN_PROLOGUE_HPP

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "folders.hpp"
#include "pack.hpp"
#include "ropewalk/model.hpp"
#include "ropewalk/norm.hpp"
#include "ropewalk/table_layouts.hpp"
#include "ropewalk/view.hpp"

namespace ropewalk_test {

using bf16 = Eigen::bfloat16;

inline const Pack& prologue_pack() {
  static const Pack whole = read_pack(golden_folder() + "/prologues");
  return whole;
}

/// Calls work(table) with the stored table, read where `hold`, of a vector, keeps it: what it
/// returns has `data()`.
template <class Tab, class Hold, class Work>
void with_stored_table(const Case& of, const Hold& hold, const Work& work) {
  const std::string& kind = of.at("table_kind");
  const auto view = [](const Tensor& tensor, const auto& values) {
    return ropewalk::View<const Tab>(values.data(), {1, tensor.shape[1], 1, tensor.shape[2]});
  };
  if (kind == "packed_cos_sin") {
    const auto freqs = hold(of.tensor("freqs").values<Tab>());
    return work(ropewalk::packed_table(view(of.tensor("freqs"), freqs)));
  }
  const auto cos = hold(of.tensor("cos").values<Tab>());
  const auto sin = hold(of.tensor("sin").values<Tab>());
  const auto cos_view = view(of.tensor("cos"), cos), sin_view = view(of.tensor("sin"), sin);
  if (kind == "full_rep") return work(ropewalk::even_odd_table(cos_view, sin_view));
  if (kind == "full_dup") return work(ropewalk::duplicated_table(cos_view, sin_view));
  throw PackError("table_kind is '" + kind + "', which is not known");
}

/// The heads of all tokens, one after the other.
inline std::vector<bf16> features_of(const ropewalk::View<const bf16>& x) {
  std::vector<bf16> features;
  for (ropewalk::Index i = 0; i < x.seq() * x.heads(); ++i) {
    const bf16* row = x.row(0, i / x.heads(), i % x.heads());
    features.insert(features.end(), row, row + x.head_dim());
  }
  return features;
}

/// The norm of a model by a stored weight, which stays the caller's.
template <class W>
ropewalk::RmsNorm<W> norm_of(const ropewalk::Model& model, const std::vector<W>& weight) {
  return ropewalk::rms_norm(model, weight.data(), static_cast<ropewalk::Index>(weight.size()));
}

/// Where the keys and values of a prologue go in a paged cache: tokens backwards, one to no slot.
struct Paged {
  ropewalk::Shape cache;  // [blocks, block_size, kv_heads, head_dim]
  std::vector<std::int64_t> slots;

  explicit Paged(const ropewalk::Shape& keys)
      : cache{keys.seq / 4 + 2, 4, keys.heads, keys.head_dim} {
    for (ropewalk::Index i = 0; i < keys.seq; ++i) slots.push_back(4 * cache.batch - 2 - i);
    slots[1] = -1;
  }

  std::size_t size() const {
    return static_cast<std::size_t>(4 * cache.batch * cache.heads * cache.head_dim);
  }

  /// A cache of zeros after tokens of these features have gone to their slots.
  std::vector<bf16> filled(const std::vector<bf16>& features) const {
    const ropewalk::Index token = cache.heads * cache.head_dim;
    std::vector<bf16> memory(size());
    for (std::size_t i = 0; i < slots.size(); ++i) {
      if (slots[i] < 0) continue;
      std::copy_n(features.begin() + static_cast<ropewalk::Index>(i) * token, token,
                  memory.begin() + slots[i] * token);
    }
    return memory;
  }
};

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_GOLDEN_PROLOGUE_HPP
