// Runs a pack of outputs of real models through every form of the library.
//
// The pack is the folder that ROPEWALK_GOLDEN_DIR names in the environment, by default those of
// folders.hpp; nothing here knows how many cases it has or what shapes. A case that the library
// does not cover fails, as does a rule key or value without a meaning. Cases that hold a table
// alone are those of golden_tables_test; norms are those of golden_norm_test, and rotations start
// from what they have made.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <type_traits>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "../support/bits.hpp"
#include "../support/forms.hpp"
#include "../support/reference.hpp"
#include "folders.hpp"
#include "keys.hpp"
#include "pack.hpp"
#include "place.hpp"
#include "rule.hpp"

namespace ropewalk_test {
namespace {

namespace rw = ropewalk;
using Eigen::bfloat16;
using Eigen::half;

/// One rotation of a case: an input, the output stored for it, and how the library is called.
struct Job {
  const Tensor* x;
  const Tensor* stored;
  bool gradient;  // x is the gradient of the output, turned back by the transposed table
  Dtype table, out;
  rw::Options options;
};

/// Settles how `arith` comes about: by promotion, by the wide option, or by a table that is widened
/// beforehand, which is exact. Returns why it cannot, or nothing.
std::string choose_arithmetic(Dtype arith, Job& job) {
  const Dtype x = dtype_named(job.x->dtype);
  const Dtype p = promoted(x, job.table);
  if (p != arith && promoted(p, arith) != arith) return "arith is narrower than promotion gives";
  if (p != arith && promoted(p, Dtype::f32) == arith && job.out == x) {
    job.options.compute = rw::Compute::wide;
  } else if (p != arith) {
    job.table = arith;
  }
  if (job.out == x || job.out == promoted(x, job.table)) return "";
  return "out is neither of the type of x nor of what x and table promote to";
}

/// The rotations of a case, one for each input; a grad case has its gradient as well.
std::vector<Job> jobs_of(const Rule& rule) {
  const Dtype table = rule.table_cast.value_or(dtype_named(rule.cos->dtype));
  rw::Options options;
  options.pairing = rule.pairing_out != rule.pairing ? rw::Pairing::interleaved_to_half
                                                     : library_pairing(rule.pairing);
  std::vector<Job> jobs;
  for (const auto& [x, out] : rule.io) {
    jobs.push_back({x, out, false, table, rule.out_dtype.value_or(dtype_named(x->dtype)), options});
  }
  if (rule.kind == Kind::grad) {
    const auto [gout, gx] = rule.gradients;
    jobs.push_back({gout, gx, true, table, dtype_named(gx->dtype), options});
  }
  return jobs;
}

/// Why the library cannot run the case; empty if it can. Settles how each job is called.
std::string not_covered(const Rule& rule, std::vector<Job>& jobs) {
  jobs = jobs_of(rule);
  const bool moves = rule.pairing_out != rule.pairing;
  if (moves && rule.pairing == Pairing::half) return "pairing: read as half, written interleaved";
  for (Job& job : jobs) {
    if (moves && job.gradient) return "gradient of a pairing that moves features";
    const std::string reason = choose_arithmetic(rule.arith, job);
    if (!reason.empty()) return reason;
  }
  return "";
}

// Comparing ------------------------------------------------------------------------------------

/// PyTorch rounds the products of a gradient to the type of x where x met a wider table; the
/// library does not. The README's bound for that: e * max(|largest product|, |gx|).
void expect_near_gradient(const Rule& rule, const Job& job, const Expected& got) {
  const Dtype g = dtype_named(job.x->dtype);
  const Dtype entry = dtype_named(rule.cos->dtype);
  const auto as_double = [](Dtype from, Bits bits) {
    return from_bits<double>(convert(from, Dtype::f64, bits));
  };
  const auto largest = [&](Bits a, Bits coefficient_a, Bits b, Bits coefficient_b) {
    return to_bits(std::fmax(std::fabs(as_double(g, a) * as_double(entry, coefficient_a)),
                             std::fabs(as_double(g, b) * as_double(entry, coefficient_b))));
  };
  const Pair<Entries> entries = pair_entries(rule.pairing, rule.rotary_dim);
  const Expected products =
      turned(rule, *job.x, Dtype::f64, entries, entries,
             [&](const Pair<Bits>& pair, const Coefficients<Bits>& with) {
               return Pair<Bits>{largest(pair.a, with.cos_a, pair.b, with.sin_b),
                                 largest(pair.b, with.cos_b, pair.a, with.sin_a)};
             });
  const double e = got.dtype == Dtype::f16 ? 0x1p-10 : 0x1p-7;
  const std::vector<Bits> stored = job.stored->patterns();
  ASSERT_EQ(stored.size(), got.bits.size());
  for (std::size_t i = 0; i < stored.size(); ++i) {
    const double want = as_double(got.dtype, stored[i]);
    const double bound = e * std::fmax(from_bits<double>(products.bits[i]), std::fabs(want));
    ASSERT_LE(std::fabs(as_double(got.dtype, got.bits[i]) - want), bound) << "at index " << i;
  }
}

void expect_agreement(const Rule& rule, const Job& job, const Expected& got) {
  if (job.gradient && rule.prod_round != rule.arith) return expect_near_gradient(rule, job, got);
  if (!rule.fused && rule.bit_exact) {
    EXPECT_EQ(difference(got, *job.stored, job.gradient), "");
    return;
  }
  const double limit = rule.fused ? 4 : rule.tol_ulp;
  ASSERT_EQ(job.stored->dtype, name_of(got.dtype));
  ASSERT_EQ(job.stored->shape, got.shape);
  EXPECT_LE(worst_units(got, *job.stored, rule.arith), limit);
}

// Running --------------------------------------------------------------------------------------

/// How often what ran, by name.
struct Counts {
  std::map<std::string, int> of_family, of_form;
  int tables_alone = 0;
  int norms_alone = 0;

