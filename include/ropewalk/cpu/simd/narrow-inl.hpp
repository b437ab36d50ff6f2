// The end of a row, with the narrowest registers, and its tail, which fills none.
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

/// With the narrowest registers; not inlined, to be compiled once for the rest of a row and its
/// tail. By value: through a pointer its fields would be loaded again after every store (a third of
/// the rate).
template <class Arithmetic, Pairing From, Pairing To, int Count, class Out, class X>
[[gnu::noinline]] Index walk_narrow(Row<Carrier<Arithmetic>, Out, X> row, Index i) {
  return walk_steps<Arithmetic, From, To, Count>(row, i);
}

/// The last pairs, fewer than the narrowest register has lanes, by way of a copy that has room.
template <class Arithmetic, Pairing From, Pairing To, int Count, class Out, class X>
[[gnu::noinline]] void finish_tail(Row<Carrier<Arithmetic>, Out, X> row, Index i) {
  const Index count = row.part.pairs - i;
  if (count == 0) return;
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
      out, x, {entries[0], entries[1], entries[2], entries[3]}, {0, Count, 0}, 0, Count};
  walk_narrow<Arithmetic, From, To, Count>(copy, 0);
  for (Index j = 0; j < count; ++j) {
    const Index at = row.part.first + i + j;
    row.out[first_feature(To, at)] = out[first_feature(To, j)];
    row.out[second_feature(To, at, row.pairs)] = out[second_feature(To, j, Count)];
  }
}
