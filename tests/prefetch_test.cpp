// What is prefetched is within what the call, and the thread's part of it, reads or writes; and
// its amount is bounded by that, whatever the strides.
namespace ropewalk_test {
void record_prefetch(const void* address, int locality);
inline bool is_zen4 = false;
}  // namespace ropewalk_test
#define ROPEWALK_TEST_PREFETCH(address, locality) ropewalk_test::record_prefetch(address, locality)
#define ROPEWALK_TEST_NEAR_CACHES (256 << 10)
#define ROPEWALK_TEST_ZEN4 ropewalk_test::is_zen4

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <unsupported/Eigen/CXX11/Tensor>
#include <utility>
#include <vector>

#include "ropewalk/apply.hpp"
#include "ropewalk/base/caches.hpp"
#include "ropewalk/norm.hpp"
#include "support/typed_tests.hpp"  // not forms.hpp, whose library does not record

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using rw::Index;

/// The tokens that one thread takes, and what it prefetches meanwhile.
struct Part {
  Index begin, end;
  std::vector<const void*> addresses = {};
  std::vector<int> localities = {};  ///< of each: as __builtin_prefetch takes it
};
std::vector<Part> recorded;

/// A device that the library takes for a thread pool: does its parts one after the other.
struct Parts {
  Index count;

  int currentThreadId() const { return -1; }
  void parallelFor(Eigen::Index size, const Eigen::TensorOpCost&,
                   const std::function<void(Eigen::Index, Eigen::Index)>& work) const {
    recorded.clear();
    for (Index i = 0; i < count; ++i) {
      const Index begin = size * i / count, end = size * (i + 1) / count;
      recorded.push_back({begin, end});
      work(begin, end);
    }
  }
};

/// As on a Zen 4 while it lives.
struct OnZen4 {
  OnZen4() { is_zen4 = true; }
  ~OnZen4() { is_zen4 = false; }
  OnZen4(const OnZen4&) = delete;
  OnZen4& operator=(const OnZen4&) = delete;
};

/// Records what the call prefetches, as one part if it does not ask the device.
template <class Call>
void record(Index tokens, const Call& call) {
  recorded.assign(1, Part{0, tokens});
  call();
}

std::size_t recorded_count() {
  std::size_t count = 0;
  for (const Part& part : recorded) count += part.addresses.size();
  return count;
}

/// Memory that may be prefetched.
class Memory {
 public:
  template <class T>
  void add(const T* first, Index count) {
    const auto begin = reinterpret_cast<std::uintptr_t>(first);
    stretches_.push_back({begin, begin + static_cast<std::uintptr_t>(count) * sizeof(T)});
    sorted_ = false;
  }

  bool holds(const void* address) {
    if (!sorted_) merge();
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    const auto next = std::upper_bound(
        stretches_.begin(), stretches_.end(), at,
        [](std::uintptr_t a, const Stretch& stretch) { return a < stretch.begin; });
    return next != stretches_.begin() && at < (next - 1)->end;
  }

 private:
  struct Stretch {
    std::uintptr_t begin, end;
  };

  void merge() {
    std::sort(stretches_.begin(), stretches_.end(),
              [](const Stretch& a, const Stretch& b) { return a.begin < b.begin; });
    std::vector<Stretch> merged;
    for (const Stretch& stretch : stretches_) {
      if (merged.empty() || merged.back().end < stretch.begin) {
        merged.push_back(stretch);
      } else {
        merged.back().end = std::max(merged.back().end, stretch.end);
      }
    }
    stretches_ = merged;
    sorted_ = true;
  }

  std::vector<Stretch> stretches_;
  bool sorted_ = false;
};

/// How x and out are laid out in memory.
enum class Arrangement { dense, heads_first, packed, part, one_row, overlapping };

template <class T>
class Tensor {
 public:
  Tensor(Arrangement arrangement, const rw::Shape& shape)
      : values_(static_cast<std::size_t>(
            arrangement == Arrangement::part
                ? shape.batch * (shape.seq + 9) * (shape.heads + 3) * (shape.head_dim + 48)
                : 3 * shape.batch * shape.seq * shape.heads * shape.head_dim)),
        view_(arranged(values_.data(), arrangement, shape)) {}

  const rw::View<T>& view() const { return view_; }
  rw::View<const T> read() const { return view_; }

 private:
  static rw::View<T> arranged(T* data, Arrangement arrangement, const rw::Shape& shape) {
    const rw::View<T> dense(data, shape);
    switch (arrangement) {
      case Arrangement::dense:
        return dense;
      case Arrangement::heads_first:
        return rw::bhsd_view(data, shape);
      case Arrangement::packed:
        return rw::qkv_view(data, shape, 1);
      case Arrangement::part:
        return rw::View<T>(data, {shape.batch, shape.seq + 9, shape.heads + 3, shape.head_dim + 48})
            .seq(5, shape.seq)
            .heads(1, shape.heads)
            .features(16, shape.head_dim);
      case Arrangement::one_row:
        return {data, shape, {0, 0, 0}};
      case Arrangement::overlapping:
        return {data, shape, {shape.seq * 24, 24, 8}};
    }
    return dense;
  }

  std::vector<T> values_;
  rw::View<T> view_;
};

/// How the coefficients of a row are laid out.
enum class Layout { half, doubled, complex, matrix, one, transposed };

template <class Tab>
class TableMemory {
 public:
  TableMemory(Layout layout, const rw::TableShape& shape)
      : values_(static_cast<std::size_t>(4 * shape.seq * shape.heads * shape.pairs + 64)),
        view_(laid_out(aligned(values_.data()), layout, shape)) {}

  const rw::TableView<Tab>& view() const { return view_; }

 private:
  /// To a cache line, so that each belongs to one row.
  static const Tab* aligned(const Tab* data) {
    while (reinterpret_cast<std::uintptr_t>(data) % 64 != 0) ++data;
    return data;
  }

