// Any call as a fuzzer draws it: its tensors and table in memory of their own, and whether the
// library must take it.
#ifndef ROPEWALK_TESTS_FUZZ_DRAWN_CALL_HPP
#define ROPEWALK_TESTS_FUZZ_DRAWN_CALL_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "../support/bits.hpp"
#include "../support/forms.hpp"
#include "drawn_table.hpp"
#include "drawn_tensor.hpp"
#include "input.hpp"
#include "ropewalk/ropewalk.hpp"

namespace ropewalk_test {

/// More are no better, but slower.
inline constexpr double most_elements = 1 << 13;

/// What must come of a call; `open` where the library may be more careful than it need be.
enum class Verdict { accepted, refused, open };

/// A call of the fused form, or of a definition, with memory of its own.
template <class X, class Tab, class Out>
class DrawnCall {
 protected:
  DrawnCall(Input& in, std::size_t tensors) {
    const ropewalk::Shape shape = draw_shape(in);
    jobs_.push_back(draw_job(in, shape, 1));
    if (tensors == 2) {
      ropewalk::Shape second = draw_shape(in);
      second.batch = drawn_size(in, shape.batch);
      second.seq = drawn_size(in, shape.seq);
      const bool in_first = in.below(4) == 3;
      jobs_.push_back(draw_job(in, second, in_first ? 1 : 3));
    }
    table_ = draw_table(in, shape);
    options_.pairing = static_cast<ropewalk::Pairing>(in.below(3));
    options_.compute = static_cast<ropewalk::Compute>(in.below(2));
    options_.stores = static_cast<ropewalk::Stores>(in.below(3));
    kind_ = in.below(2) == 0 ? Values::special : Values::any;
    seed_ = in.byte();
  }

  /// False for what could be accepted but is too large to try.
  bool make_memory() {
    std::vector<std::size_t> sizes(2 * jobs_.size() + 1, 1);
    const auto reserve = [&](std::size_t block, double end, std::size_t size) {
      if (end * static_cast<double>(size) >= 0x1p63) return true;  // must be refused
      sizes[block] = std::max(sizes[block], static_cast<std::size_t>(std::max(end, 0.0)) * size);
      return end <= most_elements;
    };
    if (begins_nowhere()) return false;
    if (!reserve(table_block, table_.extent(), sizeof(Tab))) return false;
    for (const Job& job : jobs_) {
      const auto end = [](const Tensor& of) { return static_cast<double>(of.first) + of.extent(); };
      if (!reserve(job.x.block, end(job.x), sizeof(X))) return false;
      if (!reserve(job.out.block, end(job.out), sizeof(Out))) return false;
    }
    for (std::size_t block = 0; block < sizes.size(); ++block) {
      before_.emplace_back(sizes[block]);
      if (block == table_block) fill_block<Tab>(before_.back());
      if (block != table_block && block % 2 == 1) fill_block<X>(before_.back());
      if (block != table_block && block % 2 == 0) fill_block<Out>(before_.back());
    }
    wanted_ = after_ = before_;
    return true;
  }

  Verdict verdict(const Form& form) const {
    for (const Job& job : jobs_) {
      if (is_wrong(job)) return Verdict::refused;
      if (job.x.shape.batch != jobs_[0].x.shape.batch) return Verdict::refused;
    }
    bool open = jobs_.size() > 1 && jobs_[0].x.block == jobs_[1].x.block;
    for (const Job& job : jobs_) {
      if (job.x.empty()) continue;
      if (job.x.first < 0 || job.out.first < 0 || has_wrong_id(job.x.shape.batch))
        return Verdict::refused;
      const bool in_place = std::is_same_v<Out, X> && job.out.is(job.x) && job.x.of.nested;
      const bool may_be_in_place =
          form.kind == Form::fused && options_.pairing != ropewalk::Pairing::interleaved_to_half;
      if (in_place && !may_be_in_place) return Verdict::refused;
      open = open || !job.out.of.nested ||
             (job.out.block != job.x.block + 1 && !(in_place && may_be_in_place));
    }
    return open ? Verdict::open : Verdict::accepted;
  }

  /// Calls, and says whether the library refused, which it must as `must_be` says.
  template <class Call>
  static bool refuses(const Form& form, Verdict must_be, const Call& call) {
    bool refused = false;
    std::string error;
    try {
      call();
    } catch (const std::invalid_argument& thrown) {
      refused = true;
      error = ": " + std::string(thrown.what());
    }
    expect(must_be == Verdict::open || refused == (must_be == Verdict::refused),
           form.name() + (refused ? " refuses" : " accepts") + error);
    return refused;
  }

