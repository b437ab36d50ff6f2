// The proof that two tensors share no byte, against a set of all bytes of their rows.
#include "ropewalk/call/overlap.hpp"

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <ostream>
#include <random>
#include <utility>
#include <vector>

#include "ropewalk/call/arguments.hpp"
#include "ropewalk/view.hpp"
#include "support/error_of.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using rw::Index;

/// Addresses for tensors, none of which is ever read.
alignas(8) unsigned char block[1 << 16];

/// A tensor of elements of 2, 4 or 8 bytes, `first` bytes into the block.
struct Tensor {
  Index size = 4;
  Index first = 0;
  rw::Shape shape;
  rw::Strides strides;

  /// Elements to the end of the last row.
  Index extent() const {
    return (shape.batch - 1) * strides.batch + (shape.seq - 1) * strides.seq +
           (shape.heads - 1) * strides.heads + shape.head_dim;
  }
};

std::ostream& operator<<(std::ostream& out, const Tensor& of) {
  const auto& [batch, seq, heads, head_dim] = of.shape;
  return out << of.size << " bytes an element, from " << of.first << ": [" << batch << ", " << seq
             << ", " << heads << ", " << head_dim << "] of strides " << of.strides.batch << ", "
             << of.strides.seq << ", " << of.strides.heads;
}

template <class Call>
auto with_view(const Tensor& of, const Call& call) {
  unsigned char* data = block + of.first;
  const auto view = [&](auto* elements) { return rw::View(elements, of.shape, of.strides); };
  if (of.size == 2) return call(view(reinterpret_cast<Eigen::half*>(data)));
  if (of.size == 4) return call(view(reinterpret_cast<float*>(data)));
  return call(view(reinterpret_cast<double*>(data)));
}

bool may_share(const Tensor& a, const Tensor& b) {
  return with_view(a, [&](const auto& a_view) {
    return with_view(b, [&](const auto& b_view) {
      using rw::detail::span_of;
      return rw::detail::share_memory(a_view, span_of(a_view), b_view, span_of(b_view));
    });
  });
}

bool may_be_out(const Tensor& of) {
  return with_view(of, [](const auto& view) {
    return error_of([&] { rw::detail::check_apart_from_itself({"a", "test"}, view); }).empty();
  });
}

template <class Visit>
void for_each_byte(const Tensor& of, const Visit& visit) {
  for (Index b = 0; b < of.shape.batch; ++b) {
    for (Index s = 0; s < of.shape.seq; ++s) {
      for (Index h = 0; h < of.shape.heads; ++h) {
        const Index row = b * of.strides.batch + s * of.strides.seq + h * of.strides.heads;
        const Index begin = of.first + row * of.size;
        for (Index i = begin; i < begin + of.shape.head_dim * of.size; ++i) visit(i);
      }
    }
  }
}

/// Which bytes of the block are those of a tensor.
class Bytes {
 public:
  explicit Bytes(const Tensor& of) : marks_(sizeof(block), false) {
    for_each_byte(of, [&](Index i) {
      repeats_ = repeats_ || marks_[static_cast<std::size_t>(i)];
      marks_[static_cast<std::size_t>(i)] = true;
    });
  }
  bool meet(const Tensor& other) const {
    bool any = false;
    for_each_byte(other, [&](Index i) { any = any || marks_[static_cast<std::size_t>(i)]; });
    return any;
  }
  /// Whether one byte is that of two rows.
  bool repeats() const { return repeats_; }

 private:
  std::vector<bool> marks_;
  bool repeats_ = false;
};

bool spans_meet(const Tensor& a, const Tensor& b) {
  return a.first < b.first + b.extent() * b.size && b.first < a.first + a.extent() * a.size;
}

/// Pairs of small tensors that are likely to lie between one another.
class Pairs {
 public:
  /// The first of which may be an out.
  std::pair<Tensor, Tensor> next() {
    std::pair<Tensor, Tensor> pair;
    do {
      pair = any_pair();
    } while (!may_be_out(pair.first));
    return pair;
  }

 private:
  Index below(Index end) { return static_cast<Index>(bits_() % static_cast<std::uint64_t>(end)); }