  static rw::TableView<Tab> laid_out(const Tab* data, Layout layout, const rw::TableShape& shape) {
    const Index pairs = shape.pairs, rows = shape.seq * shape.heads;
    const auto rotation = [&](Index sin, Index stride, Index row, Index heads_stride) {
      const rw::CoefficientReader<Tab> c{data, stride}, s{data + sin, stride};
      return rw::TableView<Tab>({c, c, s, s}, shape, 0, row, heads_stride);
    };
    switch (layout) {
      case Layout::half:
        return rotation(pairs, 1, 2 * pairs * shape.heads, 2 * pairs);
      case Layout::doubled:
        return rotation(2 * pairs + 1, 2, 4 * pairs * shape.heads, 4 * pairs);
      case Layout::complex:
        return rotation(1, 2, 2 * pairs * shape.heads, 2 * pairs);
      case Layout::matrix:
        return rotation(1, 4, 4 * pairs * shape.heads, 4 * pairs);
      case Layout::one:
        return rotation(1, 0, 2 * shape.heads, 2);
      case Layout::transposed:
        return rotation(rows * pairs, rows, shape.heads, 1);
    }
    return rotation(pairs, 1, 2 * pairs, 2 * pairs);
  }

  std::vector<Tab> values_;
  rw::TableView<Tab> view_;
};

/// What one part of a call touches of one tensor, and of its table.
template <class Out, class X, class Tab>
void add_touched(Memory& rows, Memory& coefficients, const Part& part, const rw::View<Out>& out,
                 const rw::View<const X>& x, const rw::TableView<Tab>& table, bool normed = false) {
  const bool in_place = static_cast<const void*>(out.data()) == x.data();
  const Index features = in_place && !normed ? 2 * table.pairs() : x.head_dim();
  for (Index token = part.begin; token < part.end; ++token) {
    const Index b = token / x.seq(), s = token % x.seq();
    for (Index h = 0; h < x.heads(); ++h) {
      rows.add(x.row(b, s, h), features);
      rows.add(out.row(b, s, h), features);
      if (h >= table.heads()) continue;
      const rw::PairReaders<Tab> row = table.row(b, s, h);
      for (const rw::CoefficientReader<Tab>& readers :
           {row.cos_a, row.cos_b, row.sin_a, row.sin_b}) {
        // Cache lines between the entries belong to the row where every one of them holds an entry.
        if (readers.stride * static_cast<Index>(sizeof(Tab)) <= 64) {
          coefficients.add(readers.data, (table.pairs() - 1) * readers.stride + 1);
        } else {
          for (Index i = 0; i < table.pairs(); ++i) {
            coefficients.add(readers.data + i * readers.stride, 1);
          }
        }
      }
    }
  }
}

/// One way to rotate.
struct Form {
  enum Kind { strided, stack_flatten, fused };
  Kind kind;
  rw::Isa isa;

  std::string name() const {
    return kind == strided         ? "strided"
           : kind == stack_flatten ? "stack_flatten"
                                   : std::string("fused@") + rw::isa_name(isa);
  }
  /// The scalar rows leave it all to the hardware.
  bool prefetches() const { return kind != fused || isa != rw::Isa::scalar; }
};

std::vector<Form> fused_forms() {
  std::vector<Form> forms;
  for (const rw::Isa isa : rw::available_isas()) forms.push_back({Form::fused, isa});
  return forms;
}

std::vector<Form> all_forms() {
  std::vector<Form> forms = fused_forms();
  forms.push_back({Form::strided, {}});
  forms.push_back({Form::stack_flatten, {}});
  return forms;
}

/// Records what `form` prefetches.
template <class Out, class X, class Tab>
void rotate(const Form& form, const Parts& device, const rw::View<Out>& out,
            const rw::View<const X>& x, const rw::TableView<Tab>& table, const rw::Options& options,
            rw::Stores stores = rw::Stores::automatic) {
  record(x.batch() * x.seq(), [&] {
    switch (form.kind) {
      case Form::strided:
        return rw::apply_strided(device, out, x, table, options);
      case Form::stack_flatten:
        return rw::apply_stack_flatten(device, out, x, table, options);
      case Form::fused:
        return rw::apply(device, out, x, table, options, {stores, form.isa});
    }
  });
}

template <class T>
class Prefetch : public testing::Test {
 protected:
  using X = typename T::X;
  using Tab = typename T::Tab;
  using Out = typename T::Out;

  /// So many tokens that even x alone does not fit the near caches.
  static Index large_seq(Index batch, Index heads, Index features) {
    const Index bytes = batch * heads * features * static_cast<Index>(sizeof(X));
    return rw::detail::cache_sizes().near * 9 / 8 / bytes + 2;
  }
  static rw::Shape large(Index batch, Index heads, Index head_dim) {
    return {batch, large_seq(batch, heads, head_dim), heads, head_dim};
  }

  /// By one thread and by three, out of place and in place.
  static void check(const rw::Shape& shape, Arrangement arrangement,
                    const rw::TableView<Tab>& table, const std::vector<Form>& forms) {
    const Tensor<Out> out(Arrangement::dense, shape), arranged_out(writable(arrangement), shape);
    const Tensor<X> x(arrangement, shape);
    for (const Form& form : forms) {
      for (const Index count : {1, 3}) {
        SCOPED_TRACE(testing::Message() << form.name() << ", parts " << count);
        const Parts device{count};
        rw::Options options;
        options.pairing = rw::Pairing::half;
        check_call(form, device, arranged_out.view(), x.read(), table, options);
        options.pairing = rw::Pairing::interleaved;
        check_call(form, device, out.view(), x.read(), table, options);
        if (form.kind != Form::fused) continue;
        check_call(form, device, out.view(), x.read(), table, options, rw::Stores::nontemporal);
        if constexpr (std::is_same_v<X, Out>) {
          check_call(form, device, arranged_out.view(), arranged_out.read(), table, options,
                     rw::Stores::nontemporal);
        }
      }
    }
  }

  /// That something is recorded only where something must be.
  static void check_call(const Form& form, const Parts& device, const rw::View<Out>& out,
                         const rw::View<const X>& x, const rw::TableView<Tab>& table,
                         const rw::Options& options, rw::Stores stores = rw::Stores::automatic) {
    rotate(form, device, out, x, table, options, stores);
    check_recorded(form, out, x, table);
  }

