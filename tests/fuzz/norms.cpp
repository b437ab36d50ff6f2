// Fuzz body: any call with a norm, on every instruction set, against the definition row by row, and
// every byte of memory after it.
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "../support/bits.hpp"
#include "../support/forms.hpp"
#include "../support/reference.hpp"
#include "drawn_call.hpp"
#include "drawn_tensor.hpp"
#include "input.hpp"
#include "ropewalk/norm.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;

/// A norm whose weight lies in memory of its own, or in that of an out.
template <class W>
struct DrawnNorm {
  rw::RmsNorm<W> norm;  // its weight is set for each call
  bool weighted, in_out;
  Index first;  // of a weight in an out
  std::vector<W> weights;
};

/// One tensor or two, of which the second has no norm, perhaps.
template <class X, class W, class Tab>
class NormProblem : DrawnCall<X, Tab, X> {
 public:
  NormProblem(Input& in, std::size_t tensors) : DrawnCall<X, Tab, X>(in, tensors) {
    if (in.below(4) == 3 && table_.shape.pairs > 0) {
      table_.shape.pairs = table_.stored.pairs = table_.begin.pairs = 0;
      table_.row = drawn_row(table_.maker, 0, in);
    }
    for (std::size_t i = 0; i < tensors; ++i) {
      jobs_[i].normed = i == 0 || in.below(2) == 1;
      norms_.push_back(draw_norm(in, jobs_[i].x.shape));
    }
  }

  void check() {
    if (!make_memory()) return;
    for (const DrawnNorm<W>& norm : norms_) {
      // Of one that is larger than memory is here its size must be refused.
      if (norm.norm.weight_size > most_weights && !has_wrong_norm()) return;
    }
    if (jobs_.size() == 1) check({Form::strided, {}});
    for (const rw::Isa isa : rw::available_isas()) check({Form::fused, isa});
  }

 private:
  static constexpr Index most_weights = 1 << 13;

  static Index size_of_norm(const rw::RmsNorm<W>& norm, const rw::Shape& x) {
    const double size = norm.over == rw::NormOver::head ? 1 : static_cast<double>(x.heads);
    const double all = size * static_cast<double>(x.head_dim);
    return all > 0x1p62 || all < 0 ? highest : static_cast<Index>(all);
  }

  DrawnNorm<W> draw_norm(Input& in, const rw::Shape& x) {
    DrawnNorm<W> of{};
    of.norm.finish = static_cast<rw::NormFinish>(in.below(3));
    of.norm.over = static_cast<rw::NormOver>(in.below(2));
    of.norm.eps = in.rarely() ? in.one_of<double>({-1e-6, 1e300, HUGE_VAL, std::nan("")})
                              : in.one_of<double>({1e-6, 0, 0x1p-23, 1e-300, 1e30});
    of.weighted = in.below(4) != 3;
    if (of.weighted) of.norm.weight_size = drawn_size(in, size_of_norm(of.norm, x));
    if (!of.weighted && in.rarely()) of.norm.weight_size = 1 + in.below(9);
    of.in_out = in.rarely();
    of.first = in.below(64);
    const Index size = std::clamp<Index>(of.norm.weight_size, 0, most_weights);
    of.weights = random_values<W>(count_of(size), this->kind_, ++this->seed_);
    // An empty vector's data may be null.
    of.weights.resize(std::max<std::size_t>(of.weights.size(), 1));
    return of;
  }

  bool is_wrong(const DrawnNorm<W>& of, const rw::Shape& x) const {
    const rw::RmsNorm<W>& norm = of.norm;
    const Index size = size_of_norm(norm, x);
    if (!(norm.eps >= 0) || !std::isfinite(static_cast<float>(norm.eps))) return true;
    if (size > Index{1} << 24) return true;
    if (!of.weighted) {
      return norm.weight_size != 0 || norm.finish == rw::NormFinish::one_plus_weight;
    }
    return norm.weight_size != size ||
           (!std::is_same_v<X, W> && norm.finish == rw::NormFinish::round_then_weight);
  }

