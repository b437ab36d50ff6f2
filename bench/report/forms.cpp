// The definitions, which the C boundary does not have, for the report to time.
#include <cstdint>
#include <exception>

#include "pool.hpp"
#include "ropewalk/apply.hpp"
#include "ropewalk/norm.hpp"
#include "ropewalk/options.hpp"
#include "tensors.hpp"

namespace {

namespace rw = ropewalk;
using ropewalk_bench::CosSin;
using ropewalk_bench::norm_of;
using ropewalk_bench::view_of;

struct Call {
  const ropewalk_threads* threads;
  std::int32_t stacked;
  const ropewalk_tensor *out, *x;
  const ropewalk_norm* norm;
  CosSin turns;
  rw::Pairing pairing;
};

template <class T, class Device>
void rotate(const Device& device, const Call& call) {
  const auto out = view_of<T>(*call.out);
  const auto x = view_of<const T>(*call.x);
  const auto table = call.turns.table<float>();
  const rw::Options options(call.pairing);
  if (call.norm != nullptr) {
    rw::apply_strided(device, out, x, norm_of<T>(*call.norm), table, options);
  } else if (call.stacked != 0) {
    rw::apply_stack_flatten(device, out, x, table, options);
  } else {
    rw::apply_strided(device, out, x, table, options);
  }
}

template <class T>
void rotate(const Call& call) {
  if (call.threads == nullptr) {
    rotate<T>(rw::serial, call);
  } else {
    rotate<T>(ropewalk_bench::device_of(*call.threads), call);
  }
}

}  // namespace

/// Rotates float, half or bfloat16 by a float table; 0, or 1 where the arguments are wrong. With a
/// norm, of a weight of x's type, by strides.
extern "C" ROPEWALK_EXPORT std::int32_t ropewalk_report_form(
    const ropewalk_threads* threads, std::int32_t stacked, const ropewalk_tensor* out,
    const ropewalk_tensor* x, const ropewalk_tensor* cos, const ropewalk_tensor* sin,
    const ropewalk_norm* norm, std::int32_t pairing) {
  const Call call{threads, stacked, out, x, norm, {cos, sin}, static_cast<rw::Pairing>(pairing)};
  try {
    if (x->dtype == ROPEWALK_DTYPE_F32) rotate<float>(call);
    if (x->dtype == ROPEWALK_DTYPE_F16) rotate<Eigen::half>(call);
    if (x->dtype == ROPEWALK_DTYPE_BF16) rotate<Eigen::bfloat16>(call);
  } catch (const std::exception&) {
    return 1;
  }
  return 0;
}
