// The end of a row: the features behind the pairs, which pass through, and its way past the caches.
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

/// Copies whole lines of a row past the caches.
ROPEWALK_INLINE void copy_row_past(void* to, const void* from, Index bytes) {
  constexpr int lanes = register_bytes / int{sizeof(float)};
  for (Index i = 0; i < bytes; i += register_bytes) {
    const auto line = load<float, lanes>(moved(from, i));
    auto& memory = *static_cast<typename Unaligned<float, lanes>::Vector*>(moved(to, i));
    asm("vmovntps {%1, %0|%0, %1}" : "=m"(memory) : "v"(line.v));
  }
}

/// Ends row r behind the pairs that have been turned; `rest` as in RowLayout, not 0. Both others as
/// in the batch, of which a loop has copies.
template <class Out, class X>
ROPEWALK_INLINE void end_row(const RowBatch& batch, const PrefetchDistances& distances, Index pairs,
                             Index rest, Index r, const X* x, Out* out) {
  if constexpr (register_bytes == 64) {
    const bool goes_past = rest < 0;
    if (goes_past) rest = ~rest;
    if (rest != 0) copy_rest(distances, x, out, 2 * pairs, rest);
    if (!goes_past) return;
    copy_row_past(moved(batch.past, r * batch.past_stride), out, batch.layout.out_stride);
  } else {
    copy_rest(distances, x, out, 2 * pairs, rest);
  }
}
