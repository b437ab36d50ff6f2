// What is turned of every row at a time, and the features behind the pairs.
// Stands in every target region: see cpu/dispatch.hpp.

/// Of every row the pairs first, first + 1, ... and, behind the last ones, the features that pass
/// through.
struct RowPart {
  Index first, pairs, rest;
};

/// Copies the features that pass through. `Stream`: past the caches, where their addresses allow
/// it.
template <bool Stream, class Out, class X, class Tab>
ROPEWALK_INLINE void copy_rest(const RowBatch<Out, X, Tab>& batch, const X* x, Out* out,
                               Index rest) {
  fetch_ahead(batch, x, out, batch.pairs, (rest + 1) / 2);
  Index i = 2 * batch.pairs;
  const Index end = i + rest;
  if constexpr (std::is_same_v<Out, X>) {
    constexpr Index step = register_bytes / Index{sizeof(X)};
    const auto features = [x](Index at) { return load<std::uint32_t, register_bytes / 4>(x + at); };
    if (Stream && i % step == 0) {
      for (; i + step <= end; i += step) put<true>(out + i, features(i));
    } else if (rest == step) {  // a call of memcpy would cost as much as turning them
      put<false>(out + i, features(i));
      return;
    }
  }
  if (i < end) copy_features(out + i, x + i, end - i);
}
