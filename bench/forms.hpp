// The forms that are compared: one line adds a row.
#ifndef ROPEWALK_BENCH_FORMS_HPP
#define ROPEWALK_BENCH_FORMS_HPP

#include <string>

#include "devices.hpp"
#include "ropewalk/ropewalk.hpp"
#include "rows.hpp"
#include "verify.hpp"
#include "workspace.hpp"

namespace ropewalk_bench {

/// What a user would write first: the whole tensor in two Eigen Tensor expressions.
template <class Device, class X, class Tab>
void eigen_expression(const Device& device, TensorMap4<X> out, const TensorMap4<const X>& x,
                      const TableMap<Tab>& cos_table, const TableMap<Tab>& sin_table) {
  using P = ropewalk::Promoted<X, Tab>;
  using Sizes = Eigen::array<Eigen::Index, 4>;
  const Sizes even{0, 0, 0, 0}, odd{0, 0, 0, 1}, end = x.dimensions(), step{1, 1, 1, 2};
  const Sizes row{1, end[1], 1, end[3] / 2}, times{end[0], 1, end[2], 1};
  const auto a = x.stridedSlice(even, end, step).template cast<P>();
  const auto b = x.stridedSlice(odd, end, step).template cast<P>();
  const auto cos = cos_table.reshape(row).broadcast(times).template cast<P>();
  const auto sin = sin_table.reshape(row).broadcast(times).template cast<P>();
  out.stridedSlice(even, end, step).device(device) = (a * cos - b * sin).template cast<X>();
  out.stridedSlice(odd, end, step).device(device) = (b * cos + a * sin).template cast<X>();
}

/// The forms with a table of Tab, half width.
template <class Tab, class X, class Device>
void add_forms(Group& group, Workspace<X>& work, const Device& device) {
  namespace rw = ropewalk;
  const auto reference = [&work] {
    const auto& table = work.template rotation<Tab>().view();
    rw::apply_strided(Eigen::DefaultDevice(), work.expected(), work.x(), table);
    return check_sample<X, Tab>(work);
  };
  const auto table = [&work]() -> const auto& { return work.template rotation<Tab>().view(); };
  RowMaker<X> rows(group, work, {dtype_name<Tab>()}, reference);

  rows.out_of_place(
      "strided", [=, &work, &device] { rw::apply_strided(device, work.out(), work.x(), table()); });
  rows.out_of_place("stack_flatten", [=, &work, &device] {
    rw::apply_stack_flatten(device, work.out(), work.x(), table());
  });
  rows.out_of_place("fused",
                    [=, &work, &device] { rw::apply(device, work.out(), work.x(), table()); });
  rows.in_place("fused_inplace",
                [=, &work, &device] { rw::apply_inplace(device, work.out(), table()); });
  for (const rw::Isa isa : rw::available_isas()) {
    rw::CpuOptions forced;
    forced.isa = isa;
    rows.out_of_place(std::string("fused@") + rw::isa_name(isa), [=, &work, &device] {
      rw::apply(device, work.out(), work.x(), table(), {}, forced);
    });
  }
  rows.out_of_place(
      "eigen_expression",
      [&work, &device] {
        const Rotation<Tab>& rotation = work.template rotation<Tab>();
        eigen_expression<Device, X, Tab>(device, work.out(), work.x(), rotation.cos(),
                                         rotation.sin());
      },
      [&work] { return compare_with_tolerance<X, Tab>(work); });
}

}  // namespace ropewalk_bench

#endif  // ROPEWALK_BENCH_FORMS_HPP
