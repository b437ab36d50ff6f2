// Errors: a wrong value throws std::invalid_argument before anything is written. Its text names the
// function, the argument, what it got and what it wants. Without exceptions: no_exceptions.cpp.
#include <cstdio>
#include <ropewalk/ropewalk.hpp>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

namespace rw = ropewalk;
static constexpr rw::Model llama = rw::model_named("Llama 3.1 8B");

template <class Call>
static bool throws(const std::string& text, const Call& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    std::puts(error.what());
    return error.what() == text;
  }
  std::printf("no error, must be: %s\n", text.c_str());
  return false;
}

int main() {
  constexpr rw::Index seq = 8, heads = 8, head_dim = 128;
  std::vector<float> memory(seq * heads * head_dim, 1.0f), other = memory;
  const std::vector<float> before = memory;
  const rw::View<float> q(memory.data(), {1, seq, heads, head_dim}), k(other.data(), q.shape());
  const auto rotate = [](const rw::View<float>& x, const auto& table) {
    rw::rotate(rw::serial, x, rw::fixed_model<llama>, table);
  };
  const auto table = rw::model_table<float>(llama, rw::Grid{seq});
  const std::vector<int> ids = {0, 1, 2, 3, 4, 5, 6, 8};
  const rw::View<float> wide(memory.data(), {1, seq, heads / 2, 2 * head_dim});

  bool ok = true;
  // rotate knows what the model is, and what its table must be.
  ok &= throws("rotate: head_dim of x is 256, Llama 3.1 8B has 128", [&] { rotate(wide, table); });
  ok &= throws(
      "rotate: type of the table is double, Llama 3.1 8B has float, the type of what it "
      "rotates",
      [&] { rotate(q, rw::model_table<double>(llama, rw::Grid{seq})); });
  // All tensors and ids are checked before the first is written.
  ok &= throws("apply_inplace: position id [7] of the table is 8, must be from 0 to 7", [&] {
    rw::apply_inplace(rw::serial, std::tie(q, k), table.view().gather(ids), rw::half_pairs);
  });
  ok &= throws(
      "apply: memory of out overlaps that of x, must be apart from it or the same tensor", [&] {
        rw::apply(rw::serial, q.seq(1, 4), q.seq(0, 4), table.view().rows(0, 4), rw::half_pairs);
      });
  ok &= memory == before && other == before;

  // What no check can see: heads and seq in each other's place where they are equal, or, by apply,
  // options that were forgotten, so that interleaved pairs turn where the model has half pairs.
  const rw::View<float> swapped(memory.data(), {1, heads, seq, head_dim},
                                {0, head_dim, heads * head_dim});
  rw::apply_inplace(rw::serial, swapped, table);
  return ok && memory != before ? 0 : 1;
}
