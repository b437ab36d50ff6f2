// Whole models: what each preset says is what the model's own code does, through rotate alone.
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <limits>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "../support/bits.hpp"
#include "../support/forms.hpp"
#include "../support/reference.hpp"
#include "folders.hpp"
#include "pack.hpp"
#include "recipe_values.hpp"
#include "ropewalk/ropewalk.hpp"
#include "stored_table.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using Eigen::bfloat16;
using rw::Index;
using rw::Model;

// Cases whose models the library has no preset of: models/README.md of the headers says why.
const std::set<std::string> left_out = {
    "Allegro",     "Cosmos 1 7B",        "Gemma 4 vision", "Kandinsky 5 Lite",
    "Kandinsky 6", "Phi-4 mini, longer", "Pixtral vision", "Phi-4 mini, up to 4096 tokens"};

const Pack& pack() {
  static const Pack whole = read_pack(golden_folder() + "/models");
  return whole;
}

/// The cases of presets that the library has.
template <class Visit>
void for_each_case(const Visit& visit) {
  for (const Case& of : pack().cases) {
    if (left_out.count(of.at("model")) != 0) continue;
    SCOPED_TRACE(of.name);
    visit(of, rw::model_named(of.at("model")));
  }
}

// What a case stores, as views -------------------------------------------------------------------

/// A tensor's axes in the order of `layout` (of B, S, H, D, and C for heads and features together).
template <class T>
rw::View<T> view_of(const Tensor& tensor, const std::string& layout, Index heads, T* data) {
  rw::Shape shape;
  rw::Strides strides{0, 0, 0};
  Index stride = 1;
  for (std::size_t axis = layout.size(); axis-- > 0; stride *= tensor.shape[axis]) {
    const Index size = tensor.shape[axis];
    switch (layout[axis]) {
      case 'B':
        shape.batch = size, strides.batch = stride;
        break;
      case 'S':
        shape.seq = size, strides.seq = stride;
        break;
      case 'H':
        shape.heads = size, strides.heads = stride;
        break;
      case 'C':
        shape.heads = heads, shape.head_dim = size / heads, strides.heads = size / heads;
        break;
      default:
        shape.head_dim = size;
    }
  }
  return {data, shape, strides};
}

/// Where a row of one or two tensors has cos and sin of its pairs.
struct RowLayout {
  Index width, cos, sin, stride;
};

RowLayout row_layout(const std::string& kind, Index pairs) {
  if (kind == "half") return {pairs, 0, 0, 1};
  if (kind == "full_dup") return {2 * pairs, 0, 0, 1};
  if (kind == "full_rep") return {2 * pairs, 0, 0, 2};
  if (kind == "packed_cos_sin") return {4 * pairs, 0, 2 * pairs + 1, 2};  // Helios: sin at odd ones
  if (kind == "packed_sin_cos") return {2 * pairs, pairs, 0, 1};
  if (kind == "packed_sin_cos_full_rep") return {4 * pairs, 2 * pairs, 0, 2};
  if (kind == "complex") return {2 * pairs, 0, 1, 2};
  if (kind == "matrices") return {4 * pairs, 0, 2, 4};
  throw PackError("table_kind is '" + kind + "', which is not known");
}

/// The table of a case as it is stored, of values that live as long as it.
template <class Tab>
struct StoredRows {
  std::vector<Tab> cos, sin;
  rw::TableView<Tab> view;

  StoredRows(const Case& of, const Model& model, Index heads) : view({}, {0, 0, 1, 0}, 0, 0, 0) {
    const bool is_one = of.has("table");
    cos = of.tensor(is_one ? of.at("table") : "cos").values<Tab>();
    sin = is_one ? cos : of.tensor("sin").values<Tab>();
    // Of [B, S, C] the heads stand side by side in a row.
    const bool is_wide = of.at("layout") == "BSC";
    const Index pairs = is_wide ? model.shape.head_dim / 2 : of.integer("rotary_dim") / 2;
    const RowLayout row = row_layout(of.at("table_kind"), pairs);
    rw::TableShape shape{1, 1, 1, pairs};
    Index batch = 0, seq = 0, head = is_wide ? row.width : 0;
    if (is_wide) shape.heads = heads;
    Index stride = is_wide ? heads * row.width : row.width;
    const std::string& axes = of.at("table_axes");
    const auto& sizes = of.tensor(is_one ? of.at("table") : "cos").shape;
    for (std::size_t axis = axes.size(); axis-- > 0; stride *= sizes[axis]) {
      if (axes[axis] == 'B') shape.batch = sizes[axis], batch = stride;
      if (axes[axis] == 'S') shape.seq = sizes[axis], seq = stride;
      if (axes[axis] == 'H') shape.heads = sizes[axis], head = stride;
    }
    if (stride != static_cast<Index>(cos.size())) throw PackError("a table of another size");
    const rw::CoefficientReader<Tab> c{cos.data() + row.cos, row.stride};
    const rw::CoefficientReader<Tab> s{sin.data() + row.sin, row.stride};
    view = rw::TableView<Tab>({c, c, s, s}, shape, batch, seq, head);
  }
};

