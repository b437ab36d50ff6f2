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

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_norm(const char* model) {
  fail("rms_norm", "no norm is known of %s; with_norm says which it has", model);
}

/// A norm whose weight's type is forgotten.
struct RawNorm {
  const void* weight;
  Index weight_size, weight_bytes;  // bytes: of one
  double eps;
  NormFinish finish;
  NormOver over;
  NormOrder order = NormOrder::automatic;
  Index rows = 0;
  bool promotes;  // a float weight of a 16-bit x
};

template <class X, class W>
RawNorm raw_norm(const RmsNorm<W>& norm) {
  RawNorm raw;
  raw.weight = norm.weight;
  raw.weight_size = norm.weight_size;
  raw.weight_bytes = sizeof(W);
  raw.eps = norm.eps;
  raw.finish = norm.finish;
  raw.over = norm.over;
  raw.order = norm.order;
  raw.rows = norm.rows;
  raw.promotes = !std::is_same_v<X, W>;
  return raw;
}

inline void check_weight(const Place& norm_place, const Place& place, const RawNorm& norm,
                         const Shape& x) {
  const bool per_head = norm.over == NormOver::head;
  const Index size = norm_size(norm.over, x);
  if (norm.weight == nullptr && norm.weight_size != 0) {
    fail(place, "data", "is null, must point to the %" PRId64 " weights", norm.weight_size);
  }
  if (norm.weight == nullptr) {
    if (norm.finish == NormFinish::one_plus_weight) {
      fail(norm_place, "finish", "is one_plus_weight, must be another where there is no weight");
    }
    return;
  }
  if (norm.weight_size != size) {
    fail(place, "size", "is %" PRId64 ", must be %" PRId64 ", the %s of x", norm.weight_size, size,
         per_head ? "head_dim" : "heads * head_dim");
  }
  if (norm.promotes && norm.finish == NormFinish::round_then_weight) {
    fail(place, "type",
         "is float, must be that of x: PyTorch's round_then_weight would return float");
  }
}

inline Place place_of_weight(const char* function, int index) {
  return {function, "the norm's weight", index};
}

/// Where a norm runs, which is where ids are.
inline void check_norm(const Names& names, const RawNorm& norm, const Shape& x, Ids where) {
  // PyTorch carries sums of more after other numbers of groups.
  constexpr Index most_features = Index{1} << 24;
  const Place place{names.function, "the norm", names.x.index};
  if (!is_finite(norm.eps) || norm.eps < 0 || !is_finite(static_cast<float>(norm.eps))) {
    fail(place, "eps", "is %.9g, must be 0 or more and finite, as a float, too", norm.eps);
  }
  const bool is_cudas = norm.order == NormOrder::cuda_fused || norm.order == NormOrder::cuda_reduce;
  if (where == Ids::on_host && is_cudas) {
    fail(place, "order", "is that of a CUDA device, must be automatic or cpu on a CPU");
  }
  check_not_negative(place, "rows", norm.rows);
  check_at_most(place, "size", norm_size(norm.over, x), most_features);
  check_weight(place, place_of_weight(names.function, names.x.index), norm, x);
}

/// Checks one tensor of a call and its norm; false if there is nothing to do.
inline bool check_normed(const Names& names, const RawView& out, const RawView& x,
                         const RawTable& table, const RawNorm& norm, InPlace in_place,
                         Ids where = Ids::on_host, const SlotRows* slots = nullptr) {
  const HeadDim head_dim = table.shape.pairs == 0 ? HeadDim::any : HeadDim::even;
  const bool has_work = check_arguments(names, out, x, table, in_place, where, head_dim, slots);
  check_norm(names, norm, x.shape, where);
  return has_work;
}

/// A weight must not be written: by no out of its call, of which `out` is one.
inline void check_weight_apart(const Place& weight, const RawNorm& norm, const Place& out_place,
                               const RawView& out) {
  const Span read = span_of(norm.weight, norm.weight_size, norm.weight_bytes);
  if (norm.weight != nullptr && overlap(span_of(out), read)) fail_overlap(out_place, weight);
}

/// The weight of one tensor's norm beside every out of the call; each kind of tensor has its
/// check_weight_apart(names, tensor, out's place, out).
template <class Of, class... All>
void check_weight_apart_from_all(const Names& names, const Of& of, const All&... all) {
  Place out = names.out;
  if (out.index >= 0) out.index = 0;
  ((check_weight_apart(names, of, out, all.out), ++out.index), ...);
}

/// The same of every tensor's.
template <class... All>
void check_all_weights_apart(const Names& names, const All&... all) {
  Names named = names;
  ((check_weight_apart_from_all(named, all, all...), named.next()), ...);
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_NORM_CHECK_NORM_HPP
