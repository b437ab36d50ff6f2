// Hashes of what the builders compute: every scaling rule, position maker and pooling step, in
// every type of the steps. run.sh builds this once per leg of its matrix and compares the lines by
// name.
//
// given/    the numbers are read at run time
// literal/  the same numbers as constants that the compiler sees, and folds if it may
// random/   thousands of configurations, drawn at run time
//
// Cos, sin, pow and log are libm's and the same in all legs; whatever is computed around them is
// not.
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "../support/bits.hpp"
#include "ropewalk/ropewalk.hpp"

namespace {

namespace rw = ropewalk;
namespace rwt = ropewalk_test;
using rw::Index;

constexpr rw::AngleSteps every_steps[] = {rw::AngleSteps::f64, rw::AngleSteps::f32,
                                          rw::AngleSteps::f32_angles};

/// Numbers that the compiler cannot know.
struct Given {
  static constexpr const char* name = "given";
  double operator()(double value) const {
    volatile double hidden = value;
    return hidden;
  }
  Index operator()(int value) const {
    volatile int hidden = value;
    return hidden;
  }
};

/// Numbers that it may compute with.
struct Literal {
  static constexpr const char* name = "literal";
  constexpr double operator()(double value) const { return value; }
  constexpr Index operator()(int value) const { return value; }
};

class Hash {
 public:
  void add(const rw::List<double>& values) {
    hash_ = rwt::hash_bits(values.data(), values.size(), hash_);
  }
  void add(const rw::Frequencies& frequencies) {
    for (const rw::Term& term : frequencies.terms) {
      add(rw::List<double>{static_cast<double>(term.pair), static_cast<double>(term.axis),
                           term.frequency});
    }
    add(rw::List<double>{frequencies.attention_factor});
  }
  void add(const rw::Positions& positions) {
    rw::List<double> all;
    for (std::size_t axis = 0; axis < positions.axes.size(); ++axis) {
      for (Index b = 0; b < positions.batch; ++b) {
        for (Index s = 0; s < positions.seq; ++s) {
          all.push_back(positions.at(static_cast<Index>(axis), b, s));
        }
      }
    }
    add(all);
  }
  template <class T>
  void add(const rw::Table<T>& table) {
    const Index size = table.batch() * table.seq() * table.heads() * 2 * table.pairs();
    hash_ = rwt::hash_bits(table.cos(0, 0), static_cast<std::size_t>(size), hash_);
  }
  void print(const char* group, const char* name) const {
    std::printf("%s/%s %016llx\n", group, name, static_cast<unsigned long long>(hash_));
  }

