// Weights of 16 bits: files give them as std::uint16_t, whose numbers are bfloat16 or half. The
// caller knows which and says so; nothing is converted or copied.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ropewalk/ropewalk.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace rw = ropewalk;

int main() {
  // As read from a checkpoint: activations, and cos and sin [seq, head_dim] with the values of the
  // first half of a row again in the second. half_view does the same for float16, and both take
  // _Float16 and __bf16 where the compiler has them.
  constexpr rw::Index seq = 2, heads = 3, head_dim = 4;
  constexpr std::uint16_t zero = 0x0000, one = 0x3f80, two = 0x4000;
  const std::vector<std::uint16_t> cos{one, zero, one, zero, zero, one, zero, one};
  const std::vector<std::uint16_t> sin{zero, one, zero, one, one, zero, one, zero};
  std::vector<std::uint16_t> x(seq * heads * head_dim);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = i % 4 < 2 ? one : two;

  const rw::Shape rows{1, seq, 1, head_dim};
  const auto table = rw::duplicated_table(rw::bfloat16_view(cos.data(), rows),
                                          rw::bfloat16_view(sin.data(), rows));
  const auto queries = rw::bfloat16_view(x.data(), {1, seq, heads, head_dim});
  rw::apply_inplace(rw::serial, queries, table, rw::half_pairs);

  // Token 0: pair (0, 2) stays, pair (1, 3) turns by a quarter; token 1 the other way round.
  constexpr std::uint16_t minus_two = 0xc000;
  const std::uint16_t wanted[seq][head_dim] = {{one, minus_two, two, one},
                                               {minus_two, one, one, two}};
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t token = i / (heads * head_dim), feature = i % head_dim;
    if (x[i] != wanted[token][feature]) {
      std::printf("number %zu is %#x, must be %#x\n", i, x[i], wanted[token][feature]);
      return 1;
    }
  }

  // half_table is for rows half as wide, [seq, head_dim / 2]: that is its name, not the pairing.
  try {
    const auto wide =
        rw::half_table(rw::bfloat16_view(cos.data(), rows), rw::bfloat16_view(sin.data(), rows));
    rw::apply_inplace(rw::serial, queries, wide, rw::half_pairs);
  } catch (const std::invalid_argument& error) {
    const std::string text = "apply_inplace: pairs of the table is 4, must be at most 2";
    return error.what() == text ? 0 : 1;
  }
  return 1;
}
