// Fuzz body: any call, by every form on every instruction set, against the reference, and every
// byte of memory after it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "../support/bits.hpp"
#include "../support/forms.hpp"
#include "../support/reference.hpp"
#include "../support/rotated.hpp"
#include "drawn_table.hpp"
#include "drawn_tensor.hpp"
#include "input.hpp"
#include "ropewalk/ropewalk.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;

/// More are no better, but slower.
constexpr double most_elements = 1 << 13;

/// What must come of a call; `open` where the library may be more careful than it need be.
enum class Verdict { accepted, refused, open };

template <class X, class Tab, class Out>
class Problem {
 public:
  Problem(Input& in, std::size_t tensors) {
    const rw::Shape shape = draw_shape(in);
    jobs_.push_back(draw_job(in, shape, 1));
    if (tensors == 2) {
      rw::Shape second = draw_shape(in);
      second.batch = drawn_size(in, shape.batch);
      second.seq = drawn_size(in, shape.seq);
      const bool in_first = in.below(4) == 3;
      jobs_.push_back(draw_job(in, second, in_first ? 1 : 3));
    }
    table_ = draw_table(in, shape);
    options_.pairing = static_cast<rw::Pairing>(in.below(3));
    options_.compute = static_cast<rw::Compute>(in.below(2));
    options_.stores = static_cast<rw::Stores>(in.below(3));
    kind_ = in.below(2) == 0 ? Values::special : Values::any;
    seed_ = in.byte();
  }

  void check() {
    if (!make_memory()) return;
    for (const Form& form : forms_of<Out, X>()) {
      if (jobs_.size() > 1 ? form.kind == Form::fused : !form.in_place()) check(form);
    }
    // Copies x to out before it calls the library, which takes two tensors that fit.
    const bool apart =
        jobs_.size() == 1 && !jobs_[0].x.empty() && jobs_[0].out.block != jobs_[0].x.block;
    if (apart && verdict({Form::fused, {}}) == Verdict::accepted &&
        options_.pairing != rw::Pairing::interleaved_to_half) {
      for (const Form& form : forms_of<Out, X>()) {
        if (form.in_place()) check(form);
      }
    }
  }

 private:
  /// False for what could be accepted but is too large to try.
  bool make_memory() {
    std::vector<std::size_t> sizes(2 * jobs_.size() + 1, 1);
    const auto reserve = [&](std::size_t block, double end, std::size_t size) {
      if (end * static_cast<double>(size) >= 0x1p63) return true;  // must be refused
      sizes[block] = std::max(sizes[block], static_cast<std::size_t>(std::max(end, 0.0)) * size);
      return end <= most_elements;
    };
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

  template <class T>
  void fill_block(std::vector<unsigned char>& block) {
    const auto values = random_values<T>(block.size() / sizeof(T), kind_, ++seed_);
    if (!values.empty()) {
      std::memcpy(block.data(), static_cast<const void*>(values.data()), values.size() * sizeof(T));
    }
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
          form.kind == Form::fused && options_.pairing != rw::Pairing::interleaved_to_half;
      if (in_place && !may_be_in_place) return Verdict::refused;
      open = open || !job.out.of.nested ||
             (job.out.block != job.x.block + 1 && !(in_place && may_be_in_place));
    }
    return open ? Verdict::open : Verdict::accepted;
  }

  /// Sizes and strides that are refused even of an empty tensor.
  bool is_wrong(const Job& job) const {
    const rw::Shape& x = job.x.shape;
    const auto fits = [](Index size, Index wanted) { return size == 1 || size == wanted; };
    const auto overflows = [](double end, std::size_t size) {
      return end * static_cast<double>(size) >= 0x1p63;
    };
    return job.x.has_negative() || job.out.has_negative() || !(x == job.out.shape) ||
           x.head_dim % 2 != 0 || table_is_wrong() || !fits(table_.shape.batch, x.batch) ||
           !fits(table_.shape.heads, x.heads) || table_.shape.seq != x.seq ||
           table_.shape.pairs > x.head_dim / 2 || overflows(job.x.extent(), sizeof(X)) ||
           overflows(job.out.extent(), sizeof(Out));
  }