  static void check_recorded(const Form& form, const rw::View<Out>& out, const rw::View<const X>& x,
                             const rw::TableView<Tab>& table, bool normed = false) {
    if (form.prefetches()) {
      EXPECT_GT(recorded_count(), 0u);
    }
    for (const Part& part : recorded) {
      Memory rows, coefficients;
      add_touched(rows, coefficients, part, out, x, table, normed);
      Index coefficients_prefetched = 0;
      for (const void* address : part.addresses) {
        if (rows.holds(address)) continue;
        ++coefficients_prefetched;
        ASSERT_TRUE(coefficients.holds(address))
            << "x + " << static_cast<const char*>(address) - reinterpret_cast<const char*>(x.data())
            << " bytes, tokens " << part.begin << " to " << part.end << " of " << x.seq();
      }
      EXPECT_LE(coefficients_prefetched,
                2 * (part.end - part.begin) * table.heads() * table.pairs());
    }
  }

  /// With a norm before the rotation, by one thread and by three, out of place and in place.
  static void check_normed(const rw::Shape& shape, Arrangement arrangement, bool over_token,
                           const rw::TableView<Tab>& table) {
    const Tensor<X> out(arrangement, shape), dense(Arrangement::dense, shape),
        x(arrangement, shape);
    rw::RmsNorm<X> norm = rw::rms_norm_torch<X>(nullptr, 0, 1e-6);
    if (over_token) norm = norm.over_token();
    for (const Form& form : fused_forms()) {
      for (const Index count : {1, 3}) {
        SCOPED_TRACE(testing::Message() << form.name() << ", parts " << count);
        const auto check_to = [&](const Tensor<X>& to, rw::Pairing pairing, rw::Stores stores) {
          record(x.view().batch() * x.view().seq(), [&] {
            rw::apply(Parts{count}, to.view(), x.read(), norm, table, rw::Options(pairing),
                      {stores, form.isa});
          });
          check_recorded(form, to.view(), x.read(), table, true);
        };
        for (const rw::Stores stores : {rw::Stores::automatic, rw::Stores::nontemporal}) {
          check_to(out, rw::Pairing::half, stores);
          check_to(out, rw::Pairing::interleaved_to_half, stores);
        }
        check_to(dense, rw::Pairing::interleaved, rw::Stores::automatic);
        check_to(x, rw::Pairing::interleaved, rw::Stores::automatic);
      }
    }
  }

  /// By one thread, where each line of the table belongs to one row.
  static void expect_lines_taken_once(const rw::View<Out>& out, const rw::View<const X>& x,
                                      const rw::TableView<Tab>& table,
                                      rw::Stores stores = rw::Stores::automatic,
                                      bool normed = false) {
    for (const rw::Isa isa : rw::available_isas()) {
      SCOPED_TRACE(rw::isa_name(isa));
      if (normed) {
        record(x.seq(), [&] {
          rw::apply(Parts{1}, out, x, rw::rms_norm_torch<X>(nullptr, 0), table, rw::Options(),
                    {stores, isa});
        });
      } else {
        rotate({Form::fused, isa}, Parts{1}, out, x, table, {}, stores);
      }
      Memory rows, coefficients;
      add_touched(rows, coefficients, recorded[0], out, x, table);
      std::set<std::uintptr_t> lines;
      Index prefetched = 0;
      for (const void* address : recorded[0].addresses) {
        if (!coefficients.holds(address)) continue;
        ++prefetched;
        lines.insert(reinterpret_cast<std::uintptr_t>(address) / 64);
      }
      EXPECT_EQ(static_cast<std::size_t>(prefetched), lines.size());
      EXPECT_EQ(prefetched > 0, isa != rw::Isa::scalar);
    }
  }

 private:
  static Arrangement writable(Arrangement arrangement) {
    return arrangement < Arrangement::one_row ? arrangement : Arrangement::dense;
  }
};

using SomeMixes =
    MixesOf<Mix<float, float>, Mix<Eigen::half, float>, Mix<Eigen::bfloat16, Eigen::bfloat16>>;
TYPED_TEST_SUITE(Prefetch, SomeMixes, MixNames);

TYPED_TEST(Prefetch, StaysInsideTheRowsOfThePart) {
  for (const rw::Shape& shape : {this->large(1, 32, 128), this->large(3, 3, 80),
                                 this->large(1, 1, 128), this->large(3, 1, 80)}) {
    const TableMemory<typename TypeParam::Tab> table(Layout::half,
                                                     {1, shape.seq, 1, shape.head_dim / 2});
    for (const Arrangement arrangement :
         {Arrangement::dense, Arrangement::heads_first, Arrangement::packed, Arrangement::part,
          Arrangement::one_row, Arrangement::overlapping}) {
      SCOPED_TRACE(testing::Message()
                   << shape.heads << " heads, arrangement " << static_cast<int>(arrangement));
      this->check(shape, arrangement, table.view(), all_forms());
      if (this->HasFailure()) return;
    }
  }
}

TYPED_TEST(Prefetch, StaysInsideWhatTurns) {
  for (const Index pairs : {8, 48}) {
    const rw::Shape shape = this->large(1, 5, 160);
    const TableMemory<typename TypeParam::Tab> table(Layout::half, {1, shape.seq, 1, pairs});
    SCOPED_TRACE(testing::Message() << pairs << " pairs");
    this->check(shape, Arrangement::dense, table.view(), all_forms());
  }
}

TYPED_TEST(Prefetch, StaysInsideTheRowsThatAreNormalised) {
  for (const rw::Shape& shape : {this->large(1, 32, 128), this->large(3, 3, 80),
                                 this->large(1, 1, 128), this->large(1, 20, 1024)}) {
    const Index pairs = shape.head_dim / 2 - 8;
    const TableMemory<typename TypeParam::Tab> table(Layout::half, {1, shape.seq, 1, pairs});
    for (const Arrangement arrangement :
         {Arrangement::dense, Arrangement::heads_first, Arrangement::packed, Arrangement::part}) {
      for (const bool over_token : {false, true}) {
        SCOPED_TRACE(testing::Message()
                     << shape.heads << " heads, arrangement " << static_cast<int>(arrangement)
                     << ", over the token " << over_token);
        this->check_normed(shape, arrangement, over_token, table.view());
        if (this->HasFailure()) return;
      }
    }
  }
}

