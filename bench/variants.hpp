// The conventions of other models as rows of their own: pairings, layouts and tables.
#ifndef ROPEWALK_BENCH_VARIANTS_HPP
#define ROPEWALK_BENCH_VARIANTS_HPP

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "devices.hpp"
#include "ropewalk/ropewalk.hpp"
#include "rows.hpp"
#include "workspace.hpp"

namespace ropewalk_bench {

/// One way in which a model's rotation differs from interleaved pairs of [batch, seq, heads,
/// head_dim] by a half-width table.
template <class X>
struct Variant {
  std::string name;
  std::function<ropewalk::TableView<float>()> table;
  ropewalk::Pairing pairing = ropewalk::Pairing::interleaved;
  bool is_bhsd = false;  ///< x and out are [batch, heads, seq, head_dim] in memory
  Moved moved = {};

  template <class T>
  ropewalk::View<T> view(const TensorMap4<T>& map) const {
    const ropewalk::View<T> plain = ropewalk::as_view(map);
    return is_bhsd ? ropewalk::bhsd_view(plain.data(), plain.shape()) : plain;
  }
};

/// Tables that only one variant reads, made when it first asks.
class VariantTables {
 public:
  explicit VariantTables(const ropewalk::Shape& shape) : shape_(shape) {}

  /// Helios' packed [cos | sin], each value twice in a row.
  ropewalk::TableView<float> packed(const Rotation<float>& of) {
    const Index pairs = shape_.head_dim / 2;
    if (packed_.empty()) {
      packed_.reserve(static_cast<std::size_t>(shape_.seq * 4 * pairs));
      for (Index s = 0; s < shape_.seq; ++s) {
        for (Index i = 0; i < 4 * pairs; ++i) {
          const Index pair = i / 2 % pairs;
          packed_.push_back(i < 2 * pairs ? of.cos()(s, pair) : of.sin()(s, pair));
        }
      }
    }
    return ropewalk::packed_table(TableMap<float>(packed_.data(), shape_.seq, 4 * pairs));
  }

  /// Rows gathered by ids that jump through the whole table.
  ropewalk::TableView<float> gathered(const Rotation<float>& of) {
    if (ids_.empty()) {
      // Odd and so prime to powers of two; seq may be any number, and rows may then repeat.
      for (Index s = 0; s < shape_.seq; ++s) ids_.push_back(s * 2731 % shape_.seq);
    }
    return of.view().gather(
        Eigen::TensorMap<Eigen::Tensor<const Index, 1, Eigen::RowMajor>>(ids_.data(), shape_.seq));
  }

  /// A row for every token and head: Mochi, LTX.
  ropewalk::TableView<float> per_head(const Rotation<float>& of) {
    if (per_head_[0].empty()) {
      for (auto& values : per_head_) {
        values.reserve(static_cast<std::size_t>(shape_.seq * shape_.heads * shape_.head_dim / 2));
      }
      for (Index s = 0; s < shape_.seq; ++s) {
        for (Index h = 0; h < shape_.heads; ++h) {
          for (Index i = 0; i < shape_.head_dim / 2; ++i) {
            per_head_[0].push_back(of.cos()(s, i));
            per_head_[1].push_back(of.sin()(s, i));
          }
        }
      }
    }
    const auto map = [this](const std::vector<float>& values) {
      return Eigen::TensorMap<Eigen::Tensor<const float, 4, Eigen::RowMajor>>(
          values.data(), 1, shape_.seq, shape_.heads, shape_.head_dim / 2);
    };
    return ropewalk::half_table(map(per_head_[0]), map(per_head_[1]));
  }

 private:
  ropewalk::Shape shape_;
  std::vector<float> packed_;
  std::vector<Index> ids_;
  std::vector<float> per_head_[2];
};

template <class X>
std::vector<Variant<X>> variants_of(const Workspace<X>& work) {
  const auto tables = std::make_shared<VariantTables>(work.preset().shape);
  const auto plain = [&work]() -> const Rotation<float>& {
    return work.template rotation<float>();
  };
  const ropewalk::Shape& shape = work.preset().shape;
  const std::int64_t per_head_bytes =
      work.tokens() * shape.heads * shape.head_dim * static_cast<std::int64_t>(sizeof(float));
  const auto half_width = [plain] { return plain().view(); };
  return {
      {"half", half_width, ropewalk::Pairing::half},
      {"packed", [=] { return tables->packed(plain()); }},
      {"bhsd", half_width, ropewalk::Pairing::interleaved, /*is_bhsd=*/true},
      {"partial96", [plain] { return plain().view().pairs(0, 48); }, ropewalk::Pairing::interleaved,
       false, Moved{96.0 / static_cast<double>(shape.head_dim), 0}},
      {"gathered", [=] { return tables->gathered(plain()); }},
      {"per_head", [=] { return tables->per_head(plain()); }, ropewalk::Pairing::interleaved, false,
       Moved{1, per_head_bytes}},
  };
}

/// The fused form in every variant, out of place and in place.
template <class X, class Device>
void add_variants(Group& group, Workspace<X>& work, const Device& device) {
  namespace rw = ropewalk;
  for (const Variant<X>& variant : variants_of(work)) {
    rw::Options options;
    options.pairing = variant.pairing;
    const auto reference = [&work, variant, options] {
      rw::apply_strided(Eigen::DefaultDevice(), variant.view(work.expected()),
                        variant.view(work.x()), variant.table(), options);
      return std::string();
    };
    RowMaker<X> rows(group, work, {dtype_name<float>(), variant.name}, reference, variant.moved);
    rows.out_of_place("fused", [&work, &device, variant, options] {
      rw::apply(device, variant.view(work.out()), variant.view(work.x()), variant.table(), options);
    });
    rows.in_place("fused_inplace", [&work, &device, variant, options] {
      rw::apply_inplace(device, variant.view(work.out()), variant.table(), options);
    });
  }
}

/// Out of place to the slots of a cache, each token far from the one before it.
template <class X, class Device>
void add_slots(Group& group, Workspace<X>& work, const Device& device) {
  namespace rw = ropewalk;
  const rw::Shape& shape = work.preset().shape;
  const auto slots = std::make_shared<std::vector<Index>>();
  // A prime, so that no slot is there twice, whatever the number of tokens but a multiple of it.
  for (Index token = 0; token < work.tokens(); ++token) {
    slots->push_back(token * 2731 % work.tokens());
  }
  const auto table = [&work]() -> const auto& { return work.template rotation<float>().view(); };
  const auto reference = [=, &work] {
    const rw::View<X> out(work.expected().data(), {work.tokens(), 1, shape.heads, shape.head_dim});
    const rw::View<const X> x = rw::as_view(work.x());
    for (Index token = 0; token < work.tokens(); ++token) {
      const Index b = token / shape.seq, s = token % shape.seq;
      rw::apply_strided(Eigen::DefaultDevice(),
                        out.batch((*slots)[static_cast<std::size_t>(token)], 1),
                        x.batch(b, 1).seq(s, 1), table().rows(s, 1));
    }
    return std::string();
  };
  RowMaker<X> rows(group, work, {dtype_name<float>(), "slots"}, reference);
  rows.out_of_place("fused", [=, &work, &device] {
    const auto out = rw::as_view(work.out()).rows(slots->data(), shape.batch, shape.seq);
    rw::apply(device, out, work.x(), table());
  });
}

}  // namespace ropewalk_bench

#endif  // ROPEWALK_BENCH_VARIANTS_HPP
