// Sequence and head parallelism over MPI. Every rank turns, and normalises, its part of the queries
// [seq, heads, head_dim] as they stand in the whole sequence; gathered, the parts are the whole,
// bit for bit. Contiguous shards, zigzag shards (ring attention) and Ulysses.
//
// usage: mpirun -n RANKS shards [--local]
//
// With --local a shard's positions begin at 0: the mistake, which the comparisons must find.
#define OMPI_SKIP_MPICXX  // the functions of C, and no warnings of those of C++
#include <mpi.h>

#include <cstdio>
#include <cstring>
#include <ropewalk/ropewalk.hpp>
#include <string>
#include <vector>

namespace rw = ropewalk;
using rw::Index;

namespace {

constexpr Index heads = 5, head_dim = 32;

int ranks = 1, rank = 0;
bool local_positions = false;
int compared = 0, differ = 0;

/// The queries of some tokens: on each rank those that its projection gives.
template <class X>
std::vector<X> queries_of(const rw::List<Index>& tokens) {
  std::vector<X> x;
  for (const Index token : tokens) {
    for (Index i = 0; i < heads * head_dim; ++i) {
      x.push_back(static_cast<X>(static_cast<float>((token * 97 + i * 7) % 251) / 64 - 2));
    }
  }
  return x;
}

template <class X>
rw::View<X> view_of(std::vector<X>& x, Index seq, Index of_heads = heads) {
  return {x.data(), {1, seq, of_heads, head_dim}};
}

/// What goes to or comes from each rank, one after the other; rows_of(r) rows of one head each.
template <class X>
struct Parts {
  template <class RowsOf>
  explicit Parts(const RowsOf& rows_of) {
    for (int r = 0; r < ranks; ++r) {
      offsets.push_back(total);
      bytes.push_back(static_cast<int>(rows_of(r) * head_dim) * static_cast<int>(sizeof(X)));
      total += bytes.back();
    }
  }
  std::size_t size() const { return static_cast<std::size_t>(total) / sizeof(X); }
  X* of(std::vector<X>& buffer, int r) const {
    return buffer.data() +
           static_cast<std::size_t>(offsets[static_cast<std::size_t>(r)]) / sizeof(X);
  }

  std::vector<int> bytes, offsets;
  int total = 0;
};

template <class X>
std::vector<X> all_to_all(const std::vector<X>& from, const Parts<X>& sent, const Parts<X>& got) {
  std::vector<X> to(got.size());
  MPI_Alltoallv(from.data(), sent.bytes.data(), sent.offsets.data(), MPI_BYTE, to.data(),
                got.bytes.data(), got.offsets.data(), MPI_BYTE, MPI_COMM_WORLD);
  return to;
}

template <class X>
void copy(const rw::View<X>& to, const rw::View<X>& from) {
  for (Index s = 0; s < to.seq(); ++s) {
    for (Index h = 0; h < to.heads(); ++h) {
      std::memcpy(static_cast<void*>(to.row(0, s, h)), from.row(0, s, h), head_dim * sizeof(X));
    }
  }
}

/// One sequence, and what is done to its queries.
template <class X>
struct Problem {
  const char* name;
  rw::Positions positions;
  rw::RmsNorm<X> norm;
  rw::Options options;