  bool has_wrong_norm() const {
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      if (jobs_[i].normed && is_wrong(norms_[i], jobs_[i].x.shape)) return true;
    }
    return false;
  }

  Verdict verdict_with_norms(const Form& form) {
    const Verdict of_call = verdict(form);
    if (of_call == Verdict::refused || has_wrong_norm()) return Verdict::refused;
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      if (jobs_[i].normed && lies_in_out(i)) return Verdict::open;
    }
    return of_call;
  }

  bool lies_in_out(std::size_t i) {
    const DrawnNorm<W>& of = norms_[i];
    const std::size_t room = after_[jobs_[i].out.block].size() / sizeof(W);
    return of.weighted && of.in_out && of.norm.weight_size > 0 &&
           count_of(of.first) + of.weights.size() <= room;
  }

  /// With the weight in its own memory, or in these blocks.
  rw::RmsNorm<W> norm_in(Blocks& blocks, std::size_t i) {
    rw::RmsNorm<W> norm = norms_[i].norm;
    if (norms_[i].weighted) norm.weight = norms_[i].weights.data();
    if (lies_in_out(i)) {
      norm.weight = reinterpret_cast<const W*>(blocks[jobs_[i].out.block].data()) + norms_[i].first;
    }
    return norm;
  }

  void check(const Form& form) {
    restore();
    const bool refused = this->refuses(form, verdict_with_norms(form), [&] { call(form); });
    wanted_ = before_;
    for (std::size_t i = 0; i < jobs_.size() && !refused; ++i) write_wanted(i);
    expect(after_ == wanted_, form.name() + " leaves other bytes");
  }

  void call(const Form& form) {
    const auto table = table_.view(reinterpret_cast<const Tab*>(after_[table_block].data()));
    const rw::CpuOptions cpu{options_.stores, form.isa};
    const rw::Options options = options_;
    const auto out = view_in<X>(after_, jobs_[0].out);
    const auto x = view_in<const X>(after_, jobs_[0].x);
    const auto norm = norm_in(after_, 0);
    if (form.kind == Form::strided) {
      rw::apply_strided(rw::serial, out, x, norm, table, options);
    } else if (jobs_.size() == 1) {
      rw::apply(rw::serial, out, x, norm, table, options, cpu);
    } else {
      const auto outs = std::tuple{out, view_in<X>(after_, jobs_[1].out)};
      const auto xs = std::tuple{x, view_in<const X>(after_, jobs_[1].x)};
      if (jobs_[1].normed) {
        rw::apply(rw::serial, outs, xs, std::tuple{norm, norm_in(after_, 1)}, table, options, cpu);
      } else {
        rw::apply(rw::serial, outs, xs, std::tuple{norm, rw::no_norm}, table, options, cpu);
      }
    }
  }

  /// What the call must have made of `before_`: by the definition, of dense copies. Where both are
  /// NaN, the one that it has made.
  void write_wanted(std::size_t i) {
    const Job& job = jobs_[i];
    const rw::Shape& shape = job.x.shape;
    if (job.x.empty()) return;
    std::vector<X> x(size_of(shape)), out = x, made = x;
    const auto copy_from = [&](const Tensor& tensor, Blocks& blocks, std::vector<X>& to) {
      copy_rows(rw::View<X>(to.data(), shape), rw::View<const X>(view_in<const X>(blocks, tensor)));
    };
    copy_from(job.x, before_, x);
    copy_from(job.out, before_, out);
    copy_from(job.out, after_, made);
    const auto table = table_.view(reinterpret_cast<const Tab*>(before_[table_block].data()));
    const rw::View<const X> from(x.data(), shape);
    const rw::View<X> to(out.data(), shape);
    const rw::Options options = options_;
    if (job.normed) {
      rw::apply_strided(rw::serial, to, from, norm_in(before_, i), table, options);
    } else {
      rw::apply_strided(rw::serial, to, from, table, options);
    }
    for (std::size_t at = 0; at < out.size(); ++at) {
      const auto feature = static_cast<Index>(at) % shape.head_dim;
      const bool copied = !job.normed && feature >= 2 * table_.shape.pairs;
      const auto is_nan_at = [](const X& value) { return is_nan(dtype_of<X>(), to_bits(value)); };
      if (!copied && is_nan_at(out[at]) && is_nan_at(made[at])) out[at] = made[at];
    }
    copy_rows(view_in<X>(wanted_, job.out), rw::View<const X>(out.data(), shape));
  }

  std::vector<DrawnNorm<W>> norms_;
  using Call = DrawnCall<X, Tab, X>;
  using Call::after_;
  using Call::before_;
  using Call::jobs_;
  using Call::make_memory;
  using Call::options_;
  using Call::restore;
  using Call::table_;
  using Call::verdict;
  using Call::wanted_;
};

template <class X, class W, class Tab>
void check_norms(Input& in) {
  const std::size_t tensors = in.below(3) == 2 ? 2 : 1;
  NormProblem<X, W, Tab>(in, tensors).check();
}

}  // namespace
}  // namespace ropewalk_test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ropewalk_test;
  Input in(data, size);
  switch (in.below(5)) {
    case 0:
      check_norms<float, float, float>(in);
      break;
    case 1:
      check_norms<Eigen::half, Eigen::half, Eigen::half>(in);
      break;
    case 2:
      check_norms<Eigen::half, float, float>(in);
      break;
    case 3:
      check_norms<Eigen::bfloat16, Eigen::bfloat16, Eigen::bfloat16>(in);
      break;
    default:
      check_norms<Eigen::bfloat16, float, float>(in);
  }
  return 0;
}
