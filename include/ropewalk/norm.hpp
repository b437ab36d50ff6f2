// A norm before the rotation: q/k RMSNorm and RoPE in one call, in PyTorch's bits. What makes
// norms: norm/makers.hpp.
#ifndef ROPEWALK_NORM_HPP
#define ROPEWALK_NORM_HPP

#include <tuple>
#include <type_traits>
#include <utility>

#include "ropewalk/apply.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/norm/check_norm.hpp"
#include "ropewalk/norm/fused_norm.hpp"
#include "ropewalk/norm/makers.hpp"
#include "ropewalk/norm/norm_types.hpp"
#include "ropewalk/norm/normed_rows.hpp"
#include "ropewalk/norm/takes_norm.hpp"

ROPEWALK_BEGIN_NAMESPACE

// The fused form ----------------------------------------------------------------------------------

/// Normalises every row of `x`, rounds it to x's type, and rotates it as apply of the same
/// arguments without a norm does; writes `out`.
///
/// Shapes, Caches   as apply; a table of no pairs: normalises alone
/// Types    x float, half or bfloat16, out of the same; the norm's weight float or of that type
/// Alias    as apply; a weight must be apart from every out of its call
/// Errors   std::invalid_argument before anything is written: those of apply, but that head_dim may
///          be odd where no pair turns; a weight of another size, null with a size or for
///          one_plus_weight, or float where PyTorch would return float; eps negative or not finite;
///          a row of more than 32 KiB that a pairing moves; more than 2^24 features together
/// Stores   of tokens of more than 16 KiB that are normalised as one always through the caches
/// Several  a tuple of norms beside those of outs and xs, no_norm for a tensor that has none:
///            apply(device, std::tie(q_out, k_out), std::tie(q, k), std::tuple{q_norm, k_norm},
///                  table)
/// Order    of the sum: eight lanes, whatever the instruction set and the layout
/// Source   Zhang and Sennrich 2019, arXiv:1910.07467; arithmetic as PyTorch 2.11 eager on x86-64.
///          Not its bits, since it adds up in other orders there: where the features of a norm are
///          apart in its memory (a token's, heads before tokens), and on Arm
template <class Device, class Out, class X, class W, class Tab, class How = detail::DefaultOptions>
void apply(const Device& device, Out&& out, const X& x, const RmsNorm<W>& norm, const Tab& table,
           const How& options = {}, const CpuOptions& cpu = {});
template <class Device, class Outs, class Xs, class... Norms, class Tab,
          class How = detail::DefaultOptions>
void apply(const Device& device, Outs&& outs, const Xs& xs, const std::tuple<Norms...>& norms,
           const Tab& table, const How& options = {}, const CpuOptions& cpu = {});

/// The same in place.
template <class Device, class X, class W, class Tab, class How = detail::DefaultOptions>
void apply_inplace(const Device& device, X&& x, const RmsNorm<W>& norm, const Tab& table,
                   const How& options = {}, const CpuOptions& cpu = {});
template <class Device, class Xs, class... Norms, class Tab, class How = detail::DefaultOptions>
void apply_inplace(const Device& device, Xs&& xs, const std::tuple<Norms...>& norms,
                   const Tab& table, const How& options = {}, const CpuOptions& cpu = {});

// The definition ----------------------------------------------------------------------------------

/// Normalises every row of `x`, rounds it to x's type, and rotates it as apply_strided of the same
/// arguments without a norm does; writes `out`.
///
/// Shapes   as apply_strided; a table of no pairs: normalises alone
/// Types    x float, half or bfloat16, out of the same; the norm's weight float or of that type
/// Alias    out must be apart from x, the weight and the table
/// Errors   as apply, but that rows of any size may be moved
/// Source   as apply
/// Allocates nothing; a thread-pool device may.
template <class Device, class Out, class X, class W, class Tab, class How = detail::DefaultOptions>
void apply_strided(const Device& device, Out&& out, const X& x, const RmsNorm<W>& norm,
                   const Tab& table, const How& options = {});

// Definitions -------------------------------------------------------------------------------------

ROPEWALK_END_NAMESPACE

ROPEWALK_BEGIN_NESTED(detail)

template <class Device, class Tab, class How, class... Outs, class... Xs, class... Norms>
void apply_all(const Device& device, std::tuple<Outs&...> outs, std::tuple<Xs&...> xs,
               const std::tuple<Norms...>& norms, const Tab& table, const How& options,
               const CpuOptions& cpu) {
  using XTypes = TypeTag<std::tuple<Xs...>>;
  if constexpr (takes_tuples<How, Device, Tab, Outs...>(XTypes{})) {
    if constexpr (take_norms(TypeTag<std::tuple<Outs...>>{}, XTypes{},
                             TypeTag<std::tuple<Norms...>>{})) {
      const auto& view = table_of(table);
      const auto with = [&](auto&... each_out) {
        std::apply(
            [&](auto&... each_x) {
              std::apply(
                  [&](const auto&... norm) {
                    static constexpr Names names("apply", "xs", "outs", 0);
                    fused_norms(
                        names, device, options, cpu,
                        normed(rotation(view_of(each_out), view_of(each_x), view), norm)...);
                  },
                  norms);
            },
            xs);
      };
      std::apply(with, outs);
    }
  }
}

