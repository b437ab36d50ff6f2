// Rows of norms before the rotation: q and k in one launch.
#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "cuda_measure.cuh"
#include "cuda_session.cuh"
#include "ropewalk/cuda/norm.cuh"
#include "ropewalk/table_layouts.hpp"

namespace ropewalk_bench {
namespace {

namespace rw = ropewalk;
using bf16 = __nv_bfloat16;

/// PyTorch's sums, one thread a row: chains of quads, their trees. Rows of whole quads, 16 or more.
struct Rule {
  bool hf;         // x.pow(2).mean(-1), rounded before the weight; else rms_norm
  Index features;  // that are normalised together
};

__device__ inline float tree(float* terms, int count) {
  for (int half = count / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) terms[i] = __fadd_rn(terms[i], terms[i + half]);
  }
  return terms[0];
}

__device__ inline float sum_of_squares(const bf16* x, const Rule& rule) {
  const Index quads = rule.features / 4;
  float chains[128] = {};
  if (!rule.hf) {
    for (Index q = 0; q < quads; ++q) {
      for (Index e = 4 * q; e < 4 * q + 4; ++e) {
        chains[q % 128] = __fmaf_rn(get(x[e]), get(x[e]), chains[q % 128]);
      }
    }
    float warps[4];
    for (int w = 0; w < 4; ++w) warps[w] = tree(chains + 32 * w, 32);
    return __fadd_rn(__fadd_rn(warps[0], warps[2]), __fadd_rn(warps[1], warps[3]));
  }
  float sums[32][4] = {};
  for (Index e = 0; e < rule.features; ++e) {
    float& sum = sums[e / 4 % 32][e % 4];
    sum = __fadd_rn(sum, __fmul_rn(get(x[e]), get(x[e])));
  }
  for (int c = 0; c < 32; ++c) {
    chains[c] = __fadd_rn(__fadd_rn(__fadd_rn(sums[c][0], sums[c][1]), sums[c][2]), sums[c][3]);
  }
  return tree(chains, 32);
}

/// Written apart from the library. Sizes are powers of two or the order is rms_norm's, so that the
/// mean is a quotient.
__global__ void normalise(const bf16* x, bf16* out, Index rows, const bf16* weight, Rule rule,
                          float eps) {
  const Index row = blockIdx.x * static_cast<Index>(blockDim.x) + threadIdx.x;
  if (row >= rows) return;
  x += row * rule.features, out += row * rule.features;
  const float mean = __fdiv_rn(sum_of_squares(x, rule), static_cast<float>(rule.features));
  float rstd;
  asm("rsqrt.approx.f32 %0, %1;" : "=f"(rstd) : "f"(__fadd_rn(mean, eps)));
  for (Index i = 0; i < rule.features; ++i) {
    float y = __fmul_rn(get(x[i]), rstd);
    if (rule.hf) set(out[i], y), y = get(out[i]);
    set(out[i], __fmul_rn(y, get(weight[i])));
  }
}

/// Rows of slots in the order of their tokens; a block for each.
__global__ void gather_rows(const bf16* cache, const std::int64_t* slots, bf16* out, Index size) {
  const Index token = blockIdx.x;
  for (Index i = threadIdx.x; i < size; i += blockDim.x) {
    out[token * size + i] = cache[slots[token] * size + i];
  }
}

class Norms {
 public:
  explicit Norms(Session& session) : session_(session) {
    fill<<<64, 256, 0, session_.stream()>>>(weight_.as<bf16>(), most_weights);
    std::vector<std::int64_t> slots(most_seq);
    std::iota(slots.begin(), slots.end(), 0);
    std::shuffle(slots.begin(), slots.end(), std::mt19937(1));
    check(cudaMemcpy(slots_.as<void>(), slots.data(), slots.size() * sizeof(slots[0]),
                     cudaMemcpyHostToDevice));
  }

  void run() {
    const rw::Shape video{1, 16384, 40, 128};
    rows<float>(video, video, "/q_and_k", 1.04, {false, 128}, rw::interleaved_pairs);
    rows<bf16>(video, video, "/hf/half/q_and_k", 1.02, {true, 128}, rw::half_pairs);
    rows<float>(video, video, "/over_token/q_and_k", 1.03, {false, 5120}, rw::interleaved_pairs);
    rows<float>(video, video, "/slots/q_and_k", 1.10, {false, 128}, rw::interleaved_pairs);
    for (const Index seq : {1, 4, 16, 64, 256}) {
      const double goal = seq == 1 || seq == 64 ? 1.0 : 0;
      rows<float>({1, seq, 32, 128}, {1, seq, 8, 128}, "/q_and_k8/replay", goal, {false, 128},
                  rw::interleaved_pairs);
    }
  }

