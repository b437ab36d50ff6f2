// Rows that have a table row of their own, of 16 bits: its coefficients are widened where they are
// used, not copied before: 142 -> 92 ns a KiB of bfloat16, 179 -> 89 in half pairs, 114 -> 81 of
// half in half pairs, in cache, on an Intel Xeon (Sapphire Rapids class). A row by itself has one,
// too: a head of 5,120 halves 285 -> 84, of bfloat16 170 -> 133, in half pairs 206 -> 105, by one
// thread of an Emerald Rapids class.
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

/// Whether such rows take this way. Arithmetic in 16 bits is that of a table of x's own type.
template <class Arithmetic, Pairing From, Pairing To, class Out, class X>
constexpr bool reads_own = (register_bytes >= 32) && (sizeof(Arithmetic) == 2) &&
                           (From == To) && std::is_same_v<Arithmetic, X>&& std::is_same_v<Out, X>;

template <class T>
struct OwnRow {
  const T* cos;
  const T* sin;
};

/// The pairs of the longest step of walk_own; of others a half.
constexpr Index own_step = register_bytes / 2;

/// Whether each row of the batch has a plain one, and both features of a pair have the same
/// coefficients. A row by itself only if steps leave no pairs: they would have to be copied after
/// all, 35 -> 45 ns for 16 pairs of bfloat16 in half pairs on a Zen 4.
inline bool has_own_rows(const RowBatch& batch) {
  const RowLayout& layout = batch.layout;
  const bool alone = batch.rows == 1 && layout.pairs % own_step == 0;
  return (layout.table_stride != 0 || alone) && batch.table->is_plain && batch.table->is_rotation;
}

template <class T>
ROPEWALK_INLINE OwnRow<T> own_row(const RowBatch& batch, Index r, Index first) {
  const WidenedRow<T> row = row_in_place<T>(batch, r, first);
  return {row.cos_a, row.sin_a};
}

template <int Count, class T>
ROPEWALK_INLINE Coefficients<T, Count> own_coefficients(const OwnRow<T>& own, Index i) {
  const Value<T, Count> cos{load_wide<Count>(own.cos + i)}, sin{load_wide<Count>(own.sin + i)};
  return {cos, cos, sin, sin};
}

/// Those of 2 * Count pairs; see split_coefficients.
template <int Count>
ROPEWALK_INLINE void split_own(const OwnRow<Eigen::bfloat16>& own, Index i,
                               Coefficients<Eigen::bfloat16, Count>& even,
                               Coefficients<Eigen::bfloat16, Count>& odd) {
  Value<Eigen::bfloat16, Count> cos[2], sin[2];
  load_pairs<Pairing::interleaved>(own.cos + i, 0, Count, cos[0].lanes, cos[1].lanes);
  load_pairs<Pairing::interleaved>(own.sin + i, 0, Count, sin[0].lanes, sin[1].lanes);
  even = {cos[0], cos[0], sin[0], sin[0]};
  odd = {cos[1], cos[1], sin[1], sin[1]};
}

/// Of each pair the coefficient of both its features.
template <Pairing Of, int Count>
ROPEWALK_INLINE HalfCoefficients<Count> half_coefficients(const OwnRow<Eigen::half>& from,
                                                          Index i) {
  if constexpr (Of == Pairing::half) {
    const HalfLanes<Count> cos{load<std::uint16_t, Count>(from.cos + i)};
    const HalfLanes<Count> sin{load<std::uint16_t, Count>(from.sin + i)};
    return {cos, cos, sin, sin};
  } else {
    const auto twice = [i](const Eigen::half* entries, std::uint32_t sign) {
      const auto low = convert_lanes<std::uint32_t>(load<std::uint16_t, Count / 2>(entries + i));
      const Register<std::uint32_t, Count / 2> both{(low.v | (low.v << 16)) ^ sign};
      return HalfLanes<Count>{as_bits<std::uint16_t>(both)};
    };
    const auto cos = twice(from.cos, 0), sin = twice(from.sin, 0x8000u);
    return {cos, cos, sin, sin};
  }
}

/// Rotates pairs [0, result) of the part of a row.
template <class Arithmetic, Pairing Of, class X>
ROPEWALK_INLINE Index walk_own(X* out, const X* x, OwnRow<X> own, RowPart part, Index pairs,
                               Index x_l2) {
  constexpr int count = register_bytes / 4;
  Index i = 0;
  if constexpr (has_half_steps<Arithmetic, Of, Of, X, X>) {
    constexpr Index step = Of == Pairing::half ? own_step : own_step / 2;
    for (; i + step <= part.pairs; i += step) {
      const PrefetchedStep<Of, int{step}, X> prefetched{x, part.first + i, pairs, x_l2};
      rotate_halves<Of>(out, x, part.first + i, pairs, half_coefficients<Of, 32>(own, i),
                        prefetched);
    }
  } else if constexpr (splits<Of, Of, X, X>) {
    constexpr Index step = own_step;
    for (; i + step <= part.pairs; i += step) {
      Coefficients<X, count> even, odd;
      split_own(own, i, even, odd);
      const Index at = part.first + i;
      const PrefetchedStep<Of, int{step}, X> prefetched{x, at, pairs, x_l2};
      if constexpr (is_quick<Arithmetic, Of, Of>) {
        const auto usual =
            usual_coefficients(load<std::uint32_t, count>(own.cos + i),
                               load<std::uint32_t, count>(own.sin + i), ~0u, all_words);
        if (rotate_split_quickly(out + at, out + pairs + at, x + at, x + pairs + at, even, odd,
                                 usual, prefetched)) {
          continue;
        }
      }
      rotate_split_pairs(out, out + pairs, x, x + pairs, at, even, odd, prefetched);
    }
  } else {
    for (; i + count <= part.pairs; i += count) {
      const auto with = own_coefficients<count>(own, i);
      const Index at = part.first + i;
      const PrefetchedStep<Of, count, X> prefetched{x, at, pairs, x_l2};
      if (prefetched.begins_line(i / count)) prefetched.prefetch_l2(0);
      if constexpr (is_quick<Arithmetic, Of, Of>) {
        const auto usual = usual_sums(with.cos_a, with.sin_a, all_words);
        if (rotate_quickly(out + 2 * at, x + 2 * at, with, usual)) continue;
      }
      rotate_pairs<Arithmetic, Of, Of, count>(out, x, at, pairs, with);
    }
  }
  return i;
}

/// The same of every row of the batch, each of which ends where no pair is left.
template <class Arithmetic, Pairing Of, class X>
[[gnu::noinline]] Index walk_own_rows(const RowBatch& rows, const RowPart& whole) {
  const RowBatch batch = rows;  // copies, or they are read again after every store
  const RowPart part = whole;
  Index done = 0;
  for (Index r = 0; r < batch.rows; ++r) {
    if (r > 0 && batch.prefetch.table_l1 != 0) {
      prefetch_coefficients(batch, r, part.first, part.pairs);
    }
    const X* x = moved(static_cast<const X*>(batch.x), r * batch.layout.x_stride);
    X* out = moved(static_cast<X*>(batch.out), r * batch.layout.out_stride);
    prefetch_features_l1(batch.prefetch, x, out, part.first, part.pairs);
    done = walk_own<Arithmetic, Of>(out, x, own_row<X>(batch, r, part.first), part,
                                    batch.layout.pairs, batch.prefetch.x_l2);
    if (done == part.pairs) {
      end_part<Of>(batch, batch.prefetch, batch.layout.pairs, part, r, x, out);
    }
  }
  return done;
}
