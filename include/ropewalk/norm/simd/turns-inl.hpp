// Rows normalised and turned at once, by AVX-512.
//
// Included by norm/kernels.hpp after norm_rows-inl.hpp. No include guard.
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

// In this order.
#include "ropewalk/norm/simd/moderate-inl.hpp"
#include "ropewalk/norm/simd/turned-inl.hpp"

/// Rows as they are, or widened, to be normalised.
template <class Source>
struct SourceRows {
  const Source* x;
  Index stride;  ///< in bytes
};

/// Turns `Group` steps of rows, from pair i on, by their reciprocals. Returns the pair behind them.
template <Pairing Of, bool Rounds, bool OverToken, int Group, class X, class Source, class W>
ROPEWALK_INLINE Index turn_normalised_group(const RowBatch& rows, SourceRows<Source> source,
                                            const W* weight, const WidenedRow<float>& coefficients,
                                            const float* reciprocals, Index i) {
  constexpr int count = register_bytes / int{sizeof(float)};
  constexpr Index pairs = Index{2} * count;
  constexpr Index step = first_feature(Of, pairs);
  const Index at = first_feature(Of, i);
  const Index partners = Of == Pairing::half ? rows.layout.pairs : pairs;
  const bool adds_one = rows.layout.norm->finish == NormFinish::one_plus_weight;
  const auto weights_at = [&](Index g) {
    const W* from = weight == nullptr ? weight : weight + at + g * step;
    return feature_weights<Rounds, count>(
        {load_weights<X, count>(from, adds_one),
         load_weights<X, count>(from == nullptr ? from : from + partners, adds_one)});
  };
  TurnBy<Of, X, count> by[std::size_t{Group}];
  FeatureWeights<Rounds, count> weights[std::size_t{Group}];
#pragma GCC unroll 2
  for (int g = 0; g < Group; ++g) {
    by[g] = turn_by<Of, X, count>(coefficients, i + g * pairs);
    if constexpr (!OverToken) weights[g] = weights_at(g);
  }
  const X* x = static_cast<const X*>(rows.x);
  X* out = static_cast<X*>(rows.out);
  for (Index r = 0; r < rows.rows; ++r) {
    prefetch_features_l1(rows.prefetch, x, out, i, Group * pairs);
    const auto reciprocal = broadcast<float, count>(reciprocals[OverToken ? 0 : r]);
    const Source* from = steps_from(source.x + at);
    X* to = steps_from(out + at);
    const auto from_step = [&](Index g) {
      return Places<const Source>{from + g * step, from + g * step + partners};
    };
    Features<count> y[std::size_t{Group}];
#pragma GCC unroll 2
    for (int g = 0; g < Group; ++g) {
      if constexpr (OverToken) weights[g] = weights_at(g);
      y[g] = normalised_features<true, Rounds, X>(
          from_step(g), weights[g], reciprocal,
          {x, i + g * pairs, rows.layout.pairs, rows.prefetch.x_l2});
    }
#pragma GCC unroll 2
    for (int g = 0; g < Group; ++g) {
      const Places<X> to_g{to + g * step, to + g * step + partners};
      if (__builtin_expect(!store_turned(to_g, turned<Of, X, count>(y[g], by[g])), 0)) {
        turn_exactly<Rounds, Of, X>(to_g, from_step(g), weights[g], reciprocal, by[g]);
      }
    }
    if constexpr (OverToken) weight += rows.layout.norm->features;
    source.x = moved(source.x, source.stride);
    x = moved(x, rows.layout.x_stride);
    out = moved(out, rows.layout.out_stride);
  }
  return i + Group * pairs;
}

template <Pairing Of, bool Rounds, bool OverToken, class X, class Source, class W>
[[gnu::noinline]] void turn_normalised_by(RowBatch rows, SourceRows<Source> source, const W* weight,
                                          WidenedRow<float> coefficients,
                                          const float* reciprocals) {
  constexpr Index step = Index{2} * register_bytes / Index{sizeof(float)};
  Index i = 0;
  while (rows.layout.pairs - i >= 2 * step) {
    i = turn_normalised_group<Of, Rounds, OverToken, 2, X>(rows, source, weight, coefficients,
                                                           reciprocals, i);
  }
  if (i < rows.layout.pairs) {
    turn_normalised_group<Of, Rounds, OverToken, 1, X>(rows, source, weight, coefficients,
                                                       reciprocals, i);
  }
}

/// What is left of rows that were added up: whether they can be turned by their reciprocals.
template <class X>
ROPEWALK_INLINE bool can_turn(const SumsOfLanes& sums, Index rows) {
  return !are_words<X> || (sums.are_moderate && are_moderate(sums, rows));
}

/// Whether rows are widened once, for their sums and to be turned. Of bfloat16 not on a Zen 4: it
/// takes two cycles to store 64 bytes. 97 -> 94 ns a KiB, with Hugging Face's norm 109 -> 105.
template <class X>
constexpr bool sums_widened = sizeof(X) == 2 && !(are_words<X> && has_bf16);

