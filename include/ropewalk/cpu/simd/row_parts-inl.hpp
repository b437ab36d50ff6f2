// What is turned of every row at a time, and the features behind the pairs.
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

/// Of every row the pairs first, first + 1, ... and, behind the last ones, the features that pass
/// through.
struct RowPart {
  Index first, pairs, rest;
};

/// Copies `rest` features from `i` on, those that pass through; `Nontemporal`: past the caches,
/// where their addresses allow it.
template <bool Nontemporal, class Out, class X>
ROPEWALK_INLINE void copy_rest(const PrefetchDistances& distances, const X* x, Out* out, Index i,
                               Index rest) {
  prefetch_features(distances, x, out, i / 2, (rest + 1) / 2);
  const Index end = i + rest;
  if constexpr (std::is_same_v<Out, X>) {
    constexpr Index step = register_bytes / Index{sizeof(X)};
    const auto features = [x](Index at) { return load<std::uint32_t, register_bytes / 4>(x + at); };
    if (Nontemporal && i % step == 0) {
      for (; i + step <= end; i += step) put<true>(out + i, features(i));
    } else if (rest == step) {  // a call of memcpy would cost as much as turning them
      put<false>(out + i, features(i));
      return;
    }
  }
  if (i < end) copy_features(out + i, x + i, end - i);
}
