// A table's coefficients in the type that a kernel computes in.
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

template <class C, int Count>
ROPEWALK_INLINE Register<C, Count> with_sign(const Register<C, Count>& r, bool negative) {
  using Bits = std::conditional_t<sizeof(C) == 8, std::uint64_t, std::uint32_t>;
  const auto sign = broadcast<Bits, Count>(Bits{negative} << (8 * sizeof(C) - 1));
  return as_bits<C>(Register<Bits, Count>{as_bits<Bits>(r).v ^ sign.v});
}

template <int Count, class C, class Tab>
ROPEWALK_INLINE Index widen_steps(const RawReader& from, Index i, Index pairs, C* to) {
  const Tab* entries = static_cast<const Tab*>(from.data);
  if (from.stride == 1) {
    for (; i + Count <= pairs; i += Count) {
      const auto values = in_carrier<C>(load_wide<Count>(entries + i));
      store(to + i, with_sign(values, from.negative));
    }
  } else if (from.stride == 2) {
    // The last of the 2 * Count entries read may be outside the table where i + Count == pairs.
    for (; i + Count < pairs; i += Count) {
      Register<Carrier<Tab>, Count> even, odd;
      load_pairs<Pairing::interleaved, Count>(entries, i, pairs, even, odd);
      store(to + i, with_sign(in_carrier<C>(even), from.negative));
    }
  }
  return i;
}

/// A WidenEntries.
template <class C, class Tab>
void widen_entries(const RawReader& from, Index pairs, void* to) {
  C* entries = static_cast<C*>(to);
  Index i = widen_steps<register_bytes / int{sizeof(C)}, C, Tab>(from, 0, pairs, entries);
  i = widen_steps<16 / int{sizeof(C)}, C, Tab>(from, i, pairs, entries);
  for (; i < pairs; ++i) {
    const C value = static_cast<C>(widen(static_cast<const Tab*>(from.data)[i * from.stride]));
    entries[i] = detail::with_sign(value, from.negative);
  }
}
