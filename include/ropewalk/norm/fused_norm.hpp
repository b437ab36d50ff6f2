// The fused form of a norm and the rotation: rows are normalised, then turned while they are in the
// first cache.
#ifndef ROPEWALK_NORM_FUSED_NORM_HPP
#define ROPEWALK_NORM_FUSED_NORM_HPP

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/call/arguments.hpp"
#include "ropewalk/call/token_ranges.hpp"
#include "ropewalk/cpu/fused.hpp"
#include "ropewalk/cpu/job.hpp"
#include "ropewalk/cpu/row_batch.hpp"
#include "ropewalk/isa.hpp"
#include "ropewalk/norm/check_norm.hpp"
#include "ropewalk/norm/norm_rows.hpp"
#include "ropewalk/norm/norm_types.hpp"
#include "ropewalk/options.hpp"

#if defined(ROPEWALK_COMPILED)
#include "ropewalk/norm/compiled.hpp"
#else
#include "ropewalk/norm/kernels.hpp"
#endif

ROPEWALK_BEGIN_NESTED(detail)

/// Calls turn(part) for parts of a batch whose rows stay in the first cache, unless all rows are
/// normalised together. Where rows are prefetched parts are shorter, so that it is done evenly: in
/// place beyond the caches 152 -> 139 ns a KiB of bfloat16, 112 -> 107 of float, on an Intel Xeon
/// (Sapphire Rapids class).
template <class Turn>
void for_parts(const RowBatch& batch, const Turn& turn) {
  const Index most_bytes = Index{batch.prefetch.x_l1 != 0 ? 4 : 16} << 10;
  const NormRows& norm = *batch.layout.norm;
  const Index most = norm.over_token ? batch.rows : std::max<Index>(1, most_bytes / norm.row_bytes);
  RowBatch part = batch;
  for (Index r = 0; r < batch.rows; r += most) {
    part.rows = std::min(most, batch.rows - r);
    turn(part);
    part.x = moved(part.x, part.rows * part.layout.x_stride);
    part.out = moved(part.out, part.rows * part.layout.out_stride);
    part.table_offset += part.rows * part.layout.table_stride;
    if (part.layout.table_stride == 0) part.prefetch.table_l1 = 0;  // they have been asked for
  }
}

/// Normalises rows into out and turns them there.
inline void turn_normed_in_place(const RowBatch& batch) {
  const NormRows& norm = *batch.layout.norm;
  for_parts(batch, [&](const RowBatch& part) {
    norm.normalise(part);
    norm.rotate(normalised_rows(part));
  });
}

/// What a pairing that moves features turns a normalised row from.
constexpr Index moved_row_room = Index{32} << 10;

/// The same by such a pairing: each normalised row by way of memory of its own.
inline void turn_normed_apart(const RowBatch& batch) {
  const NormRows& norm = *batch.layout.norm;
  for_parts(batch, [&](const RowBatch& part) {
    norm.normalise(part);
    alignas(64) std::byte row[moved_row_room];
    RowBatch turned = part;
    turned.rows = 1;
    turned.prefetch = {};
    turned.x = row;
    for (Index r = 0; r < part.rows; ++r) {
      turned.out = moved(part.out, r * part.layout.out_stride);
      std::memcpy(row, turned.out, static_cast<std::size_t>(norm.row_bytes));
      norm.rotate(turned);
      turned.table_offset += part.layout.table_stride;
    }
  });
}

/// One tensor to normalise and rotate: a Rotation and its norm.
template <class R, class Norm>
struct NormedRotation : R {
  const Norm& norm;
};

/// Valid as long as the views and the norm are: made where it is passed.
template <class R, class Norm>
ROPEWALK_INLINE NormedRotation<R, Norm> normed(const R& rotation,
                                               const Norm& norm ROPEWALK_LIFETIME_BOUND) {
  return {rotation, norm};
}

template <class R>
void check_weight_apart(const Names&, const NormedRotation<R, NoNorm>&, const Place&,
                        const RawView&) {}
template <class R, class W>
void check_weight_apart(const Names& names, const NormedRotation<R, RmsNorm<W>>& of,
                        const Place& out_place, const RawView& out) {
  check_weight_apart(place_of_weight(names.function, names.x.index),
                     raw_norm<typename R::X>(of.norm), out_place, out);
}

