// Prints hashes of what one of the two units computes: program baseline | wide.
#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iterator>  // for std::size
#include <stdexcept>
#include <string>
#include <vector>

#include "../support/bits.hpp"
#include "unit.hpp"

namespace {

using ropewalk_test::hash_bits;
using ropewalk_test::random_values;
using ropewalk_test::Values;

constexpr const char* form_names[] = {"strided", "fused", "fused_inplace"};
using Rotate = void (*)(Form form, Mix mix, const Call& call);

template <class X, class Tab>
void print(Rotate rotate, Mix mix, const char* name) {
  const int seq = 5, heads = 3;
  for (const int head_dim : {94, 128, 640}) {
    const auto size = static_cast<std::size_t>(seq * heads * head_dim);
    const auto x = random_values<X>(size, Values::special, 1);
    const auto table =
        random_values<Tab>(static_cast<std::size_t>(seq * head_dim), Values::special, 2);
    for (std::size_t form = 0; form < std::size(form_names); ++form) {
      std::vector<X> out = x;
      rotate(static_cast<Form>(form), mix,
             {out.data(), x.data(), table.data(), seq, heads, head_dim});
      std::printf("%s/%s/%d %016llx\n", name, form_names[form], head_dim,
                  static_cast<unsigned long long>(hash_bits(out)));
    }
  }
}

void print_error(Rotate rotate) {
  float value = 0;
  try {
    rotate(Form::fused, Mix::f32_f32, {&value, &value, &value, 1, 1, 63});
  } catch (const std::invalid_argument& error) {
    std::printf("error %s\n", error.what());
  }
}

std::uint64_t table_hash = 0;

}  // namespace

int main(int count, char** words) {
  const std::string unit = count == 2 ? words[1] : "";
  if (unit != "baseline" && unit != "wide") {
    std::fprintf(stderr, "usage: %s baseline | wide\n", words[0]);
    return 2;
  }
  const Rotate rotate = unit == "wide" ? rotate_wide : rotate_baseline;
  const auto build = unit == "wide" ? build_wide : build_baseline;
  print<float, float>(rotate, Mix::f32_f32, "f32/f32");
  print<Eigen::bfloat16, float>(rotate, Mix::bf16_f32, "bf16/f32");
  print_error(rotate);
  build([](double value) { table_hash = hash_bits(&value, 1, table_hash); });
  std::printf("tables %016llx\n", static_cast<unsigned long long>(table_hash));
}
