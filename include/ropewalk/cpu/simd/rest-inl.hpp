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

#if ROPEWALK_ISA_BYTES == 64
/// Copies whole lines of a row past the caches.
inline void copy_row_past(void* to, const void* from, Index bytes) {
  using Line = Register<float, register_bytes / 4>;
  for (Index i = 0; i < bytes; i += register_bytes) {
    const Line line = load<float, register_bytes / 4>(moved(from, i));
    using Memory [[gnu::may_alias]] = typename Line::Vector;
    auto& memory = *static_cast<Memory*>(moved(to, i));
#if ROPEWALK_CLANG
    __builtin_nontemporal_store(line.v, &memory);
#elif ROPEWALK_ADDRESS_SANITIZER
    memory = line.v;  // which it sees
#else
    asm("vmovntps {%1, %0|%0, %1}" : "=m"(memory) : "v"(line.v));
#endif
  }
}
#endif

/// Ends row r, whose pairs have been turned, as `rest` of RowLayout says, which is not 0. Distances
/// and pairs are those of the batch, of which loops have copies.
template <class Out, class X>
ROPEWALK_INLINE void end_row([[maybe_unused]] const RowBatch& batch,
                             const PrefetchDistances& distances, Index pairs, Index rest,
                             [[maybe_unused]] Index r, const X* x, Out* out) {
#if ROPEWALK_ISA_BYTES == 64
  const bool goes_past = rest < 0;
  if (goes_past) rest = ~rest;
  if (rest != 0) copy_rest(distances, x, out, 2 * pairs, rest);
  if (!goes_past) return;
  copy_row_past(moved(batch.past, r * batch.past_stride), out, batch.layout.out_stride);
#else
  copy_rest(distances, x, out, 2 * pairs, rest);
#endif
}