 private:
  std::uint64_t hash_ = 0;
};

/// One line for each rule: its frequencies in all steps, short of their length and beyond.
template <class Read>
void print_rule(const char* name, const Read& read, const rw::Scaling& rule, double theta = 1e4) {
  Hash hash;
  for (const rw::AngleSteps steps : every_steps) {
    for (const Index length : {Index{0}, read(40000)}) {
      hash.add(rw::frequencies(read(64), read(theta), rule, {length, steps}));
    }
  }
  hash.print(Read::name, name);
}

template <class Read>
void print_rules(const Read& read) {
  print_rule("Unscaled", read, rw::Unscaled{});
  print_rule("Linear", read, rw::Linear{read(3.0)});
  print_rule("StaticNtk", read, rw::StaticNtk{read(3.0)});
  print_rule("DynamicNtk", read, rw::DynamicNtk{read(3.3), read(4096)});
  print_rule("Llama3", read, rw::Llama3{read(8.0), read(1.0), read(4.0), read(8192)}, 5e5);
  print_rule("Llama3/uneven", read, rw::Llama3{read(7.0), read(1.1), read(3.7), read(8000)});
  print_rule("Proportional", read, rw::Proportional{read(0.3), read(7.0)});
  rw::Yarn yarn{read(40.0), read(4096)};
  print_rule("Yarn", read, yarn);
  yarn.mscale = read(0.707);
  yarn.mscale_all_dim = read(0.9);
  print_rule("Yarn/mscale", read, yarn);
  rw::Yarn gpt_oss{read(32.0), read(4096), false};
  print_rule("Yarn/not_truncated", read, gpt_oss, 150000);
  gpt_oss.beta_fast = read(31.0);
  gpt_oss.beta_slow = read(1.1);
  print_rule("Yarn/betas", read, gpt_oss, 150000);
  rw::LongRope long_rope;
  for (int i = 0; i < 32; ++i) {
    long_rope.short_factors.push_back(read(1 + i * 0x1p-7));  // exact, whatever the flags
    long_rope.long_factors.push_back(read(1 + i * 0x1p-2));
  }
  long_rope.original_length = read(4096);
  long_rope.max_length = read(131072);
  print_rule("LongRope", read, long_rope);
}

template <class Read>
void print_increasing(const Read& read) {
  Hash hash;
  for (const rw::AngleSteps steps : every_steps) {
    hash.add(rw::detail::increasing_frequencies(read(341), read(1e4), steps));
  }
  hash.print(Read::name, "increasing_frequencies");
}

template <class Read>
void print_positions(const Read& read) {
  const auto print = [](const char* name, const auto& values) {
    Hash hash;
    hash.add(values);
    hash.print(Read::name, name);
  };
  print("range", rw::range(read(301), read(0.1), read(0.3)));
  print("centred", rw::centred(read(31)));
  print("cell_centres", rw::cell_centres(read(301), read(-0.9), read(1.3)));
  print("linspace", rw::linspace(read(301), read(-0.1), read(1.7)));
  rw::List<double> of_few;
  for (const int count : {3, 4, 7, 8, 11, 50}) {
    for (const double position : rw::linspace(read(count), read(0.1), read(0.7))) {
      of_few.push_back(position);
    }
  }
  print("linspace/of_few", of_few);
  print("sequence_positions", rw::sequence_positions(read(301), read(0.1)));
  const std::vector<double> ids = {read(-0.0), read(3.5), read(-0.0), read(0.0), read(-7.25)};
  print("id_positions", rw::id_positions(ids));
  print("grid_positions", rw::grid_positions({rw::linspace(read(5), read(0.0), read(0.7)), ids}));
  const std::vector<Index> ends = {0, read(3), read(10)};
  print("packed_positions", rw::packed_positions(ends));
  const rw::Positions part = rw::sequence_positions(read(5), read(0.3));
  print("concatenate", rw::concatenate({part, rw::id_positions(ids)}));
  print("stack", rw::stack({part, rw::id_positions(ids)}));
  print("zip_axes", rw::zip_axes({part, rw::id_positions(ids)}));
  const rw::List<Index> tokens = rw::token_ids(rw::zigzag_shard(read(301), read(4), read(1)));
  print("select_tokens", rw::select_tokens(rw::sequence_positions(read(301), read(0.1)), tokens));
}

template <class T, class Read>
void print_tables(const Read& read, const char* name) {
  const rw::Grid grid{read(3), read(5), read(7)};
  Hash hash;
  for (const rw::AngleSteps steps : every_steps) {
    rw::AxialOptions options;
    options.first = {read(0.5), read(-0.3), read(11.1)};
    options.steps = steps;
    const rw::List<Index> axes{read(44), read(42), read(42)};
    const rw::Table<T> table = rw::axial_table<T>(grid, axes, read(1e4), options);
    hash.add(table);
    hash.add(rw::average_pool(table, grid, rw::Grid{read(2), read(3), read(3)}));
    hash.add(rw::replicate_pad(table, grid, rw::Grid{read(2), read(3), read(3)}));
    const rw::Frequencies yarn =
        rw::frequencies(64, read(150000.0), rw::Yarn{read(32.0), read(4096), false}, {0, steps});
    hash.add(rw::make_table<T>(rw::sequence_positions(50, read(1000.1)), yarn, steps));
    // Pairs that several axes turn.
    rw::List<double> values;
    for (const double value : {0.7, 0.31, 0.0, -0.0, 0.11, -0.23}) values.push_back(read(value));
    const rw::Frequencies learned = rw::own_frequencies(read(2), 1, read(3), values, read(1.1));
    const rw::List<double> along = rw::linspace(read(9), read(0.1), read(1.9));
    hash.add(rw::make_table<T>(rw::grid_positions({along, along}), learned, steps));
  }
  hash.print(Read::name, name);
}

void print_models() {
  Hash hash;
  for (const rw::Model& model : rw::models) hash.add(rw::model_frequencies(model));
  hash.add(rw::model_positions(rw::model_named("DINOv3 L"), rw::Grid{5, 7}));
  hash.add(rw::model_positions(rw::model_named("Qwen-Image"), rw::Grid{1, 5, 8}));
  hash.add(rw::model_positions(rw::model_named("DINOv3 L").with_steps(rw::AngleSteps::f64),
                               rw::Grid{5, 7}));
  const rw::Positions fractions =
      rw::grid_positions({rw::range(2, 0, 0.016), rw::range(3, 0, 0.3), rw::range(2, 0.1, 0.77)});
  for (const char* name : {"LTX 2B", "LTX-2"}) {
    hash.add(rw::model_table(rw::model_named(name), fractions));
  }
  for (const char* name : {"gpt-oss", "Llama 3.1 8B", "Qwen3-VL 8B"}) {
    const rw::Model& model = rw::model_named(name);
    hash.add(rw::detail::shift_table<float>("shift", model, rw::model_frequencies(model), -1234));
  }
  hash.print("given", "models");
}

template <class Read>
void print_numbers(const Read& read) {
  print_rules(read);
  print_increasing(read);
  print_positions(read);
}

/// A number from `low` to `high` of 30 bits behind the point, exact whatever the flags.
double draw(rwt::Random& random, int low, int high) {
  const auto range = static_cast<std::uint64_t>(high - low) << 30;
  const auto whole = (Index{low} << 30) + static_cast<Index>(random.next() % range);
  return static_cast<double>(whole) * 0x1p-30;
}

void print_random() {
  constexpr int count = 2000;
  rwt::Random random(1);
  Hash yarn, dynamic, llama, spaced;
  for (int i = 0; i < count; ++i) {
    const rw::AngleSteps steps = every_steps[random.below(3)];
    const Index dim = 2 * (2 + static_cast<Index>(random.below(63)));
    const double theta = draw(random, 100, 1000000);
    const Index length = 100 + static_cast<Index>(random.below(100000));
    rw::Yarn rule{draw(random, 1, 64), length, random.below(2) == 0};
    rule.beta_fast = draw(random, 10, 40);
    rule.beta_slow = draw(random, 1, 4);
    if (random.below(2) == 0) rule.mscale = draw(random, 0, 2);
    if (random.below(2) == 0) rule.mscale_all_dim = draw(random, 0, 2);
    yarn.add(rw::frequencies(dim, theta, rule, {0, steps}));
    const rw::DynamicNtk ntk{draw(random, 1, 8), length};
    dynamic.add(rw::frequencies(dim, theta, ntk, {3 * length / 2, steps}));
    const rw::Llama3 smooth{draw(random, 2, 32), draw(random, 0, 2), draw(random, 3, 8), length};
    llama.add(rw::frequencies(dim, theta, smooth, {0, steps}));
    const auto cells = static_cast<Index>(2 + random.below(40));
    const double low = draw(random, -3, 3), high = draw(random, 3, 9);
    spaced.add(rw::linspace(cells, low, high));
    spaced.add(rw::cell_centres(cells, low, high));
  }
  yarn.print("random", "Yarn");
  dynamic.print("random", "DynamicNtk");
  llama.print("random", "Llama3");
  spaced.print("random", "spaced");
}

}  // namespace

int main() {
  print_numbers(Given{});
  print_numbers(Literal{});
  print_tables<double>(Given{}, "tables/f64");
  print_tables<float>(Given{}, "tables/f32");
  print_tables<Eigen::half>(Given{}, "tables/f16");
  print_tables<Eigen::bfloat16>(Given{}, "tables/bf16");
  print_tables<float>(Literal{}, "tables/f32");
  print_models();
  print_random();
}