  void print() const {
    for (const auto& [family, count] : of_family) line("family " + family, count, "cases ran");
    for (const auto& [form, count] : of_form) line("form " + form, count, "tensors compared");
    line("kind tables", tables_alone, "cases, which golden_tables_test builds");
    line("kind norm", norms_alone, "cases, which golden_norm_test compares");
  }

 private:
  static void line(const std::string& what, int count, const char* unit) {
    std::cout << "note: golden: " << what << ": " << count << " " << unit << "\n";
  }
};

template <class Out, class X, class Tab>
void run_forms(const Rule& rule, const Job& job, Counts& counts) {
  const TableRule table = table_rule(rule);
  const Place place = place_of(rule, *job.x, table);
  const auto cos = table_values<Tab>(rule, *rule.cos);
  const auto sin = table_values<Tab>(rule, *rule.sin);
  const rw::TableView<Tab> forward = table_view(rule, table, place, cos, sin);
  const auto x = job.x->values<X>();
  const rw::View<const X> block(x.data() + place.offset, place.shape, place.strides);
  for (const Form& form : forms_of<Out, X>()) {
    if (form.in_place() && job.options.pairing == rw::Pairing::interleaved_to_half) continue;
    SCOPED_TRACE(form.name());
    auto out = prepared<Out>(*job.x, place);
    apply_form(form, Eigen::DefaultDevice{},
               rw::View<Out>(out.data() + place.offset, place.shape, place.strides), block,
               job.gradient ? forward.gradient() : forward, job.options);
    Expected got{dtype_of<Out>(), job.x->shape, {}};
    for (const Out& value : out) got.bits.push_back(to_bits(value));
    expect_agreement(rule, job, got);
    ++counts.of_form[form.name()];
  }
}

template <class Call>
void with_type(Dtype dtype, const Call& call) {
  switch (dtype) {
    case Dtype::f64:
      return call(double{});
    case Dtype::f32:
      return call(float{});
    case Dtype::f16:
      return call(half{});
    case Dtype::bf16:
      return call(bfloat16{});
  }
}

void run(const Rule& rule, const Job& job, Counts& counts) {
  SCOPED_TRACE(rule.name + " " + job.x->name + " > " + job.stored->name);
  with_type(dtype_named(job.x->dtype), [&](auto x) {
    with_type(job.table, [&](auto table) {
      using X = decltype(x);
      using Tab = decltype(table);
      using P = rw::Promoted<X, Tab>;
      if (job.out == dtype_of<X>()) return run_forms<X, X, Tab>(rule, job, counts);
      if constexpr (!std::is_same_v<X, P>) run_forms<P, X, Tab>(rule, job, counts);
    });
  });
}

void run(const Case& of, Counts& counts) {
  if (!unknown_rules(of).empty()) return;  // EveryRuleKeyAndValueIsKnown fails
  if (!has_rotation(of)) {
    ++counts.norms_alone;
    return;
  }
  const Rule rule = rule_of(of);
  if (rule.kind == Kind::tables) {
    ++counts.tables_alone;
    return;
  }
  std::vector<Job> jobs;
  const std::string reason = not_covered(rule, jobs);
  if (!reason.empty()) throw PackError("not covered: " + reason);
  for (const Job& job : jobs) run(rule, job, counts);
  ++counts.of_family[of.get("family", "without a name")];
}

TEST(Golden, EveryRuleKeyAndValueIsKnown) {
  for (const Case& of : golden_cases()) {
    for (const std::string& unknown : unknown_rules(of)) ADD_FAILURE() << unknown;
  }
}

TEST(Golden, EveryFormMatchesTheStoredOutputs) {
  const std::vector<Case> cases = golden_cases();
  std::cout << "note: golden: " << cases.size() << " cases in";
  for (const std::string& folder : golden_folders()) std::cout << " " << folder;
  std::cout << "\n";
  EXPECT_FALSE(cases.empty());
  Counts counts;
  for (const Case& of : cases) {
    try {
      run(of, counts);
    } catch (const std::exception& error) {
      ADD_FAILURE() << of.name << ": " << error.what();
    }
  }
  counts.print();
}

}  // namespace
}  // namespace ropewalk_test
