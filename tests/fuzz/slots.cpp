// Fuzz body: rows that go to slots of a cache, turned, normalised or copied, on every instruction
// set, against dense rows that are moved one by one, and every byte of memory after it.
#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "../support/bits.hpp"
#include "../support/forms.hpp"
#include "drawn_tensor.hpp"
#include "input.hpp"
#include "ropewalk/ropewalk.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;

/// What becomes of the rows on their way.
enum class Way { turned, normalised, copied };

template <class X, class Id>
class SlotProblem {
 public:
  explicit SlotProblem(Input& in) {
    const rw::Shape shape = draw_shape(in);
    x_ = {shape, draw_strides(in, shape, shape.head_dim), 0, in.below(9)};
    rw::Shape blocks = shape;
    blocks.batch = drawn_size(in, 1 + in.below(5));
    blocks.seq = drawn_size(in, 1 + in.below(6));
    blocks.heads = drawn_size(in, shape.heads);
    blocks.head_dim = drawn_size(in, shape.head_dim);
    cache_ = {blocks, draw_strides(in, blocks, blocks.head_dim), 1, in.below(9)};
    batch_ = drawn_size(in, shape.batch);
    seq_ = drawn_size(in, shape.seq);
    way_ = static_cast<Way>(in.below(3));
    cpu_ = {static_cast<rw::Stores>(in.below(3)), rw::Isa::automatic};
    cpu_.slots = static_cast<rw::Slots>(in.below(2));
    pairing_ = static_cast<rw::Pairing>(in.below(3));
    pairs_ = shape.head_dim > 0 && shape.head_dim < 1024 ? in.below(1 + shape.head_dim / 2) : 0;
    seed_ = in.byte();
    if (!is_small()) return;
    const Index rows = blocks.batch * blocks.seq;
    for (Index token = 0; token < batch_ * seq_; ++token) {
      const Index slot = in.rarely() ? rows + in.below(3) : in.below(rows + 1) - 1;
      slots_.push_back(static_cast<Id>(slot));
    }
  }

  void check() {
    if (!is_small()) return;
    slots_.resize(std::max<std::size_t>(slots_.size(), 1));
    make_memory();
    for (const rw::Isa isa : rw::available_isas()) check(isa);
  }

 private:
  /// Sizes that can be tried; what no memory holds is for the other bodies.
  bool is_small() const {
    const auto fits = [](const Tensor& of) {
      return !of.has_negative() && of.extent() + 9 <= 1 << 14 &&
             static_cast<double>(of.shape.batch) * static_cast<double>(of.shape.seq) <= 1 << 10;
    };
    return fits(x_) && fits(cache_) && batch_ >= 0 && seq_ >= 0 && batch_ <= 64 && seq_ <= 1024;
  }

  void make_memory() {
    for (const Tensor* of : {&x_, &cache_}) {
      const auto values =
          random_values<X>(count_of(of->first) + static_cast<std::size_t>(of->extent()) + 1,
                           Values::uniform, ++seed_);
      before_.emplace_back(values.size() * sizeof(X));
      std::memcpy(before_.back().data(), static_cast<const void*>(values.data()),
                  before_.back().size());
    }
    cos_ = random_values<float>(count_of(x_.shape.seq * pairs_) + 1, Values::uniform, ++seed_);
    sin_ = random_values<float>(cos_.size(), Values::uniform, ++seed_);
  }

  bool is_refused() const {
    const rw::Shape& x = x_.shape;
    const rw::Shape& cache = cache_.shape;
    const bool may_be_odd = way_ == Way::normalised && pairs_ == 0;
    if (batch_ != x.batch || seq_ != x.seq || cache.heads != x.heads ||
        cache.head_dim != x.head_dim || (x.head_dim % 2 != 0 && !may_be_odd)) {
      return true;
    }
    if (x_.empty()) return false;
    std::set<Id> seen;
    bool again = false;
    for (const Id slot : slots_) {
      if (slot >= cache.batch * cache.seq) return true;
      again = again || (slot >= 0 && !seen.insert(slot).second);
    }
    return again && cpu_.slots == rw::Slots::checked;
  }

  /// Two tokens of one slot, whose order is open.
  bool may_race() const {
    std::vector<Id> sorted = slots_;
    std::sort(sorted.begin(), sorted.end());
    const auto same = [](Id a, Id b) { return a == b && a >= 0; };
    return std::adjacent_find(sorted.begin(), sorted.end(), same) != sorted.end();
  }

  rw::TableView<float> table() const {
    const rw::Shape rows{1, x_.shape.seq, 1, pairs_};
    return rw::half_table(rw::View<const float>(cos_.data(), rows),
                          rw::View<const float>(sin_.data(), rows));
  }

  template <class Out, class Rows>
  void call(const Out& out, const Rows& x, const rw::CpuOptions& cpu) const {
    const rw::Options options(pairing_);
    if (way_ == Way::turned) rw::apply(rw::serial, out, x, table(), options, cpu);
    if (way_ == Way::copied) rw::apply(rw::serial, out, rw::copied(x), table(), options, cpu);
    if (way_ == Way::normalised) {
      rw::apply(rw::serial, out, x, rw::rms_norm_without_weight(1e-6), table(), options, cpu);
    }
  }

  void check(rw::Isa isa) {
    Blocks after = before_;
    rw::CpuOptions cpu = cpu_;
    cpu.isa = isa;
    bool refused = false;
    try {
      call(view_in<X>(after, cache_).rows(slots_.data(), batch_, seq_), view_in<const X>(after, x_),
           cpu);
    } catch (const std::invalid_argument&) {
      refused = true;
    }
    expect(refused == is_refused() || (refused && !cache_.of.nested),
           std::string("slots@") + rw::isa_name(isa) + (refused ? " refuses" : " accepts"));
    if (!refused && may_race()) return;
    Blocks wanted = before_;
    if (!refused && !x_.empty()) write_wanted(wanted);
    expect(after == wanted, std::string("slots@") + rw::isa_name(isa) + " leaves other bytes");
  }

  void write_wanted(Blocks& wanted) {
    const rw::Shape& shape = x_.shape;
    std::vector<X> turned(size_of(shape));
    const rw::View<X> dense(turned.data(), shape);
    call(dense, view_in<const X>(before_, x_), rw::CpuOptions(rw::Stores::cached, rw::Isa::scalar));
    const rw::View<X> cache = view_in<X>(wanted, cache_);
    for (Index token = 0; token < shape.batch * shape.seq; ++token) {
      const Index slot = slots_[count_of(token)], b = token / shape.seq;
      for (Index h = 0; h < shape.heads && slot >= 0; ++h) {
        std::memcpy(static_cast<void*>(cache.row(slot / cache.seq(), slot % cache.seq(), h)),
                    dense.row(b, token - b * shape.seq, h), count_of(shape.head_dim) * sizeof(X));
      }
    }
  }

  Tensor x_, cache_;
  Index batch_, seq_, pairs_;
  Way way_;
  rw::CpuOptions cpu_;
  rw::Pairing pairing_;
  std::uint64_t seed_;
  std::vector<Id> slots_;
  std::vector<float> cos_, sin_;
  Blocks before_;
};

}  // namespace
}  // namespace ropewalk_test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ropewalk_test;
  Input in(data, size);
  switch (in.below(3)) {
    case 0:
      SlotProblem<float, std::int64_t>(in).check();
      break;
    case 1:
      SlotProblem<Eigen::half, std::int32_t>(in).check();
      break;
    default:
      SlotProblem<Eigen::bfloat16, std::int64_t>(in).check();
  }
  return 0;
}
