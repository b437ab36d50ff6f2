// ropewalk_apply, and what it shares with ropewalk_rotate.
#include <cstring>

#include "border.hpp"
#include "turns.hpp"

namespace ropewalk_c {

static_assert(static_cast<int>(rw::Pairing::interleaved) == ROPEWALK_PAIRING_INTERLEAVED &&
              static_cast<int>(rw::Pairing::half) == ROPEWALK_PAIRING_HALF &&
              static_cast<int>(rw::Pairing::interleaved_to_half) ==
                  ROPEWALK_PAIRING_INTERLEAVED_TO_HALF);
static_assert(static_cast<int>(rw::Compute::promoted) == ROPEWALK_COMPUTE_PROMOTED &&
              static_cast<int>(rw::Compute::wide) == ROPEWALK_COMPUTE_WIDE);

// The last error ----------------------------------------------------------------------------------

static thread_local char last_error[4096];

void keep(const char* text) noexcept {
  std::strncpy(last_error, text, sizeof(last_error) - 1);  // the last byte stays 0
}

// Turns -------------------------------------------------------------------------------------------

/// The ids of a table of so many rows.
static detail::RowIds ids_of(const ropewalk_table& table, Index stride, Index rows) {
  using detail::IdsOf;
  const IdsOf of = table.ids_are_starts != 0 ? IdsOf::samples : IdsOf::tokens;
  if (table.id_bits == 32) return {static_cast<const std::int32_t*>(table.ids), of, stride, rows};
  return {static_cast<const std::int64_t*>(table.ids), of, stride, rows};
}

detail::RawTable raw_table(const Place& place, const ropewalk_table& table) {
  detail::RawTable raw =
      with_table(place, table, [](const auto& view) { return detail::RawTable(view); });
  if (!raw.ids) return raw;
  const Place of_ids{place.function, "the position ids"};
  const Index batch = table.id_shape[0];
  const Index stride = batch > 1 ? table.id_batch_stride : 0;  // those of one are everybody's
  detail::check_not_negative(of_ids, "batch stride", stride);
  const Index end = detail::checked_reach(of_ids, "batch", table.id_shape[1], batch, stride);
  detail::checked_reach(of_ids, "bytes", end, table.id_bits / 8, end);
  raw.ids = ids_of(table, stride, raw.ids.rows());
  raw.ids.set_first(table.first_position);
  if (table.leaves != 0) raw.ids.set_left(table.left_id);
  detail::check_said_of_ids(place.function, raw.ids);
  return raw;
}

Turns turns_of(Memory& memory, const detail::Names& names, const ropewalk_tensor* outs,
               const ropewalk_tensor* xs, std::int64_t count, std::int32_t table_dtype,
               const detail::RawTable& table) {
  detail::check_not_negative({names.function, "xs"}, "count", count);
  auto turns = memory.list<Turn>(count);
  if (count == 0) return turns;
  given(names.function, "xs", xs);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const detail::Names named = names_of(names, i);
    const ropewalk_tensor& out = outs != nullptr ? outs[i] : xs[i];
    const auto raw_x = raw_view(named.x, xs[i]);
    turns.push_back(
        {out.dtype, xs[i].dtype, table_dtype, {raw_view(named.out, out), raw_x, table}});
  }
  return turns;
}

static void check_all_apart(const detail::Names& names, const Turns& turns) {
  for (std::size_t i = 0; i < turns.size(); ++i) {
    for (std::size_t j = i + 1; j < turns.size(); ++j) {
      detail::check_outs_apart(names_of(names, i), turns[i].of.out, turns[i].of.x,
                               names_of(names, j), turns[j].of.out, turns[j].of.x);
    }
  }
}

void check(const detail::Names& names, const Turns& turns, detail::InPlace in_place) {
  for (std::size_t i = 0; i < turns.size(); ++i) {
    const RawArguments& of = turns[i].of;
    detail::check_arguments(names_of(names, i), names.has_out ? of.out : of.x, of.x, of.table,
                            in_place);
  }
  check_all_apart(names, turns);
}

static detail::Kernels kernels_of(const detail::Names& names, rw::Isa isa,
                                  const rw::Options& options, const Turn& turn) {
  return with_types(names, turn, [&](auto out, auto x, auto table) {
    return detail::select_kernels<typename decltype(out)::type, typename decltype(x)::type,
                                  typename decltype(table)::type>(isa, options);
  });
}

