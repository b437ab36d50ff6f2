// The features behind the pairs, which pass through.
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

/// Copies `rest` features from `i` on.
template <class Out, class X>
ROPEWALK_INLINE void copy_rest(const PrefetchDistances& distances, const X* x, Out* out, Index i,
                               Index rest) {
  prefetch_features_l1(distances, x, out, i / 2, rest / 2);
  prefetch_features_l2(distances, x, i / 2, rest / 2);
  if constexpr (std::is_same_v<Out, X>) {
    if (rest == register_bytes / Index{sizeof(X)}) {
      // A call of memcpy would cost as much as turning them.
      store(out + i, load<std::uint32_t, register_bytes / 4>(x + i));
      return;
    }
  }
  copy_features(out + i, x + i, rest);
}
