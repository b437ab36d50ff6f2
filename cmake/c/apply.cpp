// ropewalk_apply and ropewalk_apply_normed, and what they share with ropewalk_rotate.
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
static_assert(static_cast<int>(rw::NormFinish::one_rounding) == ROPEWALK_FINISH_ONE_ROUNDING &&
              static_cast<int>(rw::NormFinish::round_then_weight) ==
                  ROPEWALK_FINISH_ROUND_THEN_WEIGHT &&
              static_cast<int>(rw::NormFinish::one_plus_weight) == ROPEWALK_FINISH_ONE_PLUS_WEIGHT);
static_assert(static_cast<int>(rw::NormOver::head) == ROPEWALK_OVER_HEAD &&
              static_cast<int>(rw::NormOver::token) == ROPEWALK_OVER_TOKEN);

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

/// A weight must not be written, by no out of the call.
static void check_weights_apart(const detail::Names& names, const Turns& turns) {
  for (std::size_t i = 0; i < turns.size(); ++i) {
    if (turns[i].norm == nullptr) continue;
    const Place weight = detail::place_of_weight(names.function, names_of(names, i).x.index);
    for (std::size_t j = 0; j < turns.size(); ++j) {
      detail::check_weight_apart(weight, turns[i].norm->of, names_of(names, j).out,
                                 turns[j].of.out);
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

/// The kernels of a norm; its types must be some for which PyTorch returns the type of x.
static detail::NormKernels norm_kernels_of(const detail::Names& names, rw::Isa isa,
                                           const Turn& turn) {
  const std::int32_t weight = turn.norm->weight;
  return with_dtype(names.x, turn.x, [&](auto type) -> detail::NormKernels {
    using X = typename decltype(type)::type;
    if constexpr (std::is_same_v<X, double>) {
      detail::fail(names.x, "dtype", "is %" PRId32 ", must be 0, 2 or 3 of what has a norm",
                   turn.x);
    } else {
      if (turn.out != turn.x) {
        detail::fail(names.out, "dtype",
                     "is %" PRId32 ", must be %" PRId32 " as of %s, which has a norm", turn.out,
                     turn.x, detail::name_of(names.x).c_str());
      }
      if (weight == ROPEWALK_DTYPE_F32) return detail::norm_kernels<X, float>(isa);
      if (weight == turn.x) return detail::norm_kernels<X, X>(isa);
      detail::fail(detail::place_of_weight(names.function, names.x.index), "dtype",
                   "is %" PRId32 ", must be 0 or that of %s", weight,
                   detail::name_of(names.x).c_str());
    }
  });
}

/// detail::turn_normed_tokens of tensors whose number and types are known when the program runs.
/// What it finds wrong in a type or a norm is the first error of the call: the tensors before it
/// are sound.
static bool turn_tokens(std::pmr::vector<detail::Job>& jobs,
                        std::pmr::vector<detail::NormRows>& norms, const detail::Names& names,
                        rw::Isa isa, const rw::Options& options, const Turns& turns) {
  for (const Turn& turn : turns) {
    const RawArguments& of = turn.of;
    if (of.x.shape.batch != 1 || of.x.shape.seq != 1) return false;
    const bool has_norm = turn.norm != nullptr;
    if (has_norm && detail::moves_features(options.pairing)) return false;
    const detail::Names named = names_of(names, jobs.size());
    detail::NormKernels norm_kernels{};
    if (has_norm) norm_kernels = norm_kernels_of(named, isa, turn);
    const detail::Kernels kernels = kernels_of(named, isa, options, turn);
    detail::Job& job = jobs.emplace_back();
    job.kernel = kernels.rows;
    const detail::RawView& out = names.has_out ? of.out : of.x;
    if (!detail::rows_of_token(job.rows, out, of.x, of.table, kernels)) return false;
    if (has_norm) {
      job.kernel = detail::set_token_norm(job.rows, norms.emplace_back(), named, of.x,
                                          turn.norm->of, norm_kernels, kernels, options.pairing);
    }
  }
  check_all_apart(names, turns);
  check_weights_apart(names, turns);
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
  auto norms = memory.list<detail::NormRows>(static_cast<Index>(turns.size()));
  const bool may_be_short = names.has_out || in_place == detail::InPlace::allowed;
  if (may_be_short && turn_tokens(jobs, norms, names, isa, options, turns)) return;
  jobs.clear();
  norms.clear();
  for (const Turn& turn : turns) {
    const detail::Names named = names_of(names, jobs.size());
    const RawArguments& of = turn.of;
    detail::NormKernels norm_kernels{};
    if (turn.norm != nullptr) norm_kernels = norm_kernels_of(named, isa, turn);
    const detail::Kernels kernels = kernels_of(named, isa, options, turn);
    detail::Job& job = jobs.emplace_back();
    job.out = names.has_out ? &of.out : &of.x;
    job.x = &of.x;
    job.table = &of.table;
    job.kernel = nullptr;
    if (turn.norm != nullptr) {
      detail::prepare_normed(job, norms.emplace_back(), named, turn.norm->of, norm_kernels, kernels,
                             options.pairing, rw::Stores::automatic);
    } else if (detail::check_arguments(named, *job.out, of.x, of.table, in_place)) {
      detail::settle(job, kernels, rw::Stores::automatic);
    }
  }
  check_all_apart(names, turns);
  check_weights_apart(names, turns);
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

/// A norm as its caller says it; where x's type matters, it is that of tensor i.
static Norm norm_of(const detail::Names& names, std::size_t i, const ropewalk_norm& norm,
                    std::int32_t x_dtype) {
  const int index = names_of(names, i).x.index;
  const Place place{names.function, "the norm", index};
  detail::check_equal(place, "struct_size", norm.struct_size, sizeof(norm));
  detail::check_equal(place, "reserved", norm.reserved, 0);
  const auto finish = checked_number(place, "finish", norm.finish, ROPEWALK_FINISH_ONE_PLUS_WEIGHT);
  const auto over = checked_number(place, "over", norm.over, ROPEWALK_OVER_TOKEN);
  const Place weight = detail::place_of_weight(names.function, index);
  return with_dtype(weight, norm.weight_dtype, [&](auto type) -> Norm {
    detail::RawNorm raw;
    raw.weight = norm.weight;
    raw.weight_size = norm.weight_size;
    raw.weight_bytes = sizeof(typename decltype(type)::type);
    raw.eps = norm.eps;
    raw.finish = static_cast<rw::NormFinish>(finish);
    raw.over = static_cast<rw::NormOver>(over);
    raw.promotes = norm.weight_dtype != x_dtype;
    return {norm.weight_dtype, raw};
  });
}

/// A call with norms, or without any where there are none.
static void apply(const detail::Names& names, const ropewalk_threads* threads,
                  const ropewalk_tensor* outs, const ropewalk_tensor* xs,
                  const ropewalk_norm* const* norms, std::int64_t count,
                  const ropewalk_table* table, const ropewalk_options* options) {
  const char* const function = names.function;
  const ropewalk_options defaults = {sizeof(defaults), 0, 0};
  const ropewalk_options& how =
      options != nullptr ? given_sized(function, "the options", options) : defaults;
  const rw::Options arithmetic = options_of(function, how);
  const Device device(function, threads);
  const ropewalk_table& of = given_sized(function, "the table", table);
  Memory memory;
  Turns turns = turns_of(memory, names, outs, xs, count, of.dtype, raw_table(names.table, of));
  auto of_turns = memory.list<Norm>(norms != nullptr ? count : 0);
  for (std::size_t i = 0; norms != nullptr && i < turns.size(); ++i) {
    if (norms[i] == nullptr) continue;
    turns[i].norm = &of_turns.emplace_back(norm_of(names, i, *norms[i], turns[i].x));
  }
  fused(memory, names, device, arithmetic, turns);
}

}  // namespace ropewalk_c

using namespace ropewalk_c;

const char* ropewalk_last_error(void) { return last_error; }

int32_t ropewalk_apply(const ropewalk_threads* threads, const ropewalk_tensor* outs,
                       const ropewalk_tensor* xs, int64_t count, const ropewalk_table* table,
                       const ropewalk_options* options) {
  return guarded([&] {
    const detail::Names names("ropewalk_apply", "xs", outs != nullptr ? "outs" : nullptr, 0);
    apply(names, threads, outs, xs, nullptr, count, table, options);
  });
}

int32_t ropewalk_apply_normed(const ropewalk_threads* threads, const ropewalk_tensor* outs,
                              const ropewalk_tensor* xs, const ropewalk_norm* const* norms,
                              int64_t count, const ropewalk_table* table,
                              const ropewalk_options* options) {
  return guarded([&] {
    const char* const function = "ropewalk_apply_normed";
    const detail::Names names(function, "xs", outs != nullptr ? "outs" : nullptr, 0);
    if (count > 0) given(function, "norms", norms);
    apply(names, threads, outs, xs, norms, count, table, options);
  });
}