template <class Device, class Tab, class How, class... Xs, class... Norms>
void apply_all_inplace(const Device& device, std::tuple<Xs&...> xs,
                       const std::tuple<Norms...>& norms, const Tab& table, const How& options,
                       const CpuOptions& cpu) {
  using XTypes = TypeTag<std::tuple<Xs...>>;
  if constexpr (takes_in_place<How, Device, Tab, Xs...>()) {
    if constexpr (take_norms(XTypes{}, XTypes{}, TypeTag<std::tuple<Norms...>>{})) {
      const auto& view = table_of(table);
      const auto with = [&](auto&... each) {
        std::apply(
            [&](const auto&... norm) {
              static constexpr Names names("apply_inplace", "xs", nullptr, 0);
              fused_norms(names, device, in_place(options), cpu,
                          normed(rotation(view_of(each), view), norm)...);
            },
            norms);
      };
      std::apply(with, xs);
    }
  }
}

template <class Device, class X, class W, class Tab, class How>
void apply_strided_normed(const Device& device, const View<X>& out, const View<const X>& x,
                          const RmsNorm<W>& norm, const TableView<Tab>& table, const How& options) {
  static constexpr Names names("apply_strided", "x", "out");
  const RawNorm raw = raw_norm<X>(norm);
  if (!check_normed(names, out, x, table, raw, InPlace::refused)) return;
  check_weight_apart(place_of_weight(names.function, -1), raw, names.out, out);
  with_options<X, Tab>(options, [&](auto arithmetic, auto pairing) {
    turn_normed_rows<typename decltype(arithmetic)::type, decltype(pairing)::value>(device, out, x,
                                                                                    norm, table);
  });
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

template <class Device, class Out, class X, class W, class Tab, class How>
void apply(const Device& device, Out&& out, const X& x, const RmsNorm<W>& norm, const Tab& table,
           const How& options, const CpuOptions& cpu) {
  using Tensor = std::remove_reference_t<Out>;
  using Norm = detail::TypeTag<RmsNorm<W>>;
  if constexpr (detail::takes_call<How, Device, Tensor, const X, Tab>()) {
    if constexpr (detail::takes_norm<Tensor, const X>(Norm{})) {
      static constexpr detail::Names names("apply", "x", "out");
      detail::fused_norms(names, device, options, cpu,
                          detail::normed(detail::rotation(detail::view_of(out), detail::view_of(x),
                                                          detail::table_of(table)),
                                         norm));
    }
  }
}

template <class Device, class Outs, class Xs, class... Norms, class Tab, class How>
void apply(const Device& device, Outs&& outs, const Xs& xs, const std::tuple<Norms...>& norms,
           const Tab& table, const How& options, const CpuOptions& cpu) {
  detail::apply_all(device, detail::tied(std::forward<Outs>(outs)), detail::tied(xs), norms, table,
                    options, cpu);
}

template <class Device, class X, class W, class Tab, class How>
void apply_inplace(const Device& device, X&& x, const RmsNorm<W>& norm, const Tab& table,
                   const How& options, const CpuOptions& cpu) {
  using Tensor = std::remove_reference_t<X>;
  using Norm = detail::TypeTag<RmsNorm<W>>;
  if constexpr (detail::takes_in_place<How, Device, Tab, Tensor>()) {
    if constexpr (detail::takes_norm<Tensor, Tensor>(Norm{})) {
      static constexpr detail::Names names("apply_inplace", "x");
      detail::fused_norms(
          names, device, detail::in_place(options), cpu,
          detail::normed(detail::rotation(detail::view_of(x), detail::table_of(table)), norm));
    }
  }
}

template <class Device, class Xs, class... Norms, class Tab, class How>
void apply_inplace(const Device& device, Xs&& xs, const std::tuple<Norms...>& norms,
                   const Tab& table, const How& options, const CpuOptions& cpu) {
  detail::apply_all_inplace(device, detail::tied(std::forward<Xs>(xs)), norms, table, options, cpu);
}

template <class Device, class Out, class X, class W, class Tab, class How>
void apply_strided(const Device& device, Out&& out, const X& x, const RmsNorm<W>& norm,
                   const Tab& table, const How& options) {
  if constexpr (detail::takes_call_of_views<How, Device, std::remove_reference_t<Out>, const X,
                                            Tab>()) {
    using Norm = detail::TypeTag<RmsNorm<W>>;
    if constexpr (detail::takes_norm<std::remove_reference_t<Out>, const X>(Norm{})) {
      detail::apply_strided_normed(device, as_view(out), detail::read_only(as_view(x)), norm,
                                   as_table(table), options);
    }
  }
}

// Options of the CPU where those of the arithmetic belong: as wrong as without a norm, but a call
// with one could as well be of the overload whose table is the norm. Neither fits it as these do.

template <class Device, class Out, class X, class W, class Tab>
void apply(const Device& device, Out&& out, const X& x, const RmsNorm<W>& norm, const Tab& table,
           const CpuOptions& cpu) {
  apply(device, std::forward<Out>(out), x, norm, table, cpu, cpu);
}
template <class Device, class Outs, class Xs, class... Norms, class Tab>
void apply(const Device& device, Outs&& outs, const Xs& xs, const std::tuple<Norms...>& norms,
           const Tab& table, const CpuOptions& cpu) {
  apply(device, std::forward<Outs>(outs), xs, norms, table, cpu, cpu);
}
template <class Device, class X, class W, class Tab>
void apply_inplace(const Device& device, X&& x, const RmsNorm<W>& norm, const Tab& table,
                   const CpuOptions& cpu) {
  apply_inplace(device, std::forward<X>(x), norm, table, cpu, cpu);
}
template <class Device, class Xs, class... Norms, class Tab>
void apply_inplace(const Device& device, Xs&& xs, const std::tuple<Norms...>& norms,
                   const Tab& table, const CpuOptions& cpu) {
  apply_inplace(device, std::forward<Xs>(xs), norms, table, cpu, cpu);
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_NORM_HPP