TYPED_TEST(Prefetch, StaysInsideTheTable) {
  // Also rows of more pairs than are done at a time.
  for (const rw::Shape& shape :
       {this->large(2, 4, 64), this->large(1, 2, 1088), this->large(2, 1, 64)}) {
    for (const Layout layout : {Layout::half, Layout::doubled, Layout::complex, Layout::matrix,
                                Layout::one, Layout::transposed}) {
      for (const Index heads : {Index{1}, shape.heads}) {
        SCOPED_TRACE(testing::Message() << "head_dim " << shape.head_dim << ", layout "
                                        << static_cast<int>(layout) << ", heads " << heads);
        const TableMemory<typename TypeParam::Tab> table(layout,
                                                         {1, shape.seq, heads, shape.head_dim / 2});
        this->check(shape, Arrangement::dense, table.view(), fused_forms());
        if (this->HasFailure()) return;
      }
    }
  }
}

TYPED_TEST(Prefetch, StaysInsideTheRowsThatAreGathered) {
  const rw::Shape shape = this->large(2, 4, 64);
  const TableMemory<typename TypeParam::Tab> table(Layout::half, {1, 8 * shape.seq, 1, 32});
  std::vector<Index> ids(static_cast<std::size_t>(2 * shape.seq));
  std::mt19937 random(1);
  for (Index& id : ids) id = static_cast<Index>(random()) % (8 * shape.seq);
  using Ids = Eigen::Tensor<const Index, 2, Eigen::RowMajor>;
  const Eigen::TensorMap<Ids> map(ids.data(), 2, shape.seq);
  this->check(shape, Arrangement::dense, table.view().gather(map), fused_forms());
}

// Slots that lie far apart, none of every seventh token.
TYPED_TEST(Prefetch, StaysInsideTheSlotsOfItsTokens) {
  const rw::Shape shape = this->large(1, 4, 64);
  const TableMemory<typename TypeParam::Tab> table(Layout::half, {1, shape.seq, 1, 32});
  const Tensor<typename TypeParam::X> x(Arrangement::dense, shape),
      memory(Arrangement::dense, shape);
  const rw::View<typename TypeParam::X> cache = memory.view();
  std::vector<Index> slots;
  for (Index s = 0; s < shape.seq; ++s) slots.push_back(s % 7 == 3 ? -1 : s * 2731 % shape.seq);
  for (const rw::Isa isa : rw::available_isas()) {
    record(shape.seq, [&] {
      rw::apply(Parts{3}, cache.rows(slots), x.read(), table.view(), {}, {rw::Stores::cached, isa});
    });
    Index in_slots = 0;
    for (const Part& part : recorded) {
      Memory read, written;
      add_touched(read, read, part, x.view(), x.read(), table.view());
      for (Index s = part.begin; s < part.end; ++s) {
        const Index slot = slots[static_cast<std::size_t>(s)];
        if (slot >= 0) written.add(cache.row(0, slot, 0), 4 * 64);
      }
      for (const void* address : part.addresses) {
        in_slots += written.holds(address);
        ASSERT_TRUE(read.holds(address) || written.holds(address));
      }
    }
    EXPECT_EQ(in_slots > 0, isa != rw::Isa::scalar);
  }
}

TYPED_TEST(Prefetch, StaysInsideSeveralTensors) {
  const rw::Shape q_shape = this->large(1, 8, 128);
  rw::Shape k_shape = q_shape;
  k_shape.heads = 10;
  const TableMemory<typename TypeParam::Tab> memory(Layout::half, {1, q_shape.seq, 1, 64});
  const auto& table = memory.view();
  const Tensor<typename TypeParam::X> q(Arrangement::dense, q_shape),
      k(Arrangement::dense, k_shape);
  for (const rw::Isa isa : rw::available_isas()) {
    rw::CpuOptions cpu;
    cpu.isa = isa;
    record(q_shape.seq,
           [&] { rw::apply_inplace(Parts{2}, std::tie(q.view(), k.view()), table, {}, cpu); });
    EXPECT_EQ(recorded.size(), 2u);
    for (const Part& part : recorded) {
      Memory touched;
      add_touched(touched, touched, part, q.view(), q.read(), table);
      add_touched(touched, touched, part, k.view(), k.read(), table);
      for (const void* address : part.addresses) ASSERT_TRUE(touched.holds(address));
    }
  }
}

// Where out is not as far from row to row as x, and in place.
TYPED_TEST(Prefetch, StaysInsideNormalisedRowsOfOtherStrides) {
  const rw::Shape shape = this->large(1, 20, 64);
  const TableMemory<typename TypeParam::Tab> table(Layout::half, {1, shape.seq, 1, 32});
  const Tensor<typename TypeParam::X> x(Arrangement::packed, shape),
      apart(Arrangement::dense, shape);
  const auto norm = rw::rms_norm_without_weight(1e-6);
  for (const rw::Isa isa : rw::available_isas()) {
    for (const auto& [by, out] :
         {std::pair{norm, apart.view()}, std::pair{norm, x.view()},
          std::pair{norm.over_token(), apart.view()}, std::pair{norm.over_token(), x.view()}}) {
      const auto& normed = by;
      const auto& to = out;
      record(shape.seq, [&] {
        rw::apply(Parts{2}, to, x.read(), normed, table.view(), {}, {rw::Stores::automatic, isa});
      });
      EXPECT_EQ(recorded_count() > 0, isa != rw::Isa::scalar);
      for (const Part& part : recorded) {
        Memory touched;
        add_touched(touched, touched, part, to, x.read(), table.view());
        for (const void* address : part.addresses) ASSERT_TRUE(touched.holds(address));
      }
    }
  }
}

// A line of the table belongs to one row here, and so to one token and head.
TYPED_TEST(Prefetch, TakesEachLineOfTheTableOnce) {
  const rw::Shape shape = this->large(1, 2, 1024);
  const Tensor<typename TypeParam::X> x(Arrangement::dense, shape);
  for (const Layout layout : {Layout::half, Layout::doubled, Layout::complex, Layout::matrix}) {
    for (const Index heads : {Index{1}, shape.heads}) {
      SCOPED_TRACE(testing::Message()
                   << "layout " << static_cast<int>(layout) << ", heads " << heads);
      const TableMemory<typename TypeParam::Tab> table(layout, {1, shape.seq, heads, 512});
      this->expect_lines_taken_once(x.view(), x.read(), table.view());
    }
  }
}