/// Sets how rows of x are normalised: the types of x and the weight are the kernels' from here on.
inline void set_norm(NormRows& rows, const RawView& x, const RawNorm& norm, const NormKernels& with,
                     const Kernels& kernels) {
  rows.weight = norm.weight;
  rows.features = x.shape.head_dim;
  rows.row_bytes = row_bytes(x);
  rows.eps = static_cast<float>(norm.eps);
  rows.finish = norm.finish;
  rows.over_token = norm.over == NormOver::token && x.shape.heads > 1;
  rows.normalise = with.normalise;
  rows.rotate = kernels.rows;
}

/// The kernel that normalises and turns all rows of a token at once; null if none does.
inline RowKernel turning_kernel(const RowBatch& token, const NormRows& norm,
                                const NormKernels& with, Pairing pairing) {
  constexpr Index step = 32;  // pairs
  const RowLayout& layout = token.layout;
  const RowKernel turn = pairing == Pairing::half ? with.turn_half : with.turn_interleaved;
  const bool fits = turn != nullptr && !moves_features(pairing) && token.rows > 1 &&
                    layout.reads_table && token.table->is_rotation &&
                    token.table->element_bytes == sizeof(float) && layout.table_stride == 0 &&
                    layout.pairs % step == 0 && 2 * layout.pairs == norm.features &&
                    layout.pairs != 0;
  const bool by_own_weights =
      norm.finish != NormFinish::round_then_weight && norm.weight != nullptr;
  if (!fits || (norm.over_token ? !by_own_weights : norm.features > 512)) return nullptr;
  const Index size = norm.over_token ? token.rows * norm.features : norm.features;
  return with.turns(norm, size) ? turn : nullptr;
}

/// Gives a token's rows their norm. Returns the kernel that normalises and turns them.
inline RowKernel normed_kernel(RowBatch& token, const NormRows& norm, const NormKernels& with,
                               Pairing pairing) {
  token.layout.norm = &norm;
  if (const RowKernel turn = turning_kernel(token, norm, with, pairing)) return turn;
  return moves_features(pairing) ? turn_normed_apart : turn_normed_in_place;
}

// Any number of tokens ----------------------------------------------------------------------------

template <class R>
void prepare_normed(Job& job, NormRows&, const Names& names, const NormedRotation<R, NoNorm>& of,
                    const Kernels& kernels, Isa, Pairing pairing, const CpuOptions& cpu) {
  prepare(job, names, of, kernels, in_place_by(pairing), cpu);
}

/// Checks a job's tensor and its norm, and settles how they are done.
inline void prepare_normed(Job& job, NormRows& rows, const Names& names, const RawNorm& norm,
                           const NormKernels& with, const Kernels& kernels, Pairing pairing,
                           Stores stores) {
  const Shape& x = job.x->shape;
  const InPlace in_place = in_place_by(pairing);
  job.kernel = nullptr;
  if (!check_normed(names, *job.out, *job.x, *job.table, norm, in_place, Ids::on_host, job.slots)) {
    return;
  }
  set_norm(rows, *job.x, norm, with, kernels);
  if (in_place != InPlace::allowed) {
    check_at_most(names.x, "head_dim, normalised and moved,", x.head_dim,
                  moved_row_room / job.x->element_bytes);
  }
  // Past the caches go rows that fit into the first one together.
  const bool fits = !rows.over_token || x.heads * rows.row_bytes <= past_caches_room;
  settle(job, kernels, fits ? stores : Stores::cached,
         rows.over_token ? Normed::over_token : Normed::by_head);
  job.kernel = normed_kernel(job.rows, rows, with, pairing);
}

template <class R, class W>
void prepare_normed(Job& job, NormRows& rows, const Names& names,
                    const NormedRotation<R, RmsNorm<W>>& of, const Kernels& kernels, Isa isa,
                    Pairing pairing, const CpuOptions& cpu) {
  job.out = &of.out;
  job.x = &of.x;
  job.table = &of.table;
  job.slots = of.slots();
  prepare_normed(job, rows, names, raw_norm<typename R::X>(of.norm),
                 norm_kernels<typename R::X, W>(isa), kernels, pairing, cpu.stores);
}

