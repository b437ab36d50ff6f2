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

/// Normalises rows into out and turns them there.
inline void turn_normed_in_place(const RowBatch& batch) {
  const NormRows& norm = *batch.layout.norm;
  norm.normalise(batch);
  if (batch.layout.pairs == 0) return;
  RowBatch turned = batch;
  turned.x = batch.out;
  turned.layout.x_stride = batch.layout.out_stride;
  turned.layout.rest = 0;
  turned.prefetch.x_l1 = turned.prefetch.x_l2 = turned.prefetch.out_l1 = 0;
  norm.rotate(turned);
}

/// Of a row that is turned by a pairing that moves features, once it is normalised.
constexpr Index moved_row_room = Index{32} << 10;

/// The same where the pairing moves features: by way of memory of its own, row by row.
inline void turn_normed_apart(const RowBatch& batch) {
  const NormRows& norm = *batch.layout.norm;
  norm.normalise(batch);
  alignas(64) std::byte row[moved_row_room];
  const Index bytes = norm.features * norm.feature_bytes;
  RowBatch turned = batch;
  turned.rows = 1;
  turned.prefetch = {};
  turned.x = row;
  for (Index r = 0; r < batch.rows; ++r) {
    turned.out = moved(batch.out, r * batch.layout.out_stride);
    std::memcpy(row, turned.out, static_cast<std::size_t>(bytes));
    norm.rotate(turned);
    turned.table_offset += batch.layout.table_stride;
  }
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
void prepare_norm(Job&, NormRows&, const Names&, const NormedRotation<R, NoNorm>&, const Kernels&,
                  Isa, InPlace) {}

/// Checks the norm of a job that is settled but for it, and puts it before the rotation.
template <class R, class W>
void prepare_norm(Job& job, NormRows& rows, const Names& names,
                  const NormedRotation<R, RmsNorm<W>>& of, const Kernels& kernels, Isa isa,
                  InPlace in_place) {
  const Shape& x = of.x.shape;
  check_norm(names, raw_norm<typename R::X>(of.norm), of.out, x);
  if (job.kernel == nullptr) return;
  if (in_place != InPlace::allowed) {
    check_at_most(names.x, "head_dim, normalised and moved,", x.head_dim,
                  moved_row_room / of.x.element_bytes);
  }
  rows = {of.norm.weight,
          x.head_dim,
          of.x.element_bytes,
          static_cast<float>(of.norm.eps),
          of.norm.finish,
          of.norm.over == NormOver::token && x.heads > 1,
          norm_kernel<typename R::X, W>(isa),
          kernels.rows};
  const bool fits = x.heads * row_bytes(of.out) <= past_caches_room;
  job.nontemporal = job.nontemporal && (!rows.over_token || fits);
  job.all_heads_together = rows.over_token;
  job.rows.layout.norm = &rows;
  job.kernel = in_place == InPlace::allowed ? turn_normed_in_place : turn_normed_apart;
}

/// Normalises and rotates one tensor or several; see fused.
template <class Device, class How, class... Of>
void fused_norms(const Names& names, const Device& device, const How& options,
                 const CpuOptions& cpu, const Of&... of) {
  const Isa isa = checked_isa(names.function, cpu.isa);
  const InPlace in_place = in_place_by(options.pairing);
  const Kernels kernels[] = {
      select_kernels<typename Of::Out, typename Of::X, typename Of::Tab>(isa, options)...};
  Job jobs[sizeof...(Of)];
  NormRows rows[sizeof...(Of)];
  Names named = names;
  std::size_t at = 0;
  ((prepare(jobs[at], named, of, kernels[at], in_place, cpu.stores),
    prepare_norm(jobs[at], rows[at], named, of, kernels[at], isa, in_place), named.next(), ++at),
   ...);
  check_all_apart(names, of...);
  const Work work = work_of(jobs, jobs + sizeof...(Of));
  if (work.tokens == 0) return;
  for_token_ranges(device, work.tokens, work.each,
                   [&](Index begin, Index end) { run(jobs, jobs + sizeof...(Of), begin, end); });
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_NORM_FUSED_NORM_HPP