// The rows of a token go past the caches by several batches here.
TYPED_TEST(Prefetch, TakesEachLineOfTheTableOnceForRowsThatGoPastTheCaches) {
  const rw::Shape shape = this->large(1, 20, 1024);
  const Tensor<typename TypeParam::X> x(Arrangement::dense, shape), out(Arrangement::dense, shape);
  for (const Index heads : {Index{1}, shape.heads}) {
    SCOPED_TRACE(testing::Message() << "heads " << heads);
    const TableMemory<typename TypeParam::Tab> table(Layout::half, {1, shape.seq, heads, 512});
    this->expect_lines_taken_once(out.view(), x.read(), table.view(), rw::Stores::nontemporal);
  }
}

// So are those that are normalised together.
TYPED_TEST(Prefetch, TakesEachLineOfTheTableOnceForRowsThatAreNormalised) {
  const rw::Shape shape = this->large(1, 20, 1024);
  const Tensor<typename TypeParam::X> x(Arrangement::dense, shape), out(Arrangement::dense, shape);
  for (const Index heads : {Index{1}, shape.heads}) {
    SCOPED_TRACE(testing::Message() << "heads " << heads);
    const TableMemory<typename TypeParam::Tab> table(Layout::half, {1, shape.seq, heads, 512});
    this->expect_lines_taken_once(out.view(), x.read(), table.view(), rw::Stores::automatic, true);
    this->expect_lines_taken_once(x.view(), x.read(), table.view(), rw::Stores::automatic, true);
  }
}

// Whatever touches no more than the near caches hold is not prefetched.
TYPED_TEST(Prefetch, LeavesWhatFitsTheNearCaches) {
  const Index row = 512 / static_cast<Index>(sizeof(typename TypeParam::X));
  const Index most = rw::detail::cache_sizes().near / 4096;  // tokens of 8 heads, in place
  const TableMemory<typename TypeParam::Tab> table(Layout::half, {1, most + 1, 1, row / 2});
  const Tensor<typename TypeParam::X> x(Arrangement::dense, {1, most + 1, 8, row}),
      out(Arrangement::dense, {1, most + 1, 8, row});
  for (const Form& form : all_forms()) {
    SCOPED_TRACE(form.name());
    const auto prefetched = [&](const Tensor<typename TypeParam::X>& to, Index tokens) {
      rotate(form, Parts{1}, to.view().seq(0, tokens), x.read().seq(0, tokens),
             table.view().rows(0, tokens), {});
      return recorded_count();
    };
    for (const Index tokens : {Index{1}, Index{2}, Index{16}, most / 2}) {
      EXPECT_EQ(prefetched(out, tokens), 0u) << tokens << " tokens";
    }
    EXPECT_EQ(prefetched(out, most / 2 + 1) > 0, form.prefetches());
    if (form.kind != Form::fused) continue;
    EXPECT_EQ(prefetched(x, most), 0u);
    EXPECT_EQ(prefetched(x, most + 1) > 0, form.prefetches());
  }
}

// On Zen 4 rows in the order of memory are left to the hardware that have a row of the table each,
// or that AVX-512 turns at once, or in two steps where they are of 16 bits; and only these.
TYPED_TEST(Prefetch, LeavesRowsInOrderOnZen4) {
  const OnZen4 zen4;
  for (const Index heads : {Index{1}, Index{5}}) {
    const std::set<Index> at_once{32, 64, 128}, in_two_steps{80, 96, 192};
    for (const Index head_dim : {64, 128, 32, 96, 256, 16, 80, 112, 192, 288}) {
      const rw::Shape shape = this->large(1, heads, head_dim);
      std::vector<Index> ids(static_cast<std::size_t>(shape.seq));
      std::iota(ids.rbegin(), ids.rend(), Index{0});
      for (const Arrangement arrangement : {Arrangement::dense, Arrangement::packed}) {
        const Tensor<typename TypeParam::X> x(arrangement, shape);
        for (const Index tables : {Index{1}, heads}) {
          for (const Index pairs : {head_dim / 2, head_dim / 4}) {
            const TableMemory<typename TypeParam::Tab> table(Layout::half,
                                                             {1, shape.seq, tables, pairs});
            const bool in_few_steps =
                2 * pairs == head_dim &&
                (at_once.count(head_dim) != 0 ||
                 (sizeof(typename TypeParam::X) == 2 && in_two_steps.count(head_dim) != 0));
            for (const bool gathers : {false, true}) {
              const auto rows = gathers ? table.view().gather(ids) : table.view();
              for (const Form& form : fused_forms()) {
                SCOPED_TRACE(testing::Message()
                             << form.name() << ", " << heads << " heads of " << head_dim << ", "
                             << tables << " tables of " << pairs << ", "
                             << (gathers ? "gathered" : "in order"));
                rotate(form, Parts{1}, x.view(), x.read(), rows, {});
                const bool is_left =
                    (tables == heads || (in_few_steps && form.isa >= rw::Isa::avx512)) &&
                    !gathers && arrangement == Arrangement::dense;
                EXPECT_EQ(recorded_count() > 0, form.prefetches() && !is_left);
              }
            }
          }
        }
      }
    }
  }
}

// Also where they go past the caches.
TYPED_TEST(Prefetch, LeavesRowsPastTheCachesOnZen4) {
  const OnZen4 zen4;
  const rw::Shape shape = this->large(1, 5, 64);
  const TableMemory<typename TypeParam::Tab> table(Layout::half, {1, shape.seq, 1, 32});
  const Tensor<typename TypeParam::X> x(Arrangement::dense, shape), out(Arrangement::dense, shape);
  for (const Form& form : fused_forms()) {
    SCOPED_TRACE(form.name());
    for (const rw::Stores stores : {rw::Stores::cached, rw::Stores::nontemporal}) {
      rotate(form, Parts{1}, out.view(), x.read(), table.view(), {}, stores);
      EXPECT_EQ(recorded_count() > 0, form.prefetches() && form.isa < rw::Isa::avx512);
    }
  }
}

