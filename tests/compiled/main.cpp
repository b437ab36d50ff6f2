// The units' results against those of the headers alone.
#include <Eigen/Core>
#include <cstdio>
#include <vector>

#include "../support/bits.hpp"

using Turn = void(float* f, Eigen::half* h, Eigen::bfloat16* b, const float* table);
Turn turn_headers, ROPEWALK_TURNS;

namespace {

using ropewalk_test::hash_bits;
using ropewalk_test::random_values;
using ropewalk_test::Values;

std::uint64_t hash_of(Turn* turn) {
  constexpr std::size_t size = 5 * 3 * 94;
  auto f = random_values<float>(size, Values::special, 1);
  auto h = random_values<Eigen::half>(size, Values::special, 2);
  auto b = random_values<Eigen::bfloat16>(size, Values::special, 3);
  const auto table = random_values<float>(5 * 94, Values::special, 4);
  turn(f.data(), h.data(), b.data(), table.data());
  return hash_bits(b, hash_bits(h, hash_bits(f)));
}

}  // namespace

int main() {
  const std::vector<Turn*> turns = {ROPEWALK_TURNS};
  int differ = 0;
  for (Turn* turn : turns) differ += hash_of(turn) != hash_of(turn_headers);
  std::printf("%zu units by the library, %d of them with other bits\n", turns.size(), differ);
  return differ;
}
