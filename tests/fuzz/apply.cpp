// Fuzz body: any call, by every form on every instruction set, against the reference, and every
// byte of memory after it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "../support/bits.hpp"
#include "../support/forms.hpp"
#include "../support/reference.hpp"
#include "../support/rotated.hpp"
#include "drawn_call.hpp"
#include "drawn_tensor.hpp"
#include "input.hpp"
#include "ropewalk/ropewalk.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;

template <class X, class Tab, class Out>
class Problem : DrawnCall<X, Tab, Out> {
 public:
  Problem(Input& in, std::size_t tensors) : DrawnCall<X, Tab, Out>(in, tensors) {}

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
  void check(const Form& form) {
    restore();
    const bool refused = this->refuses(form, verdict(form), [&] { call(form); });
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
        Forms<X, Tab>::two(
            {view_in<X>(after_, jobs_[0].out), view_in<X>(after_, jobs_[1].out)},
            {view_in<const X>(after_, jobs_[0].x), view_in<const X>(after_, jobs_[1].x)}, table,
            options_, {options_.stores, form.isa});
        return;
      }
    }
    apply_form(form, Eigen::DefaultDevice{}, view_in<Out>(after_, jobs_[0].out),
               view_in<const X>(after_, jobs_[0].x), table, options_);
  }

  /// What the call must have made of `before_`; where both are NaN, the one that it has made.
  void write_wanted(const Form& form, const Job& job) {
    if (job.x.empty()) return;
    std::vector<X> x(size_of(job.x.shape));
    copy_rows(rw::View<X>(x.data(), job.x.shape),
              rw::View<const X>(view_in<const X>(before_, job.x)));
    const Index pairs = table_.shape.pairs;
    const Tab* values = reinterpret_cast<const Tab*>(before_[table_block].data());
    auto out = rotated<Out>(
        x, job.x.shape, pairs,
        [&](Index b, Index s, Index h, Index i) { return table_.at(values, b, s, h, i); },
        options_);
    std::vector<Out> made(out.size()), kept(out.size());
    copy_rows(rw::View<Out>(made.data(), job.x.shape),
              rw::View<const Out>(view_in<const Out>(after_, job.out)));
    const Index head_dim = job.x.shape.head_dim;
    for (std::size_t i = 0; i < out.size(); ++i) {
      const bool copied = std::is_same_v<Out, X> && static_cast<Index>(i) % head_dim >= 2 * pairs;
      const auto is_nan_at = [](const Out& value) {
        return is_nan(dtype_of<Out>(), to_bits(value));
      };
      if (!copied && is_nan_at(out[i]) && is_nan_at(made[i])) out[i] = made[i];
    }
    copy_rows(rw::View<Out>(kept.data(), job.x.shape),
              rw::View<const Out>(view_in<const Out>(before_, job.out)));
    // In place x has been copied to out before the call.
    if constexpr (std::is_same_v<Out, X>) {
      if (form.in_place()) kept = x;
    }
    copy_left(out, kept, job.x.shape, [&](Index b, Index s) { return table_.ids.is_left(b, s); });
    copy_rows(view_in<Out>(wanted_, job.out), rw::View<const Out>(out.data(), job.x.shape));
  }

  using Call = DrawnCall<X, Tab, Out>;
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