// Rows that are in order where they are read or where they are written alone are prefetched.
TYPED_TEST(Prefetch, TakesRowsThatMoveOnZen4) {
  const OnZen4 zen4;
  const rw::Shape shape = this->large(1, 5, 64);
  const TableMemory<typename TypeParam::Tab> table(Layout::half, {1, shape.seq, 1, 32});
  const Tensor<typename TypeParam::X> in_order(Arrangement::dense, shape);
  for (const Arrangement arrangement : {Arrangement::heads_first, Arrangement::packed}) {
    const Tensor<typename TypeParam::X> moved(arrangement, shape);
    for (const Form& form : fused_forms()) {
      SCOPED_TRACE(form.name());
      rotate(form, Parts{1}, moved.view(), in_order.read(), table.view(), {}, rw::Stores::cached);
      EXPECT_EQ(recorded_count() > 0, form.prefetches());
      rotate(form, Parts{1}, in_order.view(), moved.read(), table.view(), {}, rw::Stores::cached);
      EXPECT_EQ(recorded_count() > 0, form.prefetches());
    }
  }
}

// Rows by a table of double are left to it, too, and half as many pairs of doubles.
TEST(PrefetchOnZen4, LeavesRowsByATableOfDouble) {
  const OnZen4 zen4;
  const TableMemory<double> table(Layout::half, {1, 512, 1, 64});
  const auto expect_left = [&](auto type, Index head_dim, bool is_left) {
    using X = decltype(type);
    const Tensor<X> x(Arrangement::dense, {1, 512, 5, head_dim});
    for (const Form& form : fused_forms()) {
      SCOPED_TRACE(testing::Message() << form.name() << ", head_dim " << head_dim);
      rotate(form, Parts{1}, x.view(), x.read(), table.view().pairs(0, head_dim / 2), {});
      EXPECT_EQ(recorded_count() > 0,
                form.prefetches() && !(is_left && form.isa >= rw::Isa::avx512));
    }
  };
  expect_left(float{}, 128, true);
  expect_left(Eigen::half{}, 128, true);
  expect_left(Eigen::bfloat16{}, 128, true);
  expect_left(Eigen::bfloat16{}, 80, true);
  expect_left(double{}, 64, true);
  expect_left(double{}, 128, false);
}

// A norm of rows that share a row of the table reads them twice, and prefetches them.
TYPED_TEST(Prefetch, TakesNormsOnZen4) {
  const OnZen4 zen4;
  const rw::Shape shape = this->large(1, 5, 64);
  const TableMemory<float> table(Layout::half, {1, shape.seq, 1, 32});
  const Tensor<typename TypeParam::X> x(Arrangement::dense, shape);
  for (const Form& form : fused_forms()) {
    SCOPED_TRACE(form.name());
    record(shape.seq, [&] {
      rw::apply_inplace(Parts{1}, x.view(), rw::rms_norm_torch<typename TypeParam::X>(nullptr, 0),
                        table.view(), rw::Options(), {rw::Stores::automatic, form.isa});
    });
    EXPECT_EQ(recorded_count() > 0, form.prefetches());
  }
}

// Past the caches they are left to it, each head by itself, if a row has 512 bytes at most.
TYPED_TEST(Prefetch, LeavesNormsPastTheCachesOnZen4) {
  const OnZen4 zen4;
  using Feature = typename TypeParam::X;
  constexpr Index most = 512 / static_cast<Index>(sizeof(Feature));
  const auto expect_left = [&](bool is_left, Index head_dim, const rw::RmsNorm<Feature>& norm,
                               rw::Stores stores = rw::Stores::nontemporal,
                               Arrangement arrangement = Arrangement::dense, bool gathers = false) {
    const rw::Shape shape = this->large(1, 5, head_dim);
    const TableMemory<float> table(Layout::half, {1, shape.seq, 1, head_dim / 2});
    std::vector<Index> ids(static_cast<std::size_t>(shape.seq));
    std::iota(ids.rbegin(), ids.rend(), Index{0});
    const auto rows = gathers ? table.view().gather(ids) : table.view();
    const Tensor<Feature> x(arrangement, shape), out(Arrangement::dense, shape);
    for (const Form& form : fused_forms()) {
      SCOPED_TRACE(testing::Message() << form.name() << ", head_dim " << head_dim);
      record(shape.seq, [&] {
        rw::apply(Parts{1}, out.view(), x.read(), norm, rows, rw::Options(), {stores, form.isa});
      });
      EXPECT_EQ(recorded_count() > 0, form.prefetches() && !is_left);
    }
  };
  constexpr auto past = rw::Stores::nontemporal;
  constexpr bool can_go = rw::detail::has_nontemporal_stores;
  const auto by_head = rw::rms_norm_torch<Feature>(nullptr, 0);
  expect_left(can_go, most, by_head);
  expect_left(can_go, most / 2, by_head);
  expect_left(false, most + 32, by_head);
  expect_left(false, most, by_head.over_token());
  expect_left(false, most, by_head, rw::Stores::cached);
  expect_left(false, most, by_head, past, Arrangement::packed);
  expect_left(false, most, by_head, past, Arrangement::dense, true);
}

