// The shards of shards.cpp on the GPUs of one machine, a rank each, over NCCL: rotated and
// normalised on the devices, exchanged and gathered there, they have the bits of the whole on the
// CPU. usage: nccl; exit status 77 where there are fewer than two GPUs
#include <nccl.h>

#include <Eigen/Core>
#include <cstdio>
#include <cstring>
#include <deque>
#include <stdexcept>
#include <vector>

#include "../support/cuda_memory.cuh"
#include "ropewalk/cuda/norm.cuh"
#include "ropewalk/ropewalk.hpp"

namespace {

namespace rw = ropewalk;
using ropewalk_test::check;
using ropewalk_test::DeviceMemory;
using rw::Index;
using Memories = std::deque<DeviceMemory>;  // one a rank

constexpr Index heads = 5, head_dim = 32, token = heads * head_dim;

int ranks = 0, failures = 0;
std::vector<ncclComm_t> comms;
std::vector<cudaStream_t> streams;

void check(ncclResult_t code) {
  if (code != ncclSuccess) throw std::runtime_error(ncclGetErrorString(code));
}

template <class Work>
void on_each_rank(const Work& work) {
  for (int r = 0; r < ranks; ++r) {
    check(cudaSetDevice(r));
    work(r);
  }
}

/// So many bytes from one rank to another, in a group that NCCL runs at once.
void send(int from, const void* data, int to, void* place, std::size_t bytes) {
  if (bytes == 0) return;
  check(ncclSend(data, bytes, ncclUint8, to, comms[from], streams[from]));
  check(ncclRecv(place, bytes, ncclUint8, from, comms[to], streams[to]));
}

template <class X>
std::vector<X> queries_of(const rw::List<Index>& tokens) {
  std::vector<X> x;
  for (const Index id : tokens) {
    for (Index i = 0; i < token; ++i) {
      x.push_back(static_cast<X>(static_cast<float>((id * 97 + i * 7) % 251) / 64 - 2));
    }
  }
  return x;
}

rw::Table<float> table_of(const rw::Positions& positions) {
  return rw::make_table<float>(positions, rw::frequencies(head_dim, 1e4));
}

template <class X>
struct Problem {
  rw::Positions positions;
  rw::Options options;
  std::vector<X> weight = queries_of<X>({3});

  rw::RmsNorm<X> norm(const X* of) const {
    return rw::rms_norm_hf(of, head_dim).in_order(rw::NormOrder::cpu);
  }

