// A token's coefficients, widened once for all its heads.
// Stands in every target region: see cpu/dispatch.hpp.

constexpr Index most_pairs = 256;

/// A token's coefficients in the carrier type, one after the other: the table's own memory where
/// it is like that, otherwise a copy made once for all heads.
template <class C>
struct WideLanes {
  const C* cos_a;
  const C* cos_b;
  const C* sin_a;
  const C* sin_b;
};

template <class C>
struct LaneScratch {
  alignas(64) C lanes[4][most_pairs];
};

template <class C, int Count>
ROPEWALK_INLINE Register<C, Count> with_sign(const Register<C, Count>& r, bool negative) {
  using Bits = std::conditional_t<sizeof(C) == 8, std::uint64_t, std::uint32_t>;
  const auto sign = broadcast<Bits, Count>(Bits{negative} << (8 * sizeof(C) - 1));
  return as_bits<C>(Register<Bits, Count>{as_bits<Bits>(r).v ^ sign.v});
}

template <int Count, class C, class Tab>
ROPEWALK_INLINE Index widen_steps(const Lanes<Tab>& from, Index i, Index pairs, C* to) {
  if (from.stride == 1) {
    for (; i + Count <= pairs; i += Count) {
      const auto wide = in_carrier<C>(load_wide<Count>(from.data + i));
      store(to + i, with_sign(wide, from.negative));
    }
  } else if (from.stride == 2) {
    // The last of the 2 * Count entries read may lie outside the table where i + Count == pairs.
    for (; i + Count < pairs; i += Count) {
      Register<Carrier<Tab>, Count> even, odd;
      load_pairs<Pairing::interleaved, Count>(from.data, i, pairs, even, odd);
      store(to + i, with_sign(in_carrier<C>(even), from.negative));
    }
  }
  return i;
}

// Not inlined: it would be compiled four times for each pairing, which takes longer than the rows.
template <class C, class Tab>
[[gnu::noinline]] void copy_wide(Lanes<Tab> lanes, Index pairs, C* to) {
  Index i = widen_steps<register_bytes / int{sizeof(C)}>(lanes, 0, pairs, to);
  i = widen_steps<16 / int{sizeof(C)}>(lanes, i, pairs, to);
  for (; i < pairs; ++i) {
    const C wide = static_cast<C>(widen(lanes.data[i * lanes.stride]));
    to[i] = detail::with_sign(wide, lanes.negative);
  }
}

/// Whether the table's own memory is what is wanted.
template <class C, class Tab>
ROPEWALK_INLINE bool is_wide(const Lanes<Tab>& lanes) {
  return std::is_same_v<C, Tab> && lanes.stride == 1 && !lanes.negative;
}

template <class C, class Tab>
ROPEWALK_INLINE bool is_wide(const PairLanes<Tab>& lanes) {
  return is_wide<C>(lanes.cos_a) && is_wide<C>(lanes.cos_b) && is_wide<C>(lanes.sin_a) &&
         is_wide<C>(lanes.sin_b);
}

template <class C>
ROPEWALK_INLINE WideLanes<C> moved(const WideLanes<C>& lanes, Index by) {
  return {lanes.cos_a + by, lanes.cos_b + by, lanes.sin_a + by, lanes.sin_b + by};
}

template <class C, class Tab>
ROPEWALK_INLINE const C* widen_lanes(const Lanes<Tab>& from, Index first, Index pairs, C* scratch) {
  if constexpr (std::is_same_v<C, Tab>) {
    if (is_wide<C>(from)) return from.data + first;
  }
  copy_wide(Lanes<Tab>{from.data + first * from.stride, from.stride, from.negative}, pairs,
            scratch);
  return scratch;
}

template <class Tab>
ROPEWALK_INLINE bool same_lanes(const Lanes<Tab>& a, const Lanes<Tab>& b) {
  return a.data == b.data && a.stride == b.stride && a.negative == b.negative;
}

template <class C, class Tab>
ROPEWALK_INLINE WideLanes<C> wide_lanes(const PairLanes<Tab>& from, Index offset, Index first,
                                        Index pairs, LaneScratch<C>& scratch) {
  const auto at = [&](const Lanes<Tab>& lanes) {
    return Lanes<Tab>{lanes.data + offset, lanes.stride, lanes.negative};
  };
  WideLanes<C> wide;
  wide.cos_a = widen_lanes(at(from.cos_a), first, pairs, scratch.lanes[0]);
  wide.sin_a = widen_lanes(at(from.sin_a), first, pairs, scratch.lanes[1]);
  wide.cos_b = same_lanes(from.cos_a, from.cos_b)
                   ? wide.cos_a
                   : widen_lanes(at(from.cos_b), first, pairs, scratch.lanes[2]);
  wide.sin_b = same_lanes(from.sin_a, from.sin_b)
                   ? wide.sin_a
                   : widen_lanes(at(from.sin_b), first, pairs, scratch.lanes[3]);
  return wide;
}
