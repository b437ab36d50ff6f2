// The manual of the entries: what an engine calls, each with its docstring; definitions follow.
#ifndef ROPEWALK_APPLY_HPP
#define ROPEWALK_APPLY_HPP

#include <tuple>
#include <type_traits>
#include <utility>

#include "ropewalk/base/config.hpp"
#include "ropewalk/base/scalars.hpp"
#include "ropewalk/call/entry_types.hpp"
#include "ropewalk/cpu/fused.hpp"
#include "ropewalk/forms/rows.hpp"
#include "ropewalk/forms/stack_flatten.hpp"
#include "ropewalk/forms/strided.hpp"
#include "ropewalk/options.hpp"
#include "ropewalk/table.hpp"
#include "ropewalk/view.hpp"

ROPEWALK_BEGIN_NAMESPACE

// The fused form: one pass over x on the best instruction set of the machine ----------------------

/// Rotates every feature pair of `x` by the angle that `table` holds for its token; writes `out`.
///
/// Shapes   x, out [batch, seq, heads, head_dim]; table [batch | 1, seq, heads | 1, pairs],
///          2 * pairs <= head_dim
/// Pairs    options.pairing says which features turn together; those from 2 * pairs on pass through
/// Tokens   nothing is written of those that position ids leave: see TableView::leaving
/// Caches   an out may be slots of a cache, View::rows, and an x beside others values that are
///          copied there as they are: see `copied`
/// Options  a constant such as half_pairs, which compiles the kernels of one pairing, or a variable
///          of type Options, which chooses at run time and compiles those of all; not bare braces.
///          cpu: which stores, which instruction set; the bits are the same
/// Device   serial (options.hpp), or an Eigen device
/// Units    the table holds cos and sin of angles in radians
/// Alias    out may be x itself (in place) unless the pairing moves features; any other overlap is
///          an error. Parts of one memory that share no byte are apart
/// Types    out, x: View, Eigen TensorMap or Tensor of float, double, half, bfloat16, out like x or
///          like what x and table promote to; table: Table, TableView. Eigen's tensors are in
///          <unsupported/Eigen/CXX11/Tensor>, which no header here includes
/// Several  tuples of outs and of xs are rotated by one table in one call, queries and keys with
///          their own head counts; views may be made where they stand:
///            apply(device, std::tie(q_out, k_out), std::tie(q, k), table)
///            apply(device, std::tuple{q, cache.seq(position, count)}, std::tuple{q, k}, table)
///          All have the same batch and seq, and are checked before the first is written. No out
///          may share a byte with another tensor; heads, features or tokens of one packed memory
///          are apart, whatever their strides
/// Errors   std::invalid_argument before anything is written: odd head_dim, shapes that differ,
///          null data, overlap, a position id outside the table, an instruction set that cannot
///          be used here
/// Threads  work is split by tokens over a thread-pool device; one token, or a call from inside
///          the pool, stays on the caller's thread; calls may run at once
/// Floats   the caller's floating-point environment is neither set nor restored; rounding must be
///          to nearest, and where the thread flushes subnormals every form does so alike
/// Source   Su et al. 2021, arXiv:2104.09864; arithmetic as PyTorch eager, see base/exact.hpp
/// Allocates nothing, takes no lock, writes no global after its first call; a thread-pool device
/// may.
template <class Device, class Out, class X, class Tab, class How = detail::DefaultOptions>
void apply(const Device& device, Out&& out, const X& x, const Tab& table, const How& options = {},
           const CpuOptions& cpu = {});

/// Rotates every feature pair of `x` in place; see apply. Of several tensors:
///   apply_inplace(device, std::tie(q, k), table)
///   apply_inplace(device, std::tuple{q.seq(begin, count), k.seq(begin, count)}, table)
template <class Device, class X, class Tab, class How = detail::DefaultOptions>
void apply_inplace(const Device& device, X&& x, const Tab& table, const How& options = {},
                   const CpuOptions& cpu = {});

// The two definitions, row by row over Eigen maps: the same bits ----------------------------------

/// Rotates every feature pair of `x` as PyTorch code with `out[..., 0::2] = ...;
/// out[..., 1::2] = ...` does; writes `out`.
///
/// Shapes   x, out [batch, seq, heads, head_dim]; table [batch | 1, seq, heads | 1, pairs],
///          2 * pairs <= head_dim
/// Pairs    options.pairing says which features turn together; those from 2 * pairs on are copied
/// Options, Device   as in apply
/// Units    the table holds cos and sin of angles in radians
/// Alias    out must be apart from x and the table
/// Types    out, x: View, Eigen TensorMap or Tensor of float, double, half, bfloat16, out like x or
///          like what x and table promote to; table: Table, TableView
/// Errors   std::invalid_argument before anything is written: odd head_dim, shapes that differ,
///          null data, overlap, a position id outside the table
/// Source   Su et al. 2021, arXiv:2104.09864; arithmetic as PyTorch eager, see base/exact.hpp
/// Allocates nothing; a thread-pool device may.
template <class Device, class Out, class X, class Tab, class How = detail::DefaultOptions>
void apply_strided(const Device& device, Out&& out, const X& x, const Tab& table,
                   const How& options = {});