/// Normalises and rotates one tensor or several of any number of tokens; not inlined as fused_jobs.
template <class Device, class... Of>
[[gnu::noinline]] void fused_norm_jobs(const Names& names, const Device& device,
                                       const Kernels* kernels, Isa isa, Pairing pairing,
                                       const CpuOptions& cpu, const Of&... of) {
  Job jobs[sizeof...(Of)];
  NormRows rows[sizeof...(Of)];
  std::size_t at = 0;
  Names named = names;
  ((prepare_normed(jobs[at], rows[at], named, of, kernels[at], isa, pairing, cpu), named.next(),
    ++at),
   ...);
  check_all_apart(names, of...);
  check_all_filling(names, cpu.slots, of...);
  check_all_weights_apart(names, of...);
  const Work work = work_of(jobs, jobs + sizeof...(Of));
  if (work.tokens == 0) return;
  for_token_ranges(device, work.tokens, work.each,
                   [&](Index begin, Index end) { run(jobs, jobs + sizeof...(Of), begin, end); });
}

// One token ---------------------------------------------------------------------------------------

/// Checks the norm of a token whose rows are set, and gives it to them; as normed_kernel.
inline RowKernel set_token_norm(RowBatch& token, NormRows& rows, const Names& names,
                                const RawView& x, const RawNorm& norm, const NormKernels& with,
                                const Kernels& kernels, Pairing pairing) {
  check_norm(names, norm, x.shape, Ids::on_host);
  set_norm(rows, x, norm, with, kernels);
  return normed_kernel(token, rows, with, pairing);
}

/// The rows of a token and how they are done.
struct NormedToken {
  RowBatch rows;
  NormRows norm;
  RowKernel kernel;
};

template <class R>
bool set_token(NormedToken& token, const Names&, const NormedRotation<R, NoNorm>& of,
               const Kernels& kernels, Isa, Pairing) {
  token.kernel = kernels.rows;
  return rows_of_token(token.rows, of.out, of.x, of.table, kernels);
}

/// False as rows_of_token; of a sound tensor a wrong norm is an error.
template <class R, class W>
bool set_token(NormedToken& token, const Names& names, const NormedRotation<R, RmsNorm<W>>& of,
               const Kernels& kernels, Isa isa, Pairing pairing) {
  if (!rows_of_token(token.rows, of.out, of.x, of.table, kernels)) return false;
  token.kernel =
      set_token_norm(token.rows, token.norm, names, of.x, raw_norm<typename R::X>(of.norm),
                     norm_kernels<typename R::X, W>(isa), kernels, pairing);
  return true;
}

/// Normalises and rotates one token of each tensor as rotate_tokens does; false if not all are
/// sound at first sight.
template <class... Tensors>
bool turn_normed_tokens(const Names& names, const Kernels* kernels, Isa isa, Pairing pairing,
                        const Tensors&... tensors) {
  NormedToken tokens[sizeof...(Tensors)];
  NormedToken* end = tokens;
  Names named = names;
  const auto set = [&](const auto& tensor) {
    if (tensor.slots() != nullptr) return false;
    const bool is_set = set_token(*end++, named, tensor, *kernels++, isa, pairing);
    named.next();
    return is_set;
  };
  if (!(set(tensors) && ...)) return false;
  check_all_apart(names, tensors...);
  check_all_weights_apart(names, tensors...);
  ROPEWALK_MEMORY_BORDER();
  for (const NormedToken* at = tokens; at != end; ++at) at->kernel(at->rows);
  ROPEWALK_MEMORY_BORDER();
  return true;
}

/// Normalises and rotates one tensor or several; see fused.
template <class Device, class How, class... Of>
void fused_norms(const Names& names, const Device& device, const How& options,
                 const CpuOptions& cpu, const Of&... of) {
  const Isa isa = checked_isa(names.function, cpu.isa);
  const Kernels kernels[] = {
      select_kernels<typename Of::Out, typename Of::X, typename Of::Tab>(isa, options)...};
  const Pairing pairing = options.pairing;
  const bool may_be_short = !moves_features(pairing) && cpu.stores != Stores::nontemporal;
  if (may_be_short && turn_normed_tokens(names, kernels, isa, pairing, of...)) return;
  fused_norm_jobs(names, device, kernels, isa, pairing, cpu, of...);
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_NORM_FUSED_NORM_HPP