// Out of place, rows that the hardware of a Zen 4 follows go past the caches from one and a half
// times the last level on, of 16 bits from twice that level; other rows from half of it.
TEST(PastTheCaches, IsWhereXAndOutExceedThem) {
  const Index last_level = rw::detail::cache_sizes().last_level;
  constexpr Index heads = 8, head_dim = 128;
  alignas(64) static std::byte somewhere[2][64];  // settled only
  const std::vector<float> coefficients(head_dim);
  const auto expect_from = [&](Index least_bytes, Index at_once, Index element_bytes) {
    SCOPED_TRACE(testing::Message()
                 << at_once << " pairs at once of " << element_bytes << " bytes");
    const auto goes_past = [&](Index seq, bool in_place) {
      const rw::Shape shape{1, seq, heads, head_dim};
      const rw::Strides strides{seq * heads * head_dim, heads * head_dim, head_dim};
      const rw::detail::RawView x{somewhere[0], shape, strides, element_bytes},
          out{somewhere[in_place ? 0 : 1], shape, strides, element_bytes};
      const rw::CoefficientReader<float> cos{coefficients.data(), 1},
          sin{coefficients.data() + head_dim / 2, 1};
      const rw::TableView<float> table({cos, cos, sin, sin}, {1, seq, 1, head_dim / 2}, 0, 0, 0);
      const rw::detail::RawTable raw = table;
      rw::detail::Job job;
      job.out = &out;
      job.x = &x;
      job.table = &raw;
      job.slots = nullptr;
      rw::detail::settle(job, {nullptr, nullptr, true, at_once}, rw::Stores::automatic);
      return job.nontemporal;
    };
    const Index token = 2 * heads * head_dim * element_bytes;  // of x and out
    const Index least = (least_bytes + token - 1) / token;
    EXPECT_FALSE(goes_past(least - 1, false));
    EXPECT_EQ(goes_past(least, false), rw::detail::has_nontemporal_stores);
    EXPECT_FALSE(goes_past(least, true));
  };
  expect_from(last_level / 2, 64, 4);
  const OnZen4 zen4;
  expect_from(last_level / 2, 0, 4);
  expect_from(last_level / 2, 32, 4);
  expect_from(last_level * 3 / 2, 64, 4);
  expect_from(last_level * 3 / 2, 64, 8);
  expect_from(2 * last_level, 64, 2);
}

// They are rotated in memory of 16 KiB before, and copied from there in whole lines by kernels that
// can.
TEST(PastTheCaches, GoRowsOf16KiBAtMost) {
  const auto job_of = [](Index row_bytes, Index begins_at, Index at_once, Index pairs = 64,
                         Index heads_apart = 0, Index tokens_apart = 0,
                         rw::detail::Normed normed = rw::detail::Normed::no) {
    alignas(64) static std::byte somewhere[64];
    const rw::detail::RawView out{somewhere + begins_at, {1, 1, 1, row_bytes}, {}, 1};
    rw::detail::Job job{};
    job.out = &out;
    job.rows.layout.out_stride = heads_apart != 0 ? heads_apart : row_bytes;
    job.out_strides.seq = tokens_apart;
    job.rows.layout.pairs = pairs;
    job.normed = normed;
    set_past_caches(job, {nullptr, nullptr, true, at_once});
    return job;
  };
  constexpr bool can_go = rw::detail::has_nontemporal_stores;
  constexpr Index most = 16 << 10;
  EXPECT_EQ(job_of(most, 0, 64).nontemporal, can_go);
  EXPECT_EQ(job_of(most, 16, 64).nontemporal, can_go);
  EXPECT_FALSE(job_of(most, 8, 64).nontemporal);
  EXPECT_FALSE(job_of(most + 64, 0, 64).nontemporal);
  EXPECT_EQ(job_of(most, 0, 64).by_parts, can_go);
  EXPECT_FALSE(job_of(most, 16, 64).by_parts);
  EXPECT_FALSE(job_of(most - 16, 0, 64).by_parts);
  EXPECT_FALSE(job_of(most, 0, 0).by_parts);
  EXPECT_FALSE(job_of(most + 64, 0, 64).by_parts);
  EXPECT_EQ(job_of(most, 0, 64, 96).by_parts, can_go);
  EXPECT_FALSE(job_of(most, 0, 64, 48).by_parts);
  constexpr Index tokens_apart = 4096;
  EXPECT_EQ(job_of(256, 0, 64, 64, tokens_apart, tokens_apart).by_parts, can_go);
  EXPECT_FALSE(job_of(256, 0, 64, 64, tokens_apart + 64, tokens_apart).by_parts);
  for (const auto normed : {rw::detail::Normed::by_head, rw::detail::Normed::over_token}) {
    EXPECT_FALSE(job_of(most, 0, 64, 64, 0, 0, normed).by_parts);
  }
}

// Those that go to slots, in any order, are prefetched.
TYPED_TEST(Prefetch, TakesSlotsOnZen4) {
  const OnZen4 zen4;
  const rw::Shape shape = this->large(1, 1, 64);
  const TableMemory<typename TypeParam::Tab> table(Layout::half, {1, shape.seq, 1, 32});
  const Tensor<typename TypeParam::X> x(Arrangement::dense, shape),
      cache(Arrangement::dense, shape);
  std::vector<Index> slots(static_cast<std::size_t>(shape.seq));
  std::iota(slots.rbegin(), slots.rend(), Index{0});
  for (const rw::Isa isa : rw::available_isas()) {
    record(shape.seq, [&] {
      rw::apply(Parts{1}, cache.view().rows(slots), x.read(), table.view(), {},
                {rw::Stores::cached, isa});
    });
    EXPECT_EQ(recorded_count() > 0, isa != rw::Isa::scalar);
  }
}

