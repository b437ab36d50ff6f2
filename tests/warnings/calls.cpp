// A call of every template of the headers, for compilers that warn where one is instantiated.
#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "../support/dlpack.hpp"
#include "ropewalk/ropewalk.hpp"

namespace rw = ropewalk;

template <class T, int Rank>
using Map = Eigen::TensorMap<Eigen::Tensor<T, Rank, Eigen::RowMajor>>;

template <class X, class Tab>
void apply_all(Map<X, 4> out, Map<const X, 3> x, Map<X, 2> k, const rw::TableView<Tab>& table) {
  const Eigen::DefaultDevice device;
  rw::apply(device, out, x, table);
  rw::apply(device, std::tie(out, k), std::tie(x, k), table);
  rw::apply_inplace(device, k, table);
  rw::apply_inplace(device, std::tie(out, k), table);
  rw::apply_inplace(device, std::tuple{rw::as_view(out).seq(0, 1), rw::as_view(k)}, table);
  // A part of a temporary table, in the statement that makes the table.
  const auto positions = rw::sequence_positions(2);
  rw::apply(device, out, x, rw::make_table<Tab>(positions, rw::frequencies(4, 1e4)).view());
  rw::apply(device, out, x,
            rw::make_table<Tab>(positions, rw::frequencies(4, 1e4)).view().rows(0, 1));
  rw::apply_strided(device, out, x, table);
  rw::apply_stack_flatten(device, out, x, table);
}

template <class X>
void models(Map<X, 4> out, Map<const X, 4> x, Map<X, 2> k, const rw::TableView<float>& table) {
  const Eigen::DefaultDevice device;
  const auto norm = rw::rms_norm_torch<X>(nullptr, 0);
  rw::apply(device, out, x, norm, table);
  rw::apply(device, std::tie(out, k), std::tie(x, k), std::tuple{norm, rw::no_norm}, table);
  rw::apply_inplace(device, out, norm, table);
  rw::apply_inplace(device, std::tie(out, k), std::tuple{norm, norm}, table);
  rw::rotate(device, out, x, rw::model_named("Wan2.2 A14B"), table);
  rw::rotate(device, std::tie(out, k), std::tie(x, k), rw::model_named("Flux.1"), table);
  rw::rotate(device, std::tie(out, k), rw::model_named("Flux.1"), table);
  rw::shift(device, out, rw::model_named("Llama 3.1 8B"), -1);
}

template <class Tab>
rw::TableView<Tab> table_of(Map<const Tab, 3> cos, Map<const Tab, 3> sin, bool& has_none,
                            const std::vector<std::int64_t>& wide, Map<const std::int32_t, 2> ids) {
  const rw::TableView<Tab> tables[] = {rw::half_table(cos, sin),
                                       rw::repeated_table(cos, sin),
                                       rw::duplicated_table(cos, sin),
                                       rw::even_odd_table(cos, sin),
                                       rw::packed_table(cos),
                                       rw::per_feature_table(cos, sin, rw::Pairing::half),
                                       rw::packed_cos_sin_table(cos),
                                       rw::packed_sin_cos_table(cos),
                                       rw::complex_table(cos),
                                       rw::matrix_table(cos),
                                       rw::packed_sin_cos_repeated_table(cos)};
  for (const rw::TableView<Tab>& table : tables) has_none = has_none || table.pairs() == 0;
  const Map<const std::int64_t, 1> wide_ids(wide.data(), static_cast<Eigen::Index>(wide.size()));
  const auto of_list = tables[0].gather(wide).gather(wide.data(), wide.size());
  const auto of_each = of_list.rows_of_each(wide, 1).rows_of_each(wide.data(), wide.size(), 1);
  return of_each.gather(ids)
      .pairs(0, 1)
      .heads(0, 1)
      .inverse()
      .gradient()
      .rows(0, 1)
      .gather(wide_ids)
      .first_position(1)
      .leaving(-1);
}

template <class T>
void views(T* data, const rw::Shape& shape) {
  rw::bhsd_view(data, shape).seq(0, 1).heads(0, 1).features(0, 2);
  rw::thd_view(data, 1, 2, 4).heads(0, 1);
  rw::bsc_view(data, 1, 2, 4).seq(0, 1);
  rw::qkv_view(data, {1, 2, 3, 4}, 1).features(0, 2);
  rw::grouped_qkv_view(data, {1, 2, 3, 4}, 1).k.seq(0, 1);
}

struct Span {
  static constexpr std::size_t rank() { return 2; }
  unsigned extent(std::size_t axis) const { return sizes[axis]; }
  int stride(std::size_t axis) const { return strides[axis]; }
  float* data_handle() const { return data; }
  float* data;
  unsigned sizes[2];
  int strides[2];
};

rw::Index storage(const Span& span, const ropewalk_test::dlpack::DlTensor& tensor,
                  const std::uint16_t* numbers) {
  const rw::Shape shape{1, 2, 3, 4};
  return rw::as_view(span).seq() + rw::half_table(span, span).seq() +
         rw::dlpack_view<const Eigen::half>(tensor).seq() +
         rw::dlpack_coefficients<const float>(tensor).seq() + rw::half_view(numbers, shape).seq() +
         rw::bfloat16_view(numbers, shape, {24, 12, 4}).seq();
}

template <class Tab>
rw::Table<Tab> build(const rw::Grid& grid, const std::vector<std::int32_t>& ids) {
  rw::Table<Tab> table = rw::axial_table<Tab>(grid, {44, 42, 42}, 1e4);
  table.append(rw::make_table<Tab>(rw::id_positions(ids), rw::frequencies(128, 1e6)));
  table.append(rw::make_table<Tab>(rw::packed_positions(ids), rw::frequencies(128, 1e6)));
  table.append(rw::model_table<Tab>(rw::model_named("Flux.1"), rw::grid_positions(grid)));
  table.append(rw::model_table<Tab>(rw::model_named("Qwen-Image"), grid));
  rw::zero_rows(table, 0, 0, 1);
  return rw::average_pool(rw::replicate_pad(table, grid, grid), grid, grid);
}

template void apply_all(Map<float, 4>, Map<const float, 3>, Map<float, 2>,
                        const rw::TableView<float>&);
template void apply_all(Map<Eigen::bfloat16, 4>, Map<const Eigen::bfloat16, 3>,
                        Map<Eigen::bfloat16, 2>, const rw::TableView<double>&);
template void apply_all(Map<Eigen::half, 4>, Map<const Eigen::half, 3>, Map<Eigen::half, 2>,
                        const rw::TableView<Eigen::half>&);
template void models(Map<float, 4>, Map<const float, 4>, Map<float, 2>,
                     const rw::TableView<float>&);
template void models(Map<Eigen::bfloat16, 4>, Map<const Eigen::bfloat16, 4>,
                     Map<Eigen::bfloat16, 2>, const rw::TableView<float>&);
template rw::TableView<float> table_of(Map<const float, 3>, Map<const float, 3>, bool&,
                                       const std::vector<std::int64_t>&,
                                       Map<const std::int32_t, 2>);
template void views(double*, const rw::Shape&);
template rw::Table<float> build(const rw::Grid&, const std::vector<std::int32_t>&);
template rw::Table<Eigen::half> build(const rw::Grid&, const std::vector<std::int32_t>&);