// Facts ------------------------------------------------------------------------------------------

const char* name_of(Model::TableType type) {
  if (type == Model::TableType::like_x) return "x";
  return type == Model::TableType::f64 ? "f64" : "f32";
}

const char* name_of(rw::Pairing pairing) {
  if (pairing == rw::Pairing::half) return "half";
  return pairing == rw::Pairing::interleaved ? "interleaved" : "interleaved_to_half";
}

std::string norm_of(const Model& model) {
  if (!model.has_norm) return "-";
  const char* finish = "one rounding";
  if (model.norm.finish == rw::NormFinish::round_then_weight) finish = "round then weight";
  if (model.norm.finish == rw::NormFinish::one_plus_weight) finish = "one plus weight";
  const char* over = model.norm.over == rw::NormOver::token ? "token" : "head";
  std::ostringstream text;
  text << over << ", " << finish << ", " << model.norm.eps;
  return text.str();
}

TEST(WholeModels, AreAllHere) {
  std::set<std::string> cases, presets;
  for (const Case& of : pack().cases) cases.insert(of.at("model"));
  for (const Model& model : rw::models) presets.insert(model.name);
  for (const std::string& name : presets) EXPECT_EQ(cases.count(name), 1u) << name;
  for (const std::string& name : cases) {
    EXPECT_EQ(presets.count(name) + left_out.count(name), 1u) << name;
  }
  EXPECT_GE(presets.size(), 80u);
}

TEST(WholeModels, StateWhatTheirCodeDoes) {
  for_each_case([](const Case& of, const Model& model) {
    EXPECT_EQ(model.shape.heads, of.integer("heads"));
    EXPECT_EQ(model.shape.kv_heads, of.integer("kv_heads"));
    EXPECT_EQ(model.shape.head_dim, of.integer("head_dim"));
    EXPECT_EQ(model.shape.offset, of.integer("rotary_offset"));
    const bool is_wide = of.at("layout") == "BSC";
    EXPECT_EQ(2 * rw::detail::pairs_of(model) * (is_wide ? model.shape.heads : 1),
              of.integer("rotary_dim"));
    EXPECT_EQ(model.theta, std::stod(of.at("theta")));
    EXPECT_EQ(name_of(model.pairing), of.at("pairing"));
    EXPECT_EQ(name_of(model.table_type), of.at("table_held"));
    const bool has_two_orders =
        of.at("weights").find("weights are interleaved") != std::string::npos;
    EXPECT_EQ(model.weights != Model::Weights::any, has_two_orders) << of.at("weights");
    const char* compute = model.compute == rw::Compute::wide ? "wide" : "promoted";
    if (of.at("arith") != "f64") {
      EXPECT_EQ(compute, of.at("arith"));
    }
    EXPECT_EQ(of.at("source").rfind(model.source, 0), 0u) << model.source;
  });
}

// The page beside the presets has a row of each, as it is, and its case; "Left out" names the
// others.
TEST(WholeModels, AreListedWithWhatTheySay) {
  std::ifstream page(ROPEWALK_GOLDEN_DEFAULT_DIR "/../../include/ropewalk/models/README.md");
  ASSERT_TRUE(page);
  std::set<std::string> lines;
  for (std::string line; std::getline(page, line);) lines.insert(line);
  std::size_t rows = 0;
  for_each_case([&](const Case& of, const Model& model) {
    if (of.tensor("q").dtype != "bf16") return;
    std::string pairing = name_of(model.pairing);
    for (char& letter : pairing) letter = letter == '_' ? ' ' : letter;
    if (model.weights != Model::Weights::any) pairing += ", two orders";
    const std::string type = name_of(model.table_type);
    const std::string table = type == "x" ? "x's" : type == "f64" ? "double" : "float";
    const std::string compute = model.compute == rw::Compute::wide ? "wide" : "promoted";
    const std::string name = of.name.substr(0, of.name.rfind('.'));
    EXPECT_EQ(lines.count(std::string("| ") + model.name + " | " + table + " | " + compute + " | " +
                          pairing + " | " + norm_of(model) + " | " + model.source + " | `" + name +
                          "` |"),
              1u);
    ++rows;
  });
  EXPECT_EQ(rows, rw::models.size());
}

// Bits -------------------------------------------------------------------------------------------