  /// Of some heads of the tokens at those positions, on a rank's device.
  void turn(int r, X* x, Index of_heads, const rw::Positions& at) const {
    const rw::Table<float> rows = table_of(at);
    const DeviceMemory own(std::vector<float>(rows.cos(0, 0), rows.cos(0, at.seq))),
        own_weight(weight);
    const rw::View<const float> table(own.as<float>(), {1, at.seq, 1, head_dim});
    rw::cuda::apply_inplace(streams[r], rw::View<X>(x, {1, at.seq, of_heads, head_dim}),
                            norm(own_weight.as<X>()), rw::packed_cos_sin_table(table), options);
    check(cudaStreamSynchronize(streams[r]));  // before table and weight are freed
  }
};

/// Gathers on rank 0, and compares with the whole on the CPU.
template <class X, class ShardOf>
void compare(const Problem<X>& of, const char* what, const Memories& x, const ShardOf& shard_of) {
  const Index seq = of.positions.seq;
  std::vector<X> whole = queries_of<X>(rw::token_ids(rw::Chunk{0, seq})), all(whole.size());
  check(cudaSetDevice(0));
  const DeviceMemory gathered(all);
  char* to = gathered.as<char>();
  check(ncclGroupStart());
  for (int r = 0; r < ranks; ++r) {
    send(r, x[r].as<char>(), 0, to, x[r].bytes());
    to += x[r].bytes();
  }
  check(ncclGroupEnd());
  on_each_rank([&](int r) { check(cudaStreamSynchronize(streams[r])); });
  const std::vector<X> rank_after_rank = gathered.values<X>();
  const X* from = rank_after_rank.data();
  for (int r = 0; r < ranks; ++r) {
    for (const Index id : rw::token_ids(shard_of(r))) {
      std::memcpy(static_cast<void*>(all.data() + id * token), from, token * sizeof(X));
      from += token;
    }
  }
  rw::apply_inplace(rw::serial, rw::View<X>(whole.data(), {1, seq, heads, head_dim}),
                    of.norm(of.weight.data()), table_of(of.positions), of.options);
  if (std::memcmp(all.data(), whole.data(), whole.size() * sizeof(X)) == 0) return;
  std::printf("%s: OTHER BITS\n", what);
  ++failures;
}

/// Every rank turns its tokens by a table of their rows alone.
template <class X, class Split>
void own_tokens(const Problem<X>& of, const char* what, const Split& split) {
  const auto shard_of = [&](int r) { return split(of.positions.seq, ranks, r); };
  Memories x;
  on_each_rank([&](int r) {
    const rw::List<Index> tokens = rw::token_ids(shard_of(r));
    x.emplace_back(queries_of<X>(tokens));
    of.turn(r, x[r].template as<X>(), heads, rw::select_tokens(of.positions, tokens));
  });
  compare(of, what, x, shard_of);
}

/// Ulysses: heads are sent to the ranks that turn them for all tokens, and sent back.
template <class X>
void ulysses(const Problem<X>& of) {
  constexpr auto row = head_dim * static_cast<Index>(sizeof(X));  // bytes
  const auto tokens_of = [&](int r) { return rw::contiguous_shard(of.positions.seq, ranks, r); };
  const auto heads_of = [](int r) { return rw::contiguous_shard(heads, ranks, r); };
  Memories x, packed, turned;
  // What rank a has of the heads of rank b, as its part of `packed`.
  const auto part = [&](int a, int b) {
    return packed[a].as<char>() + tokens_of(a).count * heads_of(b).begin * row;
  };
  const auto pack = [&](int a, bool back) {
    for (int b = 0; b < ranks && heads_of(b).count > 0; ++b) {
      char *to = part(a, b), *from = x[a].as<char>() + heads_of(b).begin * row;
      Index width = heads_of(b).count * row, to_pitch = width, from_pitch = heads * row;
      if (back) std::swap(to, from), std::swap(to_pitch, from_pitch);
      check(cudaMemcpy2DAsync(to, to_pitch, from, from_pitch, width, tokens_of(a).count,
                              cudaMemcpyDeviceToDevice, streams[a]));
    }
  };
  const auto exchange = [&](bool back) {
    check(ncclGroupStart());
    for (int a = 0; a < ranks; ++a) {
      for (int b = 0; b < ranks; ++b) {
        char* const to = turned[b].as<char>() + tokens_of(a).begin * heads_of(b).count * row;
        const Index bytes = tokens_of(a).count * heads_of(b).count * row;
        back ? send(b, to, a, part(a, b), bytes) : send(a, part(a, b), b, to, bytes);
      }
    }
    check(ncclGroupEnd());
  };
  on_each_rank([&](int r) {
    x.emplace_back(queries_of<X>(rw::token_ids(tokens_of(r))));
    packed.emplace_back(x[r].bytes());
    turned.emplace_back(static_cast<std::size_t>(of.positions.seq * heads_of(r).count * row));
    pack(r, false);
  });
  exchange(false);
  on_each_rank(
      [&](int r) { of.turn(r, turned[r].template as<X>(), heads_of(r).count, of.positions); });
  exchange(true);
  on_each_rank([&](int r) { pack(r, true); });
  compare(of, "Ulysses", x, tokens_of);
}

template <class X>
void every_problem() {
  const std::vector<Index> cu_seqlens = {0, 5, 6, 29, 43};
  for (const rw::Pairing pairing : {rw::Pairing::interleaved, rw::Pairing::half}) {
    const Problem<X> of{rw::packed_positions(cu_seqlens), rw::Options(pairing)};
    own_tokens(of, "contiguous", rw::contiguous_shard);
    own_tokens(of, "zigzag", rw::zigzag_shard);
    ulysses(of);
  }
}

}  // namespace

int main() try {
  const cudaError_t counted = cudaGetDeviceCount(&ranks);  // fails where no driver or device is
  const bool is_none = counted == cudaErrorNoDevice || counted == cudaErrorInsufficientDriver;
  if (is_none || (counted == cudaSuccess && ranks < 2)) return 77;
  check(counted);
  comms.resize(ranks), streams.resize(ranks);
  check(ncclCommInitAll(comms.data(), ranks, nullptr));
  on_each_rank([](int r) { check(cudaStreamCreate(&streams[r])); });
  every_problem<float>();
  every_problem<Eigen::bfloat16>();
  std::printf("%d devices: %d differ\n", ranks, failures);
  return failures == 0 ? 0 : 1;
} catch (const std::exception& error) {
  std::printf("%s\n", error.what());
  return 1;
}
