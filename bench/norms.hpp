// A norm before the rotation, beside the rotation alone.
#ifndef ROPEWALK_BENCH_NORMS_HPP
#define ROPEWALK_BENCH_NORMS_HPP

#include <string>
#include <tuple>

#include "devices.hpp"
#include "ropewalk/ropewalk.hpp"
#include "rows.hpp"
#include "workspace.hpp"

namespace ropewalk_bench {

/// The name of the rotation in place, `variant` as in Names.
inline std::string plain_name(const Group& group, const std::string& variant) {
  return "rope/fused_inplace/" + group.dtype + "/" + dtype_name<float>() + "/" + place_name(group) +
         (variant.empty() ? "" : "/" + variant);
}

/// apply_inplace with the norm that `norm` makes; `plain` is the variant of the same rotation
/// without it.
template <class X, class Device, class How, class Norm>
void add_norm(Group& group, Workspace<X>& work, const Device& device, const std::string& variant,
              const std::string& plain, const How& options, const Norm& norm) {
  namespace rw = ropewalk;
  const auto table = [&work]() -> const auto& { return work.template rotation<float>().view(); };
  const auto reference = [=, &work] {
    rw::apply_strided(Eigen::DefaultDevice(), work.expected(), work.x(), norm(), table(), options);
    return std::string();
  };
  RowMaker<X> rows(group, work, {dtype_name<float>(), variant, "norm"}, reference);
  Row& row = rows.in_place("fused_inplace", [=, &work, &device] {
    rw::apply_inplace(device, work.out(), norm(), table(), options);
  });
  row.plain = plain_name(group, plain);
}

/// The first 32 heads, queries, and those after them, keys.
template <class T>
std::tuple<ropewalk::View<T>, ropewalk::View<T>> q_and_k(const TensorMap4<T>& map) {
  const ropewalk::View<T> all = ropewalk::as_view(map);
  return {all.heads(0, 32), all.heads(32, all.heads() - 32)};
}

/// Both in one call, as Qwen3's attention begins, each normalised with a weight of its own; and
/// without norms.
template <class X, class Device>
void add_q_and_k(Group& group, Workspace<X>& work, const Device& device) {
  namespace rw = ropewalk;
  const std::string variant = "q32_k8";
  const auto table = [&work]() -> const auto& { return work.template rotation<float>().view(); };
  const auto norms = [&work] {
    const Index head_dim = work.preset().shape.head_dim;
    return std::tuple{rw::rms_norm_hf(work.signs(), head_dim),
                      rw::rms_norm_hf(work.signs() + head_dim, head_dim)};
  };

  const auto turned = [=, &work] {
    rw::apply_strided(Eigen::DefaultDevice(), work.expected(), work.x(), table(), rw::half_pairs);
    return std::string();
  };
  RowMaker<X> plain(group, work, {dtype_name<float>(), variant}, turned);
  plain.in_place("fused_inplace", [=, &work, &device] {
    const auto [q, k] = q_and_k(work.out());
    rw::apply_inplace(device, std::tie(q, k), table(), rw::half_pairs);
  });

  const auto normed = [=, &work] {
    const Eigen::DefaultDevice serial;
    const auto [q_out, k_out] = q_and_k(work.expected());
    const auto [q, k] = q_and_k(work.x());
    rw::apply_strided(serial, q_out, q, std::get<0>(norms()), table(), rw::half_pairs);
    rw::apply_strided(serial, k_out, k, std::get<1>(norms()), table(), rw::half_pairs);
    return std::string();
  };
  RowMaker<X> rows(group, work, {dtype_name<float>(), variant, "norm"}, normed);
  Row& row = rows.in_place("fused_inplace", [=, &work, &device] {
    const auto [q, k] = q_and_k(work.out());
    rw::apply_inplace(device, std::tie(q, k), norms(), table(), rw::half_pairs);
  });
  row.plain = plain_name(group, variant);
}

template <class X, class Device>
void add_norms(Group& group, Workspace<X>& work, const Device& device) {
  namespace rw = ropewalk;
  const rw::Shape& shape = work.preset().shape;
  const auto torch = [&work, &shape] { return rw::rms_norm_torch(work.signs(), shape.head_dim); };
  const auto over_token = [&work, &shape] {
    return rw::rms_norm_torch(work.signs(), shape.heads * shape.head_dim).over_token();
  };
  const auto hf = [&work, &shape] { return rw::rms_norm_hf(work.signs(), shape.head_dim); };
  add_norm(group, work, device, "", "", rw::interleaved_pairs, torch);
  add_norm(group, work, device, "over_token", "", rw::interleaved_pairs, over_token);
  // Options as in the row of the same rotation without a norm.
  add_norm(group, work, device, "hf_half", "half", rw::Options(rw::Pairing::half), hf);
  if (shape.heads == 40) add_q_and_k(group, work, device);
}

}  // namespace ropewalk_bench

#endif  // ROPEWALK_BENCH_NORMS_HPP
