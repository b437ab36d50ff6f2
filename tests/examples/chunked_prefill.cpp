// Chunked prefill: a long prompt goes through the model in chunks, each by the rows of its own
// positions; the bits are those of the whole prompt in one call.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ropewalk/ropewalk.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace rw = ropewalk;
using bf16 = Eigen::bfloat16;
static constexpr rw::Model llama = rw::model_named("Llama 3.2 1B");
constexpr rw::Index prompt = 1000, chunk = 256;
constexpr rw::Index heads = llama.shape.kv_heads, head_dim = llama.shape.head_dim;
constexpr rw::Index token = heads * head_dim, samples = 2;

int main() {
  const rw::Table<bf16> table = rw::model_table<bf16>(llama, rw::Grid{prompt});
  std::vector<bf16> projected;
  for (rw::Index i = 0; i < samples * prompt * token; ++i) {
    projected.push_back(bf16(float(i % 251) / 64 - 2));
  }
  std::vector<bf16> whole = projected, in_chunks = projected;
  const rw::Shape shape{samples, prompt, heads, head_dim};
  rw::rotate(rw::serial, rw::View<bf16>(whole.data(), shape), rw::fixed_model<llama>, table);

  // Samples that are at the same chunk; the last one is shorter.
  const rw::View<bf16> x(in_chunks.data(), shape);
  for (rw::Index begin = 0; begin < prompt; begin += chunk) {
    const rw::Index count = std::min(chunk, prompt - begin);
    rw::rotate(rw::serial, x.seq(begin, count), rw::fixed_model<llama>,
               table.view().rows(begin, count));
  }
  bool same = std::memcmp(in_chunks.data(), whole.data(), whole.size() * sizeof(bf16)) == 0;

  // Samples that are not, each from its own start on; one that has nothing to do is left.
  constexpr rw::Index step = 100;
  for (const std::vector<std::int64_t>& starts :
       {std::vector<std::int64_t>{0, -1}, {100, 0}, {900, 333}, {-1, 900}}) {
    std::vector<bf16> of_step(samples * step * token);
    const auto at = [&](const std::vector<bf16>& all, std::size_t b) {
      return all.data() + (rw::Index(b) * prompt + starts[b]) * token;
    };
    for (std::size_t b = 0; b < starts.size(); ++b) {
      if (starts[b] >= 0) std::copy_n(at(projected, b), step * token, &of_step[b * step * token]);
    }
    rw::rotate(rw::serial, rw::View<bf16>(of_step.data(), {samples, step, heads, head_dim}),
               rw::fixed_model<llama>, table.view().rows_of_each(starts, step).leaving(-1));
    for (std::size_t b = 0; b < starts.size(); ++b) {
      same = same && (starts[b] < 0 || std::memcmp(&of_step[b * step * token], at(whole, b),
                                                   step * token * sizeof(bf16)) == 0);
    }
  }

  // The rows of the whole prompt for one chunk of it.
  std::string error;
  try {
    rw::rotate(rw::serial, x.seq(chunk, chunk), rw::fixed_model<llama>, table);
  } catch (const std::invalid_argument& refused) {
    error = refused.what();
  }
  const std::string wanted =
      "rotate: seq of the table is 1000, must be 256: of a longer table pass its rows(position, "
      "count)";
  std::printf("%s; %s\n", same ? "the same bits" : "OTHER BITS", error.c_str());
  return same && error == wanted ? 0 : 1;
}
