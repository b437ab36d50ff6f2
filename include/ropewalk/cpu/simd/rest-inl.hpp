// The end of a part of a row: the features behind its pairs, and its way past the caches.
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
/// Copies whole lines past the caches.
inline void copy_lines_past(void* to, const void* from, Index bytes) {
  using Line = Register<float, register_bytes / 4>;
  for (Index i = 0; i < bytes; i += register_bytes) {
    const Line line = load<float, register_bytes / 4>(moved(from, i));
    using Memory [[gnu::may_alias]] = typename Line::Vector;
    auto& memory = *static_cast<Memory*>(moved(to, i));
#if ROPEWALK_CLANG
    __builtin_nontemporal_store(line.v, &memory);
#elif ROPEWALK_MEMORY_IS_WATCHED
    memory = line.v;
#else
    asm("vmovntps {%1, %0|%0, %1}" : "=m"(memory) : "v"(line.v));
#endif
  }
}
#endif

/// Ends a part of row r, whose pairs have been turned, as its `rest` says. Distances and pairs, of
/// the whole row, are those of the batch, of which loops have copies. A group's part goes past the
/// caches by itself, since 16 lines together wait for each other: one thread of a Zen 4, [1, 8192,
/// 20, 256] of float 108 -> 93 ns a KiB, [1, 8192, 10, 512] 117 -> 89, of bfloat16 134 -> 118.
template <Pairing To, class Out, class X>
ROPEWALK_INLINE void end_part([[maybe_unused]] const RowBatch& batch,
                              const PrefetchDistances& distances, Index pairs, const RowPart& part,
                              [[maybe_unused]] Index r, const X* x, Out* out) {
  // GCC is told that few parts have more than pairs, or it would keep registers for it that the
  // pairs need: 5 instructions a row of half pairs.
  if (__builtin_expect(part.rest == 0, 1)) return;
#if ROPEWALK_ISA_BYTES == 64
  const bool goes_past = part.rest < 0;
  const Index rest = goes_past ? ~part.rest : part.rest;
  if (rest != 0) copy_rest(distances, x, out, 2 * pairs, rest);
  if (!goes_past) return;
  Out* past = moved(static_cast<Out*>(batch.past), r * batch.past_stride);
  if constexpr (To == Pairing::half) {
    for (Index side = 0, i = part.first; side < 2; ++side, i += pairs) {
      const Index count = side == 0 ? part.pairs : part.pairs + rest;
      copy_lines_past(past + i, out + i, count * Index{sizeof(Out)});
    }
  } else {
    const Index i = 2 * part.first;
    copy_lines_past(past + i, out + i, (2 * part.pairs + rest) * Index{sizeof(Out)});
  }
#else
  copy_rest(distances, x, out, 2 * pairs, part.rest);
#endif
}
