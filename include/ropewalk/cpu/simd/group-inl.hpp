// Some steps of every row of a batch, their coefficients in registers while the rows go by.
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

/// Rotates `Group` steps of `Count` pairs of every row of the batch, from pair i of the part on,
/// their coefficients in registers while the rows go by, and ends that part of each row. Returns
/// the pair behind the group.
template <class Arithmetic, Pairing From, Pairing To, int Group, int Count, class Out, class X>
ROPEWALK_INLINE Index walk_group(const RowBatch& batch,
                                 const WidenedRow<Carrier<Arithmetic>>& coefficients,
                                 const RowPart& part, Index i) {
  constexpr Index count = Count;
  constexpr bool split = splits<From, To, Out, X> && Group > 1;  // one step has too few pairs
  // Asked for before the steps: between them it would take registers that AVX2 has not, 66 -> 71 ns
  // a KiB of bfloat16 in its caches.
  constexpr bool has_one_line = !split && Index{2} * Group * Count * Index{sizeof(X)} <= line_bytes;
  const RowLayout layout = batch.layout;  // copies, or they are read again after every store
  const PrefetchDistances distances = batch.prefetch;
  const RowPart turned = part_of(part, i, Group * count);
  Coefficients<Arithmetic, Count> table[std::size_t{Group}];
  if constexpr (split) {
#pragma GCC unroll 2
    for (int g = 0; g < Group; g += 2) {
      split_coefficients(coefficients, i + g * count, table[g], table[g + 1], false);
    }
  } else {
#pragma GCC unroll 4
    for (int g = 0; g < Group; ++g) {
      table[g] = coefficients_at<Arithmetic, Count>(coefficients, i + g * count);
    }
  }
  constexpr bool quick = is_quick<Arithmetic, From, To> && Count == 16;
  Words usual[std::size_t{Group}];
  if constexpr (quick) {
#pragma GCC unroll 4
    for (int g = 0; g < Group; ++g) {
      usual[g] = usual_sums(table[g].cos_b, table[g].sin_b,
                            usual_sums(table[g].cos_a, table[g].sin_a, all_words));
    }
  }
  const Index first = turned.first;
  for (Index r = 0; r < batch.rows; ++r) {
    const X* x = moved(static_cast<const X*>(batch.x), r * layout.x_stride);
    Out* out = moved(static_cast<Out*>(batch.out), r * layout.out_stride);
    prefetch_features_l1(distances, x, out, first, Group * count);
    PrefetchedStep<From, split ? 2 * Count : Count, X> prefetched{x, first, layout.pairs,
                                                                  distances.x_l2};
    if constexpr (has_one_line) prefetched.prefetch_l2(0);
    const X* from = steps_from(x + first_feature(From, first));
    Out* to = steps_from(out + first_feature(To, first));
    if constexpr (split) {
      const X* from_partners = steps_from(from + layout.pairs);
      Out* to_partners = steps_from(to + layout.pairs);
#pragma GCC unroll 2
      for (int g = 0; g < Group; g += 2) {
        prefetched.at = first + g * count;
        if constexpr (quick) {
          if (rotate_split_quickly(to + g * count, to_partners + g * count, from + g * count,
                                   from_partners + g * count, table[g], table[g + 1],
                                   usual[g] & usual[g + 1], prefetched)) {
            continue;
          }
        }
        rotate_split_pairs<Arithmetic, Count>(to, to_partners, from, from_partners, g * count,
                                              table[g], table[g + 1], prefetched);
      }
    } else {
#pragma GCC unroll 4
      for (int g = 0; g < Group; ++g) {
        prefetched.at = first + g * count;
        if (!has_one_line && prefetched.begins_line(g)) prefetched.prefetch_l2(0);
        if constexpr (quick && From == Pairing::interleaved) {
          const Index at = Index{2} * g * count;
          if (rotate_quickly(to + at, from + at, table[g], usual[g])) continue;
        }
        rotate_pairs<Arithmetic, From, To, Count>(to, from, g * count, layout.pairs, table[g]);
        prefetched.prefetch_l2(1);
      }
    }
    end_part<To>(batch, distances, layout.pairs, turned, r, x, out);
  }
  return i + Group * count;
}
