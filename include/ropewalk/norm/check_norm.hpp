// What is checked of a norm before anything is written.
#ifndef ROPEWALK_NORM_CHECK_NORM_HPP
#define ROPEWALK_NORM_CHECK_NORM_HPP

#include <cinttypes>
#include <type_traits>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/shape.hpp"
#include "ropewalk/build/steps.hpp"
#include "ropewalk/call/arguments.hpp"
#include "ropewalk/call/extents.hpp"
#include "ropewalk/call/overlap.hpp"
#include "ropewalk/norm/norm_types.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// A norm whose weight's type is forgotten.
struct RawNorm {
  const void* weight;
  Index weight_size, weight_bytes;  // bytes: of one
  double eps;
  NormFinish finish;
  NormOver over;
  NormOrder order;
  bool promotes;  // a float weight of a 16-bit x
};

template <class X, class W>
RawNorm raw_norm(const RmsNorm<W>& norm) {
  return {norm.weight, norm.weight_size, sizeof(W),  norm.eps,
          norm.finish, norm.over,        norm.order, !std::is_same_v<X, W>};
}

inline void check_weight(const Place& place, const RawNorm& norm, const Shape& x) {
  const bool per_head = norm.over == NormOver::head;
  const Index size = norm_size(norm.over, x);
  if (norm.weight == nullptr) {
    if (norm.weight_size == 0) return;
    fail(place, "data", "is null, must point to the %" PRId64 " weights", norm.weight_size);
  }
  if (norm.weight_size == size) return;
  fail(place, "size", "is %" PRId64 ", must be %" PRId64 ", the %s of x", norm.weight_size, size,
       per_head ? "head_dim" : "heads * head_dim");
}

/// Of one tensor of a call whose other arguments have passed; `in_words` names the norm.
inline void check_norm(const Names& names, const RawNorm& norm, const RawView& out,
                       const Shape& x) {
  const Place place{names.function, "the norm", names.x.index};
  const Place weight{names.function, "the norm's weight", names.x.index};
  if (!is_finite(norm.eps) || norm.eps < 0 || !is_finite(static_cast<float>(norm.eps))) {
    fail(place, "eps", "is %.9g, must be 0 or more and finite, as a float, too", norm.eps);
  }
  if (norm.order == NormOrder::cuda_fused || norm.order == NormOrder::cuda_reduce) {
    fail(place, "order",
         "is one of CUDA, must be automatic or cpu: no CPU has the reciprocal root that goes with "
         "it");
  }
  check_weight(weight, norm, x);
  if (norm.weight == nullptr) return;
  if (norm.promotes && norm.finish == NormFinish::round_then_weight) {
    fail(weight, "type",
         "is float, must be that of x: PyTorch's round_then_weight would return float");
  }
  const Span read = span_of(norm.weight, norm.weight_size, norm.weight_bytes);
  if (overlap(span_of(out), read)) fail_overlap(names.out, weight);
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_NORM_CHECK_NORM_HPP
