#!/usr/bin/env bash
# Writes the units whose compilation is measured (bench/compile_cost) and whose objects have budgets
# (run.sh) into FOLDER.
# usage: sources.sh FOLDER
set -euo pipefail
folder=$1
call() {
  cat <<UNIT
#include <unsupported/Eigen/CXX11/Tensor>
#include "ropewalk/apply.hpp"
void turn(Eigen::TensorMap<Eigen::Tensor<Eigen::bfloat16, 4, Eigen::RowMajor>> x,
          const ropewalk::TableView<float>& table) {
  ropewalk::apply_inplace(Eigen::DefaultDevice{}, x, table$1);
}
UNIT
}
echo '#include <Eigen/Core>' >"$folder/eigen_core.cpp"
echo '#include "ropewalk/apply.hpp"' >"$folder/include_only.cpp"
call "" >"$folder/default_options.cpp"
call ", ropewalk::Options()" >"$folder/options_at_run_time.cpp"
cat >"$folder/fixed_model.cpp" <<'UNIT'
#include "ropewalk/rotate.hpp"
constexpr auto model = ropewalk::Model("a model", {32, 8, 128})
                           .with_axes(128)
                           .with_pairing(ropewalk::Pairing::half);
void turn(ropewalk::View<Eigen::bfloat16> q, ropewalk::View<Eigen::bfloat16> k,
          const ropewalk::TableView<float>& table) {
  ropewalk::rotate(ropewalk::serial, std::tie(q, k), ropewalk::fixed_model<model>, table);
}
UNIT
cuda_call() {
  cat <<UNIT
#include "ropewalk/cuda/apply.cuh"
void turn(cudaStream_t stream, ropewalk::View<Eigen::bfloat16> x,
          const ropewalk::TableView<float>& table) {
  ropewalk::cuda::apply_inplace(stream, x, table$1);
}
UNIT
}
cp "$folder/eigen_core.cpp" "$folder/eigen_core.cu"
cuda_call "" >"$folder/cuda_default_options.cu"
cuda_call ", ropewalk::half_pairs" >"$folder/cuda_half_pairs.cu"
cuda_call ", ropewalk::Options()" >"$folder/cuda_options_at_run_time.cu"