  std::pair<Tensor, Tensor> any_pair() {
    Tensor a = tensor(), b = tensor();
    switch (below(4)) {
      case 0:  // parts of one packed tensor
        b.shape = {a.shape.batch, a.shape.seq, a.shape.heads, b.shape.head_dim};
        b.size = a.size;
        b.strides = a.strides;
        a.shape.heads = 1 + below(a.shape.heads);
        a.shape.head_dim = 1 + below(a.shape.head_dim);
        break;
      case 1:  // of which one, say, has padding between its batches
        b.size = a.size;
        b.strides = a.strides;
        (below(2) == 0 ? a : b).strides.batch += below(100);
        break;
      case 2:  // of other elements
        b.strides = a.strides;
        break;
      default:
        break;
    }
    const Index a_bytes = a.extent() * a.size, b_bytes = b.extent() * b.size;
    const Index step = below(4) == 0 ? 2 : std::min(a.size, b.size);
    a.first = sizeof(block) / 2;
    b.first = a.first + step * (below((a_bytes + b_bytes) / step + 1) - b_bytes / step);
    return {a, b};
  }

  Tensor tensor() {
    Tensor of;
    of.size = Index{2} << below(3);
    of.shape = {1 + below(4), 1 + below(4), 1 + below(4), 1 + below(4)};
    Index* const strides[] = {&of.strides.heads, &of.strides.seq, &of.strides.batch};
    const Index sizes[] = {of.shape.heads, of.shape.seq, of.shape.batch};
    std::array<std::size_t, 3> order = {0, 1, 2};
    std::swap(order[0], order[static_cast<std::size_t>(below(3))]);
    std::swap(order[1], order[static_cast<std::size_t>(1 + below(2))]);
    const bool any = below(4) == 0;
    Index span = of.shape.head_dim;
    for (const std::size_t axis : order) {
      *strides[axis] = any ? below(50) : span + below(2) * below(9);
      span = *strides[axis] * sizes[axis];
    }
    return of;
  }

  std::mt19937_64 bits_;
};

struct Counts {
  int apart = 0, refused = 0;
};

TEST(ShareMemory, IsTrueOfEveryPairThatSharesAByteAndOfNearlyNoOther) {
  constexpr int pairs = 60000;
  Pairs drawn;
  int meeting = 0;
  Counts plain, repeating;  // where no byte of b is that of two rows, and where one is
  for (int i = 0; i < pairs && !HasFailure(); ++i) {
    const auto [a, b] = drawn.next();
    SCOPED_TRACE(testing::Message() << "a has " << a << "\nb has " << b);
    const bool apart = !may_share(a, b);
    EXPECT_EQ(apart, !may_share(b, a));
    const Bytes written(a);
    EXPECT_FALSE(written.repeats());
    if (written.meet(b)) {
      ++meeting;
      EXPECT_FALSE(apart);
    } else if (spans_meet(a, b)) {
      Counts& counts = Bytes(b).repeats() ? repeating : plain;
      ++(apart ? counts.apart : counts.refused);
    } else {
      EXPECT_TRUE(apart);
    }
  }
  // Of 12,935 pairs that lie between one another, 2,402 of them repeating, none is refused.
  EXPECT_EQ(plain.refused, 0) << "of " << plain.apart + plain.refused;
  EXPECT_EQ(repeating.refused, 0) << "of " << repeating.apart + repeating.refused;
  EXPECT_GT(plain.apart, 10000);
  EXPECT_GT(repeating.apart, 2000);
  EXPECT_GT(meeting, 40000);
}

/// Whether a and b may share a byte if b begins `distance` bytes behind a.
bool may_share_at(Tensor a, Tensor b, Index distance) {
  a.first = sizeof(block) / 2;
  b.first = a.first + distance;
  EXPECT_EQ(may_share(a, b), may_share(b, a));
  return may_share(a, b);
}

// Elements and bytes are not the same distance.
TEST(ShareMemory, CountsInBytes) {
  const Tensor rows{4, 0, {1, 3, 1, 8}, {0, 17, 0}};  // 32 bytes of every 68
  for (const Index distance : {2, 30, 31, 37, 66}) EXPECT_TRUE(may_share_at(rows, rows, distance));
  for (const Index distance : {32, 34, 36}) EXPECT_FALSE(may_share_at(rows, rows, distance));
  const Tensor narrow{2, 0, {1, 3, 1, 8}, {0, 34, 0}};  // 16 bytes of every 68
  for (const Index distance : {0, 30, 54}) EXPECT_TRUE(may_share_at(rows, narrow, distance));
  for (const Index distance : {32, 42, 52}) EXPECT_FALSE(may_share_at(rows, narrow, distance));
  const Tensor wide{8, 0, {1, 2, 1, 2}, {0, 17, 0}};  // the same stride in elements
  for (const Index distance : {20, 60}) EXPECT_TRUE(may_share_at(rows, wide, distance));
  EXPECT_FALSE(may_share_at(rows, wide, 36));
}