  void restore() {
    for (std::size_t i = 0; i < after_.size(); ++i) {
      std::copy(before_[i].begin(), before_[i].end(), after_[i].begin());
    }
  }

  std::vector<Job> jobs_;
  DrawnTable table_;
  CallOptions options_;
  Values kind_;
  std::uint64_t seed_;
  Blocks before_, after_, wanted_;

 private:
  template <class T>
  void fill_block(std::vector<unsigned char>& block) {
    const auto values = random_values<T>(block.size() / sizeof(T), kind_, ++seed_);
    if (!values.empty()) {
      std::memcpy(block.data(), static_cast<const void*>(values.data()), values.size() * sizeof(T));
    }
  }

  /// Sizes and strides that are refused even of an empty tensor.
  bool is_wrong(const Job& job) const {
    const ropewalk::Shape& x = job.x.shape;
    const auto fits = [](Index size, Index wanted) { return size == 1 || size == wanted; };
    const auto overflows = [](double end, std::size_t size) {
      return end * static_cast<double>(size) >= 0x1p63;
    };
    return job.x.has_negative() || job.out.has_negative() || !(x == job.out.shape) || is_odd(job) ||
           table_is_wrong() || !fits(table_.shape.batch, x.batch) ||
           !fits(table_.shape.heads, x.heads) || table_.shape.seq != x.seq ||
           table_.shape.pairs > x.head_dim / 2 || overflows(job.x.extent(), sizeof(X)) ||
           overflows(job.out.extent(), sizeof(Out));
  }

  /// Of a part of a table that no memory holds the library sees no more than where it begins.
  bool begins_nowhere() const {
    const auto before = [](Index begin, Index stride) {
      return std::abs(static_cast<double>(begin) * static_cast<double>(stride));
    };
    return std::max(before(table_.begin.seq, table_.strides.seq),
                    before(table_.begin.heads, table_.strides.heads)) > most_elements;
  }

  bool is_odd(const Job& job) const {
    const bool turns_none = job.normed && table_.shape.pairs == 0;
    return job.x.shape.head_dim % 2 != 0 && !turns_none;
  }

  bool table_is_wrong() const {
    const ropewalk::TableShape& shape = table_.shape;
    const auto negative = [](Index size, Index stride) { return size != 1 && stride < 0; };
    const Index rows = table_.stored.seq - table_.begin.seq;
    if (std::min({shape.batch, shape.seq, shape.heads, shape.pairs, rows}) < 0) return true;
    // A table of no pairs reads nothing, whatever its strides.
    if (shape.pairs > 0 &&
        (negative(table_.stored.batch, table_.strides.batch) || table_.strides.seq < 0 ||
         (shape.heads != 1 && negative(table_.stored.heads, table_.strides.heads)))) {
      return true;
    }
    if (ids_are_wrong(rows)) return true;
    if (std::min({shape.batch, rows, shape.heads, shape.pairs}) == 0) return false;
    const auto& readers = table_.row.readers;
    return std::any_of(readers.begin(), readers.end(), [](auto& of) { return of.stride < 0; }) ||
           table_.extent() * sizeof(Tab) >= 0x1p63;
  }

  /// What is refused before an id is read.
  bool ids_are_wrong(Index rows) const {
    const DrawnIds& ids = table_.ids;
    const Index stored = table_.stored.batch;
    if (!ids.given) return false;
    if (ids.leaves && ids.left >= ids.first && ids.left < ids.first + rows) return true;
    return stored != 1 && ids.batch != stored && (ids.are_starts || ids.batch != 1);
  }

  bool has_wrong_id(Index batch) const {
    const DrawnIds& ids = table_.ids;
    const Index rows = table_.stored.seq - table_.begin.seq;
    if (!ids.given) return false;
    if (rows == 0 || (ids.are_starts && ids.batch != batch)) return true;
    for (Index b = 0; b < ids.batch; ++b) {
      for (Index s = 0; s < ids.seq; ++s) {
        const Index id = ids.at(b, s);
        if (ids.is_left(b, s)) continue;
        if (id < ids.first || id >= ids.first + rows || ids.row(b, s) >= rows) return true;
      }
    }
    return false;
  }
};

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_FUZZ_DRAWN_CALL_HPP