/// How many features are widened together.
constexpr int widened_room = 4096;

/// The squares of each of some rows, which are widened, summed up to their lanes.
template <class X>
[[gnu::noinline]] void sum_widened_rows(const X* x, Index rows, Index stride, Index features,
                                        float* wide, SumsOfLanes& sums) {
  constexpr int count = register_bytes / int{sizeof(float)};
  for (Index r = 0; r < rows; ++r, x = moved(x, stride)) {
    RowSums<count> of_row;
    of_row.clear();
    std::uint32_t all = ~std::uint32_t{0};
#pragma GCC unroll 4
    for (Index i = 0; i < features; i += sums_of_row, wide += sums_of_row) {
      of_row.template add_group<true>(x + i, all);
      const auto from = load_neighbours<count>(x + i);
      store(wide, from.a);
      store(wide + count, from.b);
    }
    sums.template watch<true>(x, features, all);
    alignas(64) float flat[sums_of_row];
    of_row.template flatten<X>(flat);
    gather_sums(flat, x, 0, sums.lanes[r], sums.totals[r]);
  }
}

/// Normalises rows, each by itself, and turns them.
template <Pairing Of, class X, class W>
ROPEWALK_INLINE bool turn_each(const RowBatch& rows, const W* weight,
                               const WidenedRow<float>& coefficients, SumsOfLanes& sums) {
  const NormRows& norm = *rows.layout.norm;
  const auto* x = static_cast<const X*>(rows.x);
  const auto turn = [&](auto source) {
    take_reciprocal_rms(sums, rows.rows, norm.features, norm.eps);
    if (!can_turn<X>(sums, rows.rows)) return false;
    if constexpr (are_words<X> && std::is_same_v<X, W>) {
      if (norm.finish == NormFinish::round_then_weight) {
        turn_normalised_by<Of, true, false, X>(rows, source, weight, coefficients, sums.totals);
        return true;
      }
    }
    turn_normalised_by<Of, false, false, X>(rows, source, weight, coefficients, sums.totals);
    return true;
  };
  sums.clear(rows.rows);
  if constexpr (sums_widened<X>) {
    alignas(64) float wide[std::size_t{widened_room}];
    sum_widened_rows(x, rows.rows, rows.layout.x_stride, norm.features, wide, sums);
    return turn(SourceRows<float>{wide, norm.features * Index{sizeof(float)}});
  } else {
    sum_short_rows<true>(x, rows.rows, rows.layout.x_stride, norm.features, sums);
    return turn(SourceRows<X>{x, rows.layout.x_stride});
  }
}

/// Normalises the rows of a token as one, and turns them.
template <Pairing Of, class X, class W>
ROPEWALK_INLINE bool turn_as_one(const RowBatch& rows, const W* weight,
                                 const WidenedRow<float>& coefficients, SumsOfLanes& sums) {
  const NormRows& norm = *rows.layout.norm;
  const SourceRows<X> source{static_cast<const X*>(rows.x), rows.layout.x_stride};
  sum_rows_as_one<true>(source.x, rows.rows, source.stride, norm.features, sums);
  take_reciprocal_rms(sums, 1, rows.rows * norm.features, norm.eps);
  if (!can_turn<X>(sums, 1)) return false;
  turn_normalised_by<Of, false, true, X>(rows, source, weight, coefficients, sums.totals);
  return true;
}

/// Normalises rows and turns them.
template <Pairing Of, class X, class W>
void turn_rows(const RowBatch& batch) {
  const NormRows& norm = *batch.layout.norm;
  const auto* weight = static_cast<const W*>(norm.weight);
  if (batch.prefetch.table_l1 != 0) prefetch_coefficients(batch, 0, 0, batch.layout.pairs);
  const auto coefficients = row_in_place<float>(batch, 0, 0);
  const bool is_moderate = !are_words<X> || are_moderate(coefficients, batch.layout.pairs);
  // Rows, or what they are widened to, stay in the first cache until they turn.
  constexpr Index room = Index{widened_room} * Index{sizeof(float)};
  const Index of_row = sums_widened<X> ? norm.features * Index{sizeof(float)} : norm.row_bytes;
  Index most = room / of_row;
  if (batch.prefetch.x_l1 != 0) most /= 2;
  if (most > rows_together) most = rows_together;
  if (norm.over_token) most = batch.rows;
  SumsOfLanes sums;
  for (Index first = 0; first < batch.rows; first += most) {
    const Index left = batch.rows - first;
    const RowBatch rows = rows_of(batch, first, left < most ? left : most);
    const bool is_done =
        is_moderate && (norm.over_token ? turn_as_one<Of, X>(rows, weight, coefficients, sums)
                                        : turn_each<Of, X>(rows, weight, coefficients, sums));
    if (is_done) continue;
    norm.normalise(rows);
    norm.rotate(normalised_rows(rows));
  }
}