// However many entries axes of different strides have: all are whole numbers of 512 bytes.
TEST(ShareMemory, IsSettledByACommonPeriod) {
  constexpr Index many = Index{1} << 20;
  const Tensor a{4, 0, {many, 8, 1, 8}, {512 / 4, 8, 0}};
  const Tensor b{4, 0, {many, 8, 1, 8}, {3 * 512 / 4, 8, 0}};
  EXPECT_FALSE(may_share_at(a, b, 256));
  EXPECT_TRUE(may_share_at(a, b, 256 + 32));
  EXPECT_TRUE(may_share_at(a, b, 256 - 32));
  // x may be read twice along an axis that out does not have.
  const Tensor out{4, 0, {1, many, 1, 4}, {0, 8, 0}};
  const Tensor x{4, 0, {many, many, many, 4}, {0, 8, 8}};
  EXPECT_FALSE(may_share_at(out, x, 16));
  EXPECT_TRUE(may_share_at(out, x, 20));
}

// Padded batches have no period in common with the tokens inside.
TEST(ShareMemory, IsSettledByAPeriodInsidePaddedAxes) {
  const Tensor q{4, 0, {1000, 8, 4, 8}, {1001, 96, 8}};
  EXPECT_FALSE(may_share_at(q, q, 128));
  EXPECT_TRUE(may_share_at(q, q, 124));
  // Tokens further apart in one tensor than in the other, in more batches than one.
  const Tensor a{4, 0, {2, 1000, 1, 8}, {400001, 128, 0}};
  const Tensor b{4, 0, {2, 1000, 1, 8}, {400001, 384, 0}};
  EXPECT_FALSE(may_share_at(a, b, 64));
  EXPECT_TRUE(may_share_at(a, b, 28));
}

// Strides that have nothing in common: what no few steps prove apart is taken to meet.
TEST(ShareMemory, OfTangledTensorsIsAnsweredAtOnce) {
  const Tensor a{4, 0, {100000, 100000, 100000, 2}, {1000003, 10007, 5}};
  const Tensor b{4, 0, {100000, 100000, 100000, 2}, {1000033, 10009, 6}};
  EXPECT_TRUE(may_share_at(a, b, 8));
}

// The widest that checked_extent lets pass: the sum of both takes all 64 bits.
TEST(ShareMemory, OfTheWidestTensorsIsExact) {
  constexpr Index most = std::numeric_limits<Index>::max();
  const Index stride = (most / 4 - 8) / 3;
  const Tensor a{4, 0, {4, 1, 1, 8}, {stride, 0, 0}};
  EXPECT_FALSE(may_share_at(a, a, 32));
  EXPECT_FALSE(may_share_at(a, a, -32));
  EXPECT_TRUE(may_share_at(a, a, 28));
  EXPECT_TRUE(may_share_at(a, a, -28));
  const Tensor b{4, 0, {2, 2, 1, 8}, {2 * stride, stride - 8, 0}};
  EXPECT_FALSE(may_share_at(a, b, 64));
  EXPECT_TRUE(may_share_at(a, b, 60));
}

TEST(ShareMemory, OfSingleRowsIsWhetherTheyMeet) {
  constexpr Index far = std::numeric_limits<Index>::max();  // strides that say nothing
  const Tensor a{4, 0, {1, 1, 1, 8}, {far, far, far}};
  const Tensor b{2, 0, {1, 1, 1, 8}, {far, far, far}};
  for (const Index distance : {-16, 32}) EXPECT_FALSE(may_share_at(a, b, distance));
  for (const Index distance : {-15, -14, 0, 30, 31}) EXPECT_TRUE(may_share_at(a, b, distance));
}

TEST(Spans, ThatAreEmptyOverlapNothing) {
  const rw::View<float> no_tokens(nullptr, {2, 0, 3, 8}, {100, 10, 8});
  EXPECT_EQ(rw::detail::span_of(no_tokens).end, 0u);
  const rw::detail::Span all{100, 200};
  for (const std::uintptr_t at : {100u, 150u, 200u}) {
    EXPECT_FALSE(rw::detail::overlap(all, {at, at}));
    EXPECT_FALSE(rw::detail::overlap({at, at}, all));
  }
  EXPECT_TRUE(rw::detail::overlap(all, {199, 300}));
  EXPECT_FALSE(rw::detail::overlap(all, {200, 300}));
}

}  // namespace
}  // namespace ropewalk_test