  Index seq() const { return positions.seq; }
  rw::Chunk tokens_of(int r) const { return rw::contiguous_shard(seq(), ranks, r); }
  rw::Shard zigzag_of(int r) const { return rw::zigzag_shard(seq(), ranks, r); }
  bool over_token() const { return norm.over == rw::NormOver::token; }
};

rw::Table<float> table_of(const rw::Positions& positions) {
  return rw::make_table<float>(positions, rw::frequencies(head_dim, 1e4));
}

/// Gathers the ranks' tokens in their places, and compares them with the whole that one rank makes.
template <class X, class ShardOf>
void compare(const Problem<X>& of, const char* what, const std::vector<X>& own,
             const ShardOf& shard_of, bool must_differ = false) {
  const Parts<X> parts([&](int r) { return rw::Shard(shard_of(r)).seq() * heads; });
  std::vector<X> gathered(rank == 0 ? parts.size() : 0);
  MPI_Gatherv(own.data(), static_cast<int>(own.size() * sizeof(X)), MPI_BYTE, gathered.data(),
              parts.bytes.data(), parts.offsets.data(), MPI_BYTE, 0, MPI_COMM_WORLD);
  if (rank != 0) return;
  std::vector<X> whole = queries_of<X>(rw::token_ids(rw::Chunk{0, of.seq()})), all(whole.size());
  for (int r = 0; r < ranks; ++r) {
    X* from = parts.of(gathered, r);
    for (const Index id : rw::token_ids(shard_of(r))) {
      copy(view_of(all, of.seq()).seq(id, 1), rw::View<X>(from, {1, 1, heads, head_dim}));
      from += heads * head_dim;
    }
  }
  rw::apply_inplace(rw::serial, view_of(whole, of.seq()), of.norm, table_of(of.positions),
                    of.options);
  const bool same = std::memcmp(all.data(), whole.data(), whole.size() * sizeof(X)) == 0;
  ++compared;
  if (same != must_differ) return;
  ++differ;
  std::printf("%s, %d ranks, %s: %s\n", of.name, ranks, what, same ? "the same" : "OTHER BITS");
}

/// A contiguous shard takes its rows of the table of all positions.
template <class X>
void contiguous(const Problem<X>& of) {
  const rw::Table<float> table = table_of(of.positions);
  const rw::Chunk shard = of.tokens_of(rank);
  std::vector<X> x = queries_of<X>(rw::token_ids(shard));
  const Index position = local_positions ? 0 : shard.begin;
  rw::apply_inplace(rw::serial, view_of(x, shard.count), of.norm,
                    table.view().rows(position, shard.count), of.options);
  compare(of, "contiguous", x, [&](int r) { return of.tokens_of(r); });
}

/// A zigzag shard gathers the rows of its two chunks, or has a table of those alone.
template <class X>
void zigzag(const Problem<X>& of) {
  const rw::Shard shard = of.zigzag_of(rank);
  const rw::List<Index> tokens = rw::token_ids(shard);
  const auto ids = local_positions ? rw::token_ids(rw::Chunk{0, shard.seq()}) : tokens;
  const auto shard_of = [&](int r) { return of.zigzag_of(r); };

  const rw::Table<float> table = table_of(of.positions);
  std::vector<X> x = queries_of<X>(tokens);
  rw::apply_inplace(rw::serial, view_of(x, shard.seq()), of.norm, table.view().gather(ids),
                    of.options);
  compare(of, "zigzag, rows of the whole table", x, shard_of);

  const rw::Table<float> own = table_of(rw::select_tokens(of.positions, ids));
  x = queries_of<X>(tokens);
  rw::apply_inplace(rw::serial, view_of(x, shard.seq()), of.norm, own, of.options);
  compare(of, "zigzag, rows of its own", x, shard_of);
}

/// Ulysses: a rank has some tokens of all heads; by an all-to-all it gets all tokens of some heads,
/// turns them by the table of all positions, attends, and sends them back. A norm over all heads of
/// a token comes before, one over each head may come after.
template <class X>
void ulysses(const Problem<X>& of, bool norm_late = false) {
  const rw::Table<float> table = table_of(of.positions);
  const rw::Chunk tokens = of.tokens_of(rank), own_heads = rw::contiguous_shard(heads, ranks, rank);
  const auto heads_of = [](int r) { return rw::contiguous_shard(heads, ranks, r); };
  const Parts<X> by_heads([&](int r) { return tokens.count * heads_of(r).count; });
  const Parts<X> by_tokens([&](int r) { return of.tokens_of(r).count * own_heads.count; });
  const auto part = [&](std::vector<X>& buffer, int r) {
    return rw::View<X>(by_heads.of(buffer, r), {1, tokens.count, heads_of(r).count, head_dim});
  };
  std::vector<X> x = queries_of<X>(rw::token_ids(tokens)), buffer(by_heads.size());
  const rw::View<X> all = view_of(x, tokens.count);

  if (of.over_token() && !norm_late) {
    const auto no_pairs = table.view().rows(tokens.begin, tokens.count).pairs(0, 0);
    rw::apply_inplace(rw::serial, all, of.norm, no_pairs);
  }
  for (int r = 0; r < ranks; ++r) {
    copy(part(buffer, r), all.heads(heads_of(r).begin, heads_of(r).count));
  }
  std::vector<X> turned = all_to_all(buffer, by_heads, by_tokens);
  const rw::View<X> some = view_of(turned, of.seq(), own_heads.count);
  const rw::TableView<float> rows = table.view();
  if (norm_late) {  // by the rank's part of the weight: another norm, over those heads alone
    rw::RmsNorm<X> of_part = of.norm;
    of_part.weight += own_heads.begin * head_dim;
    of_part.weight_size = own_heads.count * head_dim;
    rw::apply_inplace(rw::serial, some, of_part, rows, of.options);
  } else if (of.over_token()) {
    rw::apply_inplace(rw::serial, some, rows, of.options);
  } else {
    rw::apply_inplace(rw::serial, some, of.norm, rows, of.options);
  }
  buffer = all_to_all(turned, by_tokens, by_heads);
  for (int r = 0; r < ranks; ++r) {
    copy(all.heads(heads_of(r).begin, heads_of(r).count), part(buffer, r));
  }
  compare(
      of, norm_late ? "Ulysses, a norm over the heads of a rank" : "Ulysses", x,
      [&](int r) { return of.tokens_of(r); }, norm_late);
}

template <class X>
void every_split(const Problem<X>& of) {
  contiguous(of);
  zigzag(of);
  if (local_positions) return;  // a shard of heads has all positions
  ulysses(of);
  if (of.over_token() && ranks > 1) ulysses(of, true);
}

template <class X>
void every_problem() {
  const auto weight = queries_of<X>({3});
  const rw::RmsNorm<X> norms[] = {rw::rms_norm_hf(weight.data(), head_dim),
                                  rw::rms_norm_torch(weight.data(), heads * head_dim).over_token()};
  for (const rw::RmsNorm<X>& norm : norms) {
    for (const rw::Pairing pairing : {rw::Pairing::interleaved, rw::Pairing::half}) {
      const rw::Options options(pairing);
      for (const Index seq : {3, 37, 64}) {
        every_split<X>({"one sequence", rw::sequence_positions(seq), norm, options});
      }
      const std::vector<Index> cu_seqlens = {0, 5, 6, 29, 43};
      every_split<X>({"packed sequences", rw::packed_positions(cu_seqlens), norm, options});
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  local_positions = argc > 1 && std::string(argv[1]) == "--local";
  every_problem<float>();
  every_problem<Eigen::bfloat16>();
  if (rank == 0) std::printf("%d ranks: %d of %d differ\n", ranks, differ, compared);
  MPI_Bcast(&differ, 1, MPI_INT, 0, MPI_COMM_WORLD);
  MPI_Finalize();
  return differ == 0 ? 0 : 1;
}