// Every line of rows that are prefetched is asked for both caches, however rows are aligned.
TYPED_TEST(Prefetch, TakesEveryLineIntoBothCaches) {
  using Feature = typename TypeParam::X;
  constexpr Index size{sizeof(Feature)};
  struct Case {
    Index head_dim, offset;  // in bytes, behind the beginning of a line
  };
  for (const Case& each : {Case{128, 0}, Case{64, 0}, Case{96, 0}, Case{80, 0}, Case{80, 32},
                           Case{56, 0}, Case{56, 16}, Case{72, 0}, Case{120, 16}}) {
    const Index head_dim = each.head_dim, offset = each.offset;
    const rw::Shape shape = this->large(1, 5, head_dim);
    const Index row_bytes = head_dim * size, token_bytes = 5 * row_bytes;
    const Index away =
        rw::detail::prefetch_tokens(shape.seq, token_bytes, rw::detail::prefetch_l2_bytes);
    ASSERT_GT(away, 0);
    std::vector<Feature> memory(static_cast<std::size_t>(shape.seq * 5 * head_dim + 128));
    std::size_t room = memory.size() * sizeof(Feature);
    void* aligned = memory.data();
    ASSERT_NE(std::align(64, room - 64, aligned, room), nullptr);
    const rw::View<Feature> x(static_cast<Feature*>(aligned) + offset / size, shape);
    const auto expect_lines = [&](Index turned) {
      const auto lines = static_cast<std::size_t>((shape.seq * token_bytes + offset) / 64);
      std::vector<bool> into_l1(lines), into_l2(lines);
      for (std::size_t i = 0; i < recorded[0].addresses.size(); ++i) {
        const std::size_t line = (reinterpret_cast<std::uintptr_t>(recorded[0].addresses[i]) -
                                  reinterpret_cast<std::uintptr_t>(aligned)) /
                                 64;
        if (line < lines) (recorded[0].localities[i] == 2 ? into_l2 : into_l1)[line] = true;
      }
      for (Index row = away * 5; row < shape.seq * 5; ++row) {
        const Index begin = offset + row * row_bytes;
        // Those that are all of the row's.
        const auto first = static_cast<std::size_t>((begin + 63) / 64),
                   last = static_cast<std::size_t>((begin + turned * size) / 64);
        for (std::size_t line = first; line < last; ++line) {
          ASSERT_TRUE(into_l1[line]) << "line " << line << " of " << lines;
          ASSERT_TRUE(into_l2[line]) << "line " << line << " of " << lines;
        }
      }
    };
    for (const Form& form : fused_forms()) {
      if (!form.prefetches()) continue;
      for (const rw::Pairing pairing : {rw::Pairing::interleaved, rw::Pairing::half}) {
        SCOPED_TRACE(testing::Message()
                     << form.name() << ", head_dim " << head_dim << ", " << offset
                     << " bytes behind a line, pairing " << static_cast<int>(pairing));
        rw::Options options;
        options.pairing = pairing;
        for (const Index heads : {1, 5}) {
          for (const Index pairs : {head_dim / 2, head_dim / 4}) {
            SCOPED_TRACE(testing::Message() << heads << " tables of " << pairs << " pairs");
            const TableMemory<typename TypeParam::Tab> table(Layout::half,
                                                             {1, shape.seq, heads, pairs});
            rotate(form, Parts{1}, x, rw::View<const Feature>(x), table.view(), options);
            expect_lines(2 * pairs);
          }
        }
        const TableMemory<typename TypeParam::Tab> table(Layout::half,
                                                         {1, shape.seq, 1, head_dim / 2});
        record(shape.seq, [&] {
          rw::apply_inplace(Parts{1}, x, rw::rms_norm_torch<Feature>(nullptr, 0), table.view(),
                            options, {rw::Stores::automatic, form.isa});
        });
        expect_lines(head_dim);
      }
    }
  }
}

// A table [pairs, seq]: from pair to pair it is as far as the table is long.
TEST(PrefetchIsBounded, WhereTheTableIsTransposed) {
  const rw::Shape shape{1, 32768, 1, 128};
  const TableMemory<float> table(Layout::transposed, {1, shape.seq, 1, 64});
  const Tensor<float> x(Arrangement::dense, shape);
  const auto lines_of_x = static_cast<std::size_t>(shape.seq * shape.head_dim / 16);
  record(shape.seq, [&] { rw::apply_inplace(Parts{1}, x.view(), table.view()); });
  EXPECT_LE(recorded_count(), 3 * lines_of_x);
}

// Only the first entry is read, and the stride says nothing.
TEST(PrefetchIsBounded, WhereEntriesLieFarApart) {
  const std::vector<float> values(8192, 0.5f);
  for (const Index seq : {Index{2}, Index{4096}}) {
    const rw::Shape shape{1, seq, 4, 128};
    const Tensor<float> x(Arrangement::dense, shape), out(Arrangement::dense, shape);
    for (const Index stride :
         {Index{17}, Index{1'000'000'000'000}, std::numeric_limits<Index>::max()}) {
      const rw::CoefficientReader<float> cos{values.data(), stride},
          sin{values.data() + seq, stride};
      const rw::TableView<float> table({cos, cos, sin, sin}, {1, seq, 1, 1}, 0, 1, 0);
      // The pair and the features behind it are asked for apart.
      const auto lines_of_x = static_cast<std::size_t>(seq * 4 * (1 + 8));
      for (const Form& form : all_forms()) {
        SCOPED_TRACE(testing::Message() << form.name() << ", " << seq << " tokens " << stride);
        rotate(form, Parts{1}, out.view(), x.read(), table, {});
        EXPECT_LE(recorded_count(), 3 * lines_of_x);
      }
    }
  }
}

// Heads that are further apart than tokens turn some at a time, as many as the processor follows.
TEST(HeadsTogether, AreFewWhereEachIsASequenceOfItsOwn) {
  struct Case {
    Index heads, row_bytes, apart;  // the last two in bytes
    Index usual, on_zen4;
  };
  constexpr Index far = 256 << 10;
  for (const Case& each :
       {Case{40, 256, far + 256, 16, 40}, Case{40, 256, far, 8, 40},
        Case{40, 256, 3 * far / 2, 16, 40}, Case{40, 512, far + 512, 8, 32},
        Case{128, 256, far + 256, 16, 64}, Case{128, 64, far, 8, 64}, Case{40, 65536, far, 4, 4},
        Case{2, 256, far, 2, 2}, Case{40, 256, 256, 40, 40}, Case{40, 256, 40 * 256, 40, 40}}) {
    const rw::detail::RawView x{nullptr, {1, 64, each.heads, each.row_bytes}, {}, 1};
    rw::detail::Job job{};
    job.x = &x;
    job.rows.rows = each.heads;
    job.rows.layout.x_stride = each.apart;
    job.x_strides.seq = each.apart > far / 2 ? each.row_bytes : each.heads * each.row_bytes;
    SCOPED_TRACE(testing::Message() << each.heads << " heads of " << each.row_bytes << " bytes, "
                                    << each.apart << " apart");
    EXPECT_EQ(rw::detail::heads_together(job), each.usual);
    const OnZen4 zen4;
    EXPECT_EQ(rw::detail::heads_together(job), each.on_zen4);
  }
}

}  // namespace

void record_prefetch(const void* address, int locality) {
  // Far more than any call here may prefetch: one without bound would not end.
  constexpr std::size_t most = 1 << 24;
  std::vector<const void*>& addresses = recorded.back().addresses;
  if (addresses.size() == most) throw std::runtime_error("prefetches without bound");
  addresses.push_back(address);
  recorded.back().localities.push_back(locality);
}

}  // namespace ropewalk_test