/// Rotates every feature pair of `x` as PyTorch code with `stack((even, odd), -1).flatten(-2)`
/// does; writes `out`. Same bits as apply_strided.
///
/// Shapes, Pairs, Units, Alias, Types, Errors, Source   as apply_strided
/// Scratch  on the stack, for one row at most; allocates nothing, a thread-pool device may
template <class Device, class Out, class X, class Tab, class How = detail::DefaultOptions>
void apply_stack_flatten(const Device& device, Out&& out, const X& x, const Tab& table,
                         const How& options = {});

// Definitions -------------------------------------------------------------------------------------

ROPEWALK_END_NAMESPACE

ROPEWALK_BEGIN_NESTED(detail)

template <class Device, class Tab, class How, class... Outs, class... Xs>
void apply_all(const Device& device, std::tuple<Outs&...> outs, std::tuple<Xs&...> xs,
               const Tab& table, const How& options, const CpuOptions& cpu) {
  if constexpr (takes_tuples<How, Device, Tab, Outs...>(TypeTag<std::tuple<Xs...>>{})) {
    const auto& view = table_of(table);
    std::apply(
        [&](auto&... each_out) {
          std::apply(
              [&](auto&... each_x) {
                static constexpr Names names("apply", "xs", "outs", 0);
                fused(names, device, options, cpu,
                      rotation(view_of(each_out), view_of(each_x), view)...);
              },
              xs);
        },
        outs);
  }
}

template <class Device, class Tab, class How, class... Xs>
void apply_all_inplace(const Device& device, std::tuple<Xs&...> xs, const Tab& table,
                       const How& options, const CpuOptions& cpu) {
  if constexpr (takes_in_place<How, Device, Tab, Xs...>()) {
    const auto& view = table_of(table);
    std::apply(
        [&](auto&... each) {
          static constexpr Names names("apply_inplace", "xs", nullptr, 0);
          fused(names, device, in_place(options), cpu, rotation(view_of(each), view)...);
        },
        xs);
  }
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

template <class Device, class Out, class X, class Tab, class How>
void apply(const Device& device, Out&& out, const X& x, const Tab& table, const How& options,
           const CpuOptions& cpu) {
  if constexpr (detail::are_tuples<Out, X>) {
    detail::apply_all(device, detail::tied(std::forward<Out>(out)), detail::tied(x), table, options,
                      cpu);
  } else if constexpr (detail::takes_call<How, Device, std::remove_reference_t<Out>, const X,
                                          Tab>()) {
    static constexpr detail::Names names("apply", "x", "out");
    detail::fused(
        names, device, options, cpu,
        detail::rotation(detail::view_of(out), detail::view_of(x), detail::table_of(table)));
  }
}

template <class Device, class X, class Tab, class How>
void apply_inplace(const Device& device, X&& x, const Tab& table, const How& options,
                   const CpuOptions& cpu) {
  if constexpr (detail::is_tuple<std::decay_t<X>>) {
    detail::apply_all_inplace(device, detail::tied(std::forward<X>(x)), table, options, cpu);
  } else if constexpr (detail::takes_in_place<How, Device, Tab, std::remove_reference_t<X>>()) {
    static constexpr detail::Names names("apply_inplace", "x");
    detail::fused(names, device, detail::in_place(options), cpu,
                  detail::rotation(detail::view_of(x), detail::table_of(table)));
  }
}

template <class Device, class Out, class X, class Tab, class How>
void apply_strided(const Device& device, Out&& out, const X& x, const Tab& table,
                   const How& options) {
  if constexpr (detail::takes_call_of_views<How, Device, std::remove_reference_t<Out>, const X,
                                            Tab>()) {
    detail::apply_by_rows<detail::StridedRow>("apply_strided", device, as_view(out),
                                              detail::read_only(as_view(x)), as_table(table),
                                              options);
  }
}

template <class Device, class Out, class X, class Tab, class How>
void apply_stack_flatten(const Device& device, Out&& out, const X& x, const Tab& table,
                         const How& options) {
  if constexpr (detail::takes_call_of_views<How, Device, std::remove_reference_t<Out>, const X,
                                            Tab>()) {
    detail::apply_by_rows<detail::StackFlattenRow>("apply_stack_flatten", device, as_view(out),
                                                   detail::read_only(as_view(x)), as_table(table),
                                                   options);
  }
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_APPLY_HPP
