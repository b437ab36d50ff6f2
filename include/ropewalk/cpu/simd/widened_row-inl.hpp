// A token's coefficients, widened once for all its heads.
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

constexpr Index most_pairs = 256;

/// A token's coefficients in the carrier type, one after the other: the table's own memory where
/// it is like that, otherwise a copy made once for all heads.
template <class C>
struct WidenedRow {
  const C* cos_a;
  const C* cos_b;
  const C* sin_a;
  const C* sin_b;
};

template <class C>
struct WidenedScratch {
  alignas(64) C entries[4][most_pairs];
};

template <class C, int Count>
ROPEWALK_INLINE Register<C, Count> with_sign(const Register<C, Count>& r, bool negative) {
  using Bits = std::conditional_t<sizeof(C) == 8, std::uint64_t, std::uint32_t>;
  const auto sign = broadcast<Bits, Count>(Bits{negative} << (8 * sizeof(C) - 1));
  return as_bits<C>(Register<Bits, Count>{as_bits<Bits>(r).v ^ sign.v});
}

template <int Count, class C, class Tab>
ROPEWALK_INLINE Index widen_steps(const CoefficientReader<Tab>& from, Index i, Index pairs, C* to) {
  if (from.stride == 1) {
    for (; i + Count <= pairs; i += Count) {
      const auto values = in_carrier<C>(load_wide<Count>(from.data + i));
      store(to + i, with_sign(values, from.negative));
    }
  } else if (from.stride == 2) {
    // The last of the 2 * Count entries read may be outside the table where i + Count == pairs.
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
[[gnu::noinline]] void copy_widened(CoefficientReader<Tab> reader, Index pairs, C* to) {
  Index i = widen_steps<register_bytes / int{sizeof(C)}>(reader, 0, pairs, to);
  i = widen_steps<16 / int{sizeof(C)}>(reader, i, pairs, to);
  for (; i < pairs; ++i) {
    const C value = static_cast<C>(widen(reader.data[i * reader.stride]));
    to[i] = detail::with_sign(value, reader.negative);
  }
}

/// Whether the table's own memory is what is wanted.
template <class C, class Tab>
ROPEWALK_INLINE bool is_read_in_place(const CoefficientReader<Tab>& reader) {
  return std::is_same_v<C, Tab> && reader.stride == 1 && !reader.negative;
}

template <class C, class Tab>
ROPEWALK_INLINE bool is_read_in_place(const PairReaders<Tab>& readers) {
  return is_read_in_place<C>(readers.cos_a) && is_read_in_place<C>(readers.cos_b) &&
         is_read_in_place<C>(readers.sin_a) && is_read_in_place<C>(readers.sin_b);
}

template <class C>
ROPEWALK_INLINE WidenedRow<C> moved(const WidenedRow<C>& row, Index by) {
  return {row.cos_a + by, row.cos_b + by, row.sin_a + by, row.sin_b + by};
}

template <class C, class Tab>
ROPEWALK_INLINE const C* widened_entries(const CoefficientReader<Tab>& from, Index first,
                                         Index pairs, C* scratch) {
  if constexpr (std::is_same_v<C, Tab>) {
    if (is_read_in_place<C>(from)) return from.data + first;
  }
  copy_widened(CoefficientReader<Tab>{from.data + first * from.stride, from.stride, from.negative},
               pairs, scratch);
  return scratch;
}

template <class Tab>
ROPEWALK_INLINE bool same_reader(const CoefficientReader<Tab>& a, const CoefficientReader<Tab>& b) {
  return a.data == b.data && a.stride == b.stride && a.negative == b.negative;
}

template <class C, class Tab>
ROPEWALK_INLINE WidenedRow<C> widened_row(const PairReaders<Tab>& from, Index offset, Index first,
                                          Index pairs, WidenedScratch<C>& scratch) {
  const auto at = [&](const CoefficientReader<Tab>& reader) {
    return CoefficientReader<Tab>{reader.data + offset, reader.stride, reader.negative};
  };
  WidenedRow<C> row;
  row.cos_a = widened_entries(at(from.cos_a), first, pairs, scratch.entries[0]);
  row.sin_a = widened_entries(at(from.sin_a), first, pairs, scratch.entries[1]);
  row.cos_b = same_reader(from.cos_a, from.cos_b)
                  ? row.cos_a
                  : widened_entries(at(from.cos_b), first, pairs, scratch.entries[2]);
  row.sin_b = same_reader(from.sin_a, from.sin_b)
                  ? row.sin_a
                  : widened_entries(at(from.sin_b), first, pairs, scratch.entries[3]);
  return row;
}