/// Where the model's code fuses a product into the sum on this CPU, the README's bound.
template <class X>
void expect_near(const std::vector<X>& got, const std::vector<X>& stored, double units) {
  ASSERT_EQ(got.size(), stored.size());
  double largest = 1;
  for (const X& value : stored) {
    largest = std::fmax(largest, std::fabs(static_cast<double>(value)));
  }
  for (std::size_t i = 0; i < got.size(); ++i) {
    const auto a = static_cast<double>(got[i]), b = static_cast<double>(stored[i]);
    const double ulp = std::is_same_v<X, bfloat16> ? std::fabs(b) * 0x1p-7 : 0;
    ASSERT_LE(std::fabs(a - b), units * 0x1p-23 * largest + ulp) << "at index " << i;
  }
}

struct Rotated {
  int exact = 0, near = 0;
};

template <class X>
void expect_stored(const Case& of, const Tensor& stored, const std::vector<X>& got,
                   Rotated& count) {
  const bool is_fused = of.get("fma", "none") != "none";
  if (!is_fused && of.at("exact") == "bit") {
    EXPECT_TRUE(same_bits(got, stored.values<X>()));
    ++count.exact;
  } else {
    expect_near(got, stored.values<X>(), is_fused ? 4 : std::stod(of.at("tol_ulp")));
    ++count.near;
  }
}

template <class X, class Tab>
void rotate_case(const Case& of, const Model& model, Rotated& count) {
  const std::string& layout = of.at("layout");
  const StoredRows<Tab> table(of, model, model.shape.heads);
  const Tensor& q = of.tensor("q");
  const Tensor& k = of.tensor("k");
  const auto q_in = q.values<X>(), k_in = k.values<X>();
  const auto view = [&](const Tensor& tensor, auto* data) {
    return view_of(tensor, layout, model.shape.heads, data);
  };
  for (const rw::Isa isa : rw::available_isas()) {
    SCOPED_TRACE(rw::isa_name(isa));
    std::vector<X> q_out(q_in.size()), k_out(k_in.size());
    rw::rotate(rw::serial, std::tuple{view(q, q_out.data()), view(k, k_out.data())},
               std::tuple{view(q, q_in.data()), view(k, k_in.data())}, model, table.view,
               forced(isa));
    expect_stored(of, of.tensor("q_out"), q_out, count);
    expect_stored(of, of.tensor("k_out"), k_out, count);
    if (model.pairing == rw::Pairing::interleaved_to_half) continue;
    auto q_here = q_in, k_here = k_in;
    rw::rotate(rw::serial, std::tuple{view(q, q_here.data()), view(k, k_here.data())}, model,
               table.view, forced(isa));
    EXPECT_TRUE(same_bits(q_here, q_out));
    EXPECT_TRUE(same_bits(k_here, k_out));
  }
}

TEST(WholeModels, RotateGivesTheBitsOfTheirCode) {
  Rotated count;
  for_each_case([&](const Case& of, const Model& model) {
    const bool is_float = of.tensor("q").dtype == "f32";
    if (of.at("table_dtype") == "f64") {
      is_float ? rotate_case<float, double>(of, model, count)
               : rotate_case<bfloat16, double>(of, model, count);
    } else if (of.at("table_dtype") == "f32") {
      is_float ? rotate_case<float, float>(of, model, count)
               : rotate_case<bfloat16, float>(of, model, count);
    } else {
      rotate_case<bfloat16, bfloat16>(of, model, count);
    }
  });
  std::cout << "note: golden: whole models: " << count.exact << " tensors bit for bit, "
            << count.near << " within 4 units where their code fuses a product\n";
  EXPECT_GT(count.exact, 500);
}

// Tables -----------------------------------------------------------------------------------------

rw::Positions positions_of(const Case& of, const Model& model) {
  const bool are_fractions = model.cells == Model::Cells::fractions;
  const Tensor& tensor = of.tensor(are_fractions ? "fractions" : "positions");
  const std::vector<double> values = numbers(tensor);
  const Index axes = tensor.shape[1];
  std::vector<rw::Positions> parts;
  for (Index axis = 0; axis < axes; ++axis) {
    parts.push_back(rw::id_positions(values.data() + axis, tensor.shape[0], axes));
  }
  return rw::zip_axes(parts);
}

/// The bound of an entry: PyTorch's own float functions are within an ulp of ours, an ulp of a
/// frequency (2^-23 of it) is multiplied by the position, and both angles are rounded to float
/// (2^-24 each); steps in double leave the last rounding alone.
double bound_of(const Model& model, double angle) {
  if (model.table_type == Model::TableType::f64) return 1e-14 * (1 + std::fabs(angle));
  if (model.steps == rw::AngleSteps::f64) return 1.2e-7;
  return 3e-7 + 2.5e-7 * std::fabs(angle);
}