  bool table_is_wrong() const {
    const rw::TableShape& shape = table_.shape;
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
    if (std::min({shape.batch, shape.seq, shape.heads, shape.pairs}) == 0) return false;
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

  void check(const Form& form) {
    for (std::size_t i = 0; i < after_.size(); ++i) {
      std::copy(before_[i].begin(), before_[i].end(), after_[i].begin());
    }
    const Verdict must_be = verdict(form);
    bool refused = false;
    std::string error;
    try {
      call(form);
    } catch (const std::invalid_argument& thrown) {
      refused = true;
      error = ": " + std::string(thrown.what());
    }
    expect(must_be == Verdict::open || refused == (must_be == Verdict::refused),
           form.name() + (refused ? " refuses" : " accepts") + error);
    wanted_ = before_;
    if (!refused) {
      for (const Job& job : jobs_) write_wanted(form, job);
    }
    expect(after_ == wanted_, form.name() + " leaves other bytes");
  }

  void call(const Form& form) {
    const auto table = table_.view(reinterpret_cast<const Tab*>(after_[table_block].data()));
    if constexpr (std::is_same_v<Out, X>) {
      if (jobs_.size() == 2) {
        Forms<X, Tab>::two({jobs_[0].out.in<X>(after_), jobs_[1].out.in<X>(after_)},
                           {jobs_[0].x.in<const X>(after_), jobs_[1].x.in<const X>(after_)}, table,
                           options_, {options_.stores, form.isa});
        return;
      }
    }
    apply_form(form, Eigen::DefaultDevice{}, jobs_[0].out.in<Out>(after_),
               jobs_[0].x.in<const X>(after_), table, options_);
  }

  /// What the call must have made of `before_`; where both are NaN, the one that it has made.
  void write_wanted(const Form& form, const Job& job) {
    if (job.x.empty()) return;
    std::vector<X> x(size_of(job.x.shape));
    copy_rows(rw::View<X>(x.data(), job.x.shape), rw::View<const X>(job.x.in<const X>(before_)));
    const Index pairs = table_.shape.pairs;
    const Tab* values = reinterpret_cast<const Tab*>(before_[table_block].data());
    auto out = rotated<Out>(
        x, job.x.shape, pairs,
        [&](Index b, Index s, Index h, Index i) { return table_.at(values, b, s, h, i); },
        options_);
    std::vector<Out> made(out.size()), kept(out.size());
    copy_rows(rw::View<Out>(made.data(), job.x.shape),
              rw::View<const Out>(job.out.in<const Out>(after_)));
    const Index head_dim = job.x.shape.head_dim;
    for (std::size_t i = 0; i < out.size(); ++i) {
      const bool copied = std::is_same_v<Out, X> && static_cast<Index>(i) % head_dim >= 2 * pairs;
      const auto is_nan_at = [](const Out& value) {
        return is_nan(dtype_of<Out>(), to_bits(value));
      };
      if (!copied && is_nan_at(out[i]) && is_nan_at(made[i])) out[i] = made[i];
    }
    copy_rows(rw::View<Out>(kept.data(), job.x.shape),
              rw::View<const Out>(job.out.in<const Out>(before_)));
    // In place x has been copied to out before the call.
    if constexpr (std::is_same_v<Out, X>) {
      if (form.in_place()) kept = x;
    }
    copy_left(out, kept, job.x.shape, [&](Index b, Index s) { return table_.ids.is_left(b, s); });
    copy_rows(job.out.in<Out>(wanted_), rw::View<const Out>(out.data(), job.x.shape));
  }

  std::vector<Job> jobs_;
  DrawnTable table_;
  CallOptions options_;
  Values kind_;
  std::uint64_t seed_;
  Blocks before_, after_, wanted_;
};

template <class X, class Tab>
void check_types(Input& in) {
  const Index which = in.below(4);
  if (which == 3) {
    Problem<X, Tab, rw::Promoted<X, Tab>>(in, 1).check();
  } else {
    Problem<X, Tab, X>(in, which == 2 ? 2 : 1).check();
  }
}

template <class X>
void check_tables(Input& in) {
  switch (in.below(4)) {
    case 0:
      return check_types<X, float>(in);
    case 1:
      return check_types<X, double>(in);
    case 2:
      return check_types<X, Eigen::half>(in);
    default:
      return check_types<X, Eigen::bfloat16>(in);
  }
}

}  // namespace
}  // namespace ropewalk_test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ropewalk_test;
  Input in(data, size);
  switch (in.below(4)) {
    case 0:
      check_tables<float>(in);
      break;
    case 1:
      check_tables<double>(in);
      break;
    case 2:
      check_tables<Eigen::half>(in);
      break;
    default:
      check_tables<Eigen::bfloat16>(in);
  }
  return 0;
}
