// The end of a row, with narrower registers, and its tail, which fills none. Not inlined, to be
// compiled once for several instruction sets.
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

/// Groups of one step of `Count` pairs, then of half as many, while the part has them. Split steps
/// come in twos: where four pairs are left, they are a step that is not split. Returns the pair
/// behind them.
template <class Arithmetic, Pairing From, Pairing To, int Count, class Out, class X>
ROPEWALK_INLINE Index walk_single_groups(const RowBatch& batch,
                                         const WidenedRow<Carrier<Arithmetic>>& coefficients,
                                         const RowPart& part, Index i) {
  constexpr int group = splits<From, To, Out, X> ? 2 : 1;
  constexpr Index count = group * Index{Count};
  if (part.pairs - i >= count) {
    i = walk_group<Arithmetic, From, To, group, Count, Out, X>(batch, coefficients, part, i);
  }
  if constexpr (Count * sizeof(Carrier<Arithmetic>) > 16) {
    i = walk_single_groups<Arithmetic, From, To, Count / 2, Out, X>(batch, coefficients, part, i);
  } else if constexpr (group > 1) {
    if (i + Count <= part.pairs) {
      i = walk_group<Arithmetic, From, To, 1, Count, Out, X>(batch, coefficients, part, i);
    }
  }
  return i;
}

template <class Arithmetic, Pairing From, Pairing To, class Out, class X>
[[gnu::noinline]] Index walk_narrower_groups(const RowBatch& batch,
                                             const WidenedRow<Carrier<Arithmetic>>& coefficients,
                                             const RowPart& part, Index i) {
  constexpr int count = register_bytes / int{sizeof(Carrier<Arithmetic>)};
  return walk_single_groups<Arithmetic, From, To, count, Out, X>(batch, coefficients, part, i);
}

/// The same of rows whose lanes stay where they are.
template <class Arithmetic, int Count, class X>
ROPEWALK_INLINE Index walk_single_doubled(const RowBatch& batch,
                                          const WidenedRow<Carrier<Arithmetic>>& coefficients,
                                          const RowPart& part, Index i) {
  if (part.pairs - i >= Count) {
    i = walk_doubled_group<Arithmetic, 1, Count, X>(batch, coefficients, part, i);
  }
  if constexpr (Count * sizeof(Carrier<Arithmetic>) > 16) {
    i = walk_single_doubled<Arithmetic, Count / 2, X>(batch, coefficients, part, i);
  }
  return i;
}

template <class Arithmetic, class X>
[[gnu::noinline]] Index walk_narrower_doubled(const RowBatch& batch,
                                              const WidenedRow<Carrier<Arithmetic>>& coefficients,
                                              const RowPart& part, Index i) {
  constexpr int count = register_bytes / int{sizeof(Carrier<Arithmetic>)};
  return walk_single_doubled<Arithmetic, count, X>(batch, coefficients, part, i);
}

/// With the narrowest registers, for the rest of a row and its tail. By value: through a pointer
/// its fields would be loaded again after every store (a third of the rate).
template <class Arithmetic, Pairing From, Pairing To, int Count, class Out, class X>
[[gnu::noinline]] Index walk_narrow(Row<Carrier<Arithmetic>, Out, X> row, Index i) {
  return walk_steps<Arithmetic, From, To, Count>(row, i);
}

/// The last pairs, fewer than the narrowest register has lanes, by way of a copy that has room.
template <class Arithmetic, Pairing From, Pairing To, int Count, class Out, class X>
[[gnu::noinline]] void finish_tail(Row<Carrier<Arithmetic>, Out, X> row, Index i) {
  const Index count = row.part.pairs - i;
  constexpr auto room = std::size_t{Count};
  X x[2 * room];
  Out out[2 * room];
  Carrier<Arithmetic> entries[4][room];
  const Carrier<Arithmetic>* sources[4] = {row.coefficients.cos_a, row.coefficients.cos_b,
                                           row.coefficients.sin_a, row.coefficients.sin_b};
  for (Index j = 0; j < Count; ++j) {
    const Index pair = j < count ? i + j : i;
    const Index at = row.part.first + pair;
    x[first_feature(From, j)] = row.x[first_feature(From, at)];
    x[second_feature(From, j, Count)] = row.x[second_feature(From, at, row.pairs)];
    for (int k = 0; k < 4; ++k) entries[k][j] = sources[k][pair];
  }
  const Row<Carrier<Arithmetic>, Out, X> copy{
      out, x, {entries[0], entries[1], entries[2], entries[3]}, {0, Count, 0}, 0, Count, 0};
  walk_narrow<Arithmetic, From, To, Count>(copy, 0);
  for (Index j = 0; j < count; ++j) {
    const Index at = row.part.first + i + j;
    row.out[first_feature(To, at)] = out[first_feature(To, j)];
    row.out[second_feature(To, at, row.pairs)] = out[second_feature(To, j, Count)];
  }
}