template <class Built, class Tab>
Agreement compare_tables(const Case& of, const Model& model) {
  const StoredRows<Tab> stored(of, model, model.shape.heads);
  const rw::Positions positions = positions_of(of, model);
  const rw::Table<Built> built = rw::model_table<Built>(model, positions);
  Model in_double = model.with_steps(rw::AngleSteps::f64);
  const rw::Frequencies list = rw::model_frequencies(in_double);
  rw::Positions at = positions;
  if (model.cells == Model::Cells::fractions) {
    at = rw::detail::from_fractions(at, rw::AngleSteps::f64);
  }
  Agreement agreement;
  EXPECT_EQ(built.seq(), stored.view.seq());
  EXPECT_EQ(built.heads(), stored.view.heads());
  EXPECT_EQ(built.pairs(), stored.view.pairs());
  if (testing::Test::HasFailure()) return agreement;
  const double factor = std::fmax(1, list.attention_factor);
  for (Index s = 0; s < built.seq(); ++s) {
    std::vector<double> angles(static_cast<std::size_t>(list.heads * list.pairs), 0);
    for (const rw::Term& term : list.terms) {
      angles[static_cast<std::size_t>(term.pair)] += at.at(term.axis, 0, s) * term.frequency;
    }
    for (Index h = 0; h < built.heads(); ++h) {
      const rw::PairReaders<Tab> row = stored.view.row(0, s, h);
      for (Index i = 0; i < built.pairs(); ++i) {
        const double angle = angles[static_cast<std::size_t>(h * list.pairs + i)];
        const double limit = factor * bound_of(model, angle);
        const auto add = [&](double value, const rw::CoefficientReader<Tab>& of_pair, bool is_sin) {
          const auto want = static_cast<double>(of_pair.data[i * of_pair.stride]);
          agreement.add(share_of(limit, value, want, dtype_of<Tab>()),
                        static_cast<double>(static_cast<Tab>(value)) == want,
                        Entry{0, s, h, i, is_sin, want}.place());
        };
        add(static_cast<double>(built.cos(0, s, h)[i]), row.cos_a, false);
        add(static_cast<double>(built.sin(0, s, h)[i]), row.sin_a, true);
      }
    }
  }
  return agreement;
}

// By PyTorch's float pow, which is within an ulp or two of libm's; frequencies of 0 are exact.
TEST(WholeModels, FrequenciesAreThoseOfTheirCode) {
  int lists = 0;
  std::int64_t equal = 0, entries = 0;
  for_each_case([&](const Case& of, const Model& model) {
    const Tensor* stored = of.find("inv_freq");
    if (stored == nullptr || model.terms != rw::TermRule::axis_after_axis) return;
    const rw::Frequencies list = rw::model_frequencies(model);
    const std::vector<double> wanted = numbers(*stored);
    if (list.axes != 1 || list.pairs != static_cast<Index>(wanted.size())) return;
    for (const rw::Term& term : list.terms) {
      const double want = wanted[static_cast<std::size_t>(term.pair)];
      EXPECT_NEAR(term.frequency, want, 4e-7 * want) << "pair " << term.pair;
      equal += term.frequency == want ? 1 : 0;
      ++entries;
    }
    ++lists;
  });
  std::cout << "note: golden: whole models: frequencies of " << lists << " lists: " << equal
            << " of " << entries << " equal in every bit\n";
  EXPECT_GE(lists, 100);
  EXPECT_GE(equal, entries * 98 / 100);
}

TEST(WholeModels, TablesAreThoseOfTheirCode) {
  std::map<std::string, Agreement> by_steps;
  for_each_case([&](const Case& of, const Model& model) {
    const std::string& dtype = of.at("table_dtype");
    const Agreement agreement = dtype == "f64"   ? compare_tables<double, double>(of, model)
                                : dtype == "f32" ? compare_tables<float, float>(of, model)
                                                 : compare_tables<float, bfloat16>(of, model);
    EXPECT_LE(agreement.worst, 1) << agreement.where;
    Agreement& sum = by_steps[of.at("steps") + " as " + dtype];
    sum.entries += agreement.entries;
    sum.equal += agreement.equal;
  });
  for (const auto& [steps, sum] : by_steps) {
    std::cout << "note: golden: whole models: tables in steps of " << steps << ": " << sum.equal
              << " of " << sum.entries << " entries equal in every bit\n";
  }
  EXPECT_GE(by_steps.at("f32 as f32").equal, by_steps.at("f32 as f32").entries * 95 / 100);
  EXPECT_GE(by_steps.at("f32 as bf16").equal, by_steps.at("f32 as bf16").entries * 999 / 1000);
  // Steps in double leave nothing to PyTorch's float functions.
  EXPECT_EQ(by_steps.at("f64 as f64").equal, by_steps.at("f64 as f64").entries);
  EXPECT_EQ(by_steps.at("f64 as f32").equal, by_steps.at("f64 as f32").entries);
}

}  // namespace
}  // namespace ropewalk_test