/// detail::rotate_tokens of tensors whose number and types are known when the program runs. What it
/// finds wrong in a type is the first error of the call: the tensors before it are sound.
static bool rotate_tokens(std::pmr::vector<detail::Job>& jobs, const detail::Names& names,
                          rw::Isa isa, const rw::Options& options, const Turns& turns) {
  for (const Turn& turn : turns) {
    const RawArguments& of = turn.of;
    if (of.x.shape.batch != 1 || of.x.shape.seq != 1) return false;
    const detail::Kernels kernels = kernels_of(names_of(names, jobs.size()), isa, options, turn);
    detail::Job& job = jobs.emplace_back();
    job.kernel = kernels.rows;
    const detail::RawView& out = names.has_out ? of.out : of.x;
    if (!detail::rows_of_token(job.rows, out, of.x, of.table, kernels)) return false;
  }
  check_all_apart(names, turns);
  ROPEWALK_MEMORY_BORDER();
  for (const detail::Job& job : jobs) job.kernel(job.rows);
  ROPEWALK_MEMORY_BORDER();
  return true;
}

void fused(Memory& memory, const detail::Names& names, const Device& device,
           const rw::Options& options, const Turns& turns) {
  const rw::Isa isa = detail::checked_isa(names.function, rw::Isa::automatic);
  const detail::InPlace in_place = detail::in_place_by(options.pairing);
  auto jobs = memory.list<detail::Job>(static_cast<Index>(turns.size()));
  const bool may_be_short = names.has_out || in_place == detail::InPlace::allowed;
  if (may_be_short && rotate_tokens(jobs, names, isa, options, turns)) return;
  jobs.clear();
  for (const Turn& turn : turns) {
    const detail::Names named = names_of(names, jobs.size());
    const RawArguments& of = turn.of;
    const detail::Kernels kernels = kernels_of(named, isa, options, turn);
    detail::Job& job = jobs.emplace_back();
    job.out = names.has_out ? &of.out : &of.x;
    job.x = &of.x;
    job.table = &of.table;
    job.kernel = nullptr;
    if (detail::check_arguments(named, *job.out, of.x, of.table, in_place)) {
      detail::settle(job, kernels, rw::Stores::automatic);
    }
  }
  check_all_apart(names, turns);
  const detail::Job* const begin = jobs.data();
  const detail::Job* const end = begin + jobs.size();
  const detail::Work work = detail::work_of(begin, end);
  if (work.tokens == 0) return;
  detail::for_token_ranges(device, work.tokens, work.each,
                           [&](Index first, Index stop) { detail::run(begin, end, first, stop); });
}

// ropewalk_apply ----------------------------------------------------------------------------------

static rw::Options options_of(const char* function, const ropewalk_options& options) {
  const Place place{function, "the options"};
  const auto pairing =
      checked_number(place, "pairing", options.pairing, ROPEWALK_PAIRING_INTERLEAVED_TO_HALF);
  const auto compute = checked_number(place, "compute", options.compute, ROPEWALK_COMPUTE_WIDE);
  return rw::Options(static_cast<rw::Pairing>(pairing), static_cast<rw::Compute>(compute));
}

}  // namespace ropewalk_c

using namespace ropewalk_c;

const char* ropewalk_last_error(void) { return last_error; }

int32_t ropewalk_apply(const ropewalk_threads* threads, const ropewalk_tensor* outs,
                       const ropewalk_tensor* xs, int64_t count, const ropewalk_table* table,
                       const ropewalk_options* options) {
  return guarded([&] {
    const char* const function = "ropewalk_apply";
    const detail::Names names(function, "xs", outs != nullptr ? "outs" : nullptr, 0);
    const ropewalk_options defaults = {sizeof(defaults), 0, 0};
    const ropewalk_options& how =
        options != nullptr ? given_sized(function, "the options", options) : defaults;
    const rw::Options arithmetic = options_of(function, how);
    const Device device(function, threads);
    const ropewalk_table& of = given_sized(function, "the table", table);
    Memory memory;
    const Turns turns =
        turns_of(memory, names, outs, xs, count, of.dtype, raw_table(names.table, of));
    fused(memory, names, device, arithmetic, turns);
  });
}