 private:
  static constexpr Index most_seq = 16384, most_weights = 5120;
  static constexpr Index most = 2 * most_seq * 40 * 128;

  /// In place; of "/slots" out of place, the keys to random slots.
  template <class Tab, class How>
  void rows(const rw::Shape& q_shape, const rw::Shape& k_shape, const std::string& more,
            double goal, const Rule& rule, const How& pairing) {
    const bool to_slots = more.find("slots") != std::string::npos;
    const char* form = to_slots ? "norm" : "norm_inplace";
    const std::string name = row_name<bf16, Tab>(form, q_shape, more.c_str());
    if (!session_.wanted(name)) return;
    const Index entries = q_shape.seq * 64;
    const Tab *cos = table_.as<Tab>(), *sin = cos + entries;
    fill<<<2048, 256, 0, session_.stream()>>>(table_.as<Tab>(), 2 * entries);
    const rw::Shape of_table{1, q_shape.seq, 1, 64};
    const auto table = rw::half_table(rw::cuda::view(cos, of_table), rw::cuda::view(sin, of_table));
    const Index q_size = size_of(q_shape), both = q_size + size_of(k_shape);
    const auto q = rw::cuda::view(session_.out<bf16>(), q_shape);
    const auto k = rw::cuda::view(session_.out<bf16>() + q_size, k_shape);
    const auto* weight = rw::cuda::as_eigen(weight_.as<const bf16>());
    auto norm = rule.hf ? rw::rms_norm_hf(weight, rule.features, eps)
                        : rw::rms_norm_torch(weight, rule.features, eps);
    if (rule.features > 128) norm = norm.over_token();
    session_.prepare<bf16>(both);
    const auto threads = 64, blocks = static_cast<int>(both / rule.features / threads) + 1;
    normalise<<<blocks, threads, 0, session_.stream()>>>(session_.x<bf16>(), wanted_.as<bf16>(),
                                                         both / rule.features, weight_.as<bf16>(),
                                                         rule, static_cast<float>(eps));
    const auto wrong = [&](const rw::Shape& shape, Index first, const bf16* out) {
      const rw::Strides dense = rw::cuda::view(session_.out<bf16>(), shape).strides();
      return wrong_elements(
          Comparison<bf16, Tab>{wanted_.as<bf16>() + first, out, shape, dense, dense, cos, sin, 64,
                                0, 1, 64, rw::Options(pairing).pairing == rw::Pairing::half});
    };
    const auto* slots = slots_.as<const std::int64_t>();
    const auto keys = [&]() -> const bf16* {
      const bf16* written = session_.out<bf16>() + q_size;
      if (!to_slots) return written;
      gather_rows<<<static_cast<unsigned>(k_shape.seq), 256>>>(written, slots, keys_.as<bf16>(),
                                                               k_shape.heads * k_shape.head_dim);
      return keys_.as<bf16>();
    };
    Row row{name, goal, both * 2};
    row.replayed = more.find("replay") != std::string::npos;
    row.limit = [&] {
      const Index q_bytes = q_size * 2;
      copy(0, q_bytes);
      copy(q_bytes, both * 2 - q_bytes);
    };
    session_.measure(
        row,
        [&] {
          const std::tuple norms{norm, norm};
          if (to_slots) {
            const bf16* x = session_.x<bf16>();
            rw::cuda::apply(
                session_.stream(), std::tuple{q, k.rows(slots, 1, k_shape.seq)},
                std::tuple{rw::cuda::view(x, q_shape), rw::cuda::view(x + q_size, k_shape)}, norms,
                table, pairing);
          } else {
            rw::cuda::apply_inplace(session_.stream(), std::tie(q, k), norms, table, pairing);
          }
        },
        [&] { return wrong(q_shape, 0, session_.out<bf16>()) + wrong(k_shape, q_size, keys()); });
  }

  /// One of two, as a caller with two tensors copies them.
  void copy(Index first, Index bytes) {
    check(cudaMemcpyAsync(session_.out<char>() + first, session_.x<char>() + first,
                          static_cast<std::size_t>(bytes), cudaMemcpyDeviceToDevice,
                          session_.stream()));
  }

  static constexpr double eps = 1e-6;

  Session& session_;
  Memory table_{2 * most_seq * 64 * 4}, weight_{most_weights * 2}, wanted_{most * 2};
  Memory slots_{most_seq * 8}, keys_{most};
};

}  // namespace

void measure_norms(Session& session) { Norms(session).run(); }

}  // namespace ropewalk_bench
