// The norm of a golden case: what its keys say of a row, and the tensors to compare.
#ifndef ROPEWALK_TESTS_GOLDEN_NORM_RULE_HPP
#define ROPEWALK_TESTS_GOLDEN_NORM_RULE_HPP

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "../support/norm_reference.hpp"
#include "../support/reference.hpp"
#include "keys.hpp"
#include "norm_keys.hpp"
#include "pack.hpp"
#include "rule.hpp"

namespace ropewalk_test {

/// What is stored of one device; null where it is not.
struct NormTensors {
  const Tensor* normed;  // before a rotation
  const Tensor* out;     // of the case: `normed` itself, or that rotated
  const Tensor* rstd;
  const Tensor* mean;
};

/// The rule keys of the norm of a case, and the tensors that they name.
struct NormRule {
  std::string name;  // of the case
  bool rotates;
  Finish finish;
  Single eps;
  std::size_t features;
  Dtype type;  // of x and of the outputs
  const Tensor* x;
  const Tensor* weight;  // null: none
  NormTensors cpu, cuda;
  SumOrder cuda_order;
  std::int64_t cuda_rows;
};

namespace detail {

inline void require(const Case& of, bool holds, const char* what) {
  if (!holds) throw PackError("case " + of.name + ": " + what);
}

inline Single eps_of(const std::string& text) {
  const double eps = text == "none" ? 0x1p-23 : std::stod(text);
  return {convert(Dtype::f64, Dtype::f32, to_bits(eps))};
}

/// How many features a row has by the shape of x: those of a head, or of all heads of a token.
inline std::int64_t features_by_shape(const Case& of, const Tensor& x) {
  const bool of_head = value_of<norm_axes>(of.get("norm_axes", "D")) == NormAxes::head;
  if (of_head || of.at("layout").back() == 'C') return x.shape.back();
  const std::string& layout = of.at("layout");
  require(of, layout.size() >= 2 && layout.substr(layout.size() - 2) == "HD",
          "norm_axes HD: the heads of a token are not next to one another");
  require(of, x.shape.size() == layout.size(), "x has not the axes of its layout");
  return x.shape.back() * x.shape[x.shape.size() - 2];
}

/// Checks that every tensor of a norm is one that is compared, of the type and size it must have.
inline void check_tensors(const Case& of, const NormRule& rule) {
  const std::size_t rows = rule.x->size() / rule.features;
  std::set<const Tensor*> known = {rule.x, rule.weight};
  for (const NormTensors& side : {rule.cpu, rule.cuda}) {
    for (const Tensor* tensor : {side.normed, side.out}) {
      known.insert(tensor);
      require(of, tensor == nullptr || tensor->shape == rule.x->shape,
              "out has not the shape of x");
      require(of, tensor == nullptr || tensor->dtype == rule.x->dtype, "out has not the type of x");
    }
    for (const Tensor* tensor : {side.rstd, side.mean}) {
      known.insert(tensor);
      require(of, tensor == nullptr || (tensor->dtype == "f32" && tensor->size() == rows),
              "rstd and mean must be one float a row");
    }
  }
  require(of, rule.weight == nullptr || rule.weight->size() == rule.features,
          "weight has not one value a feature");
  for (const Tensor& tensor : of.tensors) {
    const bool of_table =
        rule.rotates && (tensor.name == of.get("cos", "cos") ||
                         tensor.name == of.get("sin", "sin") || tensor.name == of.get("table", ""));
    if (!of_table && known.count(&tensor) == 0) {
      throw PackError("case " + of.name + ": tensor '" + tensor.name +
                      "' is compared with nothing");
    }
  }
}

}  // namespace detail

/// The one place that reads rule keys of the norm. The rule points into the case. Throws PackError
/// for what is unknown, for what must be there and is not, and for what the reference does not do.
inline NormRule norm_rule_of(const Case& of) {
  const std::vector<std::string> unknown = unknown_rules(of);
  if (!unknown.empty()) throw PackError(unknown.front());
  NormRule rule{};
  rule.name = of.name;
  rule.rotates = of.at("kind") == "norm_rotate";
  rule.finish = detail::value_of<finishes>(of.at("norm_rule"));
  rule.eps = detail::eps_of(of.at("eps"));
  rule.features = static_cast<std::size_t>(of.integer("norm_size"));
  const auto io = of.io();
  detail::require(of, io.size() == 1 && io[0].second == "out_cpu", "io must be x>out_cpu");
  detail::require(of, of.at("exact") == "bit", "exact must be bit");
  rule.x = &of.tensor(io[0].first);
  rule.type = dtype_named(rule.x->dtype);
  detail::require(of, of.get("out_dtype", "x") == "x" || of.at("out_dtype") == rule.x->dtype,
                  "out_dtype must be that of x");
  if (of.at("weight") != "none") rule.weight = &of.tensor(of.at("weight"));
  detail::require(of, rule.weight != nullptr || rule.finish != Finish::one_plus_weight,
                  "norm_rule gemma needs a weight");
  if (rule.rotates) of.at("norm_axes");  // its error
  detail::require(of, detail::features_by_shape(of, *rule.x) == of.integer("norm_size"),
                  "norm_size is not what x has on these axes");
  const auto side = [&](const std::string& device) {
    const Tensor* out = of.find("out_" + device);
    return NormTensors{rule.rotates ? of.find("normed_" + device) : out, out,
                       of.find("rstd_" + device), of.find("mean_" + device)};
  };
  rule.cpu = side("cpu");
  rule.cuda = side("cuda");
  detail::require(of, rule.cpu.normed != nullptr && rule.cpu.out != nullptr, "no output of a CPU");
  if (rule.cuda.out != nullptr) {
    detail::require(of, rule.cuda.normed != nullptr && rule.cuda.rstd != nullptr,
                    "of CUDA neither rstd nor the norm alone may be absent");
    rule.cuda_order = detail::value_of<cuda_orders>(of.at("cuda_order"));
    rule.cuda_rows = of.integer("cuda_rows");
  }
  detail::check_tensors(of, rule);
  return rule;
}
NormRule norm_rule_of(Case&&) = delete;  // it would point into a case that is gone

// By the reference -----------------------------------------------------------------------------

/// The rows of x as floats.
inline std::vector<Row> rows_of(const NormRule& rule) {
  const Row all = widened(rule.type, rule.x->patterns());
  std::vector<Row> rows;
  for (auto at = all.begin(); at != all.end(); at += static_cast<std::ptrdiff_t>(rule.features)) {
    rows.emplace_back(at, at + static_cast<std::ptrdiff_t>(rule.features));
  }
  return rows;
}

/// The mean of the squares of every row.
inline Row expected_means(const NormRule& rule, SumOrder order) {
  Row means;
  for (const Row& row : rows_of(rule)) {
    means.push_back(mean_of_squares(order, row, rule.cuda_rows));
  }
  return means;
}

/// rstd of a CPU for every row.
inline Row expected_rstd(const NormRule& rule, const Row& means) {
  Row result;
  for (const Single mean : means) result.push_back(inverse_root(mean, rule.eps));
  return result;
}

/// The outputs of the norm, from an rstd for every row.
inline Expected expected_normed(const NormRule& rule, const Row& rstd) {
  Row weight;
  if (rule.weight != nullptr) {
    weight = widened(dtype_named(rule.weight->dtype), rule.weight->patterns());
  }
  Expected result{rule.type, rule.x->shape, {}};
  const std::vector<Row> rows = rows_of(rule);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto out = finished(rule.finish, rule.type, rows[row], rstd.at(row), weight);
    result.bits.insert(result.bits.end(), out.begin(), out.end());
  }
  return result;
}

/// A tensor like another one, with other patterns of the same type.
inline Tensor with_patterns(const Tensor& like, const std::vector<Bits>& patterns) {
  Tensor tensor{like.name, like.dtype, like.shape, {}};
  const std::size_t width = detail::bytes_of(like.dtype);
  for (const Bits bits : patterns) {
    for (std::size_t byte = 0; byte < width; ++byte) {
      const std::size_t shift = 8 * (detail::host_is_big_endian ? width - 1 - byte : byte);
      tensor.bytes.push_back(static_cast<unsigned char>(bits >> shift));
    }
  }
  return tensor;
}

/// Floats as a tensor's patterns, one a row.
inline Expected expected_of(const Tensor& stored, const Row& singles) {
  Expected result{Dtype::f32, stored.shape, {}};
  for (const Single value : singles) result.bits.push_back(value.bits);
  return result;
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_GOLDEN_NORM_RULE_HPP
